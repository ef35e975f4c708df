/* RFC 4254 section 7 and PROTOCOL section 2.4: forwarding. The other end is a socket of ours, on
 * the loopback interface. */
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

#include <string.h>

enum { SOME = 1000, PORT_TOO_LARGE = 70000, PRIVILEGED = 22 };

static const char host[] = "127.0.0.1";

/* RFC 4254 section 7.2: string host to connect, uint32 port, string originator address, uint32
 * originator port */
static struct opening direct_to(struct peer *p, uint32_t port)
{
    return (struct opening){.type = "direct-tcpip",
                            .rest = message(p, "tutu", host, port, host, 1)};
}

/* A channel to a listener of ours; *far is our end of its TCP connection. Skips the case if the
 * server refuses to forward. */
static struct spec_channel *open_direct(struct peer *p, struct conn *far)
{
    struct conn listener;
    uint16_t port = 0;
    struct spec_channel *ch;

    *far = (struct conn){.fd = -1, .ended = true};
    reach(p, AT_LOGIN);
    if (!conn_listen(&listener, &port))
        problem(p, "no port of 127.0.0.1 is free");
    ch = send_open(p, direct_to(p, port));
    (void)wait_opened(p, ch);
    need(p, ch->open || over(p), "it forwards no connections");
    if (ch->open && !conn_accept(&listener, far, step_deadline(p)))
        observe(p, "no connection came");
    conn_close(&listener);
    p->observing = false;
    return ch;
}

static void direct(struct peer *p)
{
    struct conn listener;
    uint16_t port = 0;

    reach(p, AT_LOGIN);
    if (!conn_listen(&listener, &port))
        problem(p, "no port of 127.0.0.1 is free");
    (void)send_open(p, direct_to(p, port));
    if (answer(p) != 0)
        go_on(p);
    conn_close(&listener);
}

/* All of these bytes, and then the FIN. */
static void must_arrive(struct peer *p, struct conn *far, struct bytes bytes)
{
    while (conn_wait(far, step_deadline(p)))
        continue; /* until the FIN */
    if (far->ended && !bytes_equal(conn_received(far), bytes))
        observe(p, "other bytes arrived");
    far->ended = false; /* for the other direction */
}

/* EOF on the channel ends only one direction of the TCP connection, and the other way round. */
static void half_close(struct peer *p)
{
    struct conn far;
    struct spec_channel *ch = open_direct(p, &far);
    struct bytes there = sample(p, SOME), back = sample(p, SOME + 1);

    p->conforming = true;
    (void)send_all(p, ch, there);
    send_eof(p, ch);
    must_arrive(p, &far, there);
    conn_send(&far, back, step_deadline(p));
    conn_finish(&far);
    (void)wait_received(p, ch, back.len);
    observe_bytes(p, ch, back);
    if (!wait_eof(p, ch))
        observe(p, "no EOF");
    conn_close(&far);
}

static void survives(struct peer *p)
{
    struct conn far;
    struct spec_channel *first = open_first(p, (struct opening){0});
    struct spec_channel *ch = open_direct(p, &far);
    struct bytes bytes = sample(p, SOME);

    send_close(p, first);
    (void)wait_channel_close(p, first);
    conn_send(&far, bytes, step_deadline(p));
    if (p->skip == NULL && !wait_received(p, ch, bytes.len))
        observe(p, "%zu of %zu bytes", ch->received.len, bytes.len);
    go_on(p);
    conn_close(&far);
}

static void port_too_large(struct peer *p)
{
    reach(p, AT_LOGIN);
    (void)send_open(p, direct_to(p, PORT_TOO_LARGE));
    if (answer(p) != 0)
        go_on(p);
}

static void wrong_type(struct peer *p)
{
    struct conn far;
    struct spec_channel *ch = open_direct(p, &far);

    send_channel_request(p, ch, "exec", 1, message(p, "t", "true"));
    if (answer(p) == 0)
        observe_end(p);
    conn_close(&far);
}

/* ---- requests: section 7.1 ---- */

/* string "tcpip-forward" or "cancel-tcpip-forward", boolean want reply, string address to bind,
 * uint32 port number to bind */
static void send_forward(struct peer *p, const char *name, uint32_t port)
{
    transmit(p, "btbtu", SSH_MSG_GLOBAL_REQUEST, name, 1, host, port);
}

/* A port that was free a moment ago. */
static uint16_t free_port(struct peer *p)
{
    struct conn listener;
    uint16_t port = 0;

    if (!conn_listen(&listener, &port))
        problem(p, "no port of 127.0.0.1 is free");
    conn_close(&listener);
    return port;
}

static void forward(struct peer *p)
{
    reach(p, AT_LOGIN);
    send_forward(p, "tcpip-forward", free_port(p));
    if (answer(p) != 0)
        go_on(p);
}

/* The answer with the length of what it contains. The row's number: 0 for port 0. */
static void forward_port(struct peer *p)
{
    reach(p, AT_LOGIN);
    send_forward(p, "tcpip-forward", p->row->number == 0 ? 0 : free_port(p));
    if (next(p) == SSH_MSG_REQUEST_SUCCESS)
        observe(p, "request-success(%zu)", p->got.len - 1);
    else if (!over(p))
        observe(p, "request-failure");
    else
        observe_end(p);
}

