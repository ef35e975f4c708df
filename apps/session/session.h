/* One SSH session without I/O: bytes in, bytes out, callbacks in between. The same for server and
 * client.
 *
 * The owner has a socket, a clock and an event loop (server.h has one). It puts received
 * bytes where nacre_session_input says, sends what nacre_session_output shows, and calls
 * nacre_session_tick when nacre_session_deadline has come. Everything runs on one thread.
 *
 *     p = nacre_session_input(s, &room);     p = nacre_session_output(s, &len);
 *     n = recv(fd, p, room);                 n = send(fd, p, len);
 *     nacre_session_received(s, n, now);     nacre_session_sent(s, n, now);
 *
 * Any function may be called from inside any callback. Such a call never calls another callback:
 * what it brings about (closed, ended, writable, wake) follows when the callback has returned.
 * Where a call does less from inside a callback, its comment says so. A channel or session that
 * ends meanwhile stays valid until the callback has returned.
 *
 * The exceptions are the observer, the allocator (struct nacre_memory) and `random`: these are
 * called in the middle of other work. From inside them only functions whose session, endpoint or
 * channel is const may be called: those that read.
 *
 * Text and data that a function takes are copied before it returns, unless its comment says
 * otherwise. RFC 4253, 4252 and 4254. */
#ifndef NACRE_APPS_SESSION_SESSION_H
#define NACRE_APPS_SESSION_SESSION_H

#include "auth/policy.h"
#include "connection/channel.h"
#include "connection/forward.h"
#include "apps/session/budget.h"
#include "transport/observer.h"

struct nacre_key;

/* One connection. Lives until nacre_session_free. */
struct nacre_session;

/* What its sessions share: configuration, host keys, memory. Lives until nacre_endpoint_free. */
struct nacre_endpoint;

/* What the sessions of one end have in common. The struct itself is copied. Everything that it
 * points to is borrowed, and must outlive the endpoint. Zero means the default everywhere.
 * `context` is the session's. */
struct nacre_endpoint_config {
    uint32_t version; /* NACRE_VERSION_NUMBER, which holds for all structs that this leads to */
    enum nacre_role role;

    /* Our preferences, lists as nacre_algorithms_apply reads them: comma-separated names, best
     * first, or "+...", "-...", "^..." to change the defaults; NULL for the defaults. host_key and
     * public_key are the signatures of host keys and user keys. RFC 4253 section 7.1. Copied. */
    const char *kex, *host_key, *public_key, *ciphers, *macs;

    /* Accept no peer without strict key exchange: somebody between the two ends could remove the
     * first messages under the keys unnoticed (Terrapin, CVE-2023-48795). */
    bool require_strict_kex;

    /* Server: at least one host key, and who may log in. */
    const struct nacre_key *const *host_keys;
    size_t host_key_count;
    const struct nacre_auth_policy *auth;

    /* The application for a channel that the peer wants to open: lookup returns it by the channel's
     * type, or NULL for an unknown type. Without lookup, `session` is the application of session
     * channels and other types are unknown. */
    const struct nacre_channel_app *session;
    const struct nacre_channel_app *(*lookup)(void *context, const char *type);

    /* A global request that the library does not handle itself: forwarding, and names that it does
     * not know (NULL: refused). *port: the port that was chosen when the request left the choice
     * open. NACRE_LATER: answered with nacre_session_answer_global. */
    enum nacre_answer (*global_request)(void *context, const struct nacre_global_request *request,
                                        uint32_t *port);
    /* The answer to one of our global requests with want_reply, in order. data: for tcpip-forward
     * with port 0 the port, as uint32. */
    void (*global_replied)(void *context, bool granted, const uint8_t *data, size_t len);

    /* Client: the user, and what to log in with: keys first, then the password. A session may have
     * others: nacre_session_set_login. A key of an agent
     * (agent.h) makes the call that signs with it wait for the agent, up to a minute: a
     * session on a loop of your own blocks that loop. Clients of client.h do not. */
    const char *user;
    const char *password;
    const struct nacre_key *const *keys;
    size_t key_count;
    /* Client: asks a person, whose answer comes through nacre_session_respond, now or later. NULL:
     * no person is there, and `password` answers what it can. */
    void (*ask)(void *context, const struct nacre_ask *ask);
    /* Client: a text that the server shows before the login, without control characters: banners,
     * and each line before the server's identification (RFC 4253 section 4.2). */
    void (*banner)(void *context, const char *text);
    /* Client: is this the server that was meant (NULL: no)? key is the host key's blob, and the
     * server has proved that it has that key. Asked in every key exchange. NACRE_REFUSE ends the
     * session with NACRE_HOST_KEY_REJECTED. NACRE_LATER: answered with
     * nacre_session_answer_host_key; until then nothing that the server sends is
     * read, and the time for a key exchange, two minutes, goes on. */
    enum nacre_answer (*host_key_accepted)(void *context, const char *algorithm, const uint8_t *key,
                                           size_t len);

