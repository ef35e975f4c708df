/* Clients on sockets: many connections on one event loop. Linux (epoll).
 *
 * Fill in a configuration, make the clients, connect them, run:
 *
 *     clients = nacre_clients_new(&config, errbuf, size);
 *     nacre_client_connect(clients, "localhost:2022", NULL, errbuf, size);
 *     nacre_clients_run(clients);
 *     nacre_clients_free(clients);
 *
 * Clients belong to one thread, and start no other unless forwards look up names. After
 * nacre_clients_new a program may fork, but only one of the two processes may use the clients from
 * then on. The other one must not even free them, because both have the same descriptors; it ends
 * by exec or _exit.
 *
 * Every function may be called from inside every callback, except those of the observer, which may
 * only call functions that read. A function that cannot act at once says below what it does there.
 * Text that a function takes is copied, unless its comment says otherwise. RFC 4253, 4252 and 4254.
 */
#ifndef NACRE_APPS_CONNECT_CLIENT_H
#define NACRE_APPS_CONNECT_CLIENT_H

#include "apps/files/known_hosts.h"
#include "apps/forward/forwarding.h"
#include "apps/runtime/address.h"
#include "apps/session/session.h"

struct nacre_loop;

/* Any number of connections that share a configuration and an event loop. Lives until
 * nacre_clients_free. */
struct nacre_clients;

/* One connection. It is the `context` of its session: of lookup, of nacre_channel_context. Lives
 * until `ended` returns. */
struct nacre_client;

/* The struct itself is copied. Everything it points to is borrowed and must outlive the clients.
 * Zero means the default. */
struct nacre_client_config {
    uint32_t version; /* NACRE_VERSION_NUMBER, which holds for all structs that this leads to */

    /* What to log in with, keys first; see nacre_endpoint_config. A connection may have its own. */
    const char *user;
    const char *password;
    const struct nacre_key *const *keys;
    size_t key_count;
    void (*ask)(struct nacre_client *client, const struct nacre_ask *ask);
    void (*banner)(struct nacre_client *client, const char *text);

    /* Is this the intended server? `verdict` is what known_hosts has for its key, `sentence` the
     * same for a person; without known_hosts every host is unknown. NULL: only a known key is
     * accepted. NACRE_LATER: answered with nacre_client_answer_host_key. A key that is refused ends
     * the client with NACRE_HOST_KEY_REJECTED and the sentence. */
    const struct nacre_known_hosts *known_hosts;
    enum nacre_answer (*host_key)(struct nacre_client *client, const struct nacre_host_key *shown,
                                  enum nacre_host_verdict verdict, const char *sentence);
    /* HOST:PORT to look up in known_hosts, if it differs from the address to connect to. */
    const char *known_as;

    /* Logged in: open channels now. */
    void (*ready)(struct nacre_client *client);
    /* Called exactly once for each client, always last, also for one that never connected:
     * why->text then says what failed. */
    void (*ended)(struct nacre_client *client, const struct nacre_end *why);
    /* Channels that the server opens, and its global requests; see nacre_endpoint_config. */
    const struct nacre_channel_app *(*lookup)(void *context, const char *type);
    enum nacre_answer (*global_request)(void *context, const struct nacre_global_request *request,
                                        uint32_t *port);
    void (*global_replied)(void *context, bool granted, const uint8_t *data, size_t len);
    /* Quotas and events of forwards: forwarding.h; its functions get the nacre_client. NULL: none.
     * A server may not have a client connect or listen anywhere, except as nacre_forward_remote
     * says. */
    const struct nacre_forwarding *forwarding;
    const struct nacre_observer *observer; /* its context is the nacre_client */

    uint32_t channels_max, packet_max; /* see nacre_endpoint_config */
    uint32_t connect_ms;               /* for the TCP connection; default 20 s */
    uint32_t login_grace_ms;           /* from there to the login; default 120 s */
    const struct nacre_limits *limits; /* NULL: the defaults */
    uint64_t rekey_bytes, rekey_ms;    /* see nacre_endpoint_config */
    /* Lists as in nacre_endpoint_config. By default the types for which known_hosts has a key of
     * that server come first in host_key_algorithms. */
    const char *kex, *host_key_algorithms, *public_key, *ciphers, *macs;
    bool require_strict_kex; /* see nacre_endpoint_config, as for what follows */
    const struct nacre_memory *memory, *secrets;
    struct nacre_budget *budget; /* of all sessions together; or NULL */
    void (*random)(void *context, uint8_t *out, size_t len);
    void *random_context;
};

/* One connection. Text is copied, and wiped when the client has ended; keys are borrowed until
 * `ended` returns. Zero means: as in struct nacre_client_config. */
struct nacre_connection_config {
    uint32_t version;     /* NACRE_VERSION_NUMBER */
    const char *address;  /* HOST:PORT, or [HOST]:PORT for IPv6 */
    void *context;        /* see nacre_client_context */
    const char *known_as; /* HOST:PORT to look up in known_hosts */
    /* What to log in with. With a user, these replace all five of struct nacre_client_config;
     * without one, the others must be zero, too. */
    const char *user;
    const char *password;
    const struct nacre_key *const *keys;
    size_t key_count;
    void (*ask)(struct nacre_client *client, const struct nacre_ask *ask);
};

