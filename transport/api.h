/* What every public header of nacre shares: roles, answers, how a session or a channel ends,
 * memory.
 *
 * This holds everywhere, unless a comment says otherwise:
 *
 *     units           Names that end in _ms are milliseconds. `len`, `size` and `room` are bytes,
 *                     as are names that end in _len and _bytes. Text ends with a NUL, which `size`
 *                     includes.
 *     zero            A member that is zero or NULL means the default.
 *     configurations  A struct that a function takes, such as nacre_server_config, is copied, so it
 *                     may be on the stack. What it points to is borrowed: callbacks, keys, text.
 *                     Each struct says until when.
 *     text and data   What a function takes is copied, or not needed once it has returned. What a
 *                     callback gets is lent until the callback returns: copy what is needed later.
 *     errors          A function that makes something returns NULL, one that does something returns
 *                     false, and errbuf then holds a sentence for a person: what is wrong, where,
 *                     and what to do. Pass NULL and 0 if it is not wanted. No function ends the
 *                     program or writes a log. An error of the peer ends its session, and is
 *                     reported to `ended` as a struct nacre_end.
 *     threads         A session, with its channels and its peer or client, belongs to one thread.
 *                     Functions that may be called from other threads say so.
 *     fork            The library starts threads in nacre_server_run, nacre_server_run_once and
 *                     nacre_offload_new, and when a client's forwards first look up a name; never
 *                     elsewhere. A program may fork before that, but only one of the two processes
 *                     may go on with a server, with clients or with a session: server.h, client.h.
 *                     Keys and files of users may be used in both.
 *
 * Every name that a program linking libnacre can see begins with nacre_. All functions in this
 * header may be called from any thread. */
#ifndef NACRE_TRANSPORT_API_H
#define NACRE_TRANSPORT_API_H

/* A tool that parses these headers and knows bool, size_t and the types of <stdint.h>, such as
 * Python's cffi, gets plain declarations from `cc -E -P -DNACRE_NO_STANDARD_HEADERS`. */
#ifndef NACRE_NO_STANDARD_HEADERS
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

/* Marks what the library exports; everything else is hidden. C++ can include these headers as they
 * are. */
#ifdef NACRE_NO_STANDARD_HEADERS
#define NACRE_API
#elif defined __cplusplus
#define NACRE_API extern "C" __attribute__((visibility("default")))
#else
#define NACRE_API __attribute__((visibility("default")))
#endif

/* Of these headers. It is also in the identification string and in nacre.pc. The number grows with
 * each version: `#if NACRE_VERSION_NUMBER >= 0x000200` is "at least 0.2".
 *
 * A configuration begins with the member `version`, which a program sets to this number. Structs
 * get further members at their end: the library takes those that the program's headers do not have
 * as zero. The version also holds for what the configuration leads to, such as structs of
 * callbacks, and for what is given to its sessions and channels later. */
#define NACRE_VERSION "0.1"
#define NACRE_VERSION_MAJOR 0
#define NACRE_VERSION_MINOR 1
#define NACRE_VERSION_PATCH 0
#define NACRE_VERSION_NUMBER                                                                       \
    (NACRE_VERSION_MAJOR << 16 | NACRE_VERSION_MINOR << 8 | NACRE_VERSION_PATCH)

/* Of the library that the program runs with, which may be newer: NACRE_VERSION_NUMBER, and
 * NACRE_VERSION, static text and never NULL. The number can be compared with others of its kind.
 * What may change between versions is in "VERSIONS" of libnacre(3). From any thread. */
NACRE_API uint32_t nacre_version(void);
NACRE_API const char *nacre_version_text(void);

/* Which end of the connection we are. RFC 4251 section 1. */
enum nacre_role {
    NACRE_SERVER,
    NACRE_CLIENT,
};

/* An application's answer to something that the peer requests. */
enum nacre_answer {
    NACRE_REFUSE,
    NACRE_GRANT,
    NACRE_LATER, /* not known yet: the request stays open until its own function answers it */
};

/* Why a session or a channel ended. */
enum nacre_cause {
    NACRE_OPEN,              /* it has not ended */
    NACRE_PEER_CLOSED,       /* the peer sent CHANNEL_CLOSE, or, of a session, ended the stream */
    NACRE_WE_CLOSED,         /* our application closed it */
    NACRE_OPEN_REFUSED,      /* one side refused to open it; code: RFC 4254 section 5.1 */
    NACRE_DISCONNECTED,      /* the peer sent DISCONNECT; code and text are the peer's */
    NACRE_CONNECTION_LOST,   /* the connection below was lost without a DISCONNECT */
    NACRE_TIMED_OUT,         /* one of our deadlines passed */
    NACRE_PROTOCOL_ERROR,    /* the peer violated the protocol; code is the reason we sent */
    NACRE_SHUTTING_DOWN,     /* we are shutting down */
    NACRE_AUTH_FAILED,       /* too many failed attempts, or no method left to try */
    NACRE_OUT_OF_RESOURCES,  /* we ran out of memory or reached another bound */
    NACRE_HOST_KEY_REJECTED, /* client: not the key of the server that was meant, or one too short
                              */
};

/* How it ended. RFC 4253 section 11.1. `text` is valid during the call it is passed to, or as long
 * as the session it was read from. */
struct nacre_end {
    enum nacre_cause cause;
    uint32_t code;    /* a reason of RFC 4253 section 11.1, or of RFC 4254 section 5.1 */
    const char *text; /* a phrase for a person; the peer's is free of control characters */
};

/* A short name for a cause, as logs print it: "peer closed", "connection lost"... Static
 * text, never NULL. */
NACRE_API const char *nacre_cause_text(enum nacre_cause cause);

/* The allocator of a session's memory. Called on the session's thread, from where only functions
 * that read may be called. */
struct nacre_memory {
    /* `size` bytes, aligned for any type, or NULL. Never called with 0. */
    void *(*allocate)(void *context, size_t size);
    /* Releases what allocate returned for that size; already wiped if it held a secret. */
    void (*release)(void *context, void *block, size_t size);
    void *context;
};

#endif