    /* What happens to the session; each may be NULL. */
    /* The login is complete. A client may open channels from here on. */
    void (*authenticated)(void *context, const char *user);
    /* The session is over. Called once, after every channel's closed. */
    void (*ended)(void *context, const struct nacre_end *why);
    /* nacre_session_free has freed the session: the last call for this context. It comes before
     * nacre_session_free returns, or, when that was called from inside a callback, once the
     * function that made the callback is done. */
    void (*freed)(void *context);
    /* A call that is not the owner's has made output, or brought a deadline nearer: check both
     * soon. The calls of the owner (received, sent, tick, lost, free) do not wake it. */
    void (*wake)(void *context);
    /* Server: have call(argument) made on the sessions' thread, soon; nacre_decision_post needs it.
     * It is called from any thread. False: out of memory. NULL: answers come on that thread only.
     * nacre_mailbox_post does this for a mailbox. */
    bool (*post)(void *post_context, void (*call)(void *argument), void *argument);
    void *post_context;
    const struct nacre_observer *observer;

    /* Server: send KEXINIT only after the client's identification. Wireshark decrypts no other
     * sessions; it delays a login by up to the time that a packet takes from the client. */
    bool kexinit_waits;

    uint32_t channels_max;             /* channels of one connection; default 64 */
    uint32_t packet_max;               /* bytes of data in one message; default and most 32 KiB */
    uint32_t login_grace_ms;           /* for the whole login; default 120 s */
    const struct nacre_limits *limits; /* all others: limit.h; NULL: the defaults */
    uint64_t rekey_bytes;              /* default: what the cipher requires */
    uint64_t rekey_ms;                 /* default: 1 h */
    const struct nacre_memory *memory; /* default: malloc and free */
    /* Memory for the sessions themselves, which hold keys and passwords; `memory` is then for input
     * and output only. */
    const struct nacre_memory *secrets;
    struct nacre_budget *budget; /* nacre_session_set_budget of each new session; or NULL */
    /* Default: libsodium's. Tests replay a session with it. */
    void (*random)(void *context, uint8_t *out, size_t len);
    void *random_context;
};

/* One for each thread that runs sessions. The configuration is copied; what it points to must
 * outlive the endpoint. NULL: errbuf, of `size` bytes (or NULL and 0), holds a sentence: what is
 * wrong with the configuration (an unknown algorithm, a host key of no use, a policy that lets
 * nobody in...), or out of memory. It starts no thread. */
NACRE_API struct nacre_endpoint *nacre_endpoint_new(const struct nacre_endpoint_config *config,
                                                    char *errbuf, size_t size);
/* Free it after its sessions. While one of them is being freed from inside its callback, the
 * endpoint keeps what they need and goes with the last of them. Decisions that are still open need
 * neither the endpoint nor what its configuration points to. NULL is allowed. */
NACRE_API void nacre_endpoint_free(struct nacre_endpoint *endpoint);
/* Bytes that it has from `memory` and `secrets` now: what its sessions use, and blocks that are
 * free for the next one. libcrypto's cipher contexts, keys and decisions are not among them. */
NACRE_API size_t nacre_endpoint_memory(const struct nacre_endpoint *endpoint);
/* The part of them that its sessions use. */
NACRE_API size_t nacre_endpoint_memory_in_use(const struct nacre_endpoint *endpoint);

/* A new session, which has output at once. now_ms: any clock that never goes back. NULL: out of
 * memory. */
NACRE_API struct nacre_session *nacre_session_new(struct nacre_endpoint *endpoint, void *context,
                                                  uint64_t now_ms);

/* Client: the list of host key algorithms for this server, in place of the endpoint's: what
 * nacre_known_hosts_prefer writes. Borrowed while the session lives. Call it before the first bytes
 * are received. */
NACRE_API void nacre_session_set_host_key_algorithms(struct nacre_session *session,
                                                     const char *list);

