/* RFC 4253 section 6: binary packets before the first NEWKEYS, and padding and sizes under keys. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

enum { STALL_US = 10000000, MIB = 1 << 20 };

/* ---- unencrypted: our KEXINIT is the packet ---- */

/* KEXINIT whose padding is `padding`, after a reserved field and an unknown name that make the
 * packet aligned if `aligned`. */
static struct bytes kexinit_for(struct peer *p, uint8_t padding, bool aligned)
{
    char name[16] = "x-";

    for (int i = 0; i < 8; i++) {
        struct bytes payload;

        list_remove(p->x.ours.list[LIST_KEX], name);
        memset(name + 2, 'x', 12);
        name[2 + i] = 0;
        list_after(p->x.ours.list[LIST_KEX], name);
        payload = kexinit_payload(p);
        if (((5 + payload.len + padding) % 8 == 0) == aligned)
            return payload;
    }
    return kexinit_payload(p);
}

static void send_kexinit_padded(struct peer *p, uint8_t padding, bool aligned)
{
    struct bytes payload = kexinit_for(p, padding, aligned);

    p->x.payload[p->role] = payload;
    p->x.ours_sent = p->in_exchange = true;
    send_padded(p, payload, padding);
    p->reached = AT_SHARE;
}

static void kexinit_padding(struct peer *p)
{
    reach(p, AT_KEXINIT);
    send_kexinit_padded(p, (uint8_t)p->row->number, true);
    go_on(p);
}

static void misaligned(struct peer *p)
{
    reach(p, AT_KEXINIT);
    send_kexinit_padded(p, 5, false);
    go_on(p);
}

static void padding_longest(struct peer *p)
{
    p->padding = PADDING_LONG;
    reach(p, AT_SERVICE);
    p->padding = PADDING_SHORT;
    go_on(p);
}

/* The row's bytes in place of a packet, and then more, so that nothing waits for their end. */
static void raw_packet(struct peer *p)
{
    reach(p, AT_KEXINIT);
    send_raw(p, p->row->bytes);
    send_raw(p, filled(p, 0, 64));
    wait_close(p, p->step);
}

/* An unencrypted packet of 40 bytes whose padding_length is the row's number. */
static void wrong_padding_length(struct peer *p)
{
    reach(p, AT_KEXINIT);
    send_raw(p, message(p, "ubr", 36, (int)p->row->number, filled(p, SSH_MSG_IGNORE, 35)));
    wait_close(p, p->step);
}

static void length_stalls(struct peer *p)
{
    reach(p, AT_KEXINIT);
    send_raw(p, message(p, "ubr", MIB, 4, filled(p, SSH_MSG_IGNORE, 59)));
    wait_close(p, STALL_US);
}

static void payload_clear(struct peer *p)
{
    reach(p, AT_KEXINIT);
    without_strict(p);
    send_kexinit(p);
    transmit(p, "bs", SSH_MSG_IGNORE, sample(p, 32768 - 5));
    go_on(p);
}

static void one_by_one(struct peer *p)
{
    reach(p, AT_IDENT);
    p->conn.drip = true;
    steps_until(p, AT_SERVICE);
    p->conn.drip = false;
    go_on(p);
}

/* Our share; as a server, the reply in a segment of its own, because the client's share comes
 * first.
 */
static void add_share(struct peer *p)
{
    if (p->role == NACRE_CLIENT) {
        send_share(p);
        return;
    }
    conn_uncork(&p->conn, step_deadline(p));
    (void)receive_share(p);
    p->conn.corked = true;
    send_reply(p);
}

static void one_segment(struct peer *p)
{
    reach(p, AT_KEXINIT);
    without_strict(p);
    p->conn.corked = true;
    send_kexinit(p);
    transmit(p, "bs", SSH_MSG_IGNORE, sample(p, 100));
    add_share(p);
    transmit(p, "bs", SSH_MSG_IGNORE, sample(p, 100));
    conn_uncork(&p->conn, step_deadline(p));
    go_on(p);
}

/* ---- under keys ---- */

static void padding_sealed(struct peer *p)
{
    reach(p, AT_SERVICE);
    p->padding = PADDING_LONG;
    go_on(p);
}

