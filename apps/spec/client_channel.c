/* Cases about clients only: channels (RFC 4254). */
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

#include <stdio.h>
#include <string.h>

enum { LONG_TEXT = 4096, PIECE = 32768, WINDOW_MOST = 8 << 20 };

static const struct bytes nothing = {NULL, 0};

/* ---- opening: section 5.1 ---- */

/* The client's CHANNEL_OPEN has come and was not answered. */
static bool reach_open(struct peer *p)
{
    reach(p, AT_LOGIN);
    return wait_open(p);
}

/* RFC 4254 section 5.1: byte SSH_MSG_CHANNEL_OPEN_FAILURE, uint32 recipient channel, uint32 reason
 * code, string description, string language tag */
static void refuse(struct peer *p, uint32_t reason, struct bytes text)
{
    if (reach_open(p))
        transmit(p, "buust", SSH_MSG_CHANNEL_OPEN_FAILURE, p->opened[0].number, reason, text, "");
    wait_close(p, p->step);
}

static void failure_any(struct peer *p)
{
    refuse(p, 99, filled(p, 'd', LONG_TEXT));
}

static void failure_controls(struct peer *p)
{
    intend_shown(p);
    refuse(p, 2, bytes_of("a reason with " CONTROLS "a colour"));
    observe_controls(p);
}

static void confirmation_twice(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    transmit(p, "buuuu", SSH_MSG_CHANNEL_OPEN_CONFIRMATION, ch->peer, ch->number + 1, 65536, 32768);
    go_on(p);
}

static void data_before(struct peer *p)
{
    if (reach_open(p))
        transmit(p, "but", SSH_MSG_CHANNEL_DATA, p->opened[0].number, "data");
    go_on(p);
}

static void close_at_once(struct peer *p)
{
    struct spec_channel *ch;

    if (!reach_open(p))
        return;
    p->conn.corked = true;
    ch = accept_channel(p, (struct opening){0});
    send_close(p, ch);
    conn_uncork(&p->conn, step_deadline(p));
    wait_close(p, p->step);
}

/* ---- what a server may not open or ask for ---- */

/* The fields of a type: addresses and ports, or a path. */
static struct bytes fields_of(struct peer *p, const char *type)
{
    if (strstr(type, "tcpip") != NULL)
        return message(p, "tutu", "127.0.0.1", 22, "127.0.0.1", 40000);
    if (strcmp(type, "x11") == 0)
        return message(p, "tu", "127.0.0.1", 40000);
    return strstr(type, "streamlocal") == NULL ? nothing : message(p, "tt", "/tmp/nacre-spec", "");
}

static void open_unasked(struct peer *p)
{
    reach(p, AT_LOGIN);
    (void)send_open(p, (struct opening){.type = p->row->text, .rest = fields_of(p, p->row->text)});
    if (answer(p) != 0)
        go_on(p);
}

static void streamlocal(struct peer *p)
{
    static const char *const types[] = {"forwarded-streamlocal@openssh.com",
                                        "direct-streamlocal@openssh.com"};

    reach(p, AT_LOGIN);
    for (int i = 0; i < 2 && !over(p); i++) {
        (void)send_open(p, (struct opening){.type = types[i], .rest = fields_of(p, types[i])});
        (void)answer(p);
        next_part(p);
    }
}

/* The row's request, which only a client may send. */
static void request_at_client(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    if (strcmp(p->row->text, "pty-req") == 0)
        send_channel_request(p, ch, "pty-req", 1,
                             message(p, "tuuuus", "xterm", 80, 24, 0, 0, nothing));
    else
        send_channel_request(p, ch, p->row->text, 1, nothing);
    go_on(p);
}

static void programs_at_client(struct peer *p)
{
    static const char *const types[] = {"shell", "exec", "subsystem"};
    struct spec_channel *ch = open_first(p, (struct opening){0});

    for (int i = 0; i < 3 && !over(p); i++) {
        send_channel_request(p, ch, types[i], 1, i == 0 ? nothing : message(p, "t", "sftp"));
        go_on(p);
        next_part(p);
    }
}

/* RFC 4254 section 7.1: string "tcpip-forward", boolean, string address, uint32 port */
static void forward_at_client(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "btbtu", SSH_MSG_GLOBAL_REQUEST, "tcpip-forward", 1, "127.0.0.1", 0);
    (void)answer(p);
}

/* The client asks for port 7777: before it opens a channel, or right after. */
static void wrong_port(struct peer *p)
{
    intend(p, INTENT_REMOTE_FORWARD);
    p->serve.grants_forward = true;
    reach(p, AT_LOGIN);
    while (p->forwards == 0 && p->opened_count == 0 && receive_any(p))
        continue;
    fence(p);
    current_part(p)->ending = ENDING_NONE;
    need(p, p->forwards > 0 || over(p), "the client asks for no forwarding");
    (void)send_open(
        p, (struct opening){.type = "forwarded-tcpip",
                            .rest = message(p, "tutu", "127.0.0.1", 7778, "127.0.0.1", 40000)});
    (void)answer(p);
}

/* ---- extended data: section 5.2 ---- */

/* byte SSH_MSG_CHANNEL_EXTENDED_DATA, uint32 recipient channel, uint32 type, string data */
static void send_extended(struct peer *p, const struct spec_channel *ch, uint32_t type,
                          struct bytes data)
{
    transmit(p, "buus", SSH_MSG_CHANNEL_EXTENDED_DATA, ch->peer, type, data);
}

