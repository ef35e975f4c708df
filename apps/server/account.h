/* The budgets of memory of a server: one for the process and, as parts of it, one for each user
 * that is logged in and one for each source that has connections without a login. Consulted when a
 * connection begins, logs in and ends; shared by all workers. */
#ifndef NACRE_APPS_SERVER_ACCOUNT_H
#define NACRE_APPS_SERVER_ACCOUNT_H

#include "apps/session/budget.h"

#include <stddef.h>

struct accounts;
struct account;

enum account_kind { ACCOUNT_SOURCE, ACCOUNT_USER };

/* Bytes; 0: the defaults. NULL: out of memory. */
struct accounts *accounts_new(uint64_t max_memory, uint64_t per_user_max_memory);

/* Other sizes, also for those that have joined. What they have taken stays theirs. */
void accounts_resize(struct accounts *a, uint64_t max_memory, uint64_t per_user_max_memory);

/* After every account was left. */
void accounts_free(struct accounts *a);

/* A connection joins those of a source or user, whose name has `len` bytes, 255 at most. NULL: out
 * of memory. */
struct account *accounts_enter(struct accounts *a, enum account_kind kind, const void *name,
                               size_t len);

/* ... and leaves them; its session uses another budget now, or is gone. NULL is fine. */
void accounts_leave(struct accounts *a, struct account *account);

/* The connections that have joined it and not left. */
uint32_t accounts_count(struct accounts *a, const struct account *account);

struct nacre_budget *account_budget(const struct account *account);

/* Bytes of the budget of the process. */
uint64_t accounts_size(const struct accounts *a);

/* Bytes that all of them use now. */
uint64_t accounts_used(const struct accounts *a);

#endif
