/* Channels, as an application sees them. RFC 4254.
 *
 * The life of a channel:
 *
 *     open -> (request | data | extended_data)* -> eof? -> close? -> closed(why)
 *
 * closed is called exactly once for every channel that the application has seen, and is always the
 * last callback: also for one that either side refused to open, and for one that nobody has
 * answered yet when the session ends. A lost connection gives closed alone, never an invented eof
 * or close.
 *
 * All functions are called on the thread that runs the session, from inside callbacks too. A call
 * from inside a callback never calls another callback: what it brings about follows when the
 * callback has returned (session.h). Text and data that are passed are copied before a
 * function returns, unless its comment calls them borrowed. */
#ifndef NACRE_CONNECTION_CHANNEL_H
#define NACRE_CONNECTION_CHANNEL_H

#include "transport/api.h"

/* One channel. Lives until `closed` of its application has returned. */
struct nacre_channel;

/* What a channel request asks for. RFC 4254 section 6. */
enum nacre_request_kind {
    NACRE_REQUEST_OTHER,         /* a type that the library does not know */
    NACRE_REQUEST_PTY,           /* "pty-req", section 6.2 */
    NACRE_REQUEST_ENV,           /* "env", section 6.4 */
    NACRE_REQUEST_SHELL,         /* "shell", section 6.5 */
    NACRE_REQUEST_EXEC,          /* "exec", section 6.5 */
    NACRE_REQUEST_SUBSYSTEM,     /* "subsystem", section 6.5 */
    NACRE_REQUEST_WINDOW_CHANGE, /* "window-change", section 6.7 */
    NACRE_REQUEST_SIGNAL,        /* "signal", section 6.9 */
    NACRE_REQUEST_EXIT_STATUS,   /* "exit-status", section 6.10; only servers send it */
    NACRE_REQUEST_EXIT_SIGNAL,   /* "exit-signal", section 6.10; only servers send it */
    NACRE_REQUEST_XON_XOFF,      /* "xon-xoff", section 6.8; only servers send it */
    NACRE_REQUEST_BREAK,         /* "break", RFC 4335 */
    NACRE_REQUEST_EOW, /* "eow@openssh.com", PROTOCOL section 2.1: the peer reads no more */
};

/* A channel request. RFC 4254 sections 5.4 and 6. Text is NUL-terminated without a NUL inside, and
 * otherwise as the peer sent it, control characters included; `type` is printable ASCII, and the
 * texts of exit-signal have '?' for control characters and malformed UTF-8. All of it is valid
 * until the callback returns. */
struct nacre_request {
    enum nacre_request_kind kind;
    const char *type; /* as on the wire: "pty-req" */
    bool want_reply;
    const char *text;       /* exec: command; pty: TERM; subsystem, env, signals: name; else "" */
    const char *value;      /* env: value; exit-signal: message; else "" */
    uint32_t columns, rows; /* pty, window-change: in characters; 0: unknown */
    uint32_t width, height; /* the same in pixels */
    uint32_t exit_status;   /* exit-status: the number that exit(3) was called with */
    bool core_dumped;       /* exit-signal */
    bool client_can_do;     /* xon-xoff */
    uint32_t break_ms;      /* break: its length; 0: the default */
    /* pty: terminal modes, see nacre_terminal_mode_next; other: what follows want_reply */
    const uint8_t *data;
    size_t len; /* bytes */
    /* What follows want_reply, as it came, for nacre_channel_request or nacre_read_from */
    const uint8_t *payload;
    size_t payload_len; /* bytes */
};

/* The next terminal mode, section 8: its opcode (1 to 159) and argument. *data and *len begin as
 * copies of the pty request's, and move on. False at the end, and where the modes are malformed. */
NACRE_API bool nacre_terminal_mode_next(const uint8_t **data, size_t *len, uint8_t *opcode,
                                        uint32_t *argument);

