/* RFC 4254 sections 5.4, 6.2 and 8, RFC 8160: channel requests and terminals. */
#include "apps/spec/growth.h"
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

enum { REQUESTS = 10, FLOOD = 10000 };

static const struct bytes nothing = {NULL, 0};

/* ---- replies: section 5.4 ---- */

/* An unknown request whose boolean is the row's number: the answer, then the fence. */
static void unknown_reply(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    send_channel_request(p, ch, "unknown@nacre-spec", (int)p->row->number, nothing);
    if (answer(p) != 0)
        go_on(p);
}

static void unknown_no_reply(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    send_channel_request(p, ch, "unknown@nacre-spec", 0, nothing);
    go_on(p);
}

static void order(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    p->conn.corked = true;
    for (int i = 0; i < REQUESTS; i++)
        send_channel_request(p, ch, "unknown@nacre-spec", 1, nothing);
    conn_uncork(&p->conn, step_deadline(p));
    for (int i = 0; i < REQUESTS; i++)
        (void)answer(p);
    go_on(p);
}

/* RFC 4254 section 6.2: string TERM, uint32 columns, rows, width, height, string modes */
static struct bytes pty(struct peer *p, const char *term, uint32_t columns, struct bytes modes)
{
    return message(p, "tuuuus", term, columns, columns / 3, 0, 0, modes);
}

static const struct bytes no_modes = LITERAL("\0"); /* TTY_OP_END */

static void pipelined(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});
    int successes = 0;
    uint8_t first;

    p->conn.corked = true;
    send_channel_request(p, ch, "pty-req", 1, pty(p, "xterm", 80, no_modes));
    send_channel_request(p, ch, "env", 1, message(p, "tt", "LANG", "C"));
    send_channel_request(p, ch, "shell", 1, nothing);
    conn_uncork(&p->conn, step_deadline(p));
    first = next(p);
    for (int i = 1; i < 3 && !over(p); i++) /* env may be refused */
        successes += next(p) == SSH_MSG_CHANNEL_SUCCESS;
    observe(p, first == SSH_MSG_CHANNEL_SUCCESS && successes > 0 ? "channel-success" : "refused");
}

static void window_0(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){.window_zero = true});

    send_channel_request(p, ch, "unknown@nacre-spec", 1, nothing);
    (void)answer(p);
}

static void after_eof(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    send_eof(p, ch);
    send_channel_request(p, ch, "unknown@nacre-spec", 1, nothing);
    if (answer(p) == 0)
        observe_end(p);
}

static void unsolicited(struct peer *p)
{
    for (int i = 0; i < 2; i++) {
        struct spec_channel *ch;

        peer_connect(p);
        ch = open_first(p, (struct opening){0});
        transmit(p, "bu", i == 0 ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE, ch->peer);
        go_on(p);
    }
}

static void flood(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});
    struct growth g = growth_begin(p);

    p->conn.deaf = p->conforming = true;
    for (int i = 0; i < FLOOD && !over(p); i++)
        send_channel_request(p, ch, "unknown@nacre-spec", 1, nothing);
    p->conn.deaf = p->conforming = false;
    receive_times(p, SSH_MSG_CHANNEL_FAILURE, FLOOD);
    go_on(p);
    growth_end(p, &g);
}

/* ---- terminals: sections 6.2 and 8 ---- */

static void pty_zero(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    send_channel_request(p, ch, "pty-req", 1, pty(p, "xterm", 0, no_modes));
    (void)answer(p);
}

/* Terminal modes: opcode, uint32 value... The row's bytes; a row without bytes tries several. */
static void pty_modes(struct peer *p)
{
    static const struct bytes garbage[] = {LITERAL("\3\0\0\0\1"), LITERAL("\3\0\0"),
                                           LITERAL("\xa0\1\2\3\4\5\6")};
    size_t count = p->row->bytes.len > 0 ? 1 : 3;

    for (size_t i = 0; i < count; i++) {
        struct spec_channel *ch;

        peer_connect(p);
        ch = open_first(p, (struct opening){0});
        send_channel_request(p, ch, "pty-req", 1,
                             pty(p, "xterm", 80, count == 1 ? p->row->bytes : garbage[i]));
        if (answer(p) == 0)
            observe_end(p);
    }
}

