/* The tables of cases, each in the file of its name. */
#ifndef NACRE_APPS_SPEC_TABLES_H
#define NACRE_APPS_SPEC_TABLES_H

#include "apps/spec/case.h"

extern const struct spec_case spec_ident[];
extern const struct spec_case spec_packet[];
extern const struct spec_case spec_kexinit[];
extern const struct spec_case spec_order[];
extern const struct spec_case spec_strict[];
extern const struct spec_case spec_shares[];
extern const struct spec_case spec_curves[];
extern const struct spec_case spec_protection[];

#endif
