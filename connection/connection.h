/* ssh-connection, both roles: many channels over one transport. RFC 4254. */
#ifndef NACRE_CONNECTION_CONNECTION_H
#define NACRE_CONNECTION_CONNECTION_H

#include "connection/channel.h"
#include "connection/forward.h"
#include "connection/queue.h"
#include "transport/buffer.h"
#include "transport/service.h"

enum {
    CHANNELS_MAX = 64,                /* default cap on channels of one connection */
    WINDOW_INITIAL = 128 * 1024,      /* bytes a channel's peer may send at first */
    WINDOW_MAX = 16 * 1024 * 1024,    /* ... and at most: 1 Gbit/s over 100 ms, and some more */
    WINDOW_BUDGET = 16 * 1024 * 1024, /* bytes that all windows may grow by; default */
    WINDOW_STEP = 512 * 1024,         /* bytes taken that open a wide window again */
    WINDOW_QUICK_MS = 500, /* a window grows when half of it was used and taken within so long */
    CHANNEL_PACKET_MAX = 32 * 1024, /* bytes of data in one message, either way */
    REPLIES_MAX = 1024,             /* requests of one channel that wait for an answer */
    GLOBAL_REPLIES_MAX = 64,        /* global requests that wait for an answer */
    GLOBAL_ASKED_MAX = 64,          /* global requests of ours that wait for an answer */
    CHANNEL_TYPE_MAX = 64,          /* bytes of a channel or request type */
};

struct connection_config {
    /* The application for a channel type that the peer wants to open, NULL: unknown type; without
     * lookup the one of session channels, and none for others. */
    const struct nacre_channel_app *session;
    const struct nacre_channel_app *(*lookup)(void *context, const char *type);
    uint32_t channels_max; /* 0: CHANNELS_MAX */

    /* A global request that is not the library's own; NULL: refused. *port: the port chosen, where
     * the request left it open. NACRE_LATER: answered with connection_answer_global. */
    enum nacre_answer (*global_request)(void *context, const struct nacre_global_request *request,
                                        uint32_t *port);
    /* The answer to a global request of ours, in order. */
    void (*global_replied)(void *context, bool granted, const uint8_t *data, size_t len);
};

/* What became of a request that the peer wants answered in order. */
enum reply {
    REPLY_NONE, /* no answer is wanted */
    REPLY_PENDING,
    REPLY_PENDING_SILENT, /* the application owes a decision, the peer wants no answer */
    REPLY_SUCCESS,
    REPLY_FAILURE,
    REPLY_KIND = 7,
    REPLY_PROGRAM = 8, /* flags of a pending one: a program, or a terminal, hangs on it */
    REPLY_TERMINAL = 16,
};

/* The independent facts of RFC 4254 section 5.3 are separate bools, not a product of states. */
struct nacre_channel {
    struct connection *connection;
    const struct nacre_channel_app *app;
    void *data;
    char *type;
    uint8_t *open_data;
    uint32_t open_data_len;
    uint32_t id, peer_id;

    uint32_t local_window;  /* bytes the peer may still send */
    uint32_t window_target; /* what we let it have in all */
    uint32_t credit;        /* taken bytes not yet given back */
    uint32_t round;         /* taken bytes since the window was last looked at */
    uint64_t round_ms;      /* ... which was then */
    uint32_t peer_window;   /* bytes we may still send */
    uint32_t peer_max_packet;
    uint32_t turn_used;   /* bytes of output made in this turn, which lasts until they are sent: */
    uint64_t turn_end;    /* ... up to here in the transport's output */
    struct queue kept[2]; /* data and stderr that the application has not taken */

    bool opening;   /* one side asked, the other has not answered */
    bool ours;      /* we asked */
    bool want_open; /* ... or will, when there is room */
    bool is_open;
    bool got_eof, told_eof, want_eof, sent_eof;
    bool got_close, told_close, want_close, sent_close;
    bool closed_first; /* the application asked to close before the peer did */
    bool blocked;      /* the application waits for writable */
    bool has_program;  /* a shell, exec or subsystem was granted: section 6.5 */
    bool has_pty;
    bool answering; /* a request is being decided: what is written follows the answer */
    bool want_exit, sent_exit, core_dumped;
    uint32_t exit_status;
    const char *exit_signal; /* or NULL */
    enum nacre_answer early; /* an answer given inside the callback that asked; NACRE_LATER: none */
    uint8_t refusal_reason;  /* of our refusal to open it, with text; 0: not said */
    const char *refusal;
    uint8_t depth; /* callbacks under way */

    uint8_t *replies; /* ring of enum reply, REPLIES_MAX long, while one is pending */
    uint16_t reply_head, reply_count;
    uint32_t awaiting; /* answers the peer owes us */
};