/* A ready `request` for an application that only exchanges bytes with its peer: NACRE_GRANT for a
 * shell, section 6.5, and NACRE_REFUSE for all else, such as a terminal or a command. The request
 * is not kept. */
NACRE_API enum nacre_answer nacre_channel_grant_shell(struct nacre_channel *ch,
                                                      const struct nacre_request *request);

/* What became of a message that an application wants to send. */
enum nacre_sending {
    NACRE_SEND_NEVER = -1, /* not sent, and another attempt does not help: it does not fit into a
                            * packet of 256 KiB, or the channel or the session is ending */
    NACRE_SEND_LATER,      /* not sent: there is no space now */
    NACRE_SEND_DONE,       /* sent */
};

/* What an application implements; any member may be NULL. `ch` is valid until closed returns. */
struct nacre_channel_app {
    /* The peer asks to open a channel of this application's type (NULL: granted), or the peer has
     * confirmed a channel that we opened (the answer is ignored). After NACRE_REFUSE only closed
     * follows. */
    enum nacre_answer (*open)(struct nacre_channel *ch);

    /* The bytes of one message from the peer, never none. Returns how many were accepted. The rest
     * is buffered, and offered again when more data arrive, when there is space to write, or after
     * nacre_channel_resume; only accepted bytes reopen the peer's window. A call never joins the
     * bytes of two messages, and what is left of one is offered again alone. NULL: all are accepted
     * and dropped. */
    size_t (*data)(struct nacre_channel *ch, const uint8_t *data, size_t len);

    /* The same for extended data (stderr, section 5.2). NULL: dropped. */
    size_t (*extended_data)(struct nacre_channel *ch, const uint8_t *data, size_t len);

    /* There is space again, after nacre_channel_write accepted less than it was given, or after a
     * request that was answered NACRE_SEND_LATER. */
    void (*writable)(struct nacre_channel *ch);

    /* A request. NULL: refused. NACRE_LATER: answered with nacre_channel_answer_request. Bytes
     * written meanwhile are not accepted: the answer goes first, and writable follows it. */
    enum nacre_answer (*request)(struct nacre_channel *ch, const struct nacre_request *request);

    /* The answer to one of our requests with want_reply, in order. */
    void (*replied)(struct nacre_channel *ch, bool granted);

    /* The peer sends no more data; we still may. The library does nothing else. */
    void (*eof)(struct nacre_channel *ch);

    /* The peer closed, and all that it sent before was accepted. Our CLOSE follows by itself, not
     * before. */
    void (*close)(struct nacre_channel *ch);

    /* The channel is gone when this returns. Called exactly once, always last. NACRE_OPEN_REFUSED:
     * the peer refused our open, or we refused the peer's; code is an enum nacre_open_reason. */
    void (*closed)(struct nacre_channel *ch, const struct nacre_end *why);
};

/* Send bytes. Section 5.2.
 *
 * data    copied before the call returns
 * return  bytes accepted, 0 to len. Fewer than len while the peer's window, the output or a key
 *         exchange leaves no space; writable is called when there is space again.
 *
 * Cannot fail. Accepts 0 after nacre_channel_eof or nacre_channel_close. After the peer closed,
 * bytes are accepted and dropped: the peer no longer reads them. */
NACRE_API size_t nacre_channel_write(struct nacre_channel *ch, const void *data, size_t len);

/* The same for extended data of type stderr: returns the bytes that were accepted. Only servers
 * send it. */
NACRE_API size_t nacre_channel_write_extended(struct nacre_channel *ch, const void *data,
                                              size_t len);

/* Send bytes as a whole, or none of them. Section 5.2.
 *
 * NACRE_SEND_DONE   all were accepted; after the peer closed, they are dropped
 * NACRE_SEND_LATER  none was: the peer's window, the output or the buffer has no space for all of
 *                   them, or a key exchange is in progress. writable is called when there is space.
 *                   Without a buffer, a peer that grants a smaller window never has it.
 * NACRE_SEND_NEVER  they are more than NACRE_WRITE_ALL_MAX and than the channel's buffer holds, or
 *                   the channel or the session is ending */
