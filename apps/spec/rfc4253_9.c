/* RFC 4253 section 9: key re-exchange. */
#include "apps/spec/client.h"
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

#include <string.h>

enum { MIB = 1 << 20, REKEYS = 50, REPLIES = 10, PIECE = 65536, LIMIT_TRIED = 16000000 };

static void peer_answers(struct peer *p)
{
    reach(p, AT_LOGIN);
    rekey(p);
    go_on(p);
}

/* Both KEXINITs are on the way at once: ours goes out in the segment of a request that makes the
 * server send something at the same time. */
/* The request was there before the KEXINIT; its answer may come before or after the exchange. */
static void crossing(struct peer *p)
{
    need_request_failure(p);
    reach(p, AT_LOGIN);
    begin_exchange(p);
    p->conn.corked = true;
    p->conforming = true;
    transmit(p, "btb", SSH_MSG_GLOBAL_REQUEST, "fence@nacre-spec", 1);
    send_kexinit(p);
    p->conforming = false;
    conn_uncork(&p->conn, step_deadline(p));
    p->replies_to_skip = 1;
    if (receive_kexinit(p))
        finish_exchange(p);
    go_on(p);
}

/* Other names first in each list: the second name in common. */
static void change(struct peer *p, enum kexinit_list list, size_t index)
{
    char common[NAMES_MAX], name[NAME_MAX_LEN];

    list_common(common, p->x.ours.list[list], p->setting->facts.theirs.list[list]);
    for (size_t i = 0; list_item(common, i, name); i++)
        if (i == index && strncmp(name, "diffie-hellman", 14) != 0)
            list_first(p->x.ours.list[list], name);
}

static void algorithms_change(struct peer *p)
{
    reach(p, AT_LOGIN);
    for (int list = LIST_KEX; list <= LIST_MAC_TO_CLIENT; list++)
        change(p, (enum kexinit_list)list, 1);
    rekey(p);
    go_on(p);
}

static void many(struct peer *p)
{
    reach(p, AT_LOGIN);
    for (int i = 0; i < REKEYS && !over(p); i++)
        rekey(p);
    go_on(p);
}

static void under_load(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});
    struct bytes bytes = sample(p, 8 * MIB), rest = bytes;

    p->conforming = true;
    while (rest.len > 0 && !over(p)) {
        size_t n = rest.len < PIECE ? rest.len : PIECE;

        if (!send_all(p, ch, (struct bytes){rest.at, n}))
            break;
        rekey(p);
        rest = bytes_from(rest, n);
    }
    send_eof(p, ch);
    (void)wait_received(p, ch, bytes.len);
    observe_bytes(p, ch, bytes);
}

/* Data in the segment before our KEXINIT: what the server sends back is in flight when its KEXINIT
 * comes. */
static void in_flight(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});
    struct bytes bytes = sample(p, PIECE);

    p->conforming = true;
    (void)send_all(p, ch, bytes);
    rekey(p);
    send_eof(p, ch);
    (void)wait_received(p, ch, bytes.len);
    observe_bytes(p, ch, bytes);
}

static void data_after_kexinit(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});
    struct bytes bytes = sample(p, 100);

    start_rekey(p);
    send_data(p, ch, bytes);
    finish_exchange(p);
    if (!over(p) && wait_received(p, ch, bytes.len))
        observe(p, bytes_equal(ch->received, bytes) ? "delivered" : "other bytes");
    else
        observe_end(p);
}

/* A rekey that the peer starts: one that does so after less than these 16 MB. */
static void peer_starts(struct peer *p)
{
    struct spec_channel *ch;

    intend_rekey(p);
    ch = open_produce(p, (struct opening){0}, "16000000");
    for (size_t n = PIECE; n <= LIMIT_TRIED && !p->session_rekeyed && !over(p); n += PIECE)
        (void)wait_received(p, ch, n);
    need(p, over(p) || p->session_rekeyed, "it starts no rekey within 16 MB");
    go_on(p);
}

static void in_auth(struct peer *p)
{
    reach(p, (enum reached)p->row->number);
    p->observing = true;
    rekey(p);
    if (!p->rekey_refused)
        go_on(p);
}

/* The window is 0, and the program has more to send. */
static void window_full(struct peer *p)
{
    struct spec_channel *ch = open_produce(p, (struct opening){.window = 1000}, "100000");

    (void)wait_received(p, ch, 1000);
    rekey(p);
    go_on(p);
    if (ch->received.len != 1000)
        observe(p, "%zu bytes in a window of 1000", ch->received.len);
}

