/* RFC 4254 sections 5.1 and 5.2: windows and data. */
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

enum { MIB = 1 << 20, EMPTY = 1000, QUIET_US = 300000 };

/* ---- windows: section 5.2 ---- */

/* The row's number is the maximum packet size. */
static void max_packet_1(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){.max_packet = 1});
    struct bytes bytes = sample(p, 100);

    (void)send_all(p, ch, bytes);
    (void)wait_received(p, ch, bytes.len);
    observe(p, bytes_equal(ch->received, bytes) ? "one byte per message" : "other bytes");
}

/* exec of cat, and data for it: what it sends back would be there soon. */
static void feed_cat(struct peer *p, struct spec_channel *ch)
{
    send_channel_request(p, ch, "exec", 1, message(p, "t", p->setting->profile.cat));
    (void)next(p);
    send_data(p, ch, bytes_of("data"));
    (void)conn_wait(&p->conn, now_us() + QUIET_US);
}

/* byte 90, "session", channel, window, a maximum packet size of 0 */
static void max_packet_0(struct peer *p)
{
    struct spec_channel *ch;

    need_command(p, p->setting->profile.cat, "cat");
    reach(p, AT_LOGIN);
    ch = send_open(p, (struct opening){.max_packet_zero = true});
    if (!wait_opened(p, ch)) {
        observe(p, "open-failure");
        return;
    }
    feed_cat(p, ch);
    fence(p);
    if (current_part(p)->ending == ENDING_GO_ON && ch->received.len == 0)
        observe(p, "no data");
}

static void max_packet_huge(struct peer *p)
{
    struct spec_channel *ch =
        open_produce(p, (struct opening){.max_packet = UINT32_MAX, .window = 4 * MIB}, "1000000");

    (void)wait_received(p, ch, 1000000);
    observe(p, p->watched[WATCH_MAX_PACKET].broken == 0 ? "never violated" : "larger packets");
}

static void window_huge(struct peer *p)
{
    (void)open_cat(p, (struct opening){.window = UINT32_MAX});
    go_on(p);
}

static void window_0(struct peer *p)
{
    struct spec_channel *ch = open_produce(p, (struct opening){.window_zero = true}, "1000");

    send_channel_request(p, ch, "unknown@nacre-spec", 1, (struct bytes){NULL, 0});
    if (next(p) != SSH_MSG_CHANNEL_FAILURE)
        observe(p, "a request without an answer");
    go_on(p);
    if (ch->received.len == 0 && ch->received_stderr == 0)
        observe(p, "no data");
}

/* Send 1000 bytes through a window that we open by the row's number each time. */
static void window_small(struct peer *p)
{
    uint32_t step = p->row->number;
    struct spec_channel *ch = open_cat(p, (struct opening){.window = step, .max_packet = 1024});
    struct bytes bytes = sample(p, 1000);

    p->conforming = true;
    (void)send_all(p, ch, bytes);
    while (ch->received.len < bytes.len && receive_any(p))
        if (ch->window == 0)
            send_adjust(p, ch, step);
    observe_bytes(p, ch, bytes);
}

static void window_odd(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){.window = 7});
    struct bytes bytes = sample(p, 20000);

    p->conforming = true;
    (void)send_all(p, ch, bytes);
    while (ch->received.len < bytes.len && !over(p)) {
        send_adjust(p, ch, 7);
        send_adjust(p, ch, 7);
        if (!wait_received(p, ch, ch->received.len + 1))
            break;
    }
    observe_bytes(p, ch, bytes);
}

static void window_big(struct peer *p)
{
    struct spec_channel *ch = open_produce(p, (struct opening){.window = UINT32_MAX}, "8388608");

    (void)wait_received(p, ch, 8 * MIB);
    observe_length(p, ch, 8 * MIB);
}

static void adjust_0(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    send_adjust(p, ch, 0);
    go_on(p);
}

static void adjust_overflow(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    send_adjust(p, ch, UINT32_MAX);
    send_adjust(p, ch, UINT32_MAX);
    go_on(p);
}

