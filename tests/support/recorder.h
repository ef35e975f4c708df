/* A channel application that records its callbacks in the end's log and does what a test sets. */
#ifndef NACRE_TESTS_SUPPORT_RECORDER_H
#define NACRE_TESTS_SUPPORT_RECORDER_H

#include "tests/support/pair.h"

enum { RECORDER_CHANNELS = 8, RECORDER_BYTES = 8 * 1024 * 1024 };

struct recorder {
    enum nacre_answer open, request; /* its answers; NACRE_GRANT at first */
    size_t take;                     /* bytes that one call of data accepts; SIZE_MAX at first */
    size_t take_most;                /* ... and all calls until it is changed; SIZE_MAX at first */
    bool echo;                       /* data accepts what it can write back at once */
    bool quiet;                      /* data and writable are not recorded */
    const char *where; /* the callback that calls `act`: "open", "data", "writable", ...; or NULL */
    void (*act)(struct nacre_channel *ch);
    size_t (*write)(struct nacre_channel *ch); /* called by writable; or NULL */

    struct nacre_channel *ch; /* the last one opened */
    struct nacre_channel *all[RECORDER_CHANNELS];
    int opened, alive;
    uint8_t *bytes; /* all that data accepted */
    size_t len;
    struct nacre_request last; /* its texts are valid during the call only */
    uint8_t payload[256];      /* a copy of it, unless it is longer */
    size_t payload_len;
    struct nacre_end why;
};

extern struct recorder recorder;

/* Reset everything; and check that every opened channel was closed. */
void recorder_reset(void);
void recorder_clear(void);

extern const struct nacre_channel_app recorder_app;

/* An application with `closed` as its only callback. */
extern const struct nacre_channel_app bare_app;

#endif
