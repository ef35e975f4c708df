/* `replay FILE`: shows again what --trace kept of a case. */
#ifndef NACRE_APPS_SPEC_REPLAY_H
#define NACRE_APPS_SPEC_REPLAY_H

#include "apps/session/errbuf.h"

#include <stdio.h>

/* Print the case with its result, then each message, field by field. False and a sentence: the file
 * cannot be read, or is no trace. */
bool replay(FILE *out, const char *file, const struct errbuf *p);

#endif
