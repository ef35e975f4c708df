/* RFC 4253 sections 6.3 and 6.4, RFC 4344, RFC 5647, and the drafts about ciphers: tags, sequence
 * numbers and alignment under keys. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <stdio.h>
#include <string.h>

enum { SOME = 100, CARRY_BYTES = 5 << 20, COUNTED = 70000, AT_ONCE = 100, EACH = 262144 };
enum { WAIT_US = 10000000 };

/* Log in with this cipher; a MAC that is not given is the usual one. */
static void log_in_with(struct peer *p, const char *cipher, const char *mac)
{
    reach(p, AT_KEXINIT);
    if (cipher != NULL)
        only_cipher(p, cipher);
    if (mac != NULL) {
        only(p, LIST_MAC_TO_SERVER, mac);
        only(p, LIST_MAC_TO_CLIENT, mac);
    }
    reach(p, AT_LOGIN);
}

static struct bytes ignore(struct peer *p)
{
    return message(p, "bs", SSH_MSG_IGNORE, sample(p, SOME));
}

/* A packet as the row's cipher and MAC protect it, with one bit flipped at the row's number: from
 * the end, if it is above 1000. What follows cannot repair it. */
static void bit_flipped(struct peer *p)
{
    struct bytes packet;
    uint32_t at = p->row->number;

    log_in_with(p, p->row->text, NULL);
    if (!over(p)) {
        packet = sealed(p, ignore(p));
        send_raw(p, flipped(p, packet, at > 1000 ? 1000 - (ptrdiff_t)at : (ptrdiff_t)at));
    }
    go_on(p);
}

/* The same with an encrypt-then-MAC algorithm. */
static void etm_bit(struct peer *p)
{
    struct bytes packet;

    log_in_with(p, "aes256-ctr", "hmac-sha2-256-etm@openssh.com");
    if (!over(p)) {
        packet = sealed(p, ignore(p));
        send_raw(p, flipped(p, packet, (ptrdiff_t)p->row->number));
    }
    go_on(p);
}

/* A wrong tag, on a first block that decrypts to garbage. */
static void etm_tag_first(struct peer *p)
{
    log_in_with(p, "aes256-ctr", "hmac-sha2-256-etm@openssh.com");
    send_raw(p, message(p, "urr", 32, sample(p, 32), filled(p, 0, 32)));
    go_on(p);
}

static void tag_truncated(struct peer *p)
{
    struct bytes packet;

    log_in_with(p, p->row->text, p->row->text != NULL ? NULL : "hmac-sha2-256");
    if (!over(p)) {
        packet = sealed(p, ignore(p));
        packet.len -= p->sending.tag_len - 12U;
        send_raw(p, packet);
    }
    go_on(p);
}

/* ---- whole packets ---- */

static void replay(struct peer *p)
{
    struct bytes packet;

    reach(p, AT_LOGIN);
    packet = sealed(p, ignore(p));
    send_raw(p, packet);
    send_raw(p, packet);
    go_on(p);
}

static void reorder(struct peer *p)
{
    struct bytes first, second;

    reach(p, AT_LOGIN);
    first = sealed(p, ignore(p));
    second = sealed(p, ignore(p));
    send_raw(p, second);
    send_raw(p, first);
    go_on(p);
}

static void dropped(struct peer *p)
{
    reach(p, AT_LOGIN);
    (void)sealed(p, ignore(p));
    go_on(p);
}

static void number_from_start(struct peer *p)
{
    reach(p, AT_KEXINIT);
    without_strict(p);
    steps_until(p, AT_SHARE);
    for (int i = 0; i < 3; i++)
        transmit(p, "bt", SSH_MSG_IGNORE, "counted");
    go_on(p);
}

static void number_over_rekey(struct peer *p)
{
    reach(p, AT_KEXINIT);
    without_strict(p);
    reach(p, AT_LOGIN);
    rekey(p);
    go_on(p);
}

/* With the number after the next one. */
static void next_number(struct peer *p)
{
    log_in_with(p, p->row->text, NULL);
    p->sending.number++;
    send_payload(p, ignore(p));
    go_on(p);
}

/* ---- alignment, with a correct tag ---- */

/* One byte of padding more than the alignment allows; for AES, 8 more. */
static void misaligned(struct peer *p)
{
    struct bytes payload;
    uint8_t padding;

    log_in_with(p, p->row->text, p->row->bytes.len > 0 ? (const char *)p->row->bytes.at : NULL);
    if (!over(p)) {
        payload = ignore(p);
        padding = packet_padding_least(&p->sending, payload.len);
        send_padded(p, payload, (uint8_t)(padding + p->row->number));
    }
    go_on(p);
}