static void adjust_after_close(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    p->conn.corked = true;
    send_close(p, ch);
    send_adjust(p, ch, 1000);
    conn_uncork(&p->conn, step_deadline(p));
    go_on(p);
}

static void replenish(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});
    struct bytes bytes = sample(p, 8 * MIB);

    p->conforming = true;
    (void)send_all(p, ch, bytes);
    (void)wait_received(p, ch, bytes.len);
    observe_bytes(p, ch, bytes);
}

/* So many bytes within the peer's packets, whatever its window is. */
static void send_regardless(struct peer *p, struct spec_channel *ch, size_t left)
{
    while (left > 0 && !over(p)) {
        size_t n = left < ch->peer_max_packet ? left : ch->peer_max_packet;

        n = n < 32768 ? n : 32768;
        send_data(p, ch, filled(p, 'w', n));
        left -= n;
    }
}

/* More than the peer's window, by the row's number; the program reads nothing, so that the window
 * stays as it is. */
static void beyond_window(struct peer *p)
{
    struct spec_channel *ch;

    reach(p, AT_LOGIN);
    ch = open_session(p);
    p->observing = false;
    need(p, over(p) || ch->peer_window < 64 * MIB, "its window is too large to be exceeded");
    send_regardless(p, ch, (size_t)ch->peer_window + p->row->number);
    go_on(p);
}

static void beyond_packet(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});
    size_t len = (size_t)ch->peer_max_packet + 1;

    need(p, over(p) || (ch->peer_window > len && len < 200000), "its packets may be too large");
    if (p->skip == NULL)
        send_data(p, ch, sample(p, len));
    p->conforming = true;
    if (!over(p) && wait_received(p, ch, len))
        observe(p, "delivered");
    p->conforming = false;
    if (current_part(p)->count == 0)
        go_on(p);
}

static void data_empty(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    for (int i = 0; i < EMPTY && !over(p); i++)
        send_data(p, ch, (struct bytes){NULL, 0});
    go_on(p);
}

static void data_length_lies(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    transmit(p, "buur", SSH_MSG_CHANNEL_DATA, ch->peer, 5, bytes_of("four"));
    go_on(p);
}

static void data_trailing(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    transmit(p, "butr", SSH_MSG_CHANNEL_DATA, ch->peer, "data", bytes_of("more"));
    go_on(p);
}

/* byte SSH_MSG_CHANNEL_EXTENDED_DATA, uint32 recipient channel, uint32 data_type_code, string data
 */
static void extended_from_client(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    transmit(p, "buut", SSH_MSG_CHANNEL_EXTENDED_DATA, ch->peer, 1, "data");
    go_on(p);
}

/* A server's other channels go on. */
static void use_another(struct peer *p)
{
    struct spec_channel *other = open_session(p);
    struct bytes bytes = sample(p, 1000);

    (void)run(p, other, p->setting->profile.cat);
    (void)send_all(p, other, bytes);
    if (!wait_received(p, other, bytes.len))
        observe(p, "the other channel stands still");
}

static void stalled_reader(struct peer *p)
{
    struct spec_channel *stalled = open_produce(p, (struct opening){.window = 1000}, "1000000");

    need_command(p, p->setting->profile.cat, "cat");
    if (p->role == NACRE_CLIENT)
        use_another(p);
    if (stalled->received.len > 1000)
        observe(p, "%zu bytes in a window of 1000", stalled->received.len);
    go_on(p);
}

