/* Cases that take minutes: RFC 4253 sections 6.4 and 9, RFC 4344 section 3, strict kex section 3.2.
 */
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

enum {
    BATCH = 8192,          /* packets that are sent at once */
    IGNORE_LEN = 5,        /* bytes of an empty IGNORE */
    PACKET_MOST = 64 + 16, /* bytes of such a packet with its tag */
    GIGABYTE_WINDOW = 1 << 30,
    SOME = 1000000, /* bytes that are received before the rekey */
    PATIENCE_US = 30 * 1000000,
    STALL_US = 120 * 1000000, /* that the peer may read nothing for, on a machine with much load */
};

#define ALL_NUMBERS (UINT64_C(1) << 32)
#define ENOUGH UINT64_C(1200000000) /* bytes: more than 1 GiB */

/* A batch of empty IGNORE messages, into `out`; returns the bytes. RFC 4253 section 11.2: byte
 * SSH_MSG_IGNORE, string data */
static size_t fill_batch(struct peer *p, uint8_t *out)
{
    static const uint8_t ignore[IGNORE_LEN] = {SSH_MSG_IGNORE}, filler[255];
    uint8_t padding = packet_padding_least(&p->sending, IGNORE_LEN);
    size_t len = 0;

    for (int i = 0; i < BATCH; i++) {
        memcpy(out + len + PACKET_START, ignore, IGNORE_LEN);
        len += packet_write(&p->sending, out + len, IGNORE_LEN, padding, filler);
    }
    return len;
}

/* The quickest cipher; its limit on packets is as high as any. */
static void quickly(struct peer *p)
{
    static const char name[] = "aes128-gcm@openssh.com";

    if (list_contains(p->setting->facts.theirs.list[LIST_CIPHER_TO_SERVER], name))
        only_cipher(p, name);
}

/* Send that many IGNORE messages, reading meanwhile, until the peer has started a rekey if that is
 * asked for. Returns how many were sent. */
static uint64_t flood(struct peer *p, uint64_t packets, bool until_rekey)
{
    uint8_t *batch = peer_memory(p, BATCH * PACKET_MOST);
    uint64_t sent = 0;

    while (sent < packets && !over(p) && now_us() < p->deadline &&
           !(until_rekey && p->session_rekeyed)) {
        conn_send(&p->conn, (struct bytes){batch, fill_batch(p, batch)}, now_us() + STALL_US);
        sent += BATCH;
        while (conn_received(&p->conn).len > 0 && receive_any(p))
            continue;
    }
    return sent;
}

static void need_time(struct peer *p, uint64_t sent)
{
    need(p, sent >= ALL_NUMBERS || over(p), "only %llu of 2^32 packets were sent (--timeout)",
         (unsigned long long)sent);
}

/* A cipher that the peer has, whose tags cover the sequence number, as those of AES-GCM do not (RFC
 * 5647 section 7.1). */
static const char *numbered_cipher(struct peer *p)
{
    static const char *const names[] = {"chacha20-poly1305@openssh.com", "aes256-ctr",
                                        "aes128-ctr"};
    const char *theirs = p->setting->facts.theirs.list[LIST_CIPHER_TO_SERVER];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (list_contains(theirs, names[i]))
            return names[i];
    need(p, false, "only ciphers without sequence numbers");
    return "";
}

/* After as many packets as there are numbers, each end counts from 0 again: a tag under the last
 * keys covers the number. Strict kex would start from 0 after each exchange. */
static void numbers_wrap(struct peer *p)
{
    const char *last = numbered_cipher(p);

    reach(p, AT_KEXINIT);
    without_strict(p);
    quickly(p);
    reach(p, AT_LOGIN);
    p->observing = true;
    need_time(p, flood(p, ALL_NUMBERS, false));
    only_cipher(p, last);
    rekey(p);
    go_on(p);
}

/* Before the KEXINIT, so that it would have the number 0, as the first packet must. */
static void numbers_wrap_in_kex(struct peer *p)
{
    need_strict(p);
    reach(p, AT_KEXINIT);
    p->observing = true;
    need_time(p, flood(p, ALL_NUMBERS, false));
    go_on(p);
}

