/* Forwarding: what the messages of direct-tcpip and related types carry. RFC 4254 section 7;
 * PROTOCOL section 2.4 for Unix sockets (streamlocal). The library reads and writes these; the
 * application grants them and has the sockets; forwarding.h has sockets, too.
 *
 * nacre_channel_target belongs on the thread of the channel's session; nacre_target_write may be
 * called from any thread. */
#ifndef NACRE_CONNECTION_FORWARD_H
#define NACRE_CONNECTION_FORWARD_H

#include "connection/channel.h"

#define NACRE_HOST_MAX 256 /* bytes of an address or socket path, NUL included */

/* Where a forwarded connection comes from and goes to. Only the library makes one. */
struct nacre_target {
    /* To connect to, or (forwarded) that was connected to; or a path. Raw, as the peer sent it:
     * control characters included, but no NUL. */
    char host[NACRE_HOST_MAX];
    uint32_t port; /* 0 for a socket's path */
    /* For logs: '?' for control characters and malformed UTF-8. */
    char originator[NACRE_HOST_MAX];
    uint32_t originator_port;
    bool is_path; /* host is the path of a Unix socket */
};

/* The target of a channel of type direct-tcpip, forwarded-tcpip, direct-streamlocal@openssh.com or
 * forwarded-streamlocal@openssh.com; it lives as long as the channel. NULL: another type,
 * malformed, or out of memory. */
NACRE_API const struct nacre_target *nacre_channel_target(struct nacre_channel *ch);

/* The reverse: write what follows in a CHANNEL_OPEN of that type, for nacre_session_open_channel.
 * host: or the path of a socket; port and originator are not used then. Returns its length in
 * bytes; 0: another type, or a text of NACRE_HOST_MAX bytes and more. Nothing is kept. */
enum { NACRE_TARGET_MAX = 2 * NACRE_HOST_MAX + 16 };
NACRE_API size_t nacre_target_write(const char *type, const char *host, uint32_t port,
                                    const char *originator, uint32_t originator_port,
                                    uint8_t out[NACRE_TARGET_MAX]);

/* What a global request asks for. RFC 4254 section 7.1. */
enum nacre_global_kind {
    NACRE_GLOBAL_OTHER,
    NACRE_GLOBAL_FORWARD,        /* tcpip-forward, streamlocal-forward@openssh.com */
    NACRE_GLOBAL_CANCEL_FORWARD, /* cancel-tcpip-forward, cancel-streamlocal-forward@openssh.com */
};

/* A global request. RFC 4254 sections 4 and 7.1. Lives until the callback returns. */
struct nacre_global_request {
    enum nacre_global_kind kind;
    const char *name; /* as on the wire: printable ASCII */
    bool want_reply;
    /* forward: address to listen on, or a socket's path. Raw, as the peer sent it: control
     * characters included, but no NUL. */
    char host[NACRE_HOST_MAX];
    uint32_t port;       /* forward: 0 picks one; for a socket's path always 0 */
    const uint8_t *data; /* other: what follows want_reply */
    size_t len;
};

#endif
