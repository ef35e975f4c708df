/* A channel application that writes down what it is told, and does what a test says. */
#ifndef NACRE_TESTS_RECORDER_H
#define NACRE_TESTS_RECORDER_H

#include "tests/support/pair.h"

enum { RECORDER_CHANNELS = 8, RECORDER_BYTES = 8 * 1024 * 1024 };

struct recorder {
    enum nacre_answer open, request; /* its answers; NACRE_GRANT at first */
    size_t take;                     /* bytes that data takes at a time; SIZE_MAX at first: all */
    size_t take_most;                /* ... and in all, until it is changed; SIZE_MAX at first */
    bool echo;                       /* data takes what can be written back at once */
    bool quiet;                      /* data and writable are not written down */
    const char
        *where; /* the callback in which act is called: "open", "data", "writable", ... or NULL */
    void (*act)(struct nacre_channel *ch);
    size_t (*write)(struct nacre_channel *ch); /* called by writable; or NULL */

    struct nacre_channel *ch; /* the newest that was opened */
    struct nacre_channel *all[RECORDER_CHANNELS];
    int opened, alive;
    uint8_t *bytes; /* what data took, in all */
    size_t len;
    struct nacre_request last; /* its texts only during the call */
    struct nacre_end why;
};

extern struct recorder recorder;

/* Everything as at first; every opened channel was closed. */
void recorder_reset(void);
void recorder_clear(void);

extern const struct nacre_channel_app recorder_app;

/* The same without a single member but closed. */
extern const struct nacre_channel_app bare_app;

#endif