/* ---- algorithms ---- */

static void ciphers_differ(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);
    char common[NAMES_MAX], first[NAME_MAX_LEN], second[NAME_MAX_LEN];
    static const enum kexinit_list lists[] = {LIST_CIPHER_TO_SERVER, LIST_MAC_TO_SERVER};

    for (int i = 0; i < 2; i++) {
        list_common(common, k->list[lists[i]], p->x.theirs.list[lists[i]]);
        need(p, list_item(common, 0, first) && list_item(common, 1, second),
             "only one cipher or MAC");
        if (p->skip == NULL) {
            list_set(k->list[lists[i]], first);
            list_set(k->list[lists[i] + 1], second);
        }
    }
    send_kexinit(p);
    go_on(p);
}

/* Send bytes through the profile's `cat` and compare. */
static void echo_bytes(struct peer *p, size_t len)
{
    struct bytes bytes = sample(p, len);
    struct spec_channel *ch = open_session(p);

    (void)run(p, ch, p->setting->profile.cat);
    (void)send_all(p, ch, bytes);
    send_eof(p, ch);
    if (!wait_received(p, ch, len) || !bytes_equal(ch->received, bytes))
        observe(p, "%zu of %zu bytes", ch->received.len, len);
    (void)wait_channel_close(p, ch);
}

/* Each name of the row's list, with a CTR cipher if they are MACs. */
static void each_name(struct peer *p)
{
    enum kexinit_list list = (enum kexinit_list)p->row->number;
    char common[NAMES_MAX], name[NAME_MAX_LEN];

    need_command(p, p->setting->profile.cat, "cat");
    list_common(common, p->setting->facts.theirs.list[list], p->x.ours.list[list]);
    for (size_t i = 0; list_item(common, i, name) && p->skip == NULL; i++) {
        peer_connect(p);
        if (list == LIST_CIPHER_TO_SERVER)
            log_in_with(p, name, NULL);
        else
            log_in_with(p, "aes256-ctr", name);
        echo_bytes(p, list == LIST_CIPHER_TO_SERVER ? EACH : 1000);
        go_on(p);
    }
    need(p, common[0] != 0, "no name in common");
}

static void ctr_carry(struct peer *p)
{
    need_command(p, p->setting->profile.cat, "cat");
    log_in_with(p, "aes256-ctr", NULL);
    echo_bytes(p, CARRY_BYTES); /* 2^16 blocks of 16 bytes are 1 MiB */
    go_on(p);
}

/* Each request counts one way, its answer the other. */
static void gcm_counter(struct peer *p)
{
    need_request_failure(p);
    log_in_with(p, "aes128-gcm@openssh.com", NULL);
    p->conforming = true;
    for (int i = 0; i < COUNTED && !over(p); i += AT_ONCE) {
        p->conn.corked = true;
        for (int n = 0; n < AT_ONCE; n++)
            transmit(p, "btb", SSH_MSG_GLOBAL_REQUEST, "fence@nacre-spec", 1);
        conn_uncork(&p->conn, step_deadline(p));
        for (int n = 0; n < AT_ONCE && want(p, SSH_MSG_REQUEST_FAILURE); n++)
            continue;
    }
    p->conforming = false;
    go_on(p);
}

static void aead_macs(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);
    const char *theirs = p->x.theirs.list[LIST_CIPHER_TO_SERVER];

    need(p,
         list_contains(theirs, "aes128-gcm@openssh.com") ||
             list_contains(theirs, "chacha20-poly1305@openssh.com"),
         "no AEAD cipher");
    list_set_both(k, LIST_CIPHER_TO_SERVER, "aes128-gcm@openssh.com,chacha20-poly1305@openssh.com");
    list_set_both(k, LIST_MAC_TO_SERVER, p->row->text);
    send_kexinit(p);
    go_on(p);
}

static void etm_only(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);

    need_name(p, LIST_MAC_TO_SERVER, "hmac-sha2-256-etm@openssh.com");
    need(
        p,
        list_contains(p->x.theirs.list[LIST_CIPHER_TO_SERVER], "aes128-gcm@openssh.com") ||
            list_contains(p->x.theirs.list[LIST_CIPHER_TO_SERVER], "chacha20-poly1305@openssh.com"),
        "no AEAD cipher");
    list_set_both(k, LIST_CIPHER_TO_SERVER, "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com");
    list_set_both(k, LIST_MAC_TO_SERVER, "hmac-sha2-256-etm@openssh.com");
    send_kexinit(p);
    go_on(p);
}

