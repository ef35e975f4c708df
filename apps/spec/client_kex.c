/* Cases about clients only: RFC 4253 sections 4.2 to 9, but for the host key and its
 * signature; RFC 4251 section 4.1. */
#include "apps/spec/growth.h"
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"
#include "crypto/dh.h"

enum { FIFTY = 50, ENDLESS = 100000, LOOK_EVERY = 1000, LONGEST_PRIME = 1100 };

/* ---- lines before the identification: section 4.2 ---- */

/* So many lines, one of them empty. */
static void lines_before(struct peer *p)
{
    reach(p, AT_IDENT);
    for (uint32_t i = 0; i < p->row->number; i++)
        send_raw(p, bytes_of(i == 1 ? "\r\n" : "a line of text before the identification\r\n"));
    send_ident(p);
    go_on(p);
}

static void lines_endless(struct peer *p)
{
    struct growth g;

    reach(p, AT_IDENT);
    g = growth_begin(p);
    for (uint32_t i = 0; i < ENDLESS && !over(p); i++) {
        send_raw(p, bytes_of("a line of text before the identification\r\n"));
        if (i % LOOK_EVERY == 0)
            growth_look(&g);
    }
    wait_close(p, p->step);
    growth_end(p, &g);
}

static void lines_controls(struct peer *p)
{
    intend_shown(p);
    reach(p, AT_IDENT);
    send_raw(p, bytes_of("a line with " CONTROLS "a colour\r\n"));
    send_ident(p);
    go_on(p);
    observe_controls(p);
}

/* ---- the exchange: section 7 ---- */

static void guess_wrong(struct peer *p)
{
    reach(p, AT_KEXINIT);
    list_before(p->x.ours.list[LIST_KEX], "unknown@nacre-spec");
    p->x.ours.follows = true;
    send_kexinit(p);
    transmit(p, "bsss", SSH_MSG_KEX_ECDH_REPLY, sample(p, 51), sample(p, 32), sample(p, 83));
    go_on(p);
}

static void disconnect_instead(struct peer *p)
{
    reach(p, AT_NEWKEYS);
    transmit(p, "butt", SSH_MSG_DISCONNECT, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, "nacre-spec", "");
    wait_close(p, p->step);
}

/* Without strict kex, the message of the row's number between KEXINIT and the reply. */
static void message_in_kex(struct peer *p)
{
    reach(p, AT_KEXINIT);
    without_strict(p);
    steps_until(p, AT_SHARE);
    if (p->row->text != NULL)
        transmit(p, "bt", (int)p->row->number, p->row->text);
    else
        transmit(p, "b", (int)p->row->number);
    go_on(p);
}

/* The client's share has come, without strict kex: our reply is next. */
static void reach_reply(struct peer *p)
{
    reach(p, AT_KEXINIT);
    without_strict(p);
    reach(p, AT_REPLY);
}

static void reply_twice(struct peer *p)
{
    struct bytes payload;

    reach_reply(p);
    if (over(p))
        return;
    payload = reply_payload(p, &(struct reply){0});
    send_payload(p, payload);
    send_payload(p, payload);
    p->reached = AT_NEWKEYS;
    go_on(p);
}

static void reply_trailing(struct peer *p)
{
    reach_reply(p);
    send_reply_of(p, &(struct reply){.rest = bytes_of("more")});
    go_on(p);
}

static void reply_truncated(struct peer *p)
{
    reach_reply(p);
    (void)reply_payload(p, &(struct reply){0});
    transmit(p, "bs", SSH_MSG_KEX_ECDH_REPLY, p->x.host_key);
    wait_close(p, p->step);
}

/* ---- group exchange: RFC 4419 section 3 ---- */

/* Up to the client's GEX_REQUEST. */
static void reach_group(struct peer *p)
{
    peer_connect(p);
    reach(p, AT_KEXINIT);
    only(p, LIST_KEX, "diffie-hellman-group-exchange-sha256");
    steps_until(p, AT_SHARE);
    (void)negotiate(p);
    if (!over(p))
        (void)gex_receive_request(p);
}

/* Primes are not needed: the client must not get so far. */
static void group_outside(struct peer *p)
{
    for (int i = 0; i < 2; i++) {
        reach_group(p);
        gex_send_group(p, filled(p, 0xff, i == 0 ? 128 : LONGEST_PRIME),
                       (struct bytes)LITERAL("\2"));
        wait_close(p, p->step);
    }
}

/* byte SSH_MSG_KEX_DH_GEX_GROUP (31), mpint p, mpint g, as they are */
static void send_group(struct peer *p, struct bytes prime, struct bytes generator)
{
    transmit(p, "bss", 31, prime, generator);
    wait_close(p, p->step);
}

