#include "apps/serve/quota.h"

#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sessions of a user, or of a user from one address. Kept while there are any. */
struct tally {
    uint32_t count;
    bool warned;
    char *name;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t all, per_user, used;
static bool warned;           /* that all are in use */
static void *users, *sources; /* trees of tallies: users choose their names, so nothing is hashed */

void quota_configure(uint32_t most, uint32_t most_per_user)
{
    (void)pthread_mutex_lock(&lock);
    all = most;
    per_user = most_per_user;
    (void)pthread_mutex_unlock(&lock);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct tally *)a)->name, ((const struct tally *)b)->name);
}

static struct tally *find(void *tree, char *name)
{
    const struct tally key = {.name = name};
    struct tally *const *found = tfind(&key, &tree, compare);

    return found != NULL ? *found : NULL;
}

static void drop(void **tree, struct tally *t)
{
    if (t == NULL || t->count > 0)
        return;
    (void)tdelete(t, tree, compare);
    free(t->name);
    free(t);
}

/* NULL: out of memory. */
static struct tally *find_or_add(void **tree, char *name)
{
    struct tally *t = find(*tree, name);

    if (t != NULL)
        return t;
    t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->name = strdup(name);
    if (t->name == NULL || tsearch(t, tree, compare) == NULL) {
        free(t->name);
        free(t);
        return NULL;
    }
    return t;
}

static enum quota_answer judge(uint32_t of_user, uint32_t of_source)
{
    uint32_t most = per_user != QUOTA_NONE ? per_user : all / 2 + (all == 1);
    uint32_t share = per_user != QUOTA_NONE ? per_user : (all + 3) / 4;

    if (used >= all)
        return QUOTA_ALL_FULL;
    if (of_user == 0)
        return QUOTA_GRANTED;
    if (of_user >= most)
        return QUOTA_USER_FULL;
    if (of_source == 0)
        return QUOTA_GRANTED;
    if (of_user >= share)
        return QUOTA_USER_FULL;
    return used < all - all / 4 ? QUOTA_GRANTED : QUOTA_ALL_FULL;
}

static enum quota_answer count(struct quota_place *place, char *user, char *source, bool *news)
{
    struct tally *u = find(users, user), *s = find(sources, source);
    enum quota_answer answer = judge(u != NULL ? u->count : 0, s != NULL ? s->count : 0);
    bool *said = u != NULL ? &u->warned : &warned;

    *news = answer != QUOTA_GRANTED && !*said;
    *said = answer != QUOTA_GRANTED;
    if (answer != QUOTA_GRANTED)
        return answer;
    u = find_or_add(&users, user);
    s = u != NULL ? find_or_add(&sources, source) : NULL;
    if (s == NULL) {
        *news = true;
        drop(&users, u);
        return QUOTA_NO_MEMORY;
    }
    *place = (struct quota_place){u, s};
    u->count++;
    s->count++;
    used++;
    return QUOTA_GRANTED;
}

enum quota_answer quota_take(struct quota_place *place, const char *user, const char *address,
                             bool *news)
{
    enum quota_answer answer = QUOTA_NO_MEMORY;
    char *name = strdup(user), *source;

    *news = true;
    if (name == NULL || asprintf(&source, "%s %s", address, user) < 0) {
        free(name);
        return QUOTA_NO_MEMORY;
    }
    (void)pthread_mutex_lock(&lock);
    answer = count(place, name, source, news);
    (void)pthread_mutex_unlock(&lock);
    free(source);
    free(name);
    return answer;
}

void quota_return(struct quota_place *place)
{
    if (place->user == NULL)
        return;
    (void)pthread_mutex_lock(&lock);
    place->user->count--;
    place->source->count--;
    used--;
    drop(&users, place->user);
    drop(&sources, place->source);
    (void)pthread_mutex_unlock(&lock);
    *place = (struct quota_place){NULL, NULL};
}

uint32_t quota_count(void)
{
    uint32_t now;

    (void)pthread_mutex_lock(&lock);
    now = used;
    (void)pthread_mutex_unlock(&lock);
    return now;
}
