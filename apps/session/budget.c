#include "apps/session/budget.h"

#include "apps/session/budget_size.h"
#include "apps/session/parts.h"

#include <stdatomic.h>
#include <stdlib.h>

struct nacre_budget {
    struct nacre_budget *parent;
    _Atomic uint64_t limit;
    _Atomic uint64_t used;
};

struct nacre_budget *nacre_budget_new(uint64_t bytes, struct nacre_budget *parent)
{
    struct nacre_budget *b = calloc(1, sizeof *b);

    if (b == NULL)
        return NULL;
    b->limit = bytes;
    b->parent = parent;
    return b;
}

void nacre_budget_free(struct nacre_budget *b)
{
    free(b);
}

void budget_resize(struct nacre_budget *b, uint64_t bytes)
{
    b->limit = bytes;
}

uint64_t nacre_budget_used(const struct nacre_budget *b)
{
    return b->used;
}

/* One window takes no more than an eighth of what is left; in the last quarter, the less is left
 * the smaller it is. */
static uint64_t share(const struct nacre_budget *b, uint64_t want)
{
    uint64_t used = b->used, limit = b->limit;
    uint64_t left = used < limit ? limit - used : 0, quarter = limit / 4;

    if (left == 0)
        return 0;
    if (left < quarter)
        want /= quarter / left;
    return want < left / 8 ? want : left / 8;
}

static enum nacre_limit limit_of(const struct nacre_budget *b)
{
    return b->parent == NULL ? NACRE_LIMIT_MEMORY : NACRE_LIMIT_USER_MEMORY;
}

static void give(void *account, size_t bytes)
{
    for (struct nacre_budget *b = account; b != NULL; b = b->parent)
        (void)atomic_fetch_sub(&b->used, bytes);
}

static void hold(void *account, size_t bytes)
{
    for (struct nacre_budget *b = account; b != NULL; b = b->parent)
        (void)atomic_fetch_add(&b->used, bytes);
}

/* False: *limit has not got so many; nothing was taken. */
static bool take_all(struct nacre_budget *account, size_t bytes, enum nacre_limit *limit)
{
    for (struct nacre_budget *b = account; b != NULL; b = b->parent) {
        uint64_t used = atomic_fetch_add(&b->used, bytes), most = b->limit;

        if (used <= most && bytes <= most - used)
            continue;
        *limit = limit_of(b);
        for (struct nacre_budget *taken = account; taken != b->parent; taken = taken->parent)
            (void)atomic_fetch_sub(&taken->used, bytes);
        return false;
    }
    return true;
}

static size_t take(void *account, size_t want, size_t least, enum nacre_limit *limit)
{
    size_t bytes = want;

    for (const struct nacre_budget *b = account; b != NULL; b = b->parent)
        if (share(b, want) < bytes)
            bytes = (size_t)share(b, want);
    if (least == 0 && bytes < want)
        return 0;
    if (bytes < want)
        bytes = bytes < least ? least : bytes - bytes % least; /* whole packets */
    return take_all(account, bytes, limit) ? bytes : 0;
}

static bool is_low(const void *account)
{
    for (const struct nacre_budget *b = account; b != NULL; b = b->parent) {
        uint64_t limit = b->limit;

        if (b->used > limit - limit / 4)
            return true;
    }
    return false;
}

const struct connection_budget session_budget = {take, hold, give, is_low};

void nacre_session_set_budget(struct nacre_session *s, struct nacre_budget *budget)
{
    connection_set_account(s->connection, budget);
}