static void group_nonsense(struct peer *p)
{
    struct bytes prime = message(p, "br", 0, dh_group14.p), two = LITERAL("\2"),
                 even = flipped(p, prime, -1);

    reach_group(p);
    send_group(p, even, two);
    reach_group(p);
    send_group(p, (struct bytes){NULL, 0}, two);
    reach_group(p);
    send_group(p, dh_group14.p, two); /* without its leading zero: negative */
    reach_group(p);
    send_group(p, prime, (struct bytes){NULL, 0});
    reach_group(p);
    send_group(p, prime, (struct bytes)LITERAL("\1"));
    reach_group(p);
    send_group(p, prime, even); /* p - 1 */
}

/* Any odd number of 2048 bits that ends with 5. */
static void group_composite(struct peer *p)
{
    struct bytes number = peer_copy(p, dh_group14.p);

    ((uint8_t *)(uintptr_t)number.at)[number.len - 1] = 5; /* divisible by 3, 5 or 17 */
    reach_group(p);
    gex_send_group(p, number, (struct bytes)LITERAL("\2"));
    go_on(p);
    report(p, "%s", current_part(p)->ending == ENDING_GO_ON ? "accepted" : "refused");
}

/* ---- the hybrids ---- */

static bool reach_hybrid(struct peer *p)
{
    peer_connect(p);
    reach(p, AT_KEXINIT);
    only(p, LIST_KEX, p->row->text);
    steps_until(p, AT_SHARE);
    (void)negotiate(p);
    return !over(p);
}

static void hybrid_length(struct peer *p)
{
    for (int i = 0; i < 2 && reach_hybrid(p); i++) {
        struct bytes share = own_share(p, p->x.chosen.kex);

        p->x.keeps_secret = true;
        share = i == 0 ? (struct bytes){share.at, share.len - 1} : message(p, "rb", share, 0);
        send_share_bytes(p, share);
        go_on(p);
    }
}

/* Decapsulation then gives another secret, and the signature does not hold. */
static void hybrid_bit(struct peer *p)
{
    if (!reach_hybrid(p))
        return;
    (void)own_share(p, p->x.chosen.kex);
    p->x.keeps_secret = true;
    send_share_bytes(p, flipped(p, p->x.own_share, 0));
    go_on(p);
}

/* ---- the second exchange: RFC 4253 section 9 ---- */

static void rekey_signature(struct peer *p)
{
    reach(p, AT_LOGIN);
    start_rekey(p);
    send_reply_of(p, &(struct reply){.flip = true});
    wait_close(p, p->step);
}

/* Another key than in the first exchange, which the client does not know. */
static void rekey_hostkey(struct peer *p)
{
    const struct nacre_key *other = &p->setting->client->other;

    reach(p, AT_KEXINIT);
    only(p, LIST_HOST_KEY, "ssh-ed25519");
    reach(p, AT_LOGIN);
    start_rekey(p);
    send_reply_of(p, &(struct reply){.host_key = private_key_blob(other), .key = other});
    if (!over(p) && receive_newkeys(p)) {
        send_newkeys(p);
        go_on(p);
    } else {
        observe_end(p);
    }
}

/* ---- known hosts: RFC 4251 section 4.1 ---- */

static void observe_credentials(struct peer *p)
{
    observe(p, p->tried[0] == 0 ? "no credentials" : "credentials");
}

static void hostkey_unknown(struct peer *p)
{
    p->no_known_hosts = true;
    reach(p, AT_NEWKEYS);
    go_on(p);
    observe_credentials(p);
}

static void hostkey_changed(struct peer *p)
{
    p->unknown_host = true;
    reach(p, AT_NEWKEYS);
    go_on(p);
    observe_credentials(p);
}

