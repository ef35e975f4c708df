/* What an endpoint and its sessions are made of; for the files of apps/session/ alone. */
#ifndef NACRE_APPS_SESSION_PARTS_H
#define NACRE_APPS_SESSION_PARTS_H

#include "apps/session/algorithm_list.h"
#include "apps/session/container_of.h"
#include "apps/session/session.h"
#include "auth/growth.h"
#include "auth/auth.h"
#include "connection/connection.h"
#include "crypto/random.h"
#include "transport/pool.h"
#include "transport/transport.h"

struct nacre_endpoint {
    struct nacre_endpoint_config config; /* complete; these are what it points to: */
    struct nacre_auth_policy policy;
    struct nacre_observer observer;
    struct nacre_memory memory, secrets;
    struct nacre_limits limits;
    struct transport_config transport;
    struct auth_config auth;
    struct connection_config connection;
    struct random_source random, padding;
    struct random_stream padding_stream;
    struct pool pool;
    char lists[NACRE_ALGORITHM_KINDS][NACRE_ALGORITHM_LIST_MAX];
};

struct nacre_session {
    struct nacre_endpoint *endpoint;
    void *context;
    void *attached; /* see attached.h */
    struct transport *transport;
    struct auth *auth;
    struct connection *connection;
    uint64_t began_ms;
    uint64_t packet_deadline_ms; /* before the login: for the packet that has begun, */
    uint32_t packet_seq;         /* ... which is this one */
    uint64_t wipe_ms;            /* when to wipe the pool's free blocks; 0: it need not */
    bool blocked; /* the socket accepts no more now: input is processed while the reserve lasts */
    bool again;   /* a callback left something to do: the owner's next call is due at once */
    bool lost;    /* nacre_session_lost or nacre_session_free was called from inside a callback, */
    bool freed;   /* ... this one */
    bool told_ended;
};

/* budget.c */
extern const struct connection_budget session_budget;

/* Call closed and ended, once, if the session has ended. */
void session_tell(struct nacre_session *s);

#endif
