/* What a connection and its channels are made of; for connection/ and its tests alone. */
#ifndef NACRE_CONNECTION_PARTS_H
#define NACRE_CONNECTION_PARTS_H

#include "connection/connection.h"
#include "connection/queue.h"

enum {
    CHANNELS_MAX = 64,                /* channels of one connection; default */
    WINDOW_INITIAL = 128 * 1024,      /* bytes that a channel's peer may send at first */
    WINDOW_MAX = 16 * 1024 * 1024,    /* ... and at most: enough for 1 Gbit/s over 100 ms */
    WINDOW_BUDGET = 16 * 1024 * 1024, /* bytes that all windows together may grow by; default */
    WINDOW_STEP = 512 * 1024,         /* accepted bytes that reopen a wide window */
    WINDOW_QUICK_MS = 500, /* a window grows when half of it was used and accepted this quickly */
    CHANNEL_PACKET_MAX = 32 * 1024, /* most bytes of data in one message, in either direction */
    CHANNEL_TYPE_MAX = 64,          /* bytes of a channel type or a request name */
    REPLIES_MAX = 1024,             /* requests of one channel that wait for an answer */
    GLOBAL_REPLIES_MAX = 64,        /* global requests that wait for an answer */
    GLOBAL_ASKED_MAX = 64,          /* our global requests that wait for an answer */
};

/* The answer to a request; answers keep the order of the requests. */
enum reply {
    REPLY_NONE, /* the peer wants no answer */
    REPLY_PENDING,
    REPLY_PENDING_SILENT, /* the application still has to decide, the peer wants no answer */
    REPLY_SUCCESS,
    REPLY_FAILURE,
};

/* A channel request that was not answered, or waits for the answer to an earlier one. */
struct channel_reply {
    uint8_t state;                       /* enum reply */
    bool starts_program, opens_terminal; /* granted for now; a refusal takes it back */
};

enum stream { STREAM_DATA, STREAM_EXTENDED, STREAM_COUNT };

/* Facts that are independent in RFC 4254 section 5.3 are separate bools, not a product of states.
 * The order of the members leaves few gaps. */
struct nacre_channel {
    struct connection *connection;
    const struct nacre_channel_app *app;
    void *data;                                  /* the application's */
    void (*unwrapped)(struct nacre_channel *ch); /* see channel_wrap; or NULL */
    const char *type;                            /* often session_type, which is not allocated */
    uint8_t *open_data;
    struct nacre_target *target; /* what nacre_channel_target has read there; or NULL */
    uint32_t open_data_len;
    uint32_t id, peer_id;

    uint32_t local_window;  /* bytes that the peer may still send */
    uint32_t window_target; /* bytes that it may send before the application accepts any */
    uint32_t credit;        /* accepted bytes that were not added to the window yet */
    uint32_t withheld;      /* accepted bytes that were given back to the budget, see budget.h */
    uint32_t since_check;   /* accepted bytes since the window's growth was last checked, */
    uint64_t checked_ms;    /* ... at this time */
    struct queue unaccepted[STREAM_COUNT]; /* what the application has not accepted yet */
    struct channel_buffer *buffer; /* what it wrote and is not sent yet; NULL: it has none */

    uint32_t peer_window; /* bytes that we may still send */
    uint32_t peer_max_packet;
    uint32_t awaiting;  /* answers that the peer owes us */
    uint32_t turn_used; /* bytes of output in the current turn, which lasts until they are sent, */
    uint64_t turn_end;  /* ... up to here in the transport's output */

    bool opening;   /* one side asked, the other has not answered */
    bool ours;      /* we asked */
    bool want_open; /* ... or will, when there is space */
    bool is_open;
    bool refused; /* by us: only its `closed` is still due */
    bool got_eof, told_eof, want_eof, sent_eof;
    bool got_close, told_close, want_close, sent_close;
    bool closed_first; /* the application asked to close before the peer did */
    bool blocked;      /* the application waits for writable */
    bool busy;         /* a message or a turn of this channel is in progress, perhaps a callback */
    bool has_program;  /* a shell, exec or subsystem was granted: section 6.5 */
    bool has_pty;
    bool
        answering; /* a request is being decided: data written meanwhile would precede the answer */
    bool want_exit, sent_exit, core_dumped;
    uint32_t exit_status;
    uint16_t reply_head, reply_count; /* of replies */
    const char *exit_signal;          /* or NULL */
    const char *refusal;              /* the text for our refusal to open it */
    uint8_t refusal_reason;           /* ... and the reason; 0: the default, without the text */
    uint16_t request_waits;  /* writable is due when there is space for so many bytes; or 0 */
    enum nacre_answer early; /* given from inside the callback that asks; NACRE_LATER: none */

    struct channel_reply *replies; /* ring of REPLIES_MAX, allocated while one is pending */
};

struct connection {
    struct transport *transport;
    const struct connection_config *config;
    void *context;

    struct nacre_channel **channels; /* by our number; NULL where free */
    uint32_t table_len;
    uint32_t used_ids;              /* numbers below this one have been used */
    uint32_t count;                 /* channels that are alive */
    uint32_t reply_count;           /* of replies */
    size_t granted;                 /* bytes that the peer may make all channels together buffer */
    void *account;                  /* what they are charged to with input_held, or NULL */
    struct nacre_channel **unknown; /* see connection_open; or NULL */

    struct global_reply *replies; /* GLOBAL_REPLIES_MAX, allocated while one is pending */
    enum nacre_answer early;      /* given from inside the callback that asks; NACRE_LATER: none */
    uint32_t early_port;

    struct unsent_request *unsent; /* our global requests that wait for space, */
    uint32_t unsent_len;           /* ... in bytes */
    uint16_t awaiting;             /* answers that the peer owes us, GLOBAL_ASKED_MAX at most, */
    uint16_t unsent_asking;        /* ... including those to requests that are not sent yet */
    uint32_t input_held;           /* bytes charged for input that no window allowed, */
    uint32_t output_held;          /* ... and for output in the buffers of channels */
    uint32_t unanswered;           /* keepalives since the last sign of life */
    uint64_t keepalives;           /* a bit for each awaited answer, oldest first: to a keepalive */
    uint64_t asked_ms;             /* when the last keepalive was sent, */
    uint64_t asked_bytes_in;       /* ... and what the peer had sent until then */
    uint64_t used_ms;              /* when a channel was last used */
    uint64_t retry_ms;             /* when to grant what is withheld; 0: nothing is */

    bool asking; /* the application is deciding a global request */
    bool used;   /* a channel was used since used_ms was noted */
    bool started;
    bool no_more_sessions; /* the client will open no further session: PROTOCOL section 2.2 */
    bool stalled;          /* some channel or request waits for space, or has unaccepted data */
    bool closing;          /* some channel is closed on both sides, and its `closed` is due */
    bool resumed;          /* nacre_channel_resume was called from inside a callback */
    bool moved;            /* something happened since that may let a resumed channel continue */
};

/* CHANNEL_PACKET_MAX, or what the configuration has instead. */
static inline uint32_t connection_packet_max(const struct connection *c)
{
    uint32_t most = c->config->packet_max;

    return most != 0 && most < CHANNEL_PACKET_MAX ? most : CHANNEL_PACKET_MAX;
}

extern const char session_type[]; /* "session"; table.c */

/* The peer broke the protocol. text: fixed; names the message first. */
static inline int misuse(struct connection *c, const char *text)
{
    return transport_fail(c->transport, SSH_DISCONNECT_PROTOCOL_ERROR, text);
}

#endif