/* A correct tag, but the wrong alignment. */
static void misaligned_sealed(struct peer *p)
{
    struct bytes payload;

    reach(p, AT_LOGIN);
    payload = message(p, "bs", SSH_MSG_IGNORE, sample(p, 20));
    send_padded(p, payload, (uint8_t)(packet_padding_least(&p->sending, payload.len) + 1));
    go_on(p);
}

static void empty_sealed(struct peer *p)
{
    reach(p, AT_LOGIN);
    send_payload(p, (struct bytes){NULL, 0});
    go_on(p);
}

/* The first block of a packet: for a cipher that encrypts the length, one that gives an impossible
 * length; nothing follows. */
static void length_early(struct peer *p)
{
    struct bytes packet;

    reach(p, AT_LOGIN);
    packet = sealed(p, message(p, "bs", SSH_MSG_IGNORE, sample(p, 200)));
    packet = flipped(p, (struct bytes){packet.at, 16}, 0); /* 2^24 bytes more */
    send_raw(p, packet);
    wait_close(p, STALL_US);
}

/* An IGNORE whose payload has so many bytes. */
static void ignore_of(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "bs", SSH_MSG_IGNORE, sample(p, p->row->number - 5));
    go_on(p);
}

/* One whose packet has so many, tag included: padding takes what the payload leaves. */
static void packet_of(struct peer *p)
{
    size_t total = p->row->number;

    reach(p, AT_LOGIN);
    for (uint8_t padding = 4; padding < 4 + 32 && !over(p) && !p->observing; padding++) {
        size_t len = total - 4 - 1 - padding - p->sending.tag_len;

        if (packet_padding_least(&p->sending, len) == padding)
            send_padded(p, message(p, "bs", SSH_MSG_IGNORE, sample(p, len - 5)), padding);
    }
    if (!p->observing) /* not a size that the cipher's alignment allows: the next smaller one */
        transmit(p, "bs", SSH_MSG_IGNORE, sample(p, total - 80));
    go_on(p);
}

