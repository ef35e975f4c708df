/* Comparing two messages of the same name, field by field. */
#ifndef NACRE_APPS_TRACE_DIFF_FIELDS_H
#define NACRE_APPS_TRACE_DIFF_FIELDS_H

#include "apps/trace/value.h"

/* Print an indented line for each difference between the fields of two messages, or the texts of
 * two identification lines. What is random, such as cookies, shares and signatures, may differ, and
 * of secrets only the lengths are compared. False: there is no difference. */
bool diff_fields(FILE *out, const struct value *a, const struct value *b);

/* The same for members of two events that are not messages: the names up to NULL. */
bool diff_members(FILE *out, const struct value *a, const struct value *b,
                  const char *const *members);

#endif
