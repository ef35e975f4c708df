/* RFC 4254 section 5.3: how channels end; PROTOCOL section 2.1. */
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

enum { CHANNELS = 1000 };

static void eof_half(struct peer *p)
{
    struct spec_channel *ch = open_produce(p, (struct opening){0}, "1000000");

    send_eof(p, ch);
    (void)wait_received(p, ch, 1000000);
    observe_length(p, ch, 1000000);
}

static void own_eof(struct peer *p)
{
    struct spec_channel *ch = open_produce(p, (struct opening){0}, "10");

    if (p->role == NACRE_SERVER) /* a client closes only after us */
        (void)wait_eof(p, ch);
    else
        (void)wait_channel_close(p, ch);
    report(p, "EOF %s", ch->got_eof ? "was sent" : "was not sent");
}

static void after_eof(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    p->conn.corked = true;
    send_eof(p, ch);
    if (p->row->number == SSH_MSG_CHANNEL_DATA)
        send_data(p, ch, bytes_of("late"));
    else
        send_eof(p, ch);
    conn_uncork(&p->conn, step_deadline(p));
    go_on(p);
}

/* The row's number: 0 with a program, and a window of 0; 1 with a program; 2 without one, after
 * EOF.
 */
static void close_answered(struct peer *p)
{
    struct spec_channel *ch =
        p->row->number == 2 ? open_first(p, (struct opening){0})
                            : open_cat(p, (struct opening){.window_zero = p->row->number == 0});

    if (p->row->number == 2)
        send_eof(p, ch);
    send_close(p, ch);
    observe_channel_close(p, ch);
}

/* To a client, in one segment: it prints all of it. */
static void deliver_and_close(struct peer *p, struct spec_channel *ch, struct bytes bytes)
{
    if (over(p))
        return;
    p->client->child.echo = false;
    p->conn.corked = true;
    send_data(p, ch, bytes);
    send_exit(p, ch, 0);
    conn_uncork(&p->conn, step_deadline(p));
    (void)wait_channel_close(p, ch);
    client_wait(p);
    observe(p, bytes_equal(client_output(p), bytes) ? "same bytes" : "other bytes");
}

static void close_delivers(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});
    struct bytes bytes = sample(p, 1000);

    if (p->role == NACRE_SERVER) {
        deliver_and_close(p, ch, bytes);
        return;
    }
    p->quiet = true; /* we close only when all has come */
    (void)send_all(p, ch, bytes);
    send_eof(p, ch);
    (void)wait_channel_close(p, ch);
    observe_bytes(p, ch, bytes);
}

static void close_twice(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    p->conn.corked = true;
    send_close(p, ch);
    send_close(p, ch);
    conn_uncork(&p->conn, step_deadline(p));
    go_on(p);
}

static void late_data(struct peer *p, struct spec_channel *ch)
{
    send_data(p, ch, bytes_of("late"));
}

static void late_request(struct peer *p, struct spec_channel *ch)
{
    send_channel_request(p, ch, "unknown@nacre-spec", 0, (struct bytes){NULL, 0});
}

static void (*const late[])(struct peer *p, struct spec_channel *ch) = {late_data, late_request,
                                                                        send_eof};

static void after_close(struct peer *p)
{
    for (int i = 0; i < 3; i++) {
        struct spec_channel *ch;

        peer_connect(p);
        ch = open_cat(p, (struct opening){0});
        p->conn.corked = true;
        send_close(p, ch);
        late[i](p, ch);
        conn_uncork(&p->conn, step_deadline(p));
        go_on(p);
    }
}

static void reuse(struct peer *p)
{
    need_server(p, "the client opens one channel");
    reach(p, AT_LOGIN);
    p->conforming = true;
    for (int i = 0; i < CHANNELS && !over(p); i++) {
        struct spec_channel *ch;

        p->channel_count = 0;
        ch = open_session(p);
        send_close(p, ch);
        if (!wait_channel_close(p, ch))
            break;
    }
    p->conforming = false;
    go_on(p);
}

static void must_send_back(struct peer *p, struct spec_channel *ch)
{
    struct bytes bytes = sample(p, 1000);

    (void)send_all(p, ch, bytes);
    if (!wait_received(p, ch, bytes.len))
        observe(p, "channel %u stands still", (unsigned)ch->number);
}

static void other_channels(struct peer *p)
{
    struct spec_channel *ch[3];

    need_server(p, "the client opens one channel");
    for (int i = 0; i < 3; i++)
        ch[i] = open_cat(p, (struct opening){0});
    send_close(p, ch[1]);
    (void)wait_channel_close(p, ch[1]);
    must_send_back(p, ch[0]);
    must_send_back(p, ch[2]);
    go_on(p);
}