static void extended_stderr(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});
    struct bytes errors;

    send_extended(p, ch, 1, bytes_of("nacre-spec on stderr"));
    end_program(p, ch, 0);
    errors = client_errors(p);
    if (errors.len > 0 && memmem(errors.at, errors.len, "nacre-spec on stderr", 20) != NULL)
        observe(p, "on stderr");
    else
        observe(p, client_shows(p, "nacre-spec on stderr") ? "on stdout" : "nowhere");
}

/* So many bytes of an unknown type, the last that its window has. */
static void extend_to_window(struct peer *p, struct spec_channel *ch, uint64_t left)
{
    ch->peer_window = 0;
    while (left > 0 && !over(p)) {
        size_t n = left < PIECE ? (size_t)left : PIECE;

        n = n < ch->peer_max_packet ? n : ch->peer_max_packet;
        send_extended(p, ch, 2, filled(p, 'x', n));
        left -= n;
    }
}

/* As much as its window has, of a type that it does not know: it opens the window again. */
static void extended_unknown(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    need(p, over(p) || ch->peer_window < WINDOW_MOST, "its window is too large");
    send_extended(p, ch, 0, bytes_of("zero"));
    send_extended(p, ch, UINT32_MAX, bytes_of("most"));
    extend_to_window(p, ch, ch->peer_window - 8);
    while (ch->peer_window == 0 && receive_any(p))
        continue;
    if (ch->peer_window > 0)
        observe(p, "counted against the window");
    else
        observe_end(p);
}

/* clang-format off */
const struct spec_case spec_client_channel[] = {
    {"4254/5.1/failure-any-reason", CLIENT, MUST, "RFC 4254 5.1", "4254/5.1/5",
     "OPEN_FAILURE with reason 99 and a 4 KiB description", "clean end",
     .run = failure_any},
    {"4254/5.1/failure-controls", CLIENT, MUST, "RFC 4254 5.1", "4254/5.1/5 4251/9.2/1",
     "escape sequences in the description of OPEN_FAILURE", "no raw control bytes",
     .run = failure_controls,
     .note = "Paramiko logs the description, which Python writes to standard error unless the program says otherwise"},
    {"4254/5.1/confirmation-twice", CLIENT, PRACTICE, "RFC 4254 5.1", "4254/5.1/6",
     "OPEN_CONFIRMATION is sent twice", "close",
     .run = confirmation_twice},
    {"4254/5.1/data-before-confirmation", CLIENT, MUST, "RFC 4254 5", "4254/5/1",
     "data on a channel that is not yet confirmed", "close | go-on as warn",
     .run = data_before, .listed = "close",
     .note = "the text forbids it to the sender; it does not say what a receiver does about it, and most clients pass it over"},
    {"4254/5.3/close-in-open", CLIENT, PRACTICE, "RFC 4254 5.3", "4254/5.3/6",
     "CLOSE immediately after OPEN_CONFIRMATION", "clean end",
     .run = close_at_once},
    {"4254/6.1/session-at-client", CLIENT, SHOULD, "RFC 4254 6.1", "4254/6.1/1 4251/4.3/2",
     "a server opens a session channel", "open-failure",
     .run = open_unasked, .text = "session"},
    {"4254/7.2/forwarded-unasked", CLIENT, MUST, "RFC 4254 7.2", "4254/7.2/1",
     "an unsolicited forwarded-tcpip channel", "open-failure",
     .run = open_unasked, .text = "forwarded-tcpip"},
    {"4254/7.2/direct-at-client", CLIENT, SHOULD, "RFC 4254 7.2", "4254/7.2/2",
     "a server opens a direct-tcpip channel", "open-failure",
     .run = open_unasked, .text = "direct-tcpip"},
    {"4254/6.3.2/x11-unasked", CLIENT, MUST, "RFC 4254 6.3.2", "4254/6.3.2/1",
     "an unsolicited x11 channel", "open-failure",
     .run = open_unasked, .text = "x11"},
    {"4251/4.3/agent-unasked", CLIENT, MUST, "RFC 4251 4.3", "4251/4.3/1",
     "an unsolicited auth-agent channel", "open-failure",
     .run = open_unasked, .text = "auth-agent@openssh.com"},
    {"ossh/2.4/streamlocal-unasked", CLIENT, MUST, "PROTOCOL 2.4", "ossh/2.4/4 ossh/2.4/5",
     "a server opens forwarded-streamlocal and direct-streamlocal channels", "open-failure",
     .run = streamlocal},
    {"4254/5.2/extended-stderr", CLIENT, MUST, "RFC 4254 5.2", "4254/5.2/12",
     "extended data of type 1 arrives on standard error", "on stderr",
     .run = extended_stderr},
    {"4254/5.2/extended-unknown", CLIENT, PRACTICE, "RFC 4254 5.2", "4254/5.2/13",
     "extended data of types 0, 2 and 0xffffffff", "ignored, counted against the window",
     .run = extended_unknown},
    {"4254/6.2/pty-at-client", CLIENT, SHOULD, "RFC 4254 6.2", "4254/6.2/2",
     "pty-req from a server", "channel-failure | silent",
     .run = request_at_client, .text = "pty-req"},
    {"4254/6.5/shell-at-client", CLIENT, SHOULD, "RFC 4254 6.5", "4254/6.5/5",
     "shell, exec and subsystem requests from a server", "channel-failure | silent",
     .run = programs_at_client},
    {"4254/7.1/forward-at-client", CLIENT, SHOULD, "RFC 4254 7.1", "4254/7.1/4",
     "a tcpip-forward request from a server", "request-failure",
     .run = forward_at_client},
    {"4254/7.1/forwarded-wrong-port", CLIENT, MUST, "RFC 4254 7.2", "4254/7.2/1",
     "a forwarded-tcpip channel for a port that was not requested", "open-failure",
     .run = wrong_port},
    {0},
};
/* clang-format on */
