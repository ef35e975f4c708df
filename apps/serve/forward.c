#include "apps/serve/forward.h"

#include "apps/daemon/events.h"
#include "apps/serve/place.h"
#include "apps/server/file_login.h"

#include <pthread.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static struct permit permit;

/* ---- the log ---- */

static void log_forward(const struct nacre_peer *peer, const char *state,
                        const struct nacre_target *target, const char *reason)
{
    char place[NACRE_HOST_MAX + sizeof ":4294967295"];
    struct log_line l;

    if (target->is_path)
        (void)snprintf(place, sizeof place, "%s", target->host);
    else
        (void)snprintf(place, sizeof place, "%s:%u", target->host, target->port);
    log_begin(&l, LOG_INFO, "forward");
    log_u64(&l, "conn", nacre_peer_id(peer));
    log_text(&l, "user", nacre_session_user(nacre_peer_session(peer)));
    log_text(&l, "state", state);
    log_text(&l, "target", place);
    if (reason[0] != 0)
        log_text(&l, "reason", reason);
    log_end(&l);
}

/* ---- the quota ---- */

/* The places of one client, which are all alike. It has none when there are none. */
struct holding {
    const struct nacre_peer *peer;
    struct quota_place place;
    uint32_t count;
    bool pending; /* one of them is for a listener that is being opened */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the tree, for several workers */
static void *holdings;

static int compare(const void *a, const void *b)
{
    uintptr_t one = (uintptr_t)((const struct holding *)a)->peer;
    uintptr_t other = (uintptr_t)((const struct holding *)b)->peer;

    return (one > other) - (one < other);
}

/* NULL: it has none. Only the thread of the peer uses what it returns. */
static struct holding *holding_of(const struct nacre_peer *peer)
{
    const struct holding key = {.peer = peer};
    struct holding *const *found;
    struct holding *h;

    (void)pthread_mutex_lock(&lock);
    found = tfind(&key, &holdings, compare);
    h = found != NULL ? *found : NULL;
    (void)pthread_mutex_unlock(&lock);
    return h;
}

/* NULL: out of memory. */
static struct holding *add_holding(const struct nacre_peer *peer)
{
    struct holding *h = calloc(1, sizeof *h);
    bool added;

    if (h == NULL)
        return NULL;
    h->peer = peer;
    (void)pthread_mutex_lock(&lock);
    added = tsearch(h, &holdings, compare) != NULL;
    (void)pthread_mutex_unlock(&lock);
    if (added)
        return h;
    free(h);
    return NULL;
}

static void drop_holding(struct holding *h)
{
    (void)pthread_mutex_lock(&lock);
    (void)tdelete(h, &holdings, compare);
    (void)pthread_mutex_unlock(&lock);
    free(h);
}

static bool take(void *context)
{
    const struct nacre_peer *peer = context;
    struct holding *h = holding_of(peer);
    struct quota_place place = {NULL, NULL};

    if (place_take(&place, peer) != NULL)
        return false;
    if (h == NULL)
        h = add_holding(peer);
    if (h == NULL) {
        quota_return(&place);
        return false;
    }
    h->place = place;
    h->count++;
    return true;
}

static void give_back(void *context)
{
    struct holding *h = holding_of(context);
    struct quota_place place = h->place;

    quota_return(&place);
    if (--h->count == 0)
        drop_holding(h);
}

/* For a listener: it has its place from now on, unless it cannot be opened. */
static bool take_for_listener(struct nacre_peer *peer)
{
    if (!take(peer))
        return false;
    holding_of(peer)->pending = true;
    return true;
}

/* Was a place taken for a listener whose fate was open until now? */
static bool settle(const struct nacre_peer *peer)
{
    struct holding *h = holding_of(peer);
    bool pending = h != NULL && h->pending;

    if (pending)
        h->pending = false;
    return pending;
}

/* ---- the policy ---- */

static const struct nacre_key_grant *grant_of(const struct nacre_peer *peer)
{
    return nacre_file_login_grant(nacre_peer_login(peer));
}

static bool may_connect(void *context, const struct nacre_target *target)
{
    if (permit_connect(&permit, grant_of(context), target))
        return true;
    log_forward(context, "refused", target, "connecting there is not permitted");
    return false;
}

static bool may_listen(void *context, const struct nacre_target *target)
{
    if (permit_listen(&permit, grant_of(context), target))
        return take_for_listener(context);
    log_forward(context, "refused", target, "listening there is not permitted");
    return false;
}

static void on_event(void *context, enum nacre_forward_event event,
                     const struct nacre_target *target, const char *text)
{
    static const char *const states[] = {
        [NACRE_FORWARD_CONNECTED] = "connected", [NACRE_FORWARD_FAILED] = "failed",
        [NACRE_FORWARD_LISTENING] = "listening", [NACRE_FORWARD_STOPPED] = "stopped",
        [NACRE_FORWARD_ACCEPTED] = "accepted",
    };
    bool pending = (event == NACRE_FORWARD_LISTENING || event == NACRE_FORWARD_FAILED ||
                    event == NACRE_FORWARD_STOPPED) &&
                   settle(context);

    log_forward(context, states[event], target, text);
    if (event == NACRE_FORWARD_STOPPED || (event == NACRE_FORWARD_FAILED && pending))
        give_back(context);
}

struct nacre_forward_listener *forward_agent(struct nacre_peer *peer, const char *path)
{
    struct nacre_forwards *forwards = nacre_peer_forwards(peer);
    struct nacre_forward_listener *l;
    char sentence[256];

    if (forwards == NULL || !take_for_listener(peer))
        return NULL;
    l = nacre_forward_listen(forwards, path, "auth-agent@openssh.com", NULL, sentence,
                             sizeof sentence);
    if (l == NULL) {
        log_trouble("start", sentence);
        if (settle(peer))
            give_back(peer);
    }
    return l;
}

const struct nacre_forwarding *forward_configure(const struct forward_config *config)
{
    static struct nacre_forwarding policy = {
        .may_connect = may_connect,
        .may_listen = may_listen,
        .begin = take,
        .end = give_back,
        .event = on_event,
    };

    permit = config->permit;
    policy.gateway_ports = config->gateway_ports;
    return permit.tcp != 0 || permit.streamlocal != 0 || config->agent ? &policy : NULL;
}