/* ---- eow@openssh.com: PROTOCOL section 2.1 ---- */

static void eow(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    send_channel_request(p, ch, "eow@openssh.com", 0, (struct bytes){NULL, 0});
    go_on(p);
}

static void eow_stops(struct peer *p)
{
    struct spec_channel *ch = open_produce(p, (struct opening){.window = 1000}, "1000000");

    (void)wait_received(p, ch, 1000);
    send_channel_request(p, ch, "eow@openssh.com", 0, (struct bytes){NULL, 0});
    fence(p);
    send_adjust(p, ch, 100000);
    fence(p);
    report(p, "%zu bytes came after it", ch->received.len - 1000);
}

/* clang-format off */
const struct spec_case spec_ends[] = {
    {"4254/5.3/eof-half", BOTH, MUST, "RFC 4254 5.3", "4254/5.3/2",
     "after our EOF, the peer's data still arrives", "same bytes",
     .run = eof_half},
    {"4254/5.3/own-eof", BOTH, SHOULD, "RFC 4254 5.3", "4254/5.3/1",
     "the peer sends EOF at the end of its data", "report",
     .run = own_eof},
    {"4254/5.3/own-no-data-after-eof", BOTH, MUST, "RFC 4254 5.3", "4254/5.3/4",
     "the peer sends no data after its EOF", "never violated",
     .run = NULL, .watch = WATCH_NO_DATA_AFTER_EOF},
    {"4254/5.3/own-nothing-after-close", BOTH, MUST, "RFC 4254 5.3", "4254/5.3/7",
     "the peer sends nothing on a channel after its CLOSE", "never violated",
     .run = NULL, .watch = WATCH_NOTHING_AFTER_CLOSE},
    {"4254/5.3/data-after-eof", BOTH, PRACTICE, "RFC 4254 5.3", "4254/5.3/5",
     "data after our EOF", "close | ignored",
     .run = after_eof, .number = SSH_MSG_CHANNEL_DATA,
     .note = "plink 0.78 ends with a failed assertion"},
    {"4254/5.3/eof-twice", BOTH, PRACTICE, "RFC 4254 5.3", "4254/5.3/5",
     "EOF is sent twice", "close | ignored",
     .run = after_eof, .number = SSH_MSG_CHANNEL_EOF},
    {"4254/5.3/close-answered", BOTH, MUST, "RFC 4254 5.3", "4254/5.3/6",
     "CLOSE is answered with CLOSE", "close-message",
     .run = close_answered, .number = 2,
     .note = "dbclient and plink end the connection instead when their only channel is closed"},
    {"4254/5.3/close-without-eof", BOTH, MAY, "RFC 4254 5.3", "4254/5.3/11",
     "CLOSE without EOF", "close-message",
     .run = close_answered, .number = 1},
    {"4254/5.3/close-window-0", BOTH, MUST, "RFC 4254 5.3", "4254/5.3/3",
     "CLOSE while the window is 0", "close-message",
     .run = close_answered, .number = 0},
    {"4254/5.3/close-delivers", BOTH, SHOULD, "RFC 4254 5.3", "4254/5.3/10",
     "data right before CLOSE is delivered", "same bytes",
     .run = close_delivers},
    {"4254/5.3/close-twice", BOTH, PRACTICE, "RFC 4254 5.3", "4254/5.3/9",
     "CLOSE is sent twice", "close | go-on",
     .run = close_twice},
    {"4254/5.3/after-close", BOTH, PRACTICE, "RFC 4254 5.3", "4254/5.3/9",
     "data, request and EOF after our CLOSE", "close | ignored",
     .run = after_close},
    {"4254/5.3/reuse", BOTH, MUST, "RFC 4254 5.3", "4254/5.3/8",
     "1000 channels in succession", "go-on",
     .run = reuse},
    {"4254/5.3/other-channels", BOTH, MUST, "RFC 4254 5.3", "4254/5.3/12",
     "one of three channels ends and the others continue", "go-on",
     .run = other_channels},
    {"4254/6.10/exit-then-close", SERVER, MUST, "RFC 4254 6.10", "4254/6.10/3",
     "the server sends exit-status, then EOF and CLOSE", "never violated",
     .run = NULL, .watch = WATCH_EXIT_THEN_CLOSE},
    {"ossh/2.1/eow", BOTH, MUST, "PROTOCOL 2.1", "ossh/2.1/2 ossh/2.1/3",
     "eow@openssh.com where it is not supported", "go-on",
     .run = eow},
    {"ossh/2.1/eow-stops", SERVER, SHOULD, "PROTOCOL 2.1", "ossh/2.1/1",
     "after eow@openssh.com the peer sends no more data", "report",
     .run = eow_stops},
    {0},
};
/* clang-format on */
