#include "apps/server/account.h"

#include "apps/runtime/short_lock.h"
#include "apps/server/machine_memory.h"
#include "apps/session/budget_size.h"
#include "crypto/random.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    LISTS = 4096,
    SHARE = 4 /* a budget is a quarter of the memory, a user's a quarter of it */
};

struct account {
    struct account *next;
    struct nacre_budget *budget;
    uint32_t connections, list;
    uint8_t kind, len;
    uint8_t name[];
};

struct accounts {
    pthread_mutex_t lock;
    struct nacre_budget *process;
    uint64_t machine;   /* bytes, the default; read before a sandbox hides them */
    uint64_t size;      /* bytes, of the process */
    uint64_t per_user;  /* bytes */
    uint64_t secret[2]; /* a user cannot choose names that fall into one list */
    struct account *lists[LISTS];
};

static void set_sizes(struct accounts *a, uint64_t max_memory, uint64_t per_user_max_memory)
{
    a->size = max_memory != 0 ? max_memory : a->machine;
    a->per_user = per_user_max_memory != 0 ? per_user_max_memory : a->size / SHARE;
}

struct accounts *accounts_new(uint64_t max_memory, uint64_t per_user_max_memory)
{
    struct accounts *a = calloc(1, sizeof *a);

    if (a == NULL)
        return NULL;
    a->machine = machine_memory() / SHARE;
    set_sizes(a, max_memory, per_user_max_memory);
    a->process = nacre_budget_new(a->size, NULL);
    if (a->process == NULL) {
        free(a);
        return NULL;
    }
    a->lock = (pthread_mutex_t)SHORT_LOCK;
    random_system.fill(random_system.context, (uint8_t *)a->secret, sizeof a->secret);
    return a;
}

void accounts_resize(struct accounts *a, uint64_t max_memory, uint64_t per_user_max_memory)
{
    (void)pthread_mutex_lock(&a->lock);
    set_sizes(a, max_memory, per_user_max_memory);
    budget_resize(a->process, a->size);
    for (size_t i = 0; i < LISTS; i++)
        for (struct account *at = a->lists[i]; at != NULL; at = at->next)
            budget_resize(at->budget, a->per_user);
    (void)pthread_mutex_unlock(&a->lock);
}

void accounts_free(struct accounts *a)
{
    if (a == NULL)
        return;
    (void)pthread_mutex_destroy(&a->lock);
    nacre_budget_free(a->process);
    free(a);
}

static uint32_t list_of(const struct accounts *a, enum account_kind kind, const uint8_t *name,
                        size_t len)
{
    uint64_t hash = a->secret[0] + (uint64_t)kind;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ name[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29 ^ a->secret[1];
    }
    return (uint32_t)(hash >> 32) % LISTS;
}

static struct account *find(const struct accounts *a, uint32_t list, enum account_kind kind,
                            const void *name, size_t len)
{
    for (struct account *at = a->lists[list]; at != NULL; at = at->next)
        if (at->kind == (uint8_t)kind && at->len == len && memcmp(at->name, name, len) == 0)
            return at;
    return NULL;
}

static struct account *add(struct accounts *a, uint32_t list, enum account_kind kind,
                           const void *name, size_t len)
{
    struct account *account = calloc(1, sizeof *account + len);

    if (account == NULL)
        return NULL;
    account->budget = nacre_budget_new(a->per_user, a->process);
    if (account->budget == NULL) {
        free(account);
        return NULL;
    }
    account->kind = (uint8_t)kind;
    account->len = (uint8_t)len;
    memcpy(account->name, name, len);
    account->list = list;
    account->next = a->lists[list];
    a->lists[list] = account;
    return account;
}

struct account *accounts_enter(struct accounts *a, enum account_kind kind, const void *name,
                               size_t len)
{
    uint32_t list = list_of(a, kind, name, len);
    struct account *account;

    (void)pthread_mutex_lock(&a->lock);
    account = find(a, list, kind, name, len);
    account = account != NULL ? account : add(a, list, kind, name, len);
    if (account != NULL)
        account->connections++;
    (void)pthread_mutex_unlock(&a->lock);
    return account;
}

static void remove_from_list(struct accounts *a, const struct account *account)
{
    struct account **link = &a->lists[account->list];

    while (*link != account)
        link = &(*link)->next;
    *link = account->next;
}

void accounts_leave(struct accounts *a, struct account *account)
{
    bool last;

    if (account == NULL)
        return;
    (void)pthread_mutex_lock(&a->lock);
    last = --account->connections == 0;
    if (last)
        remove_from_list(a, account);
    (void)pthread_mutex_unlock(&a->lock);
    if (!last)
        return;
    nacre_budget_free(account->budget);
    free(account);
}

uint32_t accounts_count(struct accounts *a, const struct account *account)
{
    uint32_t count;

    (void)pthread_mutex_lock(&a->lock);
    count = account->connections;
    (void)pthread_mutex_unlock(&a->lock);
    return count;
}

struct nacre_budget *account_budget(const struct account *account)
{
    return account->budget;
}

uint64_t accounts_size(const struct accounts *a)
{
    return a->size;
}

uint64_t accounts_used(const struct accounts *a)
{
    return nacre_budget_used(a->process);
}