NACRE_API enum nacre_sending nacre_channel_write_all(struct nacre_channel *ch, const void *data,
                                                     size_t len);
NACRE_API enum nacre_sending nacre_channel_write_all_extended(struct nacre_channel *ch,
                                                              const void *data, size_t len);
enum { NACRE_WRITE_ALL_MAX = 32 * 1024 /* bytes that fit without a buffer */ };

/* Let the library keep up to `bytes` that could not be sent at once; at most 1 GiB; 0 at first.
 * From now on the functions that write accept what fits into this buffer too, also before the
 * channel is open, and writable is called once half of it is free again. The memory is allocated
 * while it is needed, and taken from the session's budget (budget.h); with a budget that is used
 * up, less is accepted. What is buffered goes before exit-status, EOF and CLOSE, and requests may
 * overtake it; it is lost with the session. False: out of memory. */
NACRE_API bool nacre_channel_set_buffer(struct nacre_channel *ch, size_t bytes);

/* Bytes in the buffer now. */
NACRE_API size_t nacre_channel_buffered(const struct nacre_channel *ch);

/* Bytes that nacre_channel_write is certain to accept now, without the buffer; at most one
 * message's (32 KiB). */
NACRE_API size_t nacre_channel_space(const struct nacre_channel *ch);

/* Call writable as soon as there is space, as after a write that was accepted in part. */
NACRE_API void nacre_channel_await_space(struct nacre_channel *ch);

/* Offer buffered data again, to an application that did not accept it for reasons of its own: at
 * once, or, from inside a callback, soon after that has returned. From inside a callback of the
 * same channel it does nothing. */
NACRE_API void nacre_channel_resume(struct nacre_channel *ch);

/* We send no more data. Section 5.3. What was accepted goes first. A second call does nothing. */
NACRE_API void nacre_channel_eof(struct nacre_channel *ch);

/* Close: EOF, then CLOSE. closed follows when the peer has closed too, possibly before this
 * returns; from inside a callback, when that has returned. */
NACRE_API void nacre_channel_close(struct nacre_channel *ch);

/* Send a request. Sections 5.4 and 6. type: at most 64 characters. data: what follows want_reply,
 * encoded; the message, which has 10 bytes more than type and data, may have up to
 * NACRE_REQUEST_BYTES_MAX. NACRE_SEND_LATER: the channel is not open yet, or there is no space now,
 * and writable follows when there is. With want_reply, replied reports the answer, in order.
 *
 * OpenSSH accepts requests of that length. Other servers may end the connection when a packet is
 * longer than 35,000 bytes: RFC 4253 section 6.1. */
NACRE_API enum nacre_sending nacre_channel_request(struct nacre_channel *ch, const char *type,
                                                   bool want_reply, const void *data, size_t len);

enum {
    NACRE_REQUEST_BYTES_MAX = 262135, /* bytes of a request's message */
    NACRE_COMMAND_MAX = 262117,       /* ... and of the command in an exec request */
};

/* The usual requests of a client, with want_reply; they return what nacre_channel_request
 * returns. All text is copied. Sections 6.2, 6.4 and 6.5. The terminal's modes are not set, and its
 * size in pixels is 0. */
NACRE_API enum nacre_sending nacre_channel_pty(struct nacre_channel *ch, const char *term,
                                               uint32_t columns, uint32_t rows);
NACRE_API enum nacre_sending nacre_channel_env(struct nacre_channel *ch, const char *name,
                                               const char *value);
NACRE_API enum nacre_sending nacre_channel_shell(struct nacre_channel *ch);
NACRE_API enum nacre_sending nacre_channel_exec(struct nacre_channel *ch, const char *command);
NACRE_API enum nacre_sending nacre_channel_subsystem(struct nacre_channel *ch, const char *name);
/* The same without want_reply: they return what nacre_channel_request returns.
 * Sections 6.7 and 6.9. columns and rows are characters. name: without "SIG". */
