/* Two channels joined into one, as a bastion does: a channel of a server's session to one of a
 * client's, for instance. RFC 4254. Both belong to sessions of one thread. */
#ifndef NACRE_CONNECTION_PIPE_H
#define NACRE_CONNECTION_PIPE_H

#include "connection/channel.h"

/* Join a and b: what the peer of one sends goes to the peer of the other.
 *
 *     data, extended data    back-pressure in both directions: neither side buffers more than its
 *                            channel's window
 *     EOF, CLOSE             in order, after the data
 *     requests               unchanged, and their answers; exit-status and exit-signal too. Up to
 *                            64 KiB wait during a key exchange of the other session; requests
 *                            beyond that are refused.
 *     the open               of a channel that its peer asked for is granted once the other channel
 *                            is open, and refused with the other channel's reason: return
 *                            NACRE_LATER from its `open`
 *
 * a, b    different channels, of one session or of two on the same thread; each open, or being
 *         opened by either side
 * return  false, and nothing has changed: a channel is joined already (also to a stream), or it is
 *         refused or closed, or memory is out
 *
 * The callbacks of both channels now belong to the pipe. The applications' own are still called for
 * information (open, eof, close, replied, closed), before the pipe acts; their data, extended_data
 * and writable are not. An application's `request` is asked first, if it has one: what it refuses
 * is refused and does not go to the other side; after any other answer the other side decides.
 *
 * Each channel is closed with the other one, whatever the cause. A program may close either itself.
 * It makes no request with want_reply on a joined channel: the answers belong to the pipe.
 * nacre_channel_set_app on one of them ends the pipe and closes the other. */
NACRE_API bool nacre_channel_pipe(struct nacre_channel *a, struct nacre_channel *b);

#endif