static void pending_replies(struct peer *p)
{
    need_request_failure(p);
    reach(p, AT_LOGIN);
    p->conn.corked = p->conforming = true;
    for (int i = 0; i < REPLIES; i++)
        transmit(p, "btb", SSH_MSG_GLOBAL_REQUEST, "fence@nacre-spec", 1);
    begin_exchange(p);
    send_kexinit(p);
    conn_uncork(&p->conn, step_deadline(p));
    p->replies_to_skip = REPLIES;
    (void)receive_kexinit(p);
    finish_exchange(p);
    while (p->replies_to_skip > 0 && receive_any(p))
        continue;
    p->conforming = false;
    go_on(p);
}

static void no_common(struct peer *p)
{
    reach(p, AT_LOGIN);
    begin_exchange(p);
    list_set(p->x.ours.list[LIST_KEX], "unknown@nacre-spec");
    send_kexinit(p);
    (void)receive_kexinit(p);
    wait_close(p, p->step);
}

/* clang-format off */
const struct spec_case spec_rekey[] = {
    {"4253/9/peer-answers", BOTH, MUST, "RFC 4253 9", "4253/9/1",
     "our KEXINIT after login is answered", "go-on",
     .run = peer_answers},
    {"4253/9/peer-starts", BOTH, MAY, "RFC 4253 9", "4253/9/2",
     "the peer starts a rekey, triggered by its own limit", "go-on",
     .run = peer_starts},
    {"4253/9/crossing", BOTH, MUST, "RFC 4253 9", "4253/9/3",
     "the KEXINITs cross", "go-on",
     .run = crossing},
    {"4253/9/own-roles", BOTH, MUST, "RFC 4253 9", "4253/9/4",
     "the client keeps the client role in a rekey", "never violated",
     .run = NULL, .watch = WATCH_ROLES},
    {"4253/9/algorithms-change", BOTH, MUST, "RFC 4253 9", "4253/9/5",
     "a different method, cipher, MAC and host key in the second exchange", "go-on",
     .run = algorithms_change},
    {"4253/9/under-load", BOTH, MUST, "RFC 4253 9", "4253/9/8 4253/9/6",
     "a rekey every 64 KiB while 8 MiB flow in both directions", "same bytes",
     .run = under_load},
    {"4253/9/many", BOTH, MUST, "RFC 4253 9", "4253/9/8",
     "fifty rekeys on an idle connection", "go-on",
     .run = many},
    {"4253/9/in-flight", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/20",
     "channel data already in flight when the peer sends KEXINIT is accepted", "same bytes",
     .run = in_flight},
    {"4253/9/data-after-own-kexinit", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/21",
     "we send channel data between our KEXINIT and NEWKEYS", "close | delivered as warn",
     .run = data_after_kexinit},
    {"4253/9/in-auth", BOTH, MUST, "RFC 4253 9", "4253/9/1",
     "a rekey during authentication", "go-on | close as warn | unimpl(seq) as warn",
     .run = in_auth, .number = AT_AUTH, .listed = "go-on | close as warn",
     .note = "sshd answers UNIMPLEMENTED and stays in the authentication"},
    {"4253/9/before-service", BOTH, PRACTICE, "RFC 4253 9", "4253/9/1",
     "a rekey right after the first NEWKEYS", "go-on | close as warn | unimpl(seq) as warn",
     .run = in_auth, .number = AT_SERVICE, .listed = "go-on | close as warn",
     .note = "sshd answers UNIMPLEMENTED and stays in the authentication"},
    {"4253/9/window-full", BOTH, MUST, "RFC 4253 9", "4253/9/8",
     "a rekey while the window is at 0", "go-on",
     .run = window_full},
    {"4253/9/pending-replies", BOTH, MUST, "RFC 4253 9", "4253/9/8",
     "a rekey with ten requests outstanding: the replies come in order after it", "go-on",
     .run = pending_replies},
    {"4253/9/session-id", BOTH, MUST, "RFC 4253 7.2", "4253/7.2/2",
     "keys after a rekey are derived from the first session identifier", "go-on",
     .run = peer_answers},
    {"4253/9/no-common-in-rekey", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/4",
     "no algorithms in common in the second exchange", "close",
     .run = no_common},
    {0},
};
/* clang-format on */
