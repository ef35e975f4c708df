/* A server on sockets: listening, event loops, one session a connection. Linux (epoll).
 *
 * Fill a configuration, make the server, run it; README.md has a whole program. */
#ifndef NACRE_APPS_SERVER_SERVER_H
#define NACRE_APPS_SERVER_SERVER_H

#include "apps/runtime/address.h"
#include "apps/session/session.h"

struct nacre_loop;
struct nacre_server;

/* One connection. The `context` of every callback of its session: of the auth policy, of lookup and
 * nacre_channel_context. Lives until `ended` returns. */
struct nacre_peer;

/* What happens, for logs; any may be NULL. Called on the thread of the peer's event loop; what is
 * passed is lent for the call. context is the configuration's. */
struct nacre_server_events {
    void (*listening)(void *context, const char *address);
    void (*accepted)(struct nacre_peer *peer);
    void (*authenticated)(struct nacre_peer *peer, const char *user);
    void (*ended)(struct nacre_peer *peer, const struct nacre_end *why);
    /* Something that the person who runs the server should know; a sentence. */
    void (*trouble)(void *context, const char *text);
    /* A connection was turned away; `unlogged` more were since the last of these calls, which are
     * kept to some twenty a second. */
    void (*refused)(void *context, const char *address, enum nacre_limit limit, uint64_t unlogged);
    /* A session met a limit, the first time this one. */
    void (*limited)(struct nacre_peer *peer, enum nacre_limit limit);
    /* nacre_server_report was called: look with nacre_server_count. */
    void (*counters)(void *context, const struct nacre_server *server);
};

/* sshd_config(5) PerSourcePenalties: who ends without a login stays away for a while; what a source
 * gathers adds up, and counts from min_ms on. */
struct nacre_penalties {
    bool off;
    uint32_t authfail_ms;       /* a failed attempt to log in; default 5 s */
    uint32_t noauth_ms;         /* no attempt; default 1 s */
    uint32_t grace_exceeded_ms; /* too slow; default 10 s */
    uint32_t min_ms, max_ms;    /* defaults 15 s, 600 s */
};

/* Who may connect, on all workers together. Zero means the default. */
struct nacre_admission {
    uint32_t max_connections;  /* default 65536; in any case what the descriptors are enough for */
    uint32_t descriptors_each; /* that a connection may come to need; default 1 */

    /* MaxStartups: of connections that have not logged in, from so many on this per cent of the new
     * ones is turned away, rising to all of them at `full`; but who has none yet, not before that.
     * Defaults 100, 30, 1000. */
    uint32_t startups_begin, startups_rate, startups_full;
    uint32_t per_source_startups;      /* PerSourceMaxStartups; default 64 */
    uint32_t netblock_v4, netblock_v6; /* PerSourceNetBlockSize: bits of one source; 32, 64 */

    struct nacre_penalties penalties;
    const char *penalty_exempt; /* who gets none: patterns as in authorized_keys' from=; or NULL */
};

/* All that it points to is borrowed and must outlive the server. Zero means the default. */
struct nacre_server_config {
    /* NULL-terminated: "127.0.0.1:2022", "[::1]:2022", "localhost:2022", "[::]:2022" (IPv4 too);
     * port 0 picks one. Default "[::]:2022". */
    const char *const *listen;

    /* At least one: keys from nacre_key_read, NULL-terminated; or the name of one file, which is
     * made when it is missing. */
    const struct nacre_key *const *host_keys;
    const char *host_key_file;

    const struct nacre_auth_policy *auth; /* who may log in; NULL: nobody */

    /* The application of session channels, or, for other types too, a look-up; see
     * nacre_endpoint_config. */
    const struct nacre_channel_app *session;
    const struct nacre_channel_app *(*lookup)(void *context, const char *type);

    /* A client's global requests, for forwarding above all (NULL: refused), and its answers to
     * ours; see nacre_endpoint_config. */
    enum nacre_answer (*global_request)(void *context, const struct nacre_global_request *request,
                                        uint32_t *port);
    void (*global_replied)(void *context, bool granted, const uint8_t *data, size_t len);

    const struct nacre_server_events *events;
    const struct nacre_observer *observer; /* of each session; its context is the nacre_peer */
    void *context;                         /* see nacre_peer_server_context */

    /* Every address is bound, and no thread of the server has been started: the place to give up
     * privileges. False: there will be no server, and errbuf holds a sentence. May be NULL. */
    bool (*bound)(void *context, char *errbuf, size_t size);

