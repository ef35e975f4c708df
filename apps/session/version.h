/* The version in a program's configuration: that of the headers it was compiled with. */
#ifndef NACRE_APPS_SESSION_VERSION_H
#define NACRE_APPS_SESSION_VERSION_H

#include "apps/session/errbuf.h"

#include <stdint.h>

/* Can the library read a configuration of that version? config: "struct nacre_...". False: it is
 * missing, or newer than the library, and *p has a sentence. */
bool version_check(const char *config, uint32_t version, const struct errbuf *p);

#endif
