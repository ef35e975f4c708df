/* The schema of a trace: which members an event has, and of which type. nacre-trace(5) */
#ifndef NACRE_APPS_TRACE_SCHEMA_H
#define NACRE_APPS_TRACE_SCHEMA_H

#include "apps/trace/reader.h"

/* Find out what kind of event a line is, and check its members. False: *why says what is wrong. */
bool schema_check(const struct value *line, enum trace_kind *kind, const struct errbuf *why);

/* The i-th member that the schema has, of an event or of a field; NULL after the last. */
const char *schema_member(bool of_field, size_t i);

/* Has the schema a member of that name? */
bool schema_has(bool of_field, const char *name);

/* Is it a member whose value is an array of fields? */
bool schema_holds_fields(const char *name);

#endif