/* chacha20-poly1305 encrypts the length under a key of its own. */
static void chacha_length(struct peer *p)
{
    log_in_with(p, "chacha20-poly1305@openssh.com", NULL);
    send_raw(p, sample(p, 4));
    wait_close(p, WAIT_US);
}

static void chacha_tag(struct peer *p)
{
    struct bytes packet;

    log_in_with(p, "chacha20-poly1305@openssh.com", NULL);
    if (!over(p)) {
        packet = sealed(p, ignore(p)); /* everything but the tag is right */
        send_raw(p, flipped(p, packet, -1));
    }
    go_on(p);
}

static void gcm_names(struct peer *p)
{
    const char *ciphers = p->setting->facts.theirs.list[LIST_CIPHER_TO_SERVER];

    report(p, "aes128-gcm %soffered, aes256-gcm %soffered",
           list_contains(ciphers, "aes128-gcm") ? "" : "not ",
           list_contains(ciphers, "aes256-gcm") ? "" : "not ");
}

/* clang-format off */
const struct spec_case spec_protection[] = {
    {"4253/6.3/ciphers-differ", BOTH, MUST, "RFC 4253 6.3", "4253/6.3/1 4253/6.4/5",
     "a different cipher and MAC in each direction", "go-on",
     .run = ciphers_differ},
    {"4253/6.3/all-ciphers", BOTH, SHOULD, "RFC 4253 6.3", "4253/6.3/2",
     "each cipher the peer offers carries 256 KiB in both directions", "go-on",
     .run = each_name, .number = LIST_CIPHER_TO_SERVER},
    {"4253/6.4/all-macs", BOTH, MUST, "RFC 4253 6.4", "4253/6.4/1 6668/2/3",
     "each MAC the peer offers, with a CTR cipher", "go-on",
     .run = each_name, .number = LIST_MAC_TO_SERVER},
    {"4253/6.4/tag-bit", BOTH, MUST, "RFC 4253 6.4", "4253/6.4/2",
     "one bit of a tag is flipped", "close",
     .run = bit_flipped, .number = 1010,
     .note = "after the login, sendDisconnect of Conch's own client does nothing, so it goes on waiting after whatever it refuses"},
    {"4253/6.4/tag-bit-last", BOTH, MUST, "RFC 4253 6.4", "4253/6.4/2 6668/2/3",
     "the last bit of a long tag is flipped", "close",
     .run = bit_flipped, .number = 1001, .text = "aes256-ctr"},
    {"4253/6.4/body-bit", BOTH, MUST, "RFC 4253 6.4", "4253/6.4/2",
     "one bit of the ciphertext is flipped", "close",
     .run = bit_flipped, .number = 20},
    {"4253/6.4/length-bit", BOTH, MUST, "RFC 4253 6.4", "4253/6.4/2",
     "one bit of the encrypted length is flipped", "close",
     .run = bit_flipped, .number = 3},
    {"4253/6.4/tag-truncated", BOTH, MUST, "RFC 6668 2", "6668/2/3",
     "the tag is truncated to 12 bytes, the length of a shorter MAC", "close",
     .run = tag_truncated, .text = "aes256-ctr"},
    {"4253/6.4/replay", BOTH, MUST, "RFC 4253 6.4", "4253/6.4/8",
     "an encrypted packet is sent twice", "close",
     .run = replay},
    {"4253/6.4/reorder", BOTH, MUST, "RFC 4253 6.4", "4253/6.4/8",
     "two encrypted packets are swapped", "close",
     .run = reorder},
    {"4253/6.4/delete", BOTH, MUST, "RFC 4253 6.4", "4253/6.4/8",
     "one encrypted packet is dropped", "close",
     .run = dropped},
    {"4253/6.4/seq-from-start", BOTH, MUST, "RFC 4253 6.4", "4253/6.4/3",
     "three IGNOREs before NEWKEYS count towards the sequence number, without strict kex", "go-on",
     .run = number_from_start},
    {"4253/6.4/seq-over-rekey", BOTH, MUST, "RFC 4253 6.4", "4253/6.4/3 strict/3.3/4",
     "without strict kex, sequence numbers continue across a rekey", "go-on",
     .run = number_over_rekey},
    {"ossh/1.5/etm-tag-first", BOTH, MUST, "PROTOCOL 1.5", "ossh/1.5/1 ossh/1.5/2",
     "-etm MAC: a wrong tag on a block that would decrypt to an impossible length", "close",
     .run = etm_tag_first},
    {"ossh/1.5/etm-length-clear", BOTH, MUST, "PROTOCOL 1.5", "ossh/1.5/1",
     "-etm MAC: the length is unencrypted but authenticated; one bit of it is flipped", "close",
     .run = etm_bit, .number = 3},
    {"ossh/1.5/etm-alignment", BOTH, MUST, "PROTOCOL 1.5", "ossh/1.5/3",
     "-etm MAC: a packet whose size without the length field is not a multiple of the block "
     "size, with a correct tag", "close",
     .run = misaligned, .text = "aes256-ctr", .bytes = LITERAL("hmac-sha2-256-etm@openssh.com"), .number = 1},
    {"ossh/1.5/etm-with-aead", BOTH, PRACTICE, "PROTOCOL 1.5", "ossh/1.5/4",
     "an AEAD cipher, with only -etm MACs in common", "go-on",
     .run = etm_only},
    {"4344/4/ctr-carry", BOTH, MUST, "RFC 4344 4", "4344/4/1 4344/4/4",
     "data until the counter has carried past 2^16 blocks", "go-on",
     .run = ctr_carry},
    {"4344/4/ctr-alignment", BOTH, MUST, "RFC 4344 4", "4344/4/2",
     "aes-ctr: a packet whose length is a multiple of 8 but not of 16, with a correct tag", "close",
     .run = misaligned, .text = "aes256-ctr", .bytes = LITERAL("hmac-sha2-256"), .number = 8},
    {"5647/7.1/gcm-counter", BOTH, MUST, "RFC 5647 7.1", "5647/7.1/1",
     "AES-GCM across 70,000 packets in each direction", "go-on",
     .run = gcm_counter},
    {"5647/7.3/gcm-length-bit", BOTH, MUST, "RFC 5647 7.3", "5647/7.3/1",
     "AES-GCM: one bit of the unencrypted length is flipped", "close",
     .run = bit_flipped, .number = 3, .text = "aes128-gcm@openssh.com"},
    {"5647/7.2/gcm-alignment", BOTH, MUST, "RFC 5647 7.2", "5647/7.2/1",
     "AES-GCM: the encrypted part is not a multiple of 16 bytes, with a correct tag", "close",
     .run = misaligned, .text = "aes128-gcm@openssh.com", .number = 1},
    {"5647/6.3/gcm-short-tag", BOTH, MUST, "RFC 5647 6.3", "5647/6.3/1",
     "AES-GCM: a 12-byte tag", "close",
     .run = tag_truncated, .text = "aes128-gcm@openssh.com"},
    {"5647/7.2/own-padding", BOTH, MUST, "RFC 5647 7.2", "5647/7.2/2",
     "the peer's AES-GCM padding is 4 to 255", "never violated",
     .run = NULL, .watch = WATCH_GCM_PADDING},
    {"gcm/2/macs-disjoint", BOTH, MUST, "draft-miller-sshm-aes-gcm 2", "gcm/2/2 gcm/2/3",
     "an AEAD cipher in common but no MAC in common", "go-on",
     .run = aead_macs, .text = "unknown@nacre-spec"},
    {"gcm/2/macs-empty", BOTH, MUST, "draft-miller-sshm-aes-gcm 2", "gcm/2/2",
     "an AEAD cipher in common, and our MAC lists are empty", "go-on | close as warn",
     .run = aead_macs, .text = ""},
    {"gcm/2/standard-names", BOTH, MAY, "draft-miller-sshm-aes-gcm 2", "gcm/2/4",
     "aes128-gcm and aes256-gcm without a domain, where offered", "report",
     .run = gcm_names},
    {"cc20/7/tag-first", BOTH, MUST, "draft-ietf-sshm-chacha20-poly1305 7", "cc20/7/1",
     "chacha20-poly1305: wrong tag, though the payload would decrypt to a legal message", "close",
     .run = chacha_tag},
    {"cc20/7/length-unverified", BOTH, MUST, "draft-ietf-sshm-chacha20-poly1305 7", "cc20/7/2",
     "chacha20-poly1305: the first 4 bytes are random; nothing follows", "close | silent within 10 s as warn",
     .run = chacha_length},
    {"cc20/7/alignment", BOTH, PRACTICE, "draft-ietf-sshm-chacha20-poly1305 7", "cc20/7/3",
     "chacha20-poly1305: packet length is not a multiple of 8, with a correct tag", "close",
     .run = misaligned, .text = "chacha20-poly1305@openssh.com", .number = 1},
    {"cc20/6/seq-as-nonce", BOTH, MUST, "draft-ietf-sshm-chacha20-poly1305 6", "cc20/6/1",
     "chacha20-poly1305: a packet encrypted with the next sequence number", "close",
     .run = next_number, .text = "chacha20-poly1305@openssh.com"},
    {0},
};
/* clang-format on */
