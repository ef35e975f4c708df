/* The connection protocol as its owner sees it, both roles: many channels over one transport. RFC
 * 4254.
 *
 * What an application calls on a channel is in connection/channel.h. */
#ifndef NACRE_CONNECTION_CONNECTION_H
#define NACRE_CONNECTION_CONNECTION_H

#include "connection/channel.h"
#include "connection/forward.h"
#include "transport/service.h"

struct connection;

/* Memory that several connections use together. An account is what a connection's use is charged
 * to; the owner of the connection sets it. The functions may be called on several threads. */
struct connection_budget {
    /* Returns how many bytes were taken: as many as wanted while there is plenty, fewer as the
     * account runs low, but not fewer than `least`; 0, and *limit says why, when not even these are
     * left. With a `least` of 0: all or nothing, and only while there is plenty. */
    size_t (*take)(void *account, size_t want, size_t least, enum nacre_limit *limit);
    void (*hold)(void *account, size_t bytes); /* take them even when they are not left */
    void (*give)(void *account, size_t bytes); /* back */
    bool (*is_low)(const void *account);       /* most of it is taken */
};

struct connection_config {
    /* The application for a type of channel that the peer wants to open, or NULL for an unknown
     * type. Without lookup, `session` is the application of session channels and other types are
     * unknown. */
    const struct nacre_channel_app *session;
    const struct nacre_channel_app *(*lookup)(void *context, const char *type);
    /* The version of the program's headers, which its applications are as: transport/growth.h.
     * Applications of the library itself have no members that came after the first version. */
    uint32_t version;
    uint32_t channels_max; /* 0: CHANNELS_MAX */
    uint32_t packet_max;   /* bytes of data in one message; 0: CHANNEL_PACKET_MAX */
    const struct connection_budget *budget; /* NULL: connections have no accounts */

    /* A global request that the library does not handle itself; NULL: refused. *port: the port that
     * was chosen when the request left the choice open. NACRE_LATER: answered with
     * connection_answer_global. */
    enum nacre_answer (*global_request)(void *context, const struct nacre_global_request *request,
                                        uint32_t *port);
    /* The answer to one of our global requests, in order. */
    void (*global_replied)(void *context, bool granted, const uint8_t *data, size_t len);
};

extern const struct service connection_service;

/* context is passed to the functions of config. NULL: out of memory. */
struct connection *connection_new(const struct connection_config *config,
                                  struct transport *transport, void *context);

/* Free it and its channels. No callback is called. NULL is allowed. */
void connection_free(struct connection *c);

/* ---- the owner's calls, all of them while the transport is entered ---- */

/* True when connection_take_turns has something to do. */
bool connection_has_work(const struct connection *c);

/* Every channel that waits gets a turn to write, and is offered the data that it has not accepted
 * yet. Then connection_finish_closed. Returns true when something happened that calls for other
 * turns at once. */
bool connection_take_turns(struct connection *c);

/* The owner of the transport of a channel's connection. */
void *connection_owner(const struct nacre_channel *ch);

/* Answers to our global requests that global_replied will report. */
uint32_t connection_answers_due(const struct connection *c);

/* Call closed for the channels that both sides have closed. */
void connection_finish_closed(struct connection *c);

/* The session has ended: every channel gets its `closed`. */
void connection_end(struct connection *c, const struct nacre_end *why);

/* Note when a channel was used, by the transport's clock. */
void connection_note_use(struct connection *c);

/* Time passed, by the transport's clock. */
void connection_tick(struct connection *c);
/* When to call connection_tick at the latest; UINT64_MAX for never. */
uint64_t connection_deadline(const struct connection *c);

/* Ask the peer for a channel; the message is sent as soon as there is space. data: the
 * application's pointer; open_data: type-specific, encoded. NULL: too many channels, out of memory,
 * too long, or the connection is not up. app->open reports that the channel is open, app->closed
 * that it was refused. */
struct nacre_channel *connection_open(struct connection *c, const char *type,
                                      const struct nacre_channel_app *app, void *data,
                                      struct bytes open_data);

/* Could connection_open open such a channel now? */
enum nacre_sending connection_can_open(const struct connection *c, const char *type,
                                       size_t open_data_len);

/* The application does not know *ch yet: when it ends, `closed` is not called and *ch becomes NULL.
 * Until this is called with NULL. */
void connection_set_unknown(struct connection *c, struct nacre_channel **ch);

/* Charge what the connection uses to another account from now on; NULL: to none, as at first. */
void connection_set_account(struct connection *c, void *account);

/* So many bytes of input wait to be processed; charge those that no window allowed. block: bytes of
 * the block that a large packet needs, or 0; no window allowed it. False: the account does not have
 * so many. */
bool connection_hold_input(struct connection *c, size_t len, size_t block);

uint32_t connection_channels(const struct connection *c);

/* Send a global request as soon as there is space. data: what follows want_reply.
 * NACRE_SEND_LATER: the connection is not up, or too many requests are pending. */
enum nacre_sending connection_global_request(struct connection *c, const char *name,
                                             bool want_reply, struct bytes data);

/* Answer the oldest global request that was answered NACRE_LATER. */
void connection_answer_global(struct connection *c, bool granted, uint32_t port);

#endif