/* clang-format off */
const struct spec_case spec_packet[] = {
    {"4253/6/padding-3", BOTH, MUST, "RFC 4253 6", "4253/6/1",
     "KEXINIT with 3 bytes of padding, its length chosen so that the packet is aligned", "close | go-on as warn",
     .run = kexinit_padding, .number = 3},
    {"4253/6/padding-0", BOTH, MUST, "RFC 4253 6", "4253/6/1",
     "a packet without padding", "close | go-on as warn",
     .run = kexinit_padding, .number = 0},
    {"4253/6/padding-255", BOTH, MUST, "RFC 4253 6", "4253/6/2",
     "every packet before NEWKEYS has the longest padding that fits", "go-on",
     .run = padding_longest},
    {"4253/6/padding-255-sealed", BOTH, MUST, "RFC 4253 6", "4253/6/2",
     "every encrypted packet has the longest padding that fits", "go-on",
     .run = padding_sealed},
    {"4253/6/own-padding", BOTH, MUST, "RFC 4253 6", "4253/6/1",
     "the peer pads with at least 4 bytes", "never violated",
     .run = NULL, .watch = WATCH_PADDING},
    {"4253/6/own-padding-varies", BOTH, SHOULD, "RFC 4253 6", "4253/6/3",
     "the peer's padding bytes in encrypted packets differ from packet to packet", "never violated",
     .run = NULL, .watch = WATCH_PADDING_VARIES},
    {"4253/6/own-alignment", BOTH, MUST, "RFC 4253 6", "4253/6/4",
     "the length of each of the peer's packets is a multiple of max(8, cipher block size)", "never violated",
     .run = NULL, .watch = WATCH_ALIGNMENT},
    {"4253/6/misaligned", BOTH, MUST, "RFC 4253 6", "4253/6/5",
     "KEXINIT whose total length is not a multiple of 8", "close | go-on as warn",
     .run = misaligned},
    {"4253/6/misaligned-sealed", BOTH, MUST, "RFC 4253 6", "4253/6/5",
     "an encrypted packet whose length is not a multiple of the cipher block size, with a "
     "correct tag", "close",
     .run = misaligned_sealed,
     .note = "libssh2 1.10 ends by an assertion"},
    {"4253/6/padding-beyond-packet", BOTH, MUST, "RFC 4253 6", "4253/6/6",
     "padding_length is larger than packet_length", "close",
     .run = wrong_padding_length, .number = 200},
    {"4253/6/padding-all", BOTH, MUST, "RFC 4253 6", "4253/6/8",
     "padding fills the packet, leaving an empty payload", "close",
     .run = wrong_padding_length, .number = 35},
    {"4253/6/empty-payload-sealed", BOTH, MUST, "RFC 4253 6", "4253/6/8",
     "an encrypted packet with an empty payload", "close",
     .run = empty_sealed},
    {"4253/6/length-0", BOTH, MUST, "RFC 4253 6", "4253/6/7",
     "packet_length is 0", "close",
     .run = raw_packet, .bytes = LITERAL("\0\0\0\0")},
    {"4253/6/length-1", BOTH, MUST, "RFC 4253 6", "4253/6/7",
     "packet_length is 1", "close",
     .run = raw_packet, .bytes = LITERAL("\0\0\0\1\0")},
    {"4253/6/length-4", BOTH, MUST, "RFC 4253 6", "4253/6/7",
     "packet_length is 4, smaller than any legal packet", "close",
     .run = raw_packet, .bytes = LITERAL("\0\0\0\4\2\2\2\2")},
    {"4253/6/length-ffffffff", BOTH, SHOULD, "RFC 4253 6.1", "4253/6.1/2",
     "packet_length is 0xffffffff", "close",
     .run = raw_packet, .bytes = LITERAL("\xff\xff\xff\xff\4\2")},
    {"4253/6/length-7fffffff", BOTH, SHOULD, "RFC 4253 6.1", "4253/6.1/2",
     "packet_length is 0x7fffffff", "close",
     .run = raw_packet, .bytes = LITERAL("\x7f\xff\xff\xff\4\2")},
    {"4253/6.1/length-1mib-stalls", BOTH, SHOULD, "RFC 4253 6.1", "4253/6.1/2 4253/6/9",
     "packet_length is 1 MiB: we send 64 bytes of it, then nothing", "close within 10 s | silent as warn",
     .run = length_stalls},
    {"4253/6.1/length-early", BOTH, SHOULD, "RFC 4253 6", "4253/6/9",
     "the first block of an encrypted packet gives an impossible length; nothing follows", "close within 10 s | silent as warn",
     .run = length_early},
    {"4253/6.1/payload-32768", BOTH, MUST, "RFC 4253 6.1", "4253/6.1/1",
     "an encrypted IGNORE with a payload of 32768 bytes", "go-on",
     .run = ignore_of, .number = 32768},
    {"4253/6.1/packet-35000", BOTH, MUST, "RFC 4253 6.1", "4253/6.1/1",
     "an encrypted packet with a total length of 35000 bytes", "go-on",
     .run = packet_of, .number = 35000},
    {"4253/6.1/payload-32768-clear", BOTH, MUST, "RFC 4253 6.1", "4253/6.1/1",
     "an unencrypted IGNORE with a payload of 32768 bytes, without strict kex", "go-on",
     .run = payload_clear},
    {"4253/6.1/packet-64k", BOTH, MAY, "RFC 4253 6.1", "4253/6.1/2",
     "an encrypted packet of 64 KiB", "go-on | close",
     .run = packet_of, .number = 65536},
    {"4253/6.1/packet-256k", BOTH, SHOULD, "RFC 4253 6.1", "4253/6.1/2",
     "an encrypted packet of 256 KiB", "close | go-on as warn",
     .run = packet_of, .number = 262144},
    {"4253/6.1/own-packet-size", BOTH, PRACTICE, "RFC 4253 6.1", "4253/6.1/3",
     "the peer's packets are at most 35000 bytes long", "never violated",
     .run = NULL, .watch = WATCH_PACKET_SIZE},
    {"4253/6/bytes-one-by-one", BOTH, PRACTICE, "RFC 4253 6", "4253/6/9",
     "the whole exchange arrives one byte at a time", "go-on",
     .run = one_by_one},
    {"4253/6/many-in-one-segment", BOTH, PRACTICE, "RFC 4253 6", "4253/6/9",
     "KEXINIT, the first key exchange message and more arrive in one segment", "go-on",
     .run = one_segment},
    {0},
};
/* clang-format on */