static void pty_twice(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    p->conforming = true;
    send_channel_request(p, ch, "pty-req", 1, pty(p, "xterm", 80, no_modes));
    (void)next(p);
    p->conforming = false;
    send_channel_request(p, ch, "pty-req", 1, pty(p, "xterm", 80, no_modes));
    (void)answer(p);
}

static void pty_term(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});
    struct bytes term = message(p, "rb", bytes_of("\x1b[31m"), 0), x = filled(p, 'x', 4096);

    send_channel_request(p, ch, "pty-req", 1,
                         message(p, "suuuus", message(p, "rr", (struct bytes){term.at, 5}, x), 80,
                                 24, 0, 0, no_modes));
    (void)answer(p);
}

/* clang-format off */
const struct spec_case spec_requests[] = {
    {"4254/5.4/unknown-reply", BOTH, MUST, "RFC 4254 5.4", "4254/5.4/1",
     "an unknown channel request with want-reply TRUE", "channel-failure",
     .run = unknown_reply, .number = 1},
    {"4254/5.4/unknown-no-reply", BOTH, MUST, "RFC 4254 5.4", "4254/5.4/2",
     "an unknown channel request with want-reply FALSE", "silent, go-on",
     .run = unknown_no_reply},
    {"4254/5.4/want-reply-2", BOTH, MUST, "RFC 4251 5", "4251/5/1",
     "want-reply is 0x02, which means TRUE", "channel-failure",
     .run = unknown_reply, .number = 2},
    {"4254/5.4/order", BOTH, MUST, "RFC 4254 5.4", "4254/5.4/3",
     "ten channel requests: ten replies in order", "channel-failure x10",
     .run = order},
    {"4254/5.4/pipelined", SERVER, MUST, "RFC 4254 5.4", "4254/5.4/4",
     "pty-req, env and shell sent without waiting for replies", "channel-success in order",
     .run = pipelined},
    {"4254/5.4/window-0", BOTH, MUST, "RFC 4254 5.4", "4254/5.4/5",
     "channel requests while the window is 0", "answered",
     .run = window_0},
    {"4254/5.4/after-eof", BOTH, PRACTICE, "RFC 4254 5.4", "4254/5.4/1",
     "a channel request after our EOF", "answered",
     .run = after_eof},
    {"4254/5.4/unsolicited", BOTH, PRACTICE, "RFC 4254 5.4", "4254/5.4/7",
     "unsolicited CHANNEL_SUCCESS and CHANNEL_FAILURE", "close | ignored",
     .run = unsolicited},
    {"4254/5.4/flood", SERVER, PRACTICE, "RFC 4254 5.4", "4254/5.4/3",
     "10,000 channel requests with want-reply while we do not read", "go-on, no growth | close, no growth",
     .run = flood},
    {"4254/6.2/pty", SERVER, MUST, "RFC 4254 6.2", "4254/6.2/1",
     "pty-req with zero dimensions", "channel-success | channel-failure",
     .run = pty_zero},
    {"4254/6.2/pty-modes-garbage", SERVER, MUST, "RFC 4254 6.2", "4254/6.2/3 4254/8/1",
     "modes without a terminator, truncated modes, and opcodes 160 and above", "answered",
     .run = pty_modes, .note = "OpenSSH 9.2 and Dropbear 2022.83 end the connection when a mode lacks its value. RFC 4254 section 8 says what a receiver does with opcodes that it does not know, not with modes that are cut."},
    {"4254/6.2/pty-modes-unknown", SERVER, MAY, "RFC 4254 8", "4254/8/3",
     "unknown opcodes below 160, followed by a known one", "answered",
     .run = pty_modes, .bytes = LITERAL("\x9f\0\0\0\1\x35\0\0\0\1\0")},
    {"8160/3/iutf8", SERVER, MAY, "RFC 8160 3", "8160/3/2",
     "opcode 42 in the terminal modes", "answered",
     .run = pty_modes, .bytes = LITERAL("\x2a\0\0\0\1\0")},
    {"4254/6.2/pty-twice", SERVER, PRACTICE, "RFC 4254 6.2", "4254/6.2/4",
     "pty-req is sent twice", "answered",
     .run = pty_twice},
    {"4254/6.2/pty-term-4k", SERVER, PRACTICE, "RFC 4254 6.2", "4254/6.2/3",
     "a 4 KiB TERM value with escape sequences", "answered",
     .run = pty_term},
    {0},
};
/* clang-format on */