/* Client: log in with this, in place of the endpoint's user, password, keys and ask. Borrowed while
 * the session lives, and so is what it points to. Call it before the first bytes are received, and
 * always when the endpoint has no user. Once the login has begun it does nothing. */
NACRE_API void nacre_session_set_login(struct nacre_session *session,
                                       const struct nacre_client_login *login);

/* What its peer may make us hold is taken from this budget from now on, also what it holds already;
 * NULL: from none, as at first. A server may begin with the budget of the client's address and
 * change to that of the user in `authenticated`. */
NACRE_API void nacre_session_set_budget(struct nacre_session *session, struct nacre_budget *budget);

/* Free it. A session that has not ended ends now, as connection lost. From inside a callback it
 * ends at once, and is freed when the callback has returned, after closed and ended; `freed` says
 * when. */
NACRE_API void nacre_session_free(struct nacre_session *session);

/* Where to put received bytes, at most *room of them; 0, perhaps with NULL: send first. Valid until
 * the next call.
 * Then report how many were received, and the time: they are processed at once, and callbacks are
 * called. When nothing was received after all, report a len of 0, so that an idle session holds no
 * buffer.
 *
 * From inside a callback neither accepts anything: *room is 0, and received does nothing. */
NACRE_API uint8_t *nacre_session_input(struct nacre_session *session, size_t *room);
NACRE_API void nacre_session_received(struct nacre_session *session, size_t len, uint64_t now_ms);

/* What to send, *len bytes; 0, perhaps with NULL: nothing. Valid until the next call. */
NACRE_API const uint8_t *nacre_session_output(struct nacre_session *session, size_t *len);

/* len bytes of the output were sent. 0: none can be sent now, since the peer does not read; input
 * is processed all the same, within bounds. Call it after every send, even one that sent
 * everything: there may be more. It also processes input that waited for space in the output; from
 * inside a callback that is left to nacre_session_tick, whose deadline is then now. */
NACRE_API void nacre_session_sent(struct nacre_session *session, size_t len, uint64_t now_ms);

/* The connection below has closed or broken: every channel gets its `closed`, then `ended` follows.
 */
NACRE_API void nacre_session_lost(struct nacre_session *session);

/* When to call nacre_session_tick at the latest, in milliseconds on the clock of now_ms;
 * UINT64_MAX: never. Every call may bring it nearer. Now: there is more to do, after other sessions
 * had a turn. */
NACRE_API uint64_t nacre_session_deadline(const struct nacre_session *session);
/* Do what is due at that time: a rekey, a keepalive, the end of a login that takes too long. From
 * inside a callback it does nothing, and what is due stays due. */
NACRE_API void nacre_session_tick(struct nacre_session *session, uint64_t now_ms);

/* True when the next step may take long: a bulk transfer, or a step of a login or a key exchange.
 * The owner of many sessions serves the others first. */
NACRE_API bool nacre_session_is_long_running(const struct nacre_session *session);

/* True during a key exchange that is not the session's first. The owner of many sessions serves
 * first ones before it, so that rekeys do not delay logins. */
NACRE_API bool nacre_session_is_rekeying(const struct nacre_session *session);

/* End it with a DISCONNECT (RFC 4253 section 11.1), after the output that was accepted. cause:
 * NACRE_WE_CLOSED, NACRE_SHUTTING_DOWN or NACRE_TIMED_OUT. text: for a person at the peer; borrowed
 * while the session lives. closed and ended are called before this returns; from inside a callback
 * they follow when that has returned. */
NACRE_API void nacre_session_disconnect(struct nacre_session *session, enum nacre_cause cause,
                                        const char *text);

/* How it ended; NULL: it has not ended. Lives as long as the session. The rest of the output should
 * still be sent. */
NACRE_API const struct nacre_end *nacre_session_ended(const struct nacre_session *session);

/* Begin a key exchange now, RFC 4253 section 9; channels continue after it. It does nothing before
 * the first one is complete, or during another. */
NACRE_API void nacre_session_rekey(struct nacre_session *session);

/* Ask the peer for a channel. type: see RFC 4250 section 4.9.1, at most 64 characters; open_data:
 * what follows in CHANNEL_OPEN, at most 32 KiB. app is borrowed until the channel is closed or has
 * another one; data becomes nacre_channel_app_data. The message is sent as soon as there is space.
 * NULL: not logged in, too many, too long, out of memory, or the session ended in `wake` before
 * this returned; no callback was called for the channel then, and nacre_session_can_open_channel
 * tells whether another attempt can succeed. */
