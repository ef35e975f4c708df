/* Usual causes: why an implementation's exchange hash or key differs from the right one. */
#ifndef NACRE_APPS_TRACE_CAUSES_H
#define NACRE_APPS_TRACE_CAUSES_H

#include "apps/trace/exchange.h"

/* Why somebody hashed `got` in place of that field; a sentence. */
const char *cause_of_field(const struct exchange *x, const struct hashed *field, struct bytes got);

/* Why H is not `right` although every field is. */
const char *cause_of_hash(const struct exchange *x, struct bytes got);

/* Why key i, derived with that H, is not right although K, H and the session id are. */
const char *cause_of_key(const struct exchange *x, struct bytes h, size_t i, struct bytes got);

#endif
