#include "apps/forward/remote.h"

#include "apps/session/attached.h"
#include "transport/writer.h"

#include <stdlib.h>
#include <string.h>

/* A request whose answer is due, or a place where the server listens. */
struct remote {
    struct remote *next;
    struct nacre_target where, target;
    uint32_t before; /* answers that come before this one's */
    bool due, cancels;
};

static void drop(struct nacre_forwards *f, const struct remote *gone)
{
    struct remote **at = &f->remotes;

    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    free((void *)(uintptr_t)gone);
}

void remote_free_all(struct nacre_forwards *f)
{
    while (f->remotes != NULL)
        drop(f, f->remotes);
}

static bool is_at(const struct remote *r, const struct nacre_target *at)
{
    return !r->cancels && r->where.is_path == at->is_path && r->where.port == at->port &&
           strcmp(r->where.host, at->host) == 0;
}

const struct nacre_target *remote_find(const struct nacre_forwards *f,
                                       const struct nacre_target *at)
{
    for (const struct remote *r = f->remotes; r != NULL; r = r->next)
        if (is_at(r, at))
            return &r->target;
    return NULL;
}

/* The newest one comes last. */
static void add(struct nacre_forwards *f, struct remote *r)
{
    struct remote **at = &f->remotes;

    while (*at != NULL)
        at = &(*at)->next;
    *at = r;
}

static enum nacre_sending send_request(struct nacre_forwards *f, const struct remote *r)
{
    struct nacre_session *session = f->home.session;

    return r->where.is_path
               ? nacre_session_forward_socket(session, r->where.host, r->cancels)
               : nacre_session_forward(session, r->where.host, r->where.port, r->cancels);
}

enum nacre_sending nacre_forward_remote(struct nacre_forwards *f, const char *place,
                                        const char *target, bool cancel)
{
    struct remote *r = calloc(1, sizeof *r);
    enum nacre_sending sending = NACRE_SEND_NEVER;

    if (r == NULL)
        return NACRE_SEND_LATER;
    *r = (struct remote){.due = true, .cancels = cancel};
    if (forwards_place(&r->where, place) && (cancel || forwards_place(&r->target, target))) {
        r->before = session_answers_due(f->home.session);
        sending = send_request(f, r);
    }
    if (sending == NACRE_SEND_DONE)
        add(f, r);
    else
        free(r);
    return sending;
}

/* Stop expecting connections there. */
static void cancel(struct nacre_forwards *f, const struct nacre_target *where)
{
    for (const struct remote *r = f->remotes; r != NULL; r = r->next)
        if (is_at(r, where)) {
            drop(f, r);
            return;
        }
}

static void settle(struct nacre_forwards *f, struct remote *r, bool granted, uint32_t port)
{
    struct nacre_target where;
    bool cancels = r->cancels;

    r->due = false;
    if (granted && !cancels && r->where.port == 0 && !r->where.is_path)
        r->where.port = port;
    where = r->where;
    if (!granted || cancels)
        drop(f, r);
    if (granted && cancels)
        cancel(f, &where);
    if (granted)
        forwards_event(f, cancels ? NACRE_FORWARD_STOPPED : NACRE_FORWARD_LISTENING, &where, "");
    else
        forwards_event(f, NACRE_FORWARD_FAILED, &where, "the server refused the request");
}

/* RFC 4254 section 7.1: for tcpip-forward with port 0:
 *     uint32    port that was allocated on the server                         */
bool forwards_replied(struct nacre_forwards *f, bool granted, const uint8_t *data, size_t len)
{
    struct nacre_reader reader = nacre_read_from(data, len);
    struct remote *first = NULL;

    for (struct remote *r = f->remotes; r != NULL; r = r->next)
        if (r->due && r->before-- == 0)
            first = r;
    if (first == NULL)
        return false;
    settle(f, first, granted, nacre_read_u32(&reader));
    return true;
}
