/* Comparing a key exchange with what somebody's own implementation hashed. */
#ifndef NACRE_APPS_TRACE_AGAINST_H
#define NACRE_APPS_TRACE_AGAINST_H

#include "apps/trace/exchange.h"
#include "apps/trace/log_file.h"

#include <stdio.h>

/* Print each field as "same" up to the first that differs, and its usual cause. Returns true when
 * nothing differs. */
bool against_print(FILE *out, const struct exchange *x, const struct log_file *log);

#endif