    unsigned workers;                   /* event loops, each on a thread of its own; default 1 */
    uint32_t channels_max;              /* of one connection; default 64 */
    uint32_t login_grace_ms;            /* for the whole login; default 120 s */
    struct nacre_limits limits;         /* of each session */
    struct nacre_admission admission;   /* who may connect */
    uint64_t rekey_bytes, rekey_ms;     /* see nacre_endpoint_config */
    const struct nacre_memory *secrets; /* see nacre_endpoint_config; default malloc and free */
    uint32_t drain_ms; /* how long nacre_server_stop lets output drain; default 5 s */
    const char *kex, *host_key, *public_key, *ciphers, *macs; /* see nacre_endpoint_config */
};

/* Listens when it returns. NULL: errbuf, of `size` bytes (NULL and 0: nobody wants to know), holds
 * a sentence. */
NACRE_API struct nacre_server *nacre_server_new(const struct nacre_server_config *config,
                                                char *errbuf, size_t size);

/* Run until nacre_server_stop; returns when all connections are over, or drain_ms have passed. The
 * calling thread is one of the workers. */
NACRE_API void nacre_server_run(struct nacre_server *server);

/* Stop accepting, end every session (NACRE_SHUTTING_DOWN) after what was accepted for sending, and
 * let nacre_server_run return. From any thread, and from a signal handler. */
NACRE_API void nacre_server_stop(struct nacre_server *server);

/* Have the event `counters` called soon. From any thread, and from a signal handler. */
NACRE_API void nacre_server_report(struct nacre_server *server);

struct nacre_server_counters {
    uint64_t accepted, logins;      /* since the start */
    uint32_t connections, startups; /* now; startups: have not logged in */
    uint64_t
        limited[NACRE_LIMITS]; /* what was refused, slowed down or ended, by enum nacre_limit */
};
NACRE_API void nacre_server_count(const struct nacre_server *server,
                                  struct nacre_server_counters *counters);

/* After nacre_server_run has returned, or instead of it. Sessions that still live end as connection
 * lost. NULL is fine. */
NACRE_API void nacre_server_free(struct nacre_server *server);

/* The real address of the i-th listener, "127.0.0.1:40123"; NULL past the last. */
NACRE_API const char *nacre_server_address(const struct nacre_server *server, size_t i);

/* What a connection is, for the thread of its event loop. Its number counts from 1; its address,
 * "192.0.2.1:51234", and its session live as long as itself; the context is the configuration's. */
NACRE_API uint64_t nacre_peer_id(const struct nacre_peer *peer);
NACRE_API const char *nacre_peer_address(const struct nacre_peer *peer);
/* The address alone, "192.0.2.1" or "::1", as authorized_keys are asked with it. */
enum { NACRE_PEER_HOST_MAX = 64 };
NACRE_API void nacre_peer_host(const struct nacre_peer *peer, char out[NACRE_PEER_HOST_MAX]);
NACRE_API struct nacre_session *nacre_peer_session(const struct nacre_peer *peer);
NACRE_API void *nacre_peer_server_context(const struct nacre_peer *peer);
/* The event loop of the connection, for nacre_stream_join and nacre_watch_new. Lives as long as the
 * server. */
NACRE_API struct nacre_loop *nacre_peer_loop(const struct nacre_peer *peer);

/* The address that it connected to: "127.0.0.1:2022", "" when that is not known any more. The text
 * lives until the next call for this peer. */
NACRE_API const char *nacre_peer_local_address(struct nacre_peer *peer);

/* A pointer of the program's own; NULL at first. Free what it points to in `ended`. */
NACRE_API void nacre_peer_set_data(struct nacre_peer *peer, void *data);
NACRE_API void *nacre_peer_data(const struct nacre_peer *peer);

/* Do slow work on a thread of its own, then `done` on the peer's. The peer may be gone by then:
 * keep no pointer to it in the job. When the server is freed first, or a source that has fewer jobs
 * needs the place of its, done is called without work: a
 * job starts out saying no. False, and neither is called: NACRE_OFFLOAD_WAITING_MAX
 * (apps/runtime/offload.h) wait already. */
NACRE_API bool nacre_peer_offload(struct nacre_peer *peer, void (*work)(void *job),
                                  void (*done)(void *job), void *job);

#endif
