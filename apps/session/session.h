/* One SSH session without I/O: bytes in, bytes out, callbacks in between. The same for server and
 * client.
 *
 * The owner has a socket, a clock and a loop (apps/server/server.h is one); it puts received bytes
 * where nacre_session_input says, sends what nacre_session_output shows, and calls
 * nacre_session_tick when nacre_session_deadline has come. Everything runs on one thread.
 *
 *     p = nacre_session_input(s, &room);     p = nacre_session_output(s, &len);
 *     n = recv(fd, p, room);                 n = send(fd, p, len);
 *     nacre_session_received(s, n, now);     nacre_session_sent(s, n, now);
 */
#ifndef NACRE_APPS_SESSION_H
#define NACRE_APPS_SESSION_H

#include "auth/policy.h"
#include "connection/channel.h"
#include "connection/forward.h"
#include "transport/observer.h"

struct nacre_key;
struct nacre_session;
struct nacre_endpoint;

/* What the sessions of one end have in common. Borrowed: all that it points to must outlive the
 * endpoint. Zero means the default everywhere. */
struct nacre_endpoint_config {
    enum nacre_role role;

    /* Our preferences, lists as nacre_algorithms_apply reads them: comma-separated names, best
     * first, or "+...", "-...", "^..." to change the defaults; NULL for the defaults. host_key and
     * public_key are the signatures of host keys and user keys. RFC 4253 section 7.1. Copied. */
    const char *kex, *host_key, *public_key, *ciphers, *macs;

    /* Server: at least one host key, and who may log in. */
    const struct nacre_key *const *host_keys;
    size_t host_key_count;
    const struct nacre_auth_policy *auth;

    /* The application of a channel that the peer wants to open: lookup's by the channel's type,
     * NULL for a type that is not known; without lookup `session` for session channels, and none
     * for others. context is the session's. */
    const struct nacre_channel_app *session;
    const struct nacre_channel_app *(*lookup)(void *context, const char *type);

    /* A global request that the library does not answer itself: forwarding and what it does not
     * know (NULL: refused). *port: the port that was chosen, where the request left it open.
     * NACRE_LATER: answered with nacre_session_answer_global. */
    enum nacre_answer (*global_request)(void *context, const struct nacre_global_request *request,
                                        uint32_t *port);
    /* The answer to a global request of ours that wanted one, in order; data: for tcpip-forward
     * with port 0 the port, as uint32. */
    void (*global_replied)(void *context, bool granted, const uint8_t *data, size_t len);

    /* Client: what to log in with, keys first, and whether this is the server that was meant (NULL:
     * it is not). key is the host key's blob. */
    const char *user;
    const char *password;
    const struct nacre_key *const *keys;
    size_t key_count;
    /* Client: a person is to be asked: answer with nacre_session_respond, now or later. NULL:
     * nobody is there; then `password` answers what it can. */
    void (*ask)(void *context, const struct nacre_ask *ask);
    /* Client: what the server shows before the login; filtered of control characters. */
    void (*banner)(void *context, const char *text);
    bool (*host_key_accepted)(void *context, const char *algorithm, const uint8_t *key, size_t len);

    /* What happens to the session; each may be NULL. */
    void (*authenticated)(void *context,
                          const char *user); /* a client may open channels from in here */
    void (*ended)(void *context, const struct nacre_end *why); /* after every channel's closed */
    /* nacre_session_free has freed the session: the last call for this context. It comes before
     * nacre_session_free returns, or, when that was called from inside a callback, once the
     * function that made the callback is done. */
    void (*freed)(void *context);
    /* There is output, or a deadline came nearer, and no call of the owner's is under way: look
     * soon. */
    void (*wake)(void *context);
    const struct nacre_observer *observer;

    uint32_t channels_max;             /* of one connection; default 64 */
    uint32_t login_grace_ms;           /* for the whole login; default 120 s */
    struct nacre_limits limits;        /* the others: transport/limit.h */
    uint64_t rekey_bytes;              /* default: what the cipher asks for */
    uint64_t rekey_ms;                 /* default: 1 h */
    const struct nacre_memory *memory; /* default: malloc and free */
    /* For the sessions themselves, which hold keys and passwords, in place of `memory`, which then
     * is for what is on its way in and out. */
    const struct nacre_memory *secrets;
    void (*random)(void *context, uint8_t *out,
                   size_t len); /* default: libsodium's; tests replay a session */
    void *random_context;
};

/* One per thread that runs sessions. NULL: errbuf, of `size` bytes (NULL and 0: nobody wants to
 * know), holds a sentence: an algorithm that is not known, no memory. */
NACRE_API struct nacre_endpoint *nacre_endpoint_new(const struct nacre_endpoint_config *config,
                                                    char *errbuf, size_t size);
/* Free it after its sessions. Where that cannot be, a session that is freed from inside its
 * callback or a decision that is answered late, it keeps what they need, and goes with the last of
 * them. */
NACRE_API void nacre_endpoint_free(struct nacre_endpoint *endpoint);
/* Bytes of memory its sessions hold now; libcrypto's cipher contexts come on top. */
NACRE_API size_t nacre_endpoint_memory(const struct nacre_endpoint *endpoint);

/* A new session; there is output at once. now_ms: any clock that never goes back. NULL: out of
 * memory. */
NACRE_API struct nacre_session *nacre_session_new(struct nacre_endpoint *endpoint, void *context,
                                                  uint64_t now_ms);

/* Client: the list of host key algorithms for this server, in place of the endpoint's: what
 * nacre_known_hosts_prefer writes. Borrowed while the session lives. Before the first bytes are
 * received. */
