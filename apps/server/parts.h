/* The structs that the files of this room share: the server, its workers, their connections. */
#ifndef NACRE_APPS_SERVER_PARTS_H
#define NACRE_APPS_SERVER_PARTS_H

#include "apps/runtime/address_text.h"
#include "apps/session/container_of.h"
#include "apps/runtime/loop.h"
#include "apps/runtime/offload.h"
#include "apps/runtime/pump.h"
#include "apps/server/account.h"
#include "apps/server/admission.h"
#include "apps/server/listen.h"
#include "apps/server/server.h"
#include "apps/server/settings.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* Whether the server can be freed now. */
enum server_state {
    SERVER_IDLE,
    SERVER_RUNNING,
    SERVER_ABANDONED, /* freed from inside a callback: nacre_server_run does it when it ends */
    SERVER_FREEING,
};

struct nacre_server {
    struct nacre_server_config config; /* the first one: for what cannot change */
    struct complete parts;             /* of it */
    const char *const *listen;         /* its addresses, or the default ones */
    struct settings *_Atomic latest;   /* what new connections begin with */
    pthread_mutex_t settings_lock;     /* held to change or to keep the latest */
    struct nacre_offload *offload;     /* once it runs */
    unsigned offload_threads;
    struct admission *admission;
    struct accounts *accounts;
    struct worker *workers;
    pthread_t *threads;
    unsigned worker_count;
    size_t listener_count; /* of each worker */
    char (*addresses)[NACRE_LISTEN_ADDRESS_MAX];
    uint64_t descriptors; /* that the process may have, before a sandbox hides the limit; 0: any */
    _Atomic uint64_t last_id, logins;
    _Atomic uint64_t limited[NACRE_LIMITS];
    _Atomic enum server_state state;
    _Atomic bool stopping, draining, reporting;
    _Atomic uint32_t drain_for_ms; /* NACRE_UNLIMITED: for any time */
    int wakeup; /* an eventfd watched by every loop: its worker then checks these, and `latest` */
};

/* One event loop, and what its connections share. */
struct worker {
    struct nacre_server *server;
    struct nacre_loop loop;
    unsigned number;           /* 0 is the first */
    struct settings *settings; /* what its new connections begin with: the latest, or soon */
    struct nacre_mailbox *mailbox;
    struct source mail, wakeup;
    struct timer drained, waited; /* each need only wake the loop up */
    struct listener *listeners;
    struct nacre_peer *peers; /* all of them, doubly linked */
    uint64_t stop_at_ms;      /* when what is left of the output is dropped; 0 while running */
    bool draining;            /* accepts no connection; the next three are for that */
    uint64_t drain_until_ms, drain_note_ms;
    struct timer drain_timer;
    uint64_t shedding_until_ms;
    struct proxied *proxied; /* connections of load balancers whose header is still to come */
    uint32_t proxied_count;
    uint64_t refusals; /* rate of `refused` events, */
    uint64_t unlogged; /* ... and refusals without one since the last */
    int spare;         /* a descriptor to give up when no other is left */
    bool running;      /* on a thread of its own */
    bool begun;        /* it watches the server's wakeup */
};

/* One connection. */
struct nacre_peer {
    struct pump pump;
    struct worker *worker;
    struct settings *settings;
    struct nacre_peer *next, **link;
    uint64_t id;
    char address[ADDRESS_MAX];
    char *local_address;     /* of ADDRESS_MAX bytes; NULL: nobody has asked for it */
    struct account *account; /* of its source, then of its user */
    struct ticket ticket;
    uint32_t limited;     /* a bit for each limit that was reached, */
    uint32_t limited_due; /* ... and for those whose event is due */
    bool failed_login;    /* at least one attempt */
    bool abusive;         /* used the key exchange to make us work: as bad as a failed login */
    bool logged_in;
    struct nacre_forwards *forwards; /* of its session; NULL: none were needed yet */
    bool offloaded;                  /* it may have jobs that wait for a thread */
    struct task report_task;         /* sends these events */
    void *data;                      /* the program's */
};

/* context: that of a configuration */
static inline void server_trouble(const struct nacre_server *server, void *context,
                                  const char *text)
{
    if (server->parts.events.trouble != NULL)
        server->parts.events.trouble(context, text);
}

/* Let every worker check the flags of the server. From a signal handler too. */
static inline void server_wake(struct nacre_server *server)
{
    const uint64_t one = 1;
    int saved = errno;
    ssize_t n = write(server->wakeup, &one, sizeof one);

    (void)n; /* fails only when every loop is about to wake up already */
    errno = saved;
}

#endif
