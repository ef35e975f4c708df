/* A server on sockets: listening, event loops, one session per connection. Linux (epoll).
 *
 * Fill in a configuration, make the server, run it: examples/tutorial/1-server.c has ten lines.
 *
 * No thread starts before nacre_server_run or nacre_server_run_once, so a program may fork between
 * nacre_server_new and these, to become a daemon for instance. One of the two processes then runs
 * the server. The other one must not use it again, not even to free it, because both have the same
 * descriptors; it ends by exec or _exit. Locked memory (locked_memory.h) is not locked in a child:
 * begin it after the fork. Once nacre_server_run was called, a child may only call exec or _exit.
 *
 * Each connection belongs to the thread of one event loop. Every function may be called from inside
 * every callback of that thread, except those of the observer, which may only call functions that
 * read. A function that cannot act at once says below what it does there. Text that a function
 * takes is not kept. RFC 4253, 4252 and 4254. */
#ifndef NACRE_APPS_SERVER_SERVER_H
#define NACRE_APPS_SERVER_SERVER_H

#include "apps/forward/forwarding.h"
#include "apps/runtime/address.h"
#include "apps/session/session.h"

struct nacre_loop;

/* A server: what listens, its event loops and its connections. Lives until nacre_server_free. */
struct nacre_server;

/* One connection. It is the `context` of every callback of its session: of the auth policy, of
 * lookup, of nacre_channel_context. Lives until `ended` returns. */
struct nacre_peer;

/* Events, for logs; any may be NULL. Called on the thread of the peer's event loop; arguments are
 * lent for the call. context is that of the configuration in use. */
struct nacre_server_events {
    /* It listens there: once for each address, before the first connection. */
    void (*listening)(void *context, const char *address);
    /* A new connection; it has no session yet. */
    void (*accepted)(struct nacre_peer *peer);
    /* The login is complete: nacre_peer_login says what was proved. */
    void (*authenticated)(struct nacre_peer *peer, const char *user);
    /* Exactly once for each connection that was accepted, always last. */
    void (*ended)(struct nacre_peer *peer, const struct nacre_end *why);
    /* A sentence for the operator of the server. */
    void (*trouble)(void *context, const char *text);
    /* A connection was refused. `unlogged`: refusals since the last call that had none, because
     * these calls are limited to about twenty per second. */
    void (*refused)(void *context, const char *address, enum nacre_limit limit, uint64_t unlogged);
    /* A session reached a limit, this one for the first time. Called soon after that, from the
     * loop. */
    void (*limited)(struct nacre_peer *peer, enum nacre_limit limit);
    /* nacre_server_report was called: see nacre_server_counter and nacre_server_limited. */
    void (*counters)(void *context, const struct nacre_server *server);
    /* nacre_server_drain was called, and so many connections are left: at once, and then every ten
     * seconds. */
    void (*draining)(void *context, uint32_t connections);
};

/* Limits on connections, counted over all workers. Zero means the default. */
struct nacre_admission {
    /* Default 65536, but never more than descriptors allow. Of the last eighth, a user gets one: a
     * login beyond that is disconnected, after `authenticated`. */
    uint32_t max_connections;
    uint32_t descriptors_each; /* number that a connection may come to need; default 1 */

    /* MaxStartups: from startups_begin connections without a login on, startups_rate per cent of
     * new ones are refused, rising to all of them at startups_full. The first connection of a
     * source is refused only at startups_full. Defaults 100, 30, 1000. */
    uint32_t startups_begin, startups_rate, startups_full;
    uint32_t per_source_startups;      /* connections: PerSourceMaxStartups; default 64 */
    uint32_t netblock_v4, netblock_v6; /* PerSourceNetBlockSize, bits of one source; 32, 64 */

