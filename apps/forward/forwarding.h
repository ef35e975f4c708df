/* Forwarding: connections that a peer makes through this program, and connections that are accepted
 * here and go to the peer. RFC 4254 section 7; PROTOCOL section 2.4 for Unix sockets.
 *
 * A server whose configuration has a struct nacre_forwarding does what its clients ask for with -L,
 * -R, -D, -W and -J, as far as its functions allow. A client asks its server with
 * nacre_forward_remote (-R), and listens itself with nacre_forward_listen (-L). Names are looked up
 * on other threads, connections are made without blocking the loop, and nothing is buffered beyond
 * the windows of the channels.
 *
 * A place is "HOST:PORT", "[HOST]:PORT", ":PORT" where something listens on loopback addresses, or
 * the path of a Unix socket, which contains a '/'.
 *
 * All functions are called on the thread of the peer's or client's loop. Text that is passed is
 * copied. */
#ifndef NACRE_APPS_FORWARD_FORWARDING_H
#define NACRE_APPS_FORWARD_FORWARDING_H

#include "connection/forward.h"

/* The forwards of one session, from nacre_peer_forwards or nacre_client_forwards. They live until
 * `ended` of the peer or client is called. */
struct nacre_forwards;

/* A place where one of them listens. Lives until nacre_forward_close, or until `ended` of the peer
 * or client is called. */
struct nacre_forward_listener;

/* sshd_config(5) GatewayPorts: where tcpip-forward makes us listen. */
enum nacre_gateway_ports {
    NACRE_GATEWAY_NO,     /* on loopback addresses, whatever was asked for */
    NACRE_GATEWAY_CLIENT, /* "clientspecified": on the address asked for; "" and "*" mean all */
    NACRE_GATEWAY_YES,    /* on all addresses */
};

enum nacre_forward_event {
    NACRE_FORWARD_CONNECTED, /* to the target, for the peer */
    NACRE_FORWARD_FAILED,    /* to connect, to listen, or to open a channel; text says why */
    NACRE_FORWARD_LISTENING, /* at the target; its port is the one in use */
    NACRE_FORWARD_STOPPED,   /* listening there */
    NACRE_FORWARD_ACCEPTED,  /* a connection there, from the target's originator */
};

/* What a session's peer may have us forward, and how much. Any function may be NULL. context is the
 * session's: the nacre_peer or the nacre_client. A target is lent for the call, and its host is as
 * the peer sent it. Zero means the default. */
struct nacre_forwarding {
    /* May the peer have us connect there: direct-tcpip, direct-streamlocal@openssh.com? NULL: no.
     * Called before a name is looked up. */
    bool (*may_connect)(void *context, const struct nacre_target *target);
    /* May the peer have us listen there: tcpip-forward, streamlocal-forward@openssh.com? NULL: no.
     * Port 0: any that is free. */
    bool (*may_listen)(void *context, const struct nacre_target *target);

    /* For quotas: called before each connection is made or accepted; it needs one descriptor, and a
     * second one while it is joined to a channel. False: it is refused. `end` is called exactly
     * once for each call of `begin` that returned true, when the connection is gone. */
    bool (*begin)(void *context);
    void (*end)(void *context);

    /* For logs. text: a sentence or ""; lent for the call. */
    void (*event)(void *context, enum nacre_forward_event event, const struct nacre_target *target,
                  const char *text);

    enum nacre_gateway_ports gateway_ports;
    bool replaces_sockets;    /* StreamLocalBindUnlink: a socket that has the path is removed */
    uint32_t connections_max; /* of one session at a time; default 256 */
    uint32_t listeners_max;   /* of one session at a time; default 16 */
    uint32_t connect_ms;      /* to look up a name and connect; default 20 s */
};

/* Listen at a place on this machine, and open a channel to the peer for each connection.
 *
 * place   its host is an address, "localhost" or empty; other names are not looked up. Port 0: any
 *         that is free. A Unix socket is made with mode 0600, and removed in the end.
 * type    of the channels. A client's may be direct-tcpip or direct-streamlocal@openssh.com: the
 *         server then connects to `target`, a place. A server's may be auth-agent@openssh.com or
 *         x11, and forwarded-tcpip or forwarded-streamlocal@openssh.com; target is NULL.
 * return  lives until nacre_forward_close or the end of the session. NULL: errbuf, of `size` bytes
 *         (or NULL and 0), holds a sentence. */
NACRE_API struct nacre_forward_listener *nacre_forward_listen(struct nacre_forwards *forwards,
                                                              const char *place, const char *type,
                                                              const char *target, char *errbuf,
                                                              size_t size);

/* Where it listens: the place that was given, with the port that is in use. Never NULL. Lives as
 * long as the listener. */
NACRE_API const struct nacre_target *
nacre_forward_target(const struct nacre_forward_listener *listener);

/* Stop listening. Connections that were accepted continue. NULL is fine. */
NACRE_API void nacre_forward_close(struct nacre_forward_listener *listener);

/* From inside `open` of a channel, which then returns what this returns: connect to a place, and
 * grant the channel once that has succeeded. NACRE_LATER: it is connecting; NACRE_REFUSE: the place
 * is malformed, or a quota or memory is used up. A client connects channels of type
 * auth-agent@openssh.com to its agent so, and x11 to its display. may_connect is not asked. The
 * application's callbacks but open, data, extended_data and writable are called as before. */
NACRE_API enum nacre_answer nacre_forward_connect(struct nacre_forwards *forwards,
                                                  struct nacre_channel *ch, const char *place);

/* Client: ask the server to listen at `place` (port 0 lets it choose one), and connect what it
 * accepts there to `target`, a place on this side. The event NACRE_FORWARD_LISTENING or
 * NACRE_FORWARD_FAILED reports the answer. cancel: have it stop; target is not used. The result is
 * that of nacre_session_forward; NACRE_SEND_NEVER also when a place is malformed. */
NACRE_API enum nacre_sending nacre_forward_remote(struct nacre_forwards *forwards,
                                                  const char *place, const char *target,
                                                  bool cancel);

#endif
