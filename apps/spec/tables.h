/* The tables of cases, each in the file of its clause. */
#ifndef NACRE_APPS_SPEC_TABLES_H
#define NACRE_APPS_SPEC_TABLES_H

#include "apps/spec/case.h"

extern const struct spec_case spec_ident[];
extern const struct spec_case spec_packet[];
extern const struct spec_case spec_compression[];
extern const struct spec_case spec_protection[];
extern const struct spec_case spec_offers[];
extern const struct spec_case spec_kexinit[];
extern const struct spec_case spec_order[];
extern const struct spec_case spec_shares[];
extern const struct spec_case spec_curves[];
extern const struct spec_case spec_rsa_exchange[];
extern const struct spec_case spec_rekey[];
extern const struct spec_case spec_messages[];
extern const struct spec_case spec_strict[];
extern const struct spec_case spec_ext_info[];
extern const struct spec_case spec_auth[];
extern const struct spec_case spec_before_login[];
extern const struct spec_case spec_publickey[];
extern const struct spec_case spec_password[];
extern const struct spec_case spec_certificates[];
extern const struct spec_case spec_global[];
extern const struct spec_case spec_windows[];
extern const struct spec_case spec_ends[];
extern const struct spec_case spec_requests[];
extern const struct spec_case spec_programs[];
extern const struct spec_case spec_forward[];
extern const struct spec_case spec_addresses[];
extern const struct spec_case spec_hostkeys[];
extern const struct spec_case spec_robust[];
extern const struct spec_case spec_client_kex[];
extern const struct spec_case spec_client_hostkey[];
extern const struct spec_case spec_client_padding[];
extern const struct spec_case spec_client_auth[];
extern const struct spec_case spec_client_interactive[];
extern const struct spec_case spec_client_messages[];
extern const struct spec_case spec_client_channel[];
extern const struct spec_case spec_client_program[];
extern const struct spec_case spec_client_cert[];
extern const struct spec_case spec_slow[];

#endif