    /* sshd_config(5) PerSourcePenalties: a source whose connection ends without a login is refused
     * for a while. Its penalties add up, and count once they reach penalty_min_ms. */
    bool no_penalties;
    uint32_t penalty_authfail_ms; /* after a failed login or a second early rekey; default 5 s */
    uint32_t penalty_noauth_ms;   /* after no attempt; default 1 s */
    uint32_t penalty_grace_exceeded_ms;      /* after a login that took too long; default 10 s */
    uint32_t penalty_min_ms, penalty_max_ms; /* defaults 15 s, 600 s */
    /* Sources that get no penalties: patterns as in from= of authorized_keys; or NULL. */
    const char *penalty_exempt;

    /* Load balancers, as such patterns, or NULL: a connection from one of them begins with a header
     * of the PROXY protocol, version 1 or 2, and counts as one from the address that it names; so
     * says nacre_peer_address. "unix" on the list stands for every Unix socket. Without the header
     * it is refused (NACRE_LIMIT_PROXY_HEADER). These addresses get no penalties, since their
     * health checks connect and leave. */
    const char *proxy_from;
};

/* The struct itself is copied. Everything it points to is borrowed until `released` is called, or,
 * where that is NULL, must outlive the server. Zero means the default. */
struct nacre_server_config {
    uint32_t version; /* NACRE_VERSION_NUMBER, which holds for all structs that this leads to */

    /* NULL-terminated: "127.0.0.1:2022", "[fe80::1%eth0]:2022", "localhost:2022"; port 0 picks one.
     * "[::]:2022" accepts IPv4 too, unless ",ipv6only" follows or 0.0.0.0 with the same port is on
     * the list. "unix:PATH" is a Unix socket; ",mode=OCTAL" (660) and ",group=NAME" may follow. It
     * replaces the socket of a server that has ended, and nothing else; the file stays when the
     * server ends. Default "[::]:2022". */
    const char *const *listen;
    /* In place of `listen`: `socket_count` sockets that listen already, such as those of
     * nacre_server_listen or of systemd. The server uses duplicates, which all workers share, and
     * makes them non-blocking. A connection in the queue of such a socket survives the server:
     * another process that has the socket accepts it. */
    const int *sockets;
    size_t socket_count;

    /* At least one: keys from nacre_key_read, NULL-terminated; or the name of a file, which is
     * created if it is missing. */
    const struct nacre_key *const *host_keys;
    const char *host_key_file;

    /* Who may log in; NULL: as the two files below say, or nobody. */
    const struct nacre_auth_policy *auth;
    /* Instead of auth: users with a password in this file, and users with a key in authorized_keys,
     * where %u is the user: file_login.h. Trouble with them is the event `trouble`. */
    const char *password_file, *authorized_keys;

    /* The application of session channels; or a look-up, for other types too: see
     * nacre_endpoint_config. */
    const struct nacre_channel_app *session;
    const struct nacre_channel_app *(*lookup)(void *context, const char *type);

    /* A client's global requests, mainly for forwarding (NULL: refused), and its answers to ours;
     * see nacre_endpoint_config. */
    enum nacre_answer (*global_request)(void *context, const struct nacre_global_request *request,
                                        uint32_t *port);
    void (*global_replied)(void *context, bool granted, const uint8_t *data, size_t len);

    /* What clients may forward: forwarding.h; its functions get the nacre_peer. It has the requests
     * to listen, and the channels of forwarding that lookup returns NULL for. NULL: nothing. */
    const struct nacre_forwarding *forwarding;

    const struct nacre_server_events *events;
    const struct nacre_observer *observer; /* of each session; its context is the nacre_peer */
    void *context;                         /* see nacre_peer_server_context */
    /* This configuration is no longer used: another one has taken its place and its last connection
     * has ended, or the server is being freed. What it points to may be freed. Called exactly once
     * for a configuration that nacre_server_new or nacre_server_reconfigure has accepted, on any
     * thread of the server; it may only call functions that read. May be NULL. */
    void (*released)(void *context);

