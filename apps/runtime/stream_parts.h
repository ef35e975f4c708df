/* What the three files of a stream share: stream_end.c (one descriptor), stream_output.c (from the
 * peer to the descriptor) and stream.c (from descriptors to the peer, and joining). */
#ifndef NACRE_APPS_RUNTIME_STREAM_PARTS_H
#define NACRE_APPS_RUNTIME_STREAM_PARTS_H

#include "apps/session/container_of.h"
#include "apps/runtime/loop.h"
#include "apps/runtime/stream.h"

#include <sys/types.h>

/* One descriptor, in one direction. */
struct stream_end {
    struct source source;
    struct nacre_stream *stream;
    int fd;       /* -1: there is none, or it has been closed */
    bool ready;   /* it may be readable, or writable */
    bool watched; /* false: a file, which is always ready */
};

struct nacre_stream {
    struct nacre_channel_app app;          /* the channel's application while it is joined */
    const struct nacre_channel_app *outer; /* the application that it had before */
    struct nacre_channel *ch;
    struct nacre_loop *loop;
    struct task task; /* continues reading */
    struct stream_end in, err, out;
    void (*drained)(struct nacre_channel *ch);
    struct timer close_timer; /* bounds writing the last bytes of a peer that has closed */
    uint32_t last;            /* bytes that may still be read, once it finishes */
    bool finishing;           /* what can be read now is the last */
    bool reported_drained;
    bool after_newline; /* the last byte written ended a line, as a terminal sees it */
    uint8_t eofs;       /* end-of-file characters still to be typed on the terminal */
    uint8_t depth;      /* calls in progress */
    bool over;          /* the stream has ended: the outermost call frees it */
};

/* ---- stream_end.c ---- */

/* The stream that the channel is joined to. */
struct nacre_stream *stream_of(const struct nacre_channel *ch);

void stream_close_end(struct stream_end *e);

/* Write once. Returns the bytes written; 0 when none can be written now; -1 when nothing reads them
 * any more. */
ssize_t stream_write(struct stream_end *e, const void *data, size_t len);

/* Bracket calls into the channel, which may end it, and the stream with it. */
void stream_enter(struct nacre_stream *s);
void stream_leave(struct nacre_stream *s);

/* Close the channel when both directions have ended, unless the application does that itself. */
void stream_close_when_done(struct nacre_stream *s);

/* ---- stream_output.c ---- */

size_t stream_on_data(struct nacre_channel *ch, const uint8_t *data, size_t len);
void stream_on_writable_end(struct source *source, uint32_t events);
void stream_on_close_timer(struct timer *timer);

/* The peer's data have come to their end: pass that on. */
void stream_end_output(struct nacre_stream *s);

#endif