NACRE_API enum nacre_sending nacre_channel_window_change(struct nacre_channel *ch, uint32_t columns,
                                                         uint32_t rows);
NACRE_API enum nacre_sending nacre_channel_signal(struct nacre_channel *ch, const char *name);

/* How our command ended; sent before EOF and CLOSE. Section 6.10. One of the two, once. name:
 * without "SIG", at most 64 characters (otherwise "TERM" is sent); borrowed until the channel is
 * closed. */
NACRE_API void nacre_channel_exit_status(struct nacre_channel *ch, uint32_t status);
NACRE_API void nacre_channel_exit_signal(struct nacre_channel *ch, const char *name,
                                         bool core_dumped);

/* Answer the oldest request that was answered NACRE_LATER, or, from inside `request`, the one that
 * it is about and then answers NACRE_LATER. Without one it does nothing. */
NACRE_API void nacre_channel_answer_request(struct nacre_channel *ch, bool granted);

/* Answer an open that was answered NACRE_LATER. When it is refused, closed follows with the cause
 * NACRE_OPEN_REFUSED, before this returns; from inside a callback, when that has returned. */
NACRE_API void nacre_channel_answer_open(struct nacre_channel *ch, bool granted);

/* Tell the peer that we read no more of its data: "eow@openssh.com", PROTOCOL section 2.1. It is
 * sent on session channels and to OpenSSH only, because other programs may not accept it:
 * otherwise NACRE_SEND_NEVER. */
NACRE_API enum nacre_sending nacre_channel_eow(struct nacre_channel *ch);

/* Has the peer closed the channel? What it sent before may still be pending. */
NACRE_API bool nacre_channel_peer_closed(const struct nacre_channel *ch);

/* Why a channel is not opened: the codes of RFC 4254 section 5.1. */
enum nacre_open_reason {
    NACRE_REASON_PROHIBITED = 1,
    NACRE_REASON_CONNECT_FAILED = 2,
    NACRE_REASON_UNKNOWN_TYPE = 3,
    NACRE_REASON_SHORTAGE = 4,
};

/* Instead of nacre_channel_answer_open: refuse it for this reason, with a text for a person at the
 * peer (UTF-8; 128 bytes of it are sent). From inside `open`, which then returns NACRE_REFUSE or
 * NACRE_LATER, the text is borrowed until that has returned. The default reason is prohibited. */
NACRE_API void nacre_channel_refuse_open(struct nacre_channel *ch, enum nacre_open_reason reason,
                                         const char *text);

/* The application to call from the next callback on, never NULL; borrowed until the channel is
 * closed or has another one. Changes of the struct meanwhile may have no effect. */
NACRE_API void nacre_channel_set_app(struct nacre_channel *ch, const struct nacre_channel_app *app);
NACRE_API const struct nacre_channel_app *nacre_channel_get_app(const struct nacre_channel *ch);

/* The application's own pointer; NULL at first. */
NACRE_API void nacre_channel_set_app_data(struct nacre_channel *ch, void *data);
NACRE_API void *nacre_channel_app_data(const struct nacre_channel *ch);

/* Our number for the channel, unique in its session while it lives. */
NACRE_API uint32_t nacre_channel_id(const struct nacre_channel *ch);

/* Its type, "session" for example, and what followed in its CHANNEL_OPEN: *len bytes, NULL for
 * none; see nacre_channel_target. Both live as long as the channel. */
NACRE_API const char *nacre_channel_type(const struct nacre_channel *ch);
NACRE_API const uint8_t *nacre_channel_open_data(const struct nacre_channel *ch, size_t *len);

/* The context of the session: what was passed to nacre_session_new; on the library's own loops the
 * nacre_peer or the nacre_client. */
NACRE_API void *nacre_channel_context(const struct nacre_channel *ch);

#endif
