/* What nacre-load logs in with: keys of files, keys of an agent, a password. */
#ifndef NACRE_APPS_LOAD_IDENTITY_H
#define NACRE_APPS_LOAD_IDENTITY_H

#include "apps/load/options.h"

/* Read them as the options say. False: errbuf has a sentence. Clear them in either case. */
bool identity_read(struct load_options *o, const struct errbuf *p);
void identity_clear(struct load_options *o);

#endif