struct connection {
    struct transport *transport;
    const struct connection_config *config;
    void *context;
    struct nacre_channel **channels; /* by our number; NULL where free */
    uint32_t table_len;              /* of the table, */
    uint32_t used_ids;               /* ... of which numbers below this one were used */
    uint32_t count;                  /* channels alive */
    size_t granted;                  /* bytes that all channels together may make us hold */
    uint32_t awaiting;               /* global requests of ours that want an answer, */
    uint32_t unsent_asking;          /* ... the newest of them, that are not sent yet */
    struct buffer unsent;            /* global requests of ours that wait for room */
    uint64_t keepalives;             /* ... oldest first a bit each: it is a keepalive */
    uint64_t used_ms, asked_ms;      /* when a channel was used, and a keepalive sent, last */
    uint32_t unanswered;             /* keepalives since the last sign of life */
    uint64_t asked_bytes_in;         /* bytes the peer had sent when the last one was sent */
    struct global_reply *replies;    /* GLOBAL_REPLIES_MAX of them, while one is pending */
    uint32_t reply_count;
    bool asking;             /* the application is being asked about one */
    enum nacre_answer early; /* its answer from inside the question; NACRE_LATER: none */
    uint32_t early_port;
    bool no_more_sessions; /* the client opens no further session: PROTOCOL section 2.2 */
    bool started;
    bool used;    /* a channel was, since used_ms was noted */
    bool stalled; /* some channel waits for room */
};

extern const struct service connection_service;

void connection_init(struct connection *c, const struct connection_config *config,
                     struct transport *transport, void *context);
void connection_clear(struct connection *c);

/* Ask the peer for a channel, as soon as there is room. data: type-specific, encoded. NULL: the cap
 * is reached, memory is out, what is to be sent is too long, or the connection is not up. app->open
 * says that it is open, app->closed that it was refused. */
struct nacre_channel *connection_open(struct connection *c, const char *type,
                                      const struct nacre_channel_app *app, void *data,
                                      struct bytes open_data);

/* Send a global request, as soon as there is room (may_wait) or now. data: what follows want_reply.
 * False: the connection is not up, too many wait, or there is no room now. */
bool connection_global_request(struct connection *c, const char *name, bool want_reply,
                               struct bytes data, bool may_wait);

/* Answer the oldest global request that was answered NACRE_LATER. */
void connection_answer_global(struct connection *c, bool granted, uint32_t port);

/* Time passed: the transport's now_ms. Once started; when to call it at the latest, UINT64_MAX for
 * never. */
void connection_tick(struct connection *c);
uint64_t connection_deadline(const struct connection *c);

/* The transport's now_ms is right: note when a channel was used. */
void connection_note_use(struct connection *c);

/* ---- inside connection/ ---- */

int connection_misuse(struct connection *c, const char *text);
int connection_malformed(struct connection *c, const char *text);
struct nacre_channel *connection_find(struct connection *c, uint32_t id);

/* May so many channels together make us hold so many bytes more? */
bool connection_affords(const struct connection *c, uint32_t channels, size_t more);

/* True when a control message may be begun now. */
bool connection_has_room(const struct connection *c);

/* channel_open.c */
int on_channel_open(struct connection *c, struct reader *r);
int on_channel_open_confirmation(struct connection *c, struct reader *r);
int on_channel_open_failure(struct connection *c, struct reader *r);
void channel_send_open(struct nacre_channel *ch);
void channel_free(struct nacre_channel *ch);

/* channel_data.c */
int on_channel_data(struct connection *c, struct reader *r);
int on_channel_extended_data(struct connection *c, struct reader *r);
int on_channel_window_adjust(struct connection *c, struct reader *r);
void channel_send_window_adjust(struct nacre_channel *ch);

/* Offer what is kept, then eof and close as far as they are due. */
void channel_deliver(struct nacre_channel *ch);

/* There is room: let the channel write, then deliver. */
void channel_turn(struct nacre_channel *ch);

/* It waits, and for room in the output alone. */
bool channel_waits_for_room(const struct nacre_channel *ch);

/* channel_close.c */
int on_channel_eof(struct connection *c, struct reader *r);
int on_channel_close(struct connection *c, struct reader *r);

/* Send what is due and has room: window adjust, exit-status, EOF, CLOSE, in this order. */
void channel_flush(struct nacre_channel *ch);

/* Enter and leave a callback. Leaving flushes, and ends the channel when both sides have closed. */
void channel_enter(struct nacre_channel *ch);
void channel_leave(struct nacre_channel *ch);
void channel_finish(struct nacre_channel *ch, const struct nacre_end *why);

/* channel_request.c */
int on_channel_request(struct connection *c, struct reader *r);
int on_channel_success(struct connection *c, struct reader *r);
int on_channel_failure(struct connection *c, struct reader *r);
void channel_send_exit(struct nacre_channel *ch);

/* Send the answers that no earlier question holds back any more, as far as there is room. */
void channel_release_replies(struct nacre_channel *ch);

/* Refuse what still waits for the application: the channel closes. */
void channel_refuse_pending(struct nacre_channel *ch);

/* hostkeys.c */
void send_hostkeys(struct connection *c);
int on_hostkeys_prove(struct connection *c, struct reader *r, bool want_reply);

/* global.c */
int on_global_request(struct connection *c, struct reader *r);
void global_clear(struct connection *c);

/* Requests that found no room: as many as find it now. */
void global_send_unsent(struct connection *c);

/* forward.c: is it one of the types for forwarding? */
bool is_forwarding(struct bytes type);

/* Refuse, if an answer is wanted. Returns 0. */
int global_refuse(struct connection *c, bool want_reply);
int on_request_success(struct connection *c, struct reader *r);
int on_request_failure(struct connection *c, struct reader *r);

#endif
