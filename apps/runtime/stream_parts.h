/* A stream in its two halves: stream.c reads from descriptors and joins, stream_output.c writes.
 * Only they see this. */
#ifndef NACRE_APPS_STREAM_PARTS_H
#define NACRE_APPS_STREAM_PARTS_H

#include "apps/server/peer.h"
#include "apps/runtime/stream.h"

/* One descriptor, in one direction. */
struct end {
    struct source source; /* first: the loop knows it by that */
    struct nacre_stream *stream;
    int fd;       /* -1: there is none, or it is done with */
    bool ready;   /* it may be read, or written */
    bool watched; /* false: a file, always ready */
};

struct nacre_stream {
    struct nacre_channel_app app;          /* first: the channel knows the stream by that */
    const struct nacre_channel_app *outer; /* the application that the channel had */
    struct nacre_channel *ch;
    struct nacre_loop *loop;
    struct task task; /* to read on */
    struct end in, err, out;
    void (*drained)(struct nacre_channel *ch);
    struct timer patience; /* for the last bytes of a peer that has closed */
    bool told_drained;
    bool after_newline; /* what was written last ends a line: as terminals see it */
    uint8_t eofs;       /* characters for end of file still to be typed on the terminal */
    uint8_t depth;      /* calls under way */
    bool over;          /* the channel has closed: freed by the outermost call */
};

struct nacre_stream *stream_of(const struct nacre_channel *ch);
void stream_close_end(struct end *e);

/* Around calls into the channel, which may end it, and with it the stream. */
void stream_enter(struct nacre_stream *s);
void stream_leave(struct nacre_stream *s);

/* Close the channel when both directions are at their end, unless the application sees to that. */
void stream_close_when_done(struct nacre_stream *s);

/* stream_output.c */
size_t stream_on_data(struct nacre_channel *ch, const uint8_t *data, size_t len);
void stream_end_output(struct nacre_stream *s); /* the peer's data are at their end */
void stream_on_output(struct source *source, uint32_t events);
void stream_on_patience(struct timer *timer);

#endif
