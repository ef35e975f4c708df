#include "apps/observe/observed.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

/* A connection, and the state of each part. */
struct entry {
    struct entry *next;
    void *context;
    void *states[OBSERVED_PARTS_MAX];
};

static struct {
    observed_describe *describe;
    struct nacre_observer own;
    bool has_own;
    const struct observed_part *parts[OBSERVED_PARTS_MAX];
    size_t count;

    pthread_mutex_t lock; /* for the table; an entry belongs to the thread of its connection */
    struct entry *table[BUCKETS];
    size_t connections;
    uint64_t last_id;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

void observed_set(struct observed *connection, enum nacre_role role, const char *local,
                  const char *peer)
{
    connection->role = role;
    (void)snprintf(connection->local, sizeof connection->local, "%s", local);
    (void)snprintf(connection->peer, sizeof connection->peer, "%s", peer);
}

/* ---- the table; the caller has the lock ---- */

static struct entry **place_of(const void *context)
{
    uintptr_t number = (uintptr_t)context;
    struct entry **place = &seen.table[(number >> 4 ^ number >> 14) % BUCKETS];

    while (*place != NULL && (*place)->context != context)
        place = &(*place)->next;
    return place;
}

/* The connection that this thread saw last: most events are about the same one. */
static _Thread_local struct {
    const void *context;
    struct entry *entry;
} last;

static struct entry *find(const void *context)
{
    struct entry *entry;

    if (last.context == context)
        return last.entry;
    pthread_mutex_lock(&seen.lock);
    entry = *place_of(context);
    pthread_mutex_unlock(&seen.lock);
    if (entry != NULL) {
        last.context = context;
        last.entry = entry;
    }
    return entry;
}

static uint64_t next_id(void)
{
    uint64_t id;

    pthread_mutex_lock(&seen.lock);
    id = ++seen.last_id;
    pthread_mutex_unlock(&seen.lock);
    return id;
}

static void add(struct entry *entry)
{
    struct entry **place;

    pthread_mutex_lock(&seen.lock);
    place = place_of(entry->context);
    *place = entry;
    seen.connections++;
    pthread_mutex_unlock(&seen.lock);
}

static struct entry *take(const void *context)
{
    struct entry **place, *entry;

    pthread_mutex_lock(&seen.lock);
    place = place_of(context);
    entry = *place;
    if (entry != NULL) {
        *place = entry->next;
        seen.connections--;
    }
    pthread_mutex_unlock(&seen.lock);
    last.context = NULL;
    return entry;
}

/* ---- beginning and end ---- */

static void begin(void *context)
{
    struct entry *entry = calloc(1, sizeof *entry);
    struct observed connection = {0};

    if (entry == NULL)
        return;
    entry->context = context;
    seen.describe(context, &connection);
    if (connection.id == 0)
        connection.id = next_id();
    for (size_t i = 0; i < seen.count; i++)
        entry->states[i] = seen.parts[i]->open(&connection);
    add(entry);
}

void observed_ended(void *context, const struct nacre_end *why)
{
    struct entry *entry = take(context);

    if (entry == NULL)
        return;
    for (size_t i = 0; i < seen.count; i++)
        if (entry->states[i] != NULL)
            seen.parts[i]->closed(entry->states[i], why);
    free(entry);
}

size_t observed_count(void)
{
    return seen.connections;
}

/* ---- the observer that calls the others ---- */

/* Those that see an event, one after the other: our own observer, and then each part. */
struct round {
    const struct entry *entry; /* NULL: only our own sees it */
    void *context;
    void *state; /* for the functions of the current one */
    size_t next;
};

static struct round round_of(void *context)
{
    return (struct round){.entry = find(context), .context = context};
}

/* NULL: that was the last one. */
static const struct nacre_observer *next_observer(struct round *r)
{
    if (r->next++ == 0) {
        r->state = r->context;
        return &seen.own;
    }
    for (; r->entry != NULL && r->next <= seen.count + 1; r->next++) {
        r->state = r->entry->states[r->next - 2];
        if (r->state != NULL)
            return &seen.parts[r->next - 2]->sees;
    }
    return NULL;
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct round r = round_of(context);
    const struct nacre_observer *o;

    while ((o = next_observer(&r)) != NULL)
        if (o->message != NULL)
            o->message(r.state, direction, seq, phase, payload, len);
}

static void on_negotiated(void *context, const struct nacre_negotiated *choice)
{
    struct round r = round_of(context);
    const struct nacre_observer *o;

    while ((o = next_observer(&r)) != NULL)
        if (o->negotiated != NULL)
            o->negotiated(r.state, choice);
}

static void on_mismatch(void *context, const char *kind, const char *client, size_t client_len,
                        const char *server, size_t server_len)
{
    struct round r = round_of(context);
    const struct nacre_observer *o;

    while ((o = next_observer(&r)) != NULL)
        if (o->mismatch != NULL)
            o->mismatch(r.state, kind, client, client_len, server, server_len);
}

static void on_limited(void *context, enum nacre_limit limit)
{
    struct round r = round_of(context);
    const struct nacre_observer *o;

    while ((o = next_observer(&r)) != NULL)
        if (o->limited != NULL)
            o->limited(r.state, limit);
}

static void on_phase(void *context, const char *phase)
{
    struct round r = round_of(context);
    const struct nacre_observer *o;

    while ((o = next_observer(&r)) != NULL)
        if (o->phase != NULL)
            o->phase(r.state, phase);
}

static void on_secret(void *context, char label, const uint8_t *bytes, size_t len)
{
    struct round r = round_of(context);
    const struct nacre_observer *o;

    while ((o = next_observer(&r)) != NULL)
        if (o->secret != NULL)
            o->secret(r.state, label, bytes, len);
}

/* A session's first packet is our identification: the connection begins with it. */
static void on_packet(void *context, enum nacre_direction direction, const uint8_t *bytes,
                      size_t len)
{
    struct round r;
    const struct nacre_observer *o;

    if (direction == NACRE_SENT && len >= 4 && memcmp(bytes, "SSH-", 4) == 0 &&
        find(context) == NULL)
        begin(context);
    r = round_of(context);
    while ((o = next_observer(&r)) != NULL)
        if (o->packet != NULL)
            o->packet(r.state, direction, bytes, len);
}

static const struct nacre_observer all = {
    .message = on_message,
    .negotiated = on_negotiated,
    .mismatch = on_mismatch,
    .limited = on_limited,
    .phase = on_phase,
    .secret = on_secret,
    .packet = on_packet,
};

/* ---- setting up ---- */

void observed_begin(observed_describe *describe, const struct nacre_observer *own)
{
    seen.describe = describe;
    seen.has_own = own != NULL;
    seen.own = own != NULL ? *own : (struct nacre_observer){0};
    seen.count = 0;
    seen.last_id = 0;
}

void observed_add(const struct observed_part *part)
{
    if (seen.count < OBSERVED_PARTS_MAX)
        seen.parts[seen.count++] = part;
}

const struct nacre_observer *observed_observer(void)
{
    if (seen.count > 0)
        return &all;
    return seen.has_own ? &seen.own : NULL;
}
