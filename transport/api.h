/* What every public header of nacre shares: the two roles, answers, and how a session or a channel
 * ends.
 *
 * Everything that a program linking libnacre can see begins with nacre_. */
#ifndef NACRE_TRANSPORT_API_H
#define NACRE_TRANSPORT_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Marks what the library shows; all else is hidden. C++ may include these headers as they are. */
#ifdef __cplusplus
#define NACRE_API extern "C" __attribute__((visibility("default")))
#else
#define NACRE_API __attribute__((visibility("default")))
#endif

/* The library's and its programs'; it stands in the identification line and in nacre.pc too. */
#define NACRE_VERSION "0.1"

/* Which end of the connection we are. RFC 4251 section 1. */
enum nacre_role {
    NACRE_SERVER,
    NACRE_CLIENT,
};

/* What an application says to a question of the peer. */
enum nacre_answer {
    NACRE_REFUSE,
    NACRE_GRANT,
    NACRE_LATER, /* not known yet: the question stays open until its own function answers it */
};

/* Why a session or a channel ended. */
enum nacre_cause {
    NACRE_OPEN,             /* it has not ended */
    NACRE_PEER_CLOSED,      /* the peer sent CHANNEL_CLOSE, or, of a session, ended the stream */
    NACRE_WE_CLOSED,        /* our own application closed it */
    NACRE_OPEN_REFUSED,     /* the peer refused to open it; code is RFC 4254 section 5.1's */
    NACRE_DISCONNECTED,     /* the peer sent DISCONNECT; code and text are the peer's */
    NACRE_CONNECTION_LOST,  /* the transport below broke, without a DISCONNECT */
    NACRE_TIMED_OUT,        /* a deadline of ours passed */
    NACRE_PROTOCOL_ERROR,   /* the peer broke the protocol; code is the reason we sent */
    NACRE_SHUTTING_DOWN,    /* we are stopping */
    NACRE_AUTH_FAILED,      /* no login: too many failures, or nothing left to try */
    NACRE_OUT_OF_RESOURCES, /* memory or another bound was exhausted on our side */
};

/* How it ended. RFC 4253 section 11.1. `text` lives as long as the call it is passed to, or as the
 * session it was asked of. */
struct nacre_end {
    enum nacre_cause cause;
    uint32_t code;    /* RFC 4253 section 11.1's reason, or RFC 4254 section 5.1's open failure */
    const char *text; /* a sentence for a person; the peer's has no control characters */
};

/* A short name for a cause, as logs print it: "peer closed", "connection lost"... Never NULL. */
NACRE_API const char *nacre_cause_text(enum nacre_cause cause);

/* Where the library takes a session's memory from. Called on the session's thread. */
struct nacre_memory {
    /* `size` bytes, aligned for any type, or NULL. Never called with 0. */
    void *(*allocate)(void *context, size_t size);
    /* Gives back what allocate returned with that size; already wiped if it held a secret. */
    void (*release)(void *context, void *block, size_t size);
    void *context;
};

#endif