/* New clients, none of them connected yet. The configuration is copied; what it points to must
 * outlive the clients. NULL: errbuf holds a sentence about what is wrong with it. */
NACRE_API struct nacre_clients *nacre_clients_new(const struct nacre_client_config *config,
                                                  char *errbuf, size_t size);

/* Connect to HOST:PORT, or [HOST]:PORT for IPv6. The addresses of a host are tried in turn. Or to
 * unix:PATH, a Unix socket, whose name in known_hosts that is unless there is a known_as.
 * Looking up a name blocks; everything else happens in the loop. context: see nacre_client_context.
 * NULL: errbuf holds a sentence, and `ended` is not called. Always NULL after nacre_clients_stop.
 */
NACRE_API struct nacre_client *nacre_client_connect(struct nacre_clients *clients,
                                                    const char *address, void *context,
                                                    char *errbuf, size_t size);
/* The same with more about the connection: each may log in as another user. The configuration is
 * copied. */
NACRE_API struct nacre_client *
nacre_client_connect_with(struct nacre_clients *clients,
                          const struct nacre_connection_config *config, char *errbuf, size_t size);

/* The same for a connection that was made elsewhere, by socketpair(2) or through a proxy. fd is
 * connected, and belongs to the client from now on, also on failure. address: what known_hosts and
 * nacre_client_address are to call it. NULL: errbuf holds a sentence, and `ended` is not called. */
NACRE_API struct nacre_client *nacre_client_adopt(struct nacre_clients *clients, int fd,
                                                  const char *address, void *context, char *errbuf,
                                                  size_t size);

/* Run until no client is left, or nacre_clients_stop. From inside a callback of the loop it does
 * nothing. */
NACRE_API void nacre_clients_run(struct nacre_clients *clients);

/* Run one iteration, for a loop of your own: wait at most wait_ms for something to happen, and
 * handle it. Returns the number of clients, including those that wait only for the other side to
 * close its socket. From inside a callback of the loop it only returns the number. */
NACRE_API size_t nacre_clients_run_once(struct nacre_clients *clients, uint32_t wait_ms);

/* For poll(2) in a loop of your own: a descriptor that is readable whenever nacre_clients_run_once
 * has something to do. That includes timers, and what calls outside an iteration leave to do, such
 * as nacre_channel_write or nacre_clients_post: it is enough to wait for this descriptor. It
 * belongs to the clients. -1, with errno: the system has no more descriptors. */
NACRE_API int nacre_clients_fd(struct nacre_clients *clients);

/* How long there is nothing to do but for what happens at the descriptors, in milliseconds;
 * UINT32_MAX: for ever. */
NACRE_API uint32_t nacre_clients_timeout(const struct nacre_clients *clients);

/* Have call(argument) made on the clients' thread, soon and in order: nacre_loop_post (watch.h).
 * The argument belongs to the call. From any thread. False: memory is out. */
NACRE_API bool nacre_clients_post(struct nacre_clients *clients, void (*call)(void *argument),
                                  void *argument);

/* End every session (NACRE_SHUTTING_DOWN) once accepted output is sent. From any thread, and from a
 * signal handler. */
NACRE_API void nacre_clients_stop(struct nacre_clients *clients);

/* End every session at once, as connection lost, and free everything. From inside a callback this
 * happens as soon as the callback has returned, and the functions that are running the loop or the
 * session return then; the clients are no longer yours after the call. NULL is fine. */
NACRE_API void nacre_clients_free(struct nacre_clients *clients);

/* End a client once accepted output is sent. text: for a person at the server; borrowed until
 * `ended` has returned. */
NACRE_API void nacre_client_close(struct nacre_client *client, const char *text);

/* Answer `host_key`, which returned NACRE_LATER. The other clients go on meanwhile. */
NACRE_API void nacre_client_answer_host_key(struct nacre_client *client, bool accepted);

/* What was passed to nacre_client_connect; the library only keeps it until `ended`. */
NACRE_API void *nacre_client_context(const struct nacre_client *client);
/* The address that it connects, or is connected, to: "127.0.0.1:2022". Never NULL. Lives as long as
 * the client. */
NACRE_API const char *nacre_client_address(const struct nacre_client *client);
/* The local address of the connection: "127.0.0.1:50000", "" before there is one. Valid until the
 * next call for this client. */
NACRE_API const char *nacre_client_local_address(struct nacre_client *client);
/* The event loop, for nacre_stream_join and nacre_watch_new. Lives as long as the clients. */
NACRE_API struct nacre_loop *nacre_clients_loop(struct nacre_clients *clients);
NACRE_API struct nacre_loop *nacre_client_loop(const struct nacre_client *client);
/* The forwards of its session, for nacre_forward_listen, nacre_forward_remote and
 * nacre_forward_connect: forwarding.h. The first of them that looks up a name starts two threads.
 * NULL: it has no session, or memory is out. */
NACRE_API struct nacre_forwards *nacre_client_forwards(struct nacre_client *client);
/* NULL before the TCP connection is up. It belongs to the client: nacre_session_free ends the
 * connection at once. */
NACRE_API struct nacre_session *nacre_client_session(const struct nacre_client *client);

#endif
