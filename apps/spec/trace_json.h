/* The messages of a case as a trace in JSON, which nacre-trace reads too: nacre-trace(5). */
#ifndef NACRE_APPS_SPEC_TRACE_JSON_H
#define NACRE_APPS_SPEC_TRACE_JSON_H

#include "apps/spec/result.h"

#include <stdio.h>

/* Events: the case with its result, the connection, each message with its fields. Secrets of a
 * message, such as a password, are left out, and most of long data. False: out of memory. */
bool trace_json(FILE *out, const struct peer *p, const struct result_head *h);

#endif