NACRE_API struct nacre_channel *nacre_session_open_channel(struct nacre_session *session,
                                                           const char *type,
                                                           const struct nacre_channel_app *app,
                                                           void *data, const void *open_data,
                                                           size_t len);

/* Could such a channel be opened now? Also after nacre_session_open_channel has returned NULL, to
 * find out why. type, len: as for that.
 *
 * NACRE_SEND_DONE   yes; NULL meant that memory was out, or that the session ended
 * NACRE_SEND_LATER  not before the login is complete, or before another channel has closed
 * NACRE_SEND_NEVER  the type or the data are too long, or the session is ending */
NACRE_API enum nacre_sending nacre_session_can_open_channel(const struct nacre_session *session,
                                                            const char *type, size_t len);

/* From inside `open` of a channel, which then returns what this returns, NACRE_LATER or
 * NACRE_REFUSE: open the same channel at another session (NULL: refuse it), on the same thread, and
 * join the two: nacre_channel_pipe (pipe.h). So a bastion passes on the channels of its clients. */
NACRE_API enum nacre_answer nacre_session_pass_on(struct nacre_session *to,
                                                  struct nacre_channel *ch);

/* The session of a channel, never NULL. */
NACRE_API struct nacre_session *nacre_channel_session(const struct nacre_channel *ch);

/* Channels that are alive, including those that are being opened or closed. */
NACRE_API uint32_t nacre_session_channel_count(const struct nacre_session *session);

/* Client: answer host_key_accepted, which returned NACRE_LATER. Without such a question it does
 * nothing. */
NACRE_API void nacre_session_answer_host_key(struct nacre_session *session, bool accepted);

/* Client: the person's responses to `ask`, which are copied; NULL and 0: none, try another method.
 */
NACRE_API void nacre_session_respond(struct nacre_session *session, const char *const *responses,
                                     size_t count);

/* Answer the oldest global request that was answered NACRE_LATER. */
NACRE_API void nacre_session_answer_global(struct nacre_session *session, bool granted,
                                           uint32_t port);

/* Send a global request, RFC 4254 section 4, as soon as there is space. name: at most 64
 * characters; data: what follows want_reply. The message, which has 6 bytes more than both, may
 * have up to NACRE_REQUEST_BYTES_MAX. NACRE_SEND_LATER: not logged in yet, 64 answers or 64 KiB of
 * requests are pending, or out of memory. NACRE_SEND_NEVER: too long, or the session has ended. */
NACRE_API enum nacre_sending nacre_session_global_request(struct nacre_session *session,
                                                          const char *name, bool want_reply,
                                                          const void *data, size_t len);

/* Ask the server to listen, or to stop (cancel), and to open a channel for each connection; port 0
 * lets it choose one. path: of a Unix socket on the server. With want_reply. RFC 4254 section 7.1.
 * They return what nacre_session_global_request returns. */
NACRE_API enum nacre_sending nacre_session_forward(struct nacre_session *session,
                                                   const char *address, uint32_t port, bool cancel);
NACRE_API enum nacre_sending nacre_session_forward_socket(struct nacre_session *session,
                                                          const char *path, bool cancel);

/* Who has logged in, and what was proved: identity.h. NULL before the login is complete; from
 * `authenticated` on it is there, and as long as the session. */
NACRE_API const struct nacre_login *nacre_session_login(const struct nacre_session *session);

/* For logs. Text lives as long as the session. */
/* The user who is logged in or tries to log in; "" before. */
NACRE_API const char *nacre_session_user(const struct nacre_session *session);
/* What the session waits for: "version", "kexinit", ... "connection", "rekey"... Static text. */
NACRE_API const char *nacre_session_phase(const struct nacre_session *session);
/* The peer's identification line, RFC 4253 section 4.2, with '?' for control characters (it may
 * contain C1) and malformed UTF-8; "" before it was received. */
NACRE_API const char *nacre_session_peer_version(const struct nacre_session *session);
/* The algorithms in use; names are NULL before the first key exchange. */
NACRE_API const struct nacre_negotiated *
nacre_session_negotiated(const struct nacre_session *session);
/* Bytes received and sent over the connection below since it began. */
NACRE_API void nacre_session_counters(const struct nacre_session *session, uint64_t *bytes_in,
                                      uint64_t *bytes_out);
/* What was passed to nacre_session_new; the library only keeps it. */
NACRE_API void *nacre_session_context(const struct nacre_session *session);

#endif
