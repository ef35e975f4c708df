/* Clients on sockets: many connections on one event loop. Linux (epoll).
 *
 * Fill a configuration, make the clients, connect them, run:
 *
 *     clients = nacre_clients_new(&config, errbuf, size);
 *     nacre_client_connect(clients, "localhost:2022", NULL, errbuf, size);
 *     nacre_clients_run(clients);
 *     nacre_clients_free(clients); */
#ifndef NACRE_APPS_CONNECT_CLIENT_H
#define NACRE_APPS_CONNECT_CLIENT_H

#include "apps/files/known_hosts.h"
#include "apps/runtime/address.h"
#include "apps/session/session.h"

struct nacre_loop;
struct nacre_clients;

/* One connection. The `context` of its session: of lookup and nacre_channel_context. Lives until
 * `ended` returns. */
struct nacre_client;

/* All that it points to is borrowed and must outlive the clients. Zero means the default. */
struct nacre_client_config {
    /* What to log in with, keys first; see nacre_endpoint_config. */
    const char *user;
    const char *password;
    const struct nacre_key *const *keys;
    size_t key_count;
    void (*ask)(struct nacre_client *client, const struct nacre_ask *ask);
    void (*banner)(struct nacre_client *client, const char *text);

    /* Is this the server that was meant? `verdict` is what known_hosts says, `sentence` the same
     * for a person; without known_hosts every host is unknown. NULL: a known one is accepted, no
     * other. */
    const struct nacre_known_hosts *known_hosts;
    bool (*host_key)(struct nacre_client *client, const struct nacre_host_key *shown,
                     enum nacre_host_verdict verdict, const char *sentence);
    const char
        *known_as; /* HOST:PORT to look up there, when it is not the address that is connected to */

    /* Logged in: open channels now. */
    void (*ready)(struct nacre_client *client);
    /* Exactly once for each client, always last, also when it never connected: why->text says it
     * all. */
    void (*ended)(struct nacre_client *client, const struct nacre_end *why);
    /* Channels that the server opens, and its global requests; see nacre_endpoint_config. */
    const struct nacre_channel_app *(*lookup)(void *context, const char *type);
    enum nacre_answer (*global_request)(void *context, const struct nacre_global_request *request,
                                        uint32_t *port);
    void (*global_replied)(void *context, bool granted, const uint8_t *data, size_t len);
    const struct nacre_observer *observer;

    uint32_t channels_max;
    uint32_t connect_ms;     /* until the TCP connection stands; default 20 s */
    uint32_t login_grace_ms; /* from there to the login; default 120 s */
    struct nacre_limits limits;
    uint64_t rekey_bytes, rekey_ms;
    /* Lists as in nacre_endpoint_config. Without host_key_algorithms the types come first of which
     * known_hosts has a key of that server. */
    const char *kex, *host_key_algorithms, *public_key, *ciphers, *macs;
};

/* NULL: errbuf holds a sentence. */
NACRE_API struct nacre_clients *nacre_clients_new(const struct nacre_client_config *config,
                                                  char *errbuf, size_t size);

/* Connect to HOST:PORT, or [HOST]:PORT for IPv6; a host's addresses are tried one after the other.
 * Looking a name up blocks; the rest happens in the loop. context: see nacre_client_context. NULL:
 * errbuf holds a sentence, and `ended` is not called. */
NACRE_API struct nacre_client *nacre_client_connect(struct nacre_clients *clients,
                                                    const char *address, void *context,
                                                    char *errbuf, size_t size);

/* Run until no client is left, or nacre_clients_stop. */
NACRE_API void nacre_clients_run(struct nacre_clients *clients);

/* One turn, for a loop of your own: wait at most so long for something to happen, and do it.
 * Returns how many clients there are, those included whose sockets wait for the other side's last
 * word. */
NACRE_API size_t nacre_clients_turn(struct nacre_clients *clients, uint32_t wait_ms);

/* Readable when a turn has something to do; nacre_clients_wait says when to take one at the latest,
 * in milliseconds from now, UINT32_MAX for never. */
NACRE_API int nacre_clients_fd(const struct nacre_clients *clients);
NACRE_API uint32_t nacre_clients_wait(const struct nacre_clients *clients);

/* End every session (NACRE_SHUTTING_DOWN) after what was accepted for sending. From any thread, and
 * from a signal handler. */
NACRE_API void nacre_clients_stop(struct nacre_clients *clients);

/* What still runs ends as connection lost. Never from inside a callback. */
NACRE_API void nacre_clients_free(struct nacre_clients *clients);

/* End it, after what was accepted for sending; text as in nacre_session_disconnect. */
NACRE_API void nacre_client_close(struct nacre_client *client, const char *text);

/* What was passed to nacre_client_connect. */
NACRE_API void *nacre_client_context(const struct nacre_client *client);
/* What it connects, or is connected, to: "127.0.0.1:2022". */
NACRE_API const char *nacre_client_address(const struct nacre_client *client);
/* The event loop, for nacre_stream_join and nacre_watch_new. Lives as long as the clients. */
NACRE_API struct nacre_loop *nacre_clients_loop(struct nacre_clients *clients);
NACRE_API struct nacre_loop *nacre_client_loop(const struct nacre_client *client);
/* NULL before the TCP connection stands. */
NACRE_API struct nacre_session *nacre_client_session(const struct nacre_client *client);

#endif