    /* Every address is bound and no thread of the server has started: the place to give up
     * privileges, which every later thread inherits. False: nacre_server_new fails, and errbuf
     * holds a sentence. May be NULL. */
    bool (*bound)(void *context, char *errbuf, size_t size);

    unsigned workers;        /* number of event loops, each on its own thread; default 1 */
    uint32_t channels_max;   /* of one connection; default 64 */
    uint32_t packet_max;     /* see nacre_endpoint_config */
    uint32_t login_grace_ms; /* for the whole login; default 120 s */
    const struct nacre_limits *limits;       /* of each session; NULL: the defaults */
    const struct nacre_admission *admission; /* of connections; NULL: the defaults */
    /* Bytes of the budget of memory of all sessions, and of that of the connections of one user,
     * or, before the login, of one source: budget.h. Defaults: a quarter of the machine's memory or
     * the cgroup's, and a quarter of that. */
    uint64_t max_memory, per_user_max_memory;
    uint64_t rekey_bytes, rekey_ms; /* see nacre_endpoint_config */
    /* See nacre_endpoint_config. Called on the threads of all workers, so several may call at once;
     * defaults malloc and free, and libsodium's. */
    const struct nacre_memory *memory, *secrets;
    void (*random)(void *context, uint8_t *out, size_t len);
    void *random_context;
    uint32_t drain_ms; /* how long output may drain after nacre_server_stop; default 5 s */
    uint32_t backlog;  /* of each listener: connections that may wait to be accepted; default 1024,
                          and for `sockets` what they have */
    const char *kex, *host_key, *public_key, *ciphers, *macs; /* see nacre_endpoint_config */
    bool require_strict_kex, kexinit_waits;                   /* the same */
};

/* A server, which listens when this returns, and lives until nacre_server_free. The configuration
 * is copied; what it points to is borrowed. NULL: errbuf, of `size` bytes (NULL and 0: not wanted),
 * holds a sentence about what is wrong with the configuration or with the system. */
NACRE_API struct nacre_server *nacre_server_new(const struct nacre_server_config *config,
                                                char *errbuf, size_t size);

/* Open a socket for `sockets`, which listens on one address (NULL: the default one). The caller
 * closes the descriptor that it returns. -1: errbuf holds a sentence about what the system says. */
NACRE_API int nacre_server_listen(const char *address, char *errbuf, size_t size);

/* Open the sockets for all addresses of a list as in `listen` (NULL: the default one), at most
 * `most`. Returns their number; 0: errbuf holds a sentence, and none is open. */
NACRE_API size_t nacre_server_listen_all(const char *const *addresses, int *sockets, size_t most,
                                         char *errbuf, size_t size);

/* The real address of a listening socket, with the port that was picked; "" if it is none. */
enum { NACRE_LISTEN_ADDRESS_MAX = 128 };
NACRE_API void nacre_server_socket_address(int socket, char out[NACRE_LISTEN_ADDRESS_MAX]);

/* Does it have the form of an address in `listen`? Nothing is looked up. False: errbuf holds a
 * sentence. */
NACRE_API bool nacre_server_address_is_good(const char *address, char *errbuf, size_t size);

/* Would nacre_server_new accept this configuration? Nothing is bound or made, and nothing of it
 * is kept: neither the addresses nor host_key_file are looked at. False: errbuf holds a sentence.
 */
NACRE_API bool nacre_server_check(const struct nacre_server_config *config, char *errbuf,
                                  size_t size);

/* Could a server listen on this address, as far as its form, the name of its host and the folder of
 * a Unix socket tell? The name may be looked up. False: errbuf holds a sentence. */
NACRE_API bool nacre_server_check_address(const char *address, char *errbuf, size_t size);

