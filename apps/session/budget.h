/* A budget of memory for many sessions: what their peers may make us hold. That is the windows
 * granted to their channels, what came with the opening of the channels, waiting input that no
 * window allowed, and the blocks of 389 KiB that packets of more than 127 KiB are received in.
 * Output and the sessions themselves are not counted.
 *
 * While a budget is three quarters used, new channels get smaller windows, and bytes that were
 * accepted are granted again later. When nothing is left, channels are refused with
 * SSH_OPEN_RESOURCE_SHORTAGE. What was granted stays granted. nacre_observer.limited reports both.
 *
 * Sessions on several threads can share one. */
#ifndef NACRE_APPS_SESSION_BUDGET_H
#define NACRE_APPS_SESSION_BUDGET_H

#include "transport/api.h"

/* So many bytes, for the sessions that share it. Lives until nacre_budget_free. */
struct nacre_budget;

/* parent   a budget that this one is a part of, which must outlive it: what is taken from this one
 *          is taken from both. Or NULL
 * return   NULL: out of memory */
NACRE_API struct nacre_budget *nacre_budget_new(uint64_t bytes, struct nacre_budget *parent);

/* After the sessions that use it. NULL is fine. */
NACRE_API void nacre_budget_free(struct nacre_budget *budget);

/* Bytes that are taken now. From any thread. */
NACRE_API uint64_t nacre_budget_used(const struct nacre_budget *budget);

#endif
