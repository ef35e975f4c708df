#include "apps/forward/resolve.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct resolving {
    char host[NACRE_HOST_MAX];
    uint32_t port;
    struct addrinfo *found;
    int failure;
    void (*done)(void *owner, struct addrinfo *found, const char *failure);
    void *owner; /* NULL: it has gone */
};

static int look_up(const char *host, uint32_t port, int flags, struct addrinfo **found)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    char digits[12];

    (void)snprintf(digits, sizeof digits, "%u", port);
    *found = NULL;
    return getaddrinfo(host, digits, &hints, found);
}

/* On another thread. */
static void work(void *job)
{
    struct resolving *r = job;

    r->failure = look_up(r->host, r->port, 0, &r->found);
}

static void finish(void *job)
{
    struct resolving *r = job;

    if (r->owner != NULL)
        r->done(r->owner, r->found, r->found == NULL ? gai_strerror(r->failure) : "");
    else if (r->found != NULL)
        freeaddrinfo(r->found);
    free(r);
}

struct resolving *
resolve_begin(const struct nacre_forwards *f, const struct nacre_target *target,
              void (*done)(void *owner, struct addrinfo *found, const char *failure), void *owner)
{
    struct resolving *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    memcpy(r->host, target->host, sizeof r->host);
    r->port = target->port;
    r->failure = EAI_AGAIN; /* for `done` without `work` */
    r->done = done;
    r->owner = owner;
    if (f->home.offload(f->home.context, work, finish, r))
        return r;
    free(r);
    return NULL;
}

void resolve_forget(struct resolving *r)
{
    if (r != NULL)
        r->owner = NULL;
}

struct addrinfo *resolve_digits(const struct nacre_target *target)
{
    struct addrinfo *found;

    return look_up(target->host, target->port, AI_NUMERICHOST, &found) == 0 ? found : NULL;
}