/* clang-format off */
const struct spec_case spec_windows[] = {
    {"4254/5.1/max-packet-0", BOTH, PRACTICE, "RFC 4254 5.1", "4254/5.1/7",
     "our maximum packet size is 0", "open-failure | close | no data",
     .run = max_packet_0},
    {"4254/5.1/max-packet-1", BOTH, PRACTICE, "RFC 4254 5.1", "4254/5.1/7",
     "our maximum packet size is 1", "one byte per message | open-failure",
     .run = max_packet_1},
    {"4254/5.1/max-packet-ffffffff", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/15",
     "our maximum packet size is 0xffffffff: packets stay within 35000 bytes", "never violated",
     .run = max_packet_huge},
    {"4254/5.1/window-ffffffff", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/1",
     "our initial window is 0xffffffff", "go-on",
     .run = window_huge},
    {"4254/5.2/own-within-window", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/4",
     "the peer never sends beyond our window", "never violated",
     .run = NULL, .watch = WATCH_WITHIN_WINDOW},
    {"4254/5.2/own-within-packet", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/5",
     "the peer never sends more than our maximum packet size in one message", "never violated",
     .run = NULL, .watch = WATCH_WITHIN_PACKET},
    {"4254/5.2/own-window-sum", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/3",
     "the window the peer grants never exceeds 2^32-1 in total", "never violated",
     .run = NULL, .watch = WATCH_WINDOW_SUM},
    {"4254/5.2/window-0", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/4 4254/5.3/3",
     "window 0: no data, but EOF, CLOSE and requests still pass", "no data, go-on",
     .run = window_0},
    {"4254/5.2/window-1", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/4",
     "a window of 1 byte, adjusted by 1 each time, for 1000 bytes", "same bytes",
     .run = window_small, .number = 1},
    {"4254/5.2/window-odd", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/4",
     "window adjusts of 7 bytes while data flows", "same bytes",
     .run = window_odd},
    {"4254/5.2/window-big", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/1",
     "a window of 0xffffffff and 8 MiB of data", "same bytes",
     .run = window_big},
    {"4254/5.2/adjust-0", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/8",
     "a window adjust of 0", "go-on",
     .run = adjust_0},
    {"4254/5.2/adjust-overflow", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/2",
     "window adjusts that sum to more than 2^32-1", "close | ignored",
     .run = adjust_overflow},
    {"4254/5.2/adjust-after-close", BOTH, PRACTICE, "RFC 4254 5.3", "4254/5.3/9",
     "a window adjust for a channel that is closed on our side", "go-on | close",
     .run = adjust_after_close},
    {"4254/5.2/replenish", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/10",
     "8 MiB to the peer: it keeps reopening its window", "same bytes",
     .run = replenish},
    {"4254/5.2/beyond-window", BOTH, MAY, "RFC 4254 5.2", "4254/5.2/6",
     "one byte beyond the peer's window", "close | ignored",
     .run = beyond_window, .number = 1},
    {"4254/5.2/beyond-window-1mib", BOTH, MAY, "RFC 4254 5.2", "4254/5.2/6",
     "1 MiB beyond the peer's window", "close | ignored",
     .run = beyond_window, .number = MIB},
    {"4254/5.2/beyond-packet", BOTH, PRACTICE, "RFC 4254 5.2", "4254/5.2/7",
     "a message larger than the peer's maximum packet size but within the window", "close | delivered | ignored",
     .run = beyond_packet},
    {"4254/5.2/data-empty", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/9",
     "1000 CHANNEL_DATA messages of 0 bytes", "go-on",
     .run = data_empty},
    {"4254/5.2/data-length-lies", BOTH, MUST, "RFC 4251 5", "4251/5/9",
     "CHANNEL_DATA whose string length is one too large", "close",
     .run = data_length_lies},
    {"4254/5.2/data-trailing", BOTH, PRACTICE, "RFC 4251 5", "4251/5/9",
     "bytes after the string in CHANNEL_DATA", "close | go-on",
     .run = data_trailing},
    {"4254/5.2/extended-counts", BOTH, MUST, "RFC 4254 5.2", "4254/5.2/11",
     "stderr data consumes the same window", "never violated",
     .run = NULL, .watch = WATCH_EXTENDED_COUNTS},
    {"4254/5.2/extended-from-client", SERVER, PRACTICE, "RFC 4254 5.2", "4254/5.2/14",
     "extended data from a client", "ignored | close",
     .run = extended_from_client},
    {"4254/5.2/stalled-reader", BOTH, PRACTICE, "RFC 4254 5.2", "4254/5.2/4",
     "we never adjust the window and never read: memory stays bounded, other channels "
     "continue", "go-on",
     .run = stalled_reader},
    {0},
};
/* clang-format on */