NACRE_API void nacre_session_set_host_key_algorithms(struct nacre_session *session,
                                                     const char *list);

/* Free it. If it has not ended it ends now, as connection lost. Never from inside a callback. */
NACRE_API void nacre_session_free(struct nacre_session *session);

/* Where to put received bytes, *room of them at most; 0: send first. Valid until the next call.
 * Then say how many came, and what time it is: they are worked on at once, and callbacks are
 * called. When nothing came after all, say so with a len of 0: an idle session holds no room. */
NACRE_API uint8_t *nacre_session_input(struct nacre_session *session, size_t *room);
NACRE_API void nacre_session_received(struct nacre_session *session, size_t len, uint64_t now_ms);

/* What to send, *len bytes; 0: nothing. Valid until the next call. */
NACRE_API const uint8_t *nacre_session_output(struct nacre_session *session, size_t *len);

/* len bytes of it were sent. 0: none can be sent now, the peer does not read; input is worked on
 * all the same, as far as bounds allow. Call it after every send, also one that took everything:
 * more may follow. */
NACRE_API void nacre_session_sent(struct nacre_session *session, size_t len, uint64_t now_ms);

/* The connection below has closed or broken: every channel gets its `closed`, then `ended` comes.
 */
NACRE_API void nacre_session_lost(struct nacre_session *session);

/* When to call nacre_session_tick at the latest, on the clock of now_ms; UINT64_MAX: never. It may
 * come nearer with every call. Now: more input can be worked on, after other sessions had a turn; a
 * signature or a key agreement ends one. */
NACRE_API uint64_t nacre_session_deadline(const struct nacre_session *session);
/* Do what is due at that time: new keys, a sign of life asked for, the end of a login that takes
 * too long. */
NACRE_API void nacre_session_tick(struct nacre_session *session, uint64_t now_ms);

/* What comes next may take a while: bulk data, or a step of a login or of a key exchange. An owner
 * of many sessions lets those wait that are not. */
NACRE_API bool nacre_session_is_long_running(const struct nacre_session *session);

/* End it with a DISCONNECT (RFC 4253 section 11.1), after what was accepted for sending. cause:
 * NACRE_WE_CLOSED, NACRE_SHUTTING_DOWN or NACRE_TIMED_OUT. text: for the peer's person; borrowed
 * while the session lives. */
NACRE_API void nacre_session_disconnect(struct nacre_session *session, enum nacre_cause cause,
                                        const char *text);

/* True when it has ended, with the reason. What is left of the output should still be sent. */
NACRE_API bool nacre_session_ended(const struct nacre_session *session, struct nacre_end *why);

/* Begin a key exchange now, RFC 4253 section 9; channels go on behind it. Nothing happens before
 * the first one is over, or while one is under way. */
NACRE_API void nacre_session_rekey(struct nacre_session *session);

/* Ask the peer for a channel. type is RFC 4250 section 4.9.1's, open_data what follows in
 * CHANNEL_OPEN, at most 32 KiB. data becomes nacre_channel_app_data. It is sent as soon as there is
 * room. NULL: not logged in, too many, too long, or out of memory. */
NACRE_API struct nacre_channel *nacre_session_open_channel(struct nacre_session *session,
                                                           const char *type,
                                                           const struct nacre_channel_app *app,
                                                           void *data, const void *open_data,
                                                           size_t len);

/* Channels that are alive, those being opened and closed included. */
NACRE_API uint32_t nacre_session_channel_count(const struct nacre_session *session);

/* Client: what the person said to `ask`, count texts; NULL and 0: nothing, try another method. */
NACRE_API void nacre_session_respond(struct nacre_session *session, const char *const *responses,
                                     size_t count);

/* Answer the oldest global request that was answered NACRE_LATER. */
NACRE_API void nacre_session_answer_global(struct nacre_session *session, bool granted,
                                           uint32_t port);

/* Send a global request, RFC 4254 section 4, as soon as there is room; data: what follows
 * want_reply, at most 32 KiB. False: not logged in, 64 answers are owed, 64 KiB of requests wait
 * already, or out of memory. */
NACRE_API bool nacre_session_global_request(struct nacre_session *session, const char *name,
                                            bool want_reply, const void *data, size_t len);

/* Ask the server to listen, or to stop (cancel), and to open forwarded channels; port 0 lets it
 * choose one. path: of a Unix socket there. With want_reply. RFC 4254 section 7.1. */
NACRE_API bool nacre_session_forward(struct nacre_session *session, const char *address,
                                     uint32_t port, bool cancel);
NACRE_API bool nacre_session_forward_socket(struct nacre_session *session, const char *path,
                                            bool cancel);

/* For logs. Text lives as long as the session. The user: who logged in, or tries to; "" before. */
NACRE_API const char *nacre_session_user(const struct nacre_session *session);
/* What is waited for: "version", "kexinit", ... "connection", "rekey"... Static text. */
NACRE_API const char *nacre_session_phase(const struct nacre_session *session);
/* The peer's identification line, RFC 4253 section 4.2; "" before it came. */
NACRE_API const char *nacre_session_peer_version(const struct nacre_session *session);
/* The algorithms in use; names are NULL before the first key exchange. */
NACRE_API const struct nacre_negotiated *
nacre_session_negotiated(const struct nacre_session *session);
/* Bytes that went over the connection below, both ways, since it began. */
NACRE_API void nacre_session_counters(const struct nacre_session *session, uint64_t *bytes_in,
                                      uint64_t *bytes_out);
/* What was passed to nacre_session_new. */
NACRE_API void *nacre_session_context(const struct nacre_session *session);

#endif
