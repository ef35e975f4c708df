/* A channel joined to descriptors: a socket, a pipe, a terminal with a program on it.
 *
 *     read(input)  -> data of the channel             EOF or an error there -> EOF of the channel
 *     read(error)  -> its extended data (stderr)
 *     data of the peer -> write(output)               the peer's EOF -> no more to be read there
 *
 * Nothing is kept in between. What the peer cannot take stays in the descriptor; what the
 * descriptor cannot take stays with the connection layer, inside the window that was granted. Bytes
 * written where nobody reads any more are dropped. */
#ifndef NACRE_APPS_STREAM_H
#define NACRE_APPS_STREAM_H

#include "apps/server/server.h"

/* Lives as long as the channel. */
struct nacre_stream;

struct nacre_stream_config {
    int input;  /* what can be read there is sent; -1: nothing */
    int error;  /* the same as extended data; -1: nothing */
    int output; /* the peer's data are written there; may be the same as input; -1: they are dropped
                 */

    /* All that there was to read has been accepted for sending, and no more comes. NULL: EOF is
     * sent then, and the channel is closed when the peer's data have come to their end too. */
    void (*drained)(struct nacre_channel *ch);

    bool output_ended; /* the peer's EOF has been told already */
};

/* Join them. ch is an open channel of a connection of the server driver (apps/server/server.h) or
 * of the client driver (apps/connect/client.h), or one that is being granted, or whose request is.
 * From now on its data, writable and eof are the stream's; the application's own eof is called all
 * the same, for information, and its other callbacks as before. "eow@openssh.com" is answered by
 * the stream too: it closes input and error, unless that is a terminal. And the stream sends it to
 * an OpenSSH when nobody reads the data of a session any more.
 *
 * When the peer closes, what it sent before is still written, until nothing more of it is taken for
 * 5 seconds: the rest is dropped.
 *
 * The descriptors are the stream's from here on, also when it fails; they are made non-blocking,
 * and closed when they are done with, at the latest before the application's `closed`. The peer's
 * EOF is passed on by shutdown() for a socket, by closing for a pipe, and by typing the character
 * for it (Control-D) on a terminal that works in lines.
 *
 * Blocks SIGPIPE on this thread. NULL: out of memory or of descriptors. */
NACRE_API struct nacre_stream *nacre_stream_join(struct nacre_channel *ch,
                                                 const struct nacre_stream_config *config);

#endif