static void own_limits(struct peer *p)
{
    uint64_t sent;

    reach(p, AT_LOGIN);
    sent = flood(p, ALL_NUMBERS, true);
    need_time(p, p->session_rekeyed ? ALL_NUMBERS : sent);
    report(p, "%s %llu packets",
           p->session_rekeyed ? "a rekey after"
           : p->conn.stalled  ? "it reads nothing any more after"
           : over(p)          ? "the connection ended after"
                              : "no rekey within",
           (unsigned long long)sent);
}

/* What the peer sends is not kept. */
static struct spec_channel *open_download(struct peer *p)
{
    struct spec_channel *ch =
        open_produce(p, (struct opening){.window = GIGABYTE_WINDOW}, "1000000000");

    p->bulk = true;
    return ch;
}

/* A program that prints fewer bytes than it is asked for is run again. */
static void own_after_gigabyte(struct peer *p)
{
    uint64_t sum = 0;

    do {
        struct spec_channel *ch = open_download(p);

        while (!p->session_rekeyed && !ch->got_close && receive_any(p))
            if (ch->window < GIGABYTE_WINDOW / 2)
                send_adjust(p, ch, GIGABYTE_WINDOW / 2);
        sum += ch->received.len;
        need(p, ch->received.len > 0, "no data comes");
    } while (!over(p) && !p->session_rekeyed && sum < ENOUGH);
    report(p, "%s within %llu bytes", p->session_rekeyed ? "a rekey" : "no rekey",
           (unsigned long long)sum);
}

/* Our KEXINIT, theirs, and then nothing. What was in flight before theirs is legal. */
static void never_finished(struct peer *p)
{
    struct spec_channel *ch = open_download(p);
    size_t before;

    (void)wait_received(p, ch, SOME);
    start_rekey(p);
    p->quiet = true;
    before = ch->received.len;
    wait_close(p, PATIENCE_US);
    if (ch->received.len > before)
        observe(p, "%zu bytes of data after its KEXINIT", ch->received.len - before);
    if (current_part(p)->ending != ENDING_SILENT || ch->received.len > before)
        return;
    current_part(p)->ending = ENDING_NONE;
    observe(p, "data flow stops");
}

/* clang-format off */
const struct spec_case spec_slow[] = {
    {"4253/6.4/seq-wraps", BOTH, PRACTICE, "RFC 4253 6.4", "4253/6.4/4",
     "2^32 packets are sent (slow)", "go-on",
     .run = numbers_wrap, .slow = true,
     .note = "AES-GCM has the shortest packets and needs the least time for them, but its tags do not cover the sequence number: a rekey to another cipher at the end shows that both ends count alike. 2^32 packets of 36 bytes are 155 GB. nacre-spec and nacre-echo each need 13 minutes of processor time for them, and took 77 minutes on a busy machine. The limit is 100 times --timeout, 100 minutes by default; a peer that has not received all packets by then is skipped, with their number."},
    {"strict/3.2/seq-wraps", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/4",
     "the sequence number would wrap during the first key exchange (slow)", "close",
     .run = numbers_wrap_in_kex, .slow = true},
    {"4344/3.1/own-limits", BOTH, SHOULD, "RFC 4344 3.1", "4344/3.1/1 4344/3.2/1",
     "the peer rekeys within the cipher's limits (slow)", "report",
     .run = own_limits, .slow = true},
    {"4253/9/own-after-1gib", BOTH, SHOULD, "RFC 4253 9", "4253/9/7",
     "the peer rekeys after at most 1 GiB (slow)", "report",
     .run = own_after_gigabyte, .slow = true},
    {"4253/9/never-finished", BOTH, PRACTICE, "RFC 4253 9", "4253/9/10",
     "our KEXINIT, then nothing, while data is waiting (slow)", "close within the time limit | data flow stops",
     .run = never_finished, .slow = true},
    {0},
};
/* clang-format on */