/* Use another configuration from now on: a connection that begins after this call has it, and one
 * that began before keeps the old one, its host keys included. Limits on all connections
 * (admission, max_memory, per_user_max_memory) hold at once for new ones. listen and workers must
 * be the same as before; bound, events, secrets, drain_ms and backlog remain what they were.
 *
 * The struct is copied; what it points to is borrowed until its own `released` is called. Call it
 * on the thread that nacre_server_run is called on, for instance inside `counters`, or before
 * nacre_server_run. False: nothing has changed, and errbuf holds a sentence. */
NACRE_API bool nacre_server_reconfigure(struct nacre_server *server,
                                        const struct nacre_server_config *config, char *errbuf,
                                        size_t size);

/* Run until nacre_server_stop; return when all connections have ended, or drain_ms have passed. The
 * calling thread is one of the workers. From inside a callback of the server it does nothing. */
NACRE_API void nacre_server_run(struct nacre_server *server);

/* Run one iteration, for a loop of your own: wait at most wait_ms for something to happen
 * (UINT32_MAX: for ever), and handle it. Only for a server with one worker. False: the server was
 * stopped and has drained, or it was freed in a callback; do not call it again. From inside a
 * callback of the server it only returns true. */
NACRE_API bool nacre_server_run_once(struct nacre_server *server, uint32_t wait_ms);

/* For poll(2) in a loop of your own: a descriptor that is readable whenever nacre_server_run_once
 * has something to do. That includes timers, and what calls outside an iteration leave to do, such
 * as nacre_channel_write, nacre_server_post or nacre_server_stop: it is enough to wait for this
 * descriptor. It belongs to the server. -1, with errno: the server has several workers (EINVAL), or
 * the system has no more descriptors. */
NACRE_API int nacre_server_fd(struct nacre_server *server);

/* The event loop of the first worker, for nacre_watch_new and nacre_timer_new (watch.h) without a
 * connection. Its thread is the one that calls nacre_server_run. Never NULL. Lives as long as the
 * server. */
NACRE_API struct nacre_loop *nacre_server_loop(struct nacre_server *server);

/* Have call(argument) made on that thread, soon and in order: nacre_loop_post (watch.h). What
 * argument points to must live until the call. From any thread, also before the server runs. False:
 * memory is out. */
NACRE_API bool nacre_server_post(struct nacre_server *server, void (*call)(void *argument),
                                 void *argument);

/* Serve a connection that was made elsewhere: a socket of socketpair(2), of inetd or of another
 * process. Its peer belongs to the first worker. The address of a Unix socket is "unix", which
 * limits and penalties of a source do not apply to. On the thread of nacre_server_loop, or while
 * the server does not run. fd belongs to the server from now on, also on failure. False, with
 * errno: it is not a connected socket, or a limit refused it (EUSERS). */
NACRE_API bool nacre_server_adopt(struct nacre_server *server, int fd);

/* Stop accepting, end every session (NACRE_SHUTTING_DOWN) once accepted output is sent, and let
 * nacre_server_run return. From any thread, and from a signal handler. */
NACRE_API void nacre_server_stop(struct nacre_server *server);

/* Stop accepting, but let sessions go on: as soon as none is left nacre_server_run returns, and
 * after `ms` milliseconds (NACRE_UNLIMITED: never) it is as if nacre_server_stop had been called,
 * which may also be called before. From any thread, and from a signal handler. */
NACRE_API void nacre_server_drain(struct nacre_server *server, uint32_t ms);

/* Make the event `counters` happen soon. From any thread, and from a signal handler. */
NACRE_API void nacre_server_report(struct nacre_server *server);

enum nacre_counter {
    NACRE_COUNT_ACCEPTED,    /* connections, since the start */
    NACRE_COUNT_LOGINS,      /* since the start */
    NACRE_COUNT_CONNECTIONS, /* now */
    NACRE_COUNT_STARTUPS,    /* those of them that have not logged in */
    NACRE_COUNT_MEMORY,      /* bytes taken from the budget now */
};
/* One of them; 0 for a counter that this library does not have. From any thread. */
NACRE_API uint64_t nacre_server_counter(const struct nacre_server *server,
                                        enum nacre_counter counter);
