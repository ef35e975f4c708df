/* The address of the server. */
#ifndef NACRE_APPS_SPEC_TARGET_H
#define NACRE_APPS_SPEC_TARGET_H

#include "apps/session/errbuf.h"
#include "apps/spec/setting.h"

/* Look up HOST:PORT. Returns 0, or an exit status and a sentence. Another machine than this one
 * needs `remote`. */
int spec_target_find(struct setting *setting, const char *where, bool remote,
                     const struct errbuf *p);

#endif
