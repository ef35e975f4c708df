/* A channel joined to descriptors: a socket, pipes, or a terminal with a program on it.
 *
 *     read(input)  -> data of the channel             EOF or an error there -> EOF of the channel
 *     read(error)  -> its extended data (stderr)
 *     data of the peer -> write(output)               EOF of the peer -> no more can be read there
 *
 * A stream buffers nothing. What the peer cannot accept stays in the descriptor; what the
 * descriptor cannot accept stays in the connection layer, inside the window that was granted. Bytes
 * for a descriptor that nothing reads any more are dropped. All functions are called on the thread
 * of the channel's session. */
#ifndef NACRE_APPS_RUNTIME_STREAM_H
#define NACRE_APPS_RUNTIME_STREAM_H

#include "connection/channel.h"

struct nacre_loop;

/* Lives as long as the channel. */
struct nacre_stream;

/* What to join. The struct is copied. */
struct nacre_stream_config {
    int input; /* bytes read from here are sent; -1: none */
    int error; /* bytes read from here are sent as extended data; -1: none */
    /* A descriptor that the peer's data are written to; may be the same as input; -1: they are
     * dropped. */
    int output;

    /* Everything there was to read has been accepted for sending, and no more comes. NULL: the
     * stream then sends EOF, and closes the channel once the peer's data have ended too. */
    void (*drained)(struct nacre_channel *ch);

    bool output_ended; /* the peer's EOF was reported before the channel was joined */
};

/* Join a channel to descriptors.
 *
 * ch      an open channel, one inside its `open` callback, or one whose request is being granted
 * loop    the event loop of the channel's connection: nacre_peer_loop on a server,
 *         nacre_client_loop on a client
 * return  NULL: out of memory or descriptors; or the channel is joined already, or inside `closed`
 *
 * From now on the channel's data, writable and eof belong to the stream. The application's own eof
 * is still called, for information, and its other callbacks as before. The stream also acts on
 * "eow@openssh.com": it closes input and error, unless input is a terminal. It sends that request
 * itself (nacre_channel_eow) when nothing reads output any more. nacre_channel_set_app on a joined
 * channel ends the stream and closes its descriptors.
 *
 * When the peer closes the channel, what it sent before is still written, until the descriptor
 * accepts nothing for 5 seconds; the rest is dropped.
 *
 * The descriptors belong to the stream, also when this function fails. They are made non-blocking,
 * and are closed as soon as they are no longer needed, at the latest before the application's
 * `closed`. The peer's EOF is passed on by shutdown(2) to a socket, by closing a pipe, and by
 * typing the end-of-file character (Control-D) on a terminal in canonical mode.
 *
 * Blocks SIGPIPE on the calling thread. */
NACRE_API struct nacre_stream *nacre_stream_join(struct nacre_channel *ch, struct nacre_loop *loop,
                                                 const struct nacre_stream_config *config);

/* The program at the other end of input and error has ended: what can be read there now is still
 * sent, and after that they count as ended, although other programs may hold them open. At most
 * 128 KiB more are read, which is more than a terminal holds, so that a program that goes on
 * writing cannot prolong it. Without a stream on the channel it does nothing. */
NACRE_API void nacre_stream_finish(struct nacre_channel *ch);

#endif
