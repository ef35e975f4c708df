/* Where the lines of a trace go: a bounded queue, and a thread that writes many of them at a time.
 *
 * Nobody but that thread waits for the reader. When the queue is full, lines are left out until
 * half of it is free again; the owner's line about the gap then comes before the next one. */
#ifndef NACRE_APPS_OBSERVE_OUTPUT_H
#define NACRE_APPS_OBSERVE_OUTPUT_H

#include "apps/session/errbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OUTPUT_QUEUE_SIZE = 8 * 1024 * 1024,
    OUTPUT_GAP_MAX = 256, /* bytes of the line about a gap */
};

/* Lines that are left out. */
struct output_gap {
    uint64_t messages, others;
    uint64_t conn; /* of all of them; 0: of several */
};

struct output_config {
    const char *file; /* "-": standard error; borrowed */
    /* Write a line about a gap, of at most OUTPUT_GAP_MAX bytes; returns its length. */
    size_t (*gap)(const struct output_gap *gap, char *out);
    /* Called once, on the thread, when the file cannot be written: the rest is dropped. */
    void (*trouble)(const char *sentence);
};

/* Open the file. A regular file is created with mode 0600, and what was in it is lost; it is
 * refused if another user could open it. A named pipe needs a reader. False, with a sentence. */
bool output_open(const struct output_config *config, const struct errbuf *p);

/* Start the thread; before that, lines are queued. */
void output_start(void);

/* Queue a line, or several, that end in a newline. Never waits for the reader; from any thread.
 * conn: of its connection, or 0; message: it is about a message. */
void output_put(const char *line, size_t len, uint64_t conn, bool message);

/* Write what is queued, for as long as the reader accepts something every second, and 5 seconds at
 * most. Then close the file. */
void output_close(void);

#endif