/* A first forwarding, which must be granted for the case to apply. */
static uint16_t granted(struct peer *p)
{
    uint16_t port;

    reach(p, AT_LOGIN);
    port = free_port(p);
    p->conforming = true;
    send_forward(p, "tcpip-forward", port);
    need(p, next(p) == SSH_MSG_REQUEST_SUCCESS, "it grants no forwarding");
    p->conforming = false;
    return port;
}

static void forward_twice(struct peer *p)
{
    send_forward(p, "tcpip-forward", granted(p));
    (void)answer(p);
}

static void cancel(struct peer *p)
{
    uint16_t port = granted(p);
    struct conn far;

    send_forward(p, "cancel-tcpip-forward", port);
    (void)answer(p);
    if (p->skip == NULL && conn_open_local(&far, port, step_deadline(p)))
        observe(p, "it still listens");
    next_part(p);
    send_forward(p, "cancel-tcpip-forward", port);
    (void)answer(p);
}

static void privileged(struct peer *p)
{
    need(p, strcmp(p->setting->profile.user, "root") != 0, "root may listen on any port");
    reach(p, AT_LOGIN);
    send_forward(p, "tcpip-forward", PRIVILEGED);
    (void)answer(p);
}

/* ---- PROTOCOL section 2.4 ---- */

/* string socket path, string reserved, uint32 reserved */
static void streamlocal(struct peer *p)
{
    reach(p, AT_LOGIN);
    (void)send_open(
        p, (struct opening){.type = "direct-streamlocal@openssh.com",
                            .rest = message(p, "ttu", "/nonexistent/nacre-spec", "reserved", 7)});
    if (answer(p) != 0)
        go_on(p);
}

/* string "streamlocal-forward@openssh.com", boolean want reply, string socket path */
static void streamlocal_forward(struct peer *p)
{
    static const char *const names[] = {"streamlocal-forward@openssh.com",
                                        "cancel-streamlocal-forward@openssh.com"};

    reach(p, AT_LOGIN);
    for (int i = 0; i < 2; i++) {
        next_part(p);
        transmit(p, "btbt", SSH_MSG_GLOBAL_REQUEST, names[i], 1, "/nonexistent/nacre-spec");
        (void)answer(p);
    }
}

/* clang-format off */
const struct spec_case spec_forward[] = {
    {"4254/5.4/wrong-type", SERVER, PRACTICE, "RFC 4254 5.4", "4254/5.4/6",
     "session requests on a channel of another type", "channel-failure | close",
     .run = wrong_type},
    {"4254/7.1/forward", SERVER, MUST, "RFC 4254 7.1", "4254/7.1/1",
     "tcpip-forward gets a reply", "request-success | request-failure",
     .run = forward},
    {"4254/7.1/forward-port-0", SERVER, MUST, "RFC 4254 7.1", "4254/7.1/2",
     "tcpip-forward for port 0: the reply contains a port", "request-success(4) | request-failure",
     .run = forward_port, .number = 0},
    {"4254/7.1/forward-port-n", SERVER, MUST, "RFC 4254 7.1", "4254/7.1/2",
     "tcpip-forward for a specific port: the reply contains nothing", "request-success(0) | request-failure",
     .run = forward_port, .number = 1},
    {"4254/7.1/forward-twice", SERVER, PRACTICE, "RFC 4254 7.1", "4254/7.1/1",
     "tcpip-forward for the same port twice", "request-failure for the second",
     .run = forward_twice},
    {"4254/7.1/cancel", SERVER, MUST, "RFC 4254 7.1", "4254/7.1/5",
     "cancelling stops listening; cancelling an unknown forwarding fails", "request-success; request-failure",
     .run = cancel},
    {"4254/7.1/privileged", SERVER, SHOULD, "RFC 4254 7.1", "4254/7.1/6",
     "tcpip-forward for port 22 by an ordinary user", "request-failure",
     .run = privileged},
    {"4254/7.2/direct", SERVER, MUST, "RFC 4254 7.2", "4254/7.2/3",
     "direct-tcpip connects or is refused with reason 1 or 2", "open-confirmed | open-failure(1,2)",
     .run = direct},
    {"4254/7.2/direct-half-close", SERVER, MUST, "RFC 4254 7.2", "4254/7.2/5",
     "EOF maps to a TCP half-close in both directions", "same bytes",
     .run = half_close},
    {"4254/7.2/direct-survives", SERVER, MUST, "RFC 4254 7.2", "4254/7.2/4",
     "a forwarded channel continues after the session channel has ended", "go-on",
     .run = survives},
    {"4254/7.2/direct-port-70000", SERVER, PRACTICE, "RFC 4254 7.2", "4254/7.2/3",
     "direct-tcpip to port 70000", "open-failure",
     .run = port_too_large},
    {"ossh/2.4/direct-streamlocal", SERVER, MUST, "PROTOCOL 2.4", "ossh/2.4/1 ossh/2.4/2",
     "direct-streamlocal with its reserved fields set", "open-confirmed | open-failure",
     .run = streamlocal},
    {"ossh/2.4/streamlocal-forward", SERVER, MUST, "PROTOCOL 2.4", "ossh/2.4/3",
     "streamlocal-forward and cancel-streamlocal-forward", "answered",
     .run = streamlocal_forward},
    {0},
};
/* clang-format on */