/* clang-format off */
const struct spec_case spec_client_kex[] = {
    {"4253/4.2/own-no-line-before", CLIENT, MUST, "RFC 4253 4.2", "4253/4.2/13",
     "the client sends nothing before its identification", "never violated",
     .run = NULL, .watch = WATCH_NO_LINE_BEFORE},
    {"4253/4.2/lines-before-one", CLIENT, MUST, "RFC 4253 4.2", "4253/4.2/10 4253/4.2/11",
     "one line of text before our identification", "go-on",
     .run = lines_before, .number = 1},
    {"4253/4.2/lines-before-fifty", CLIENT, MUST, "RFC 4253 4.2", "4253/4.2/10",
     "fifty lines, one of them empty, before our identification", "go-on",
     .run = lines_before, .number = FIFTY},
    {"4253/4.2/lines-before-endless", CLIENT, PRACTICE, "RFC 4253 4.2", "4253/4.2/10",
     "100,000 lines before our identification", "close, no growth",
     .run = lines_endless},
    {"4253/4.2/lines-before-controls", CLIENT, SHOULD, "RFC 4253 4.2", "4253/4.2/14",
     "escape sequences in a line before our identification", "go-on, no raw control bytes",
     .run = lines_controls},
    {"4253/7/guess-wrong-by-server", CLIENT, PRACTICE, "RFC 4253 7", "4253/7/2",
     "a server announces a guess that is wrong: its next packet is ignored", "go-on | close",
     .run = guess_wrong},
    {"4253/7.3/disconnect-instead", CLIENT, MUST, "RFC 4253 7.3", "4253/7.3/6",
     "DISCONNECT in place of NEWKEYS", "clean end, nonzero exit status",
     .run = disconnect_instead},
    {"4253/7.1/service-accept-in-kex", CLIENT, MUST, "RFC 4253 7.1", "4253/7.1/18",
     "SERVICE_ACCEPT before NEWKEYS", "close | unimpl as warn",
     .run = message_in_kex, .number = SSH_MSG_SERVICE_ACCEPT, .text = "ssh-userauth"},
    {"4253/7.1/auth-success-in-kex", CLIENT, PRACTICE, "RFC 4252 5.1", "4252/5.1/13 4253/7.1/23",
     "USERAUTH_SUCCESS before NEWKEYS", "close",
     .run = message_in_kex, .number = SSH_MSG_USERAUTH_SUCCESS},
    {"4253/7.1/init-from-server", CLIENT, MUST, "RFC 4253 7.1", "4253/7.1/23",
     "a key exchange init (30) from a server", "close | unimpl as warn",
     .run = message_in_kex, .number = SSH_MSG_KEX_ECDH_INIT, .text = "a share of thirty-two characters"},
    {"4253/7.1/reply-twice", CLIENT, MUST, "RFC 4253 7.1", "4253/7.1/23",
     "the reply is sent twice", "close",
     .run = reply_twice,
     .note = "ssh answers UNIMPLEMENTED, since the exchange no longer waits for it"},
    {"4253/8/reply-trailing", CLIENT, MUST, "RFC 4253 8", "4253/8/6",
     "bytes after the signature", "close | go-on as warn",
     .run = reply_trailing},
    {"4253/8/reply-truncated", CLIENT, MUST, "RFC 4253 8", "4253/8/6",
     "the reply ends after the host key", "close",
     .run = reply_truncated},
    {"4419/3/gex-group-outside", CLIENT, MUST, "RFC 4419 3", "4419/3/5",
     "the server's group is larger than max or smaller than min", "close",
     .run = group_outside},
    {"4419/3/gex-p-even", CLIENT, PRACTICE, "RFC 4419 3", "4419/3/8",
     "group exchange with p even, 0 or negative, or g of 0, 1 or p-1", "close",
     .run = group_nonsense},
    {"4419/3/gex-p-composite", CLIENT, MAY, "RFC 4419 3", "4419/3/9",
     "group exchange with a composite p of the right size", "report",
     .run = group_composite},
    {"8270/3/own-gex-min", CLIENT, SHOULD, "RFC 8270 3", "8270/3/1",
     "the client requests at least 2048 bits", "never violated",
     .run = NULL, .watch = WATCH_GEX_MIN},
    {"mlkem/2.1/reply-length", CLIENT, MUST, "draft-ietf-sshm-mlkem-hybrid-kex 2.1", "mlkem/2.1/3",
     "S_REPLY of 1119 and 1121 bytes", "close (prefer disc 3)",
     .run = hybrid_length, .text = "mlkem768x25519-sha256"},
    {"mlkem/2.1/ciphertext-bit", CLIENT, MUST, "draft-ietf-sshm-mlkem-hybrid-kex 2.1", "mlkem/2.1/6",
     "one bit of the ciphertext is flipped", "close",
     .run = hybrid_bit, .text = "mlkem768x25519-sha256"},
    {"9941/3/reply-length", CLIENT, MUST, "RFC 9941 3", "9941/3/2 9941/3/3",
     "Q_S of 1070 and 1072 bytes", "close (prefer disc 3)",
     .run = hybrid_length, .text = "sntrup761x25519-sha512@openssh.com"},
    {"9941/3/ciphertext-bit", CLIENT, MUST, "RFC 9941 3", "9941/3/6",
     "one bit of the ciphertext is flipped", "close",
     .run = hybrid_bit, .text = "sntrup761x25519-sha512@openssh.com"},
    {"4253/9/hostkey-changes", CLIENT, MUST, "RFC 4253 9", "4253/9/9 4251/9.3.4/1",
     "a different host key in the second exchange", "close | go-on if the key is known",
     .run = rekey_hostkey,
     .note = "a library that leaves the check of the host key to its user must ask for it again, or compare the keys itself"},
    {"4253/9/signature-wrong", CLIENT, MUST, "RFC 4253 9", "4253/9/9",
     "a wrong signature in the second exchange", "close",
     .run = rekey_signature},
    {"4251/4.1/hostkey-unknown", CLIENT, SHOULD, "RFC 4251 4.1", "4251/4.1/1",
     "an unknown host key and nobody to ask", "close, no credentials",
     .run = hostkey_unknown},
    {"4251/4.1/hostkey-strict", CLIENT, SHOULD, "RFC 4251 4.1", "4251/4.1/3",
     "an unknown host key with the client's strict setting", "close, no credentials",
     .run = hostkey_unknown},
    {"4251/4.1/hostkey-changed", CLIENT, SHOULD, "RFC 4251 4.1", "4251/4.1/2",
     "a host key that differs from the recorded one", "close, no credentials",
     .run = hostkey_changed},
    {0},
};
/* clang-format on */