/* How often that limit has refused, slowed down or ended something. From any thread. */
NACRE_API uint64_t nacre_server_limited(const struct nacre_server *server, enum nacre_limit limit);

/* After nacre_server_run has returned, or instead of it. Sessions that have not ended do so now, as
 * connection lost. From inside a callback, nacre_server_run ends every session so, frees the server
 * and returns; the server is no longer yours after the call. Decisions that are still open may be
 * answered after this. NULL is fine. */
NACRE_API void nacre_server_free(struct nacre_server *server);

/* The real address of the i-th listener, counted from 0: "127.0.0.1:40123". NULL past the last one.
 * Lives as long as the server. */
NACRE_API const char *nacre_server_address(const struct nacre_server *server, size_t i);

/* Facts about a connection, on the thread of its event loop. Numbers count from 1. The address,
 * "192.0.2.1:51234", is never NULL and lives as long as the peer; the context is the
 * configuration's. */
NACRE_API uint64_t nacre_peer_id(const struct nacre_peer *peer);
NACRE_API const char *nacre_peer_address(const struct nacre_peer *peer);
NACRE_API void *nacre_peer_server_context(const struct nacre_peer *peer);

/* The address without its port, "192.0.2.1", "::1" or "fe80::1%eth0", as authorized_keys needs it.
 */
enum { NACRE_PEER_HOST_MAX = 80 };
NACRE_API void nacre_peer_host(const struct nacre_peer *peer, char out[NACRE_PEER_HOST_MAX]);

/* The local address of the connection: "127.0.0.1:2022", "" when it is no longer known, never NULL.
 * Valid until the next call for this peer. */
NACRE_API const char *nacre_peer_local_address(struct nacre_peer *peer);

/* The session, which belongs to the peer: nacre_session_free ends the connection at once. NULL
 * inside `accepted`, and inside `ended` if there was no memory for a session. */
NACRE_API struct nacre_session *nacre_peer_session(const struct nacre_peer *peer);

/* Who has logged in: nacre_session_login of its session, as long as which it lives. NULL before the
 * login is complete. */
NACRE_API const struct nacre_login *nacre_peer_login(const struct nacre_peer *peer);

/* The event loop of the connection, for nacre_stream_join and nacre_watch_new. Never NULL. Lives as
 * long as the server. */
NACRE_API struct nacre_loop *nacre_peer_loop(const struct nacre_peer *peer);

/* The forwards of its session, for nacre_forward_listen and its kind: forwarding.h. NULL: it has no
 * session any more, or memory is out. */
NACRE_API struct nacre_forwards *nacre_peer_forwards(struct nacre_peer *peer);

/* A pointer of the program's own; NULL at first. It belongs to the program: free it in `ended`. */
NACRE_API void nacre_peer_set_data(struct nacre_peer *peer, void *data);
NACRE_API void *nacre_peer_data(const struct nacre_peer *peer);

/* Call work(job) on another thread, and then done(job) on the peer's. The peer may have ended by
 * then: keep no pointer to it in the job. `work` may call only functions that may be called from
 * any thread.
 *
 * There is a thread for each CPU, as long as max_memory has 64 MiB for each. Sources take turns.
 * Those from which somebody has logged in before go first, and those that have failed lately go
 * last; see nacre_offload_submit. When the session ends before `work` has begun, when the server is
 * freed, or when the queue is full and others go first, `done` is called without `work`: let a job
 * start out as a refusal. False, and neither is called: the queue is full
 * (NACRE_OFFLOAD_QUEUE_MAX), or memory or threads are out. */
NACRE_API bool nacre_peer_offload(struct nacre_peer *peer, void (*work)(void *job),
                                  void (*done)(void *job), void *job);

#endif
