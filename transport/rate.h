/* Limits in use: the defaults filled in, and rates as token buckets. */
#ifndef NACRE_TRANSPORT_RATE_H
#define NACRE_TRANSPORT_RATE_H

#include "transport/limit.h"

/* Fill in the defaults; after that 0 means no limit. */
void limits_resolve(struct nacre_limits *limits, enum nacre_role role);

/* Take tokens from a bucket, which is 0 at first. Returns 0, or the time until which no more may be
 * taken; the tokens count in either case. */
uint64_t rate_take_many(uint64_t *bucket, struct nacre_rate rate, uint32_t tokens, uint64_t now_ms);
uint64_t rate_take(uint64_t *bucket, struct nacre_rate rate, uint64_t now_ms); /* one */

#endif
