/* Cases about clients only: the server's host key and its signature. RFC 4253 sections 6.6 and
 * 8, RFC 5656 section 3.1, RFC 8332, RFC 8709. */
#include "apps/spec/client_keys.h"
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <string.h>

static const struct reply correct = {.flip = false};

enum { ED25519_LEN = 32, SIGNATURE_LEN = 64, SHORT_TRIES = 4000 };

/* The client's share has come; our reply is next. The host key has the row's algorithm, if any. */
static bool reach_reply(struct peer *p, const char *algorithm)
{
    peer_connect(p);
    reach(p, AT_KEXINIT);
    if (algorithm != NULL)
        only(p, LIST_HOST_KEY, algorithm);
    reach(p, AT_REPLY);
    return !over(p);
}

/* Our reply, and whether the client then asks for the service. */
static void reply_and_see(struct peer *p, const struct reply *f)
{
    send_reply_of(p, f);
    go_on(p);
    observe(p, p->reached > AT_SERVICE ? "a service request" : "no service request");
}

static void reply_only(struct peer *p, const struct reply *f)
{
    send_reply_of(p, f);
    go_on(p);
}

/* What follows the name in a correct signature of H, with this host key. */
static struct bytes raw_signature(struct peer *p, struct bytes host_key)
{
    struct reader r;

    (void)reply_payload(p, &(struct reply){.host_key = host_key});
    r = read_from(host_signature(p, &correct, (struct bytes){p->x.hash, p->x.hash_len}));
    (void)read_string(&r);
    return peer_copy(p, read_string(&r));
}

/* The key that the client knows, of the negotiated type. */
static struct bytes known_key(struct peer *p)
{
    const struct nacre_key *key = client_host_key(p, p->x.chosen.host_key);

    return key == NULL ? (struct bytes){NULL, 0} : private_key_blob(key);
}

/* A correct signature whose content is replaced. */
static void reply_signed(struct peer *p, struct bytes content)
{
    reply_only(p, &(struct reply){.signature =
                                      message(p, "ts", p->x.chosen.name[LIST_HOST_KEY], content)});
}

/* ---- RFC 4253 sections 6.6 and 8 ---- */

static void signature_wrong(struct peer *p)
{
    if (reach_reply(p, NULL))
        reply_and_see(p, &(struct reply){.flip = true});
}

static void signature_other_hash(struct peer *p)
{
    if (reach_reply(p, NULL))
        reply_and_see(p, &(struct reply){.signature = host_signature(p, &correct, sample(p, 32))});
}

static void signature_wrong_format(struct peer *p)
{
    const char *other = "ecdsa-sha2-nistp256";

    if (!reach_reply(p, NULL))
        return;
    if (strcmp(p->x.chosen.name[LIST_HOST_KEY], other) == 0)
        other = "ssh-ed25519";
    reply_only(
        p, &(struct reply){.signature = message(p, "ts", other, raw_signature(p, known_key(p)))});
}

/* Ed25519 is negotiated; an ECDSA key, which the client knows too, signs. */
static void hostkey_wrong_type(struct peer *p)
{
    const struct nacre_key *key = client_host_key(p, &signature_nistp256);

    if (reach_reply(p, "ssh-ed25519"))
        reply_only(p, &(struct reply){.host_key = private_key_blob(key),
                                      .key = key,
                                      .algorithm = &signature_nistp256});
}

static void hostkey_trailing(struct peer *p)
{
    if (reach_reply(p, NULL))
        reply_only(p,
                   &(struct reply){.host_key = message(p, "rr", known_key(p), bytes_of("more"))});
}

static void hostkey_garbage(struct peer *p)
{
    if (reach_reply(p, NULL))
        reply_only(p, &(struct reply){.host_key = sample(p, 51)});
}

/* ---- ECDSA: RFC 5656 sections 3.1 and 3.1.2 ---- */

/* string "ecdsa-sha2-nistp256", string curve, string Q */
static void curve_mismatch(struct peer *p)
{
    struct reader r;

    if (!reach_reply(p, "ecdsa-sha2-nistp256"))
        return;
    r = read_from(known_key(p));
    (void)read_string(&r);
    (void)read_string(&r);
    reply_only(p, &(struct reply){.host_key = message(p, "tts", "ecdsa-sha2-nistp256", "nistp384",
                                                      read_string(&r))});
}

/* SEC 2 section 2.4.2: the order of P-256. */
static const struct bytes order_p256 =
    LITERAL("\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"
            "\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51");

/* mpint r, mpint s */
static void ecdsa_numbers(struct peer *p)
{
    for (int i = 0; i < 4 && reach_reply(p, "ecdsa-sha2-nistp256"); i++) {
        struct reader in = read_from(raw_signature(p, known_key(p)));
        struct bytes r = read_mpint(&in), s = read_mpint(&in), none = {NULL, 0};

        r = i == 0 ? none : i == 2 ? order_p256 : r;
        s = i == 1 ? none : s;
        reply_signed(p, message(p, "mmr", r, s, i == 3 ? bytes_of("more") : none));
    }
}

/* ---- Ed25519: RFC 8709 ---- */

static void ed25519_signature_length(struct peer *p)
{
    for (int i = 0; i < 2 && reach_reply(p, "ssh-ed25519"); i++) {
        struct bytes s = raw_signature(p, known_key(p));

        reply_signed(p, i == 0 ? (struct bytes){s.at, SIGNATURE_LEN - 1} : message(p, "rb", s, 0));
    }
}

static void ed25519_key_length(struct peer *p)
{
    for (int i = 0; i < 2 && reach_reply(p, "ssh-ed25519"); i++) {
        struct reader r = read_from(known_key(p));
        struct bytes key;

        (void)read_string(&r);
        key = read_string(&r);
        key = i == 0 ? (struct bytes){key.at, ED25519_LEN - 1} : message(p, "rb", key, 0);
        reply_only(p, &(struct reply){.host_key = message(p, "ts", "ssh-ed25519", key)});
    }
}

/* RFC 8032 section 5.1: the order L of the base point, least significant byte first. */
static const uint8_t order_ed25519[ED25519_LEN] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a,       0x63,
                                                   0x12, 0x58, 0xd6, 0x9c, 0xf7,       0xa2,
                                                   0xde, 0xf9, 0xde, 0x14, [31] = 0x10};

static void ed25519_beyond(struct peer *p)
{
    struct bytes s;
    unsigned carry = 0;
    uint8_t *at;

    if (!reach_reply(p, "ssh-ed25519"))
        return;
    s = raw_signature(p, known_key(p));
    at = (uint8_t *)(uintptr_t)s.at + ED25519_LEN;
    for (int i = 0; i < ED25519_LEN; i++) {
        carry += (unsigned)at[i] + order_ed25519[i];
        at[i] = (uint8_t)carry;
        carry >>= 8;
    }
    reply_signed(p, s);
}

/* The neutral element as key and as R, and S = 0: the equation holds for each message. */
static void ed25519_small(struct peer *p)
{
    static const uint8_t neutral[ED25519_LEN] = {1};
    const struct bytes point = {neutral, ED25519_LEN};

    p->known_key = message(p, "ts", "ssh-ed25519", point);
    p->known_type = "ssh-ed25519";
    if (reach_reply(p, "ssh-ed25519"))
        reply_only(p, &(struct reply){.host_key = p->known_key,
                                      .signature = message(
                                          p, "ts", "ssh-ed25519",
                                          message(p, "rr", point, filled(p, 0, ED25519_LEN)))});
}

/* ---- RSA: RFC 8332 ---- */

static void rsa_format(struct peer *p)
{
    if (reach_reply(p, "rsa-sha2-512"))
        reply_only(p, &(struct reply){.algorithm = &signature_rsa_sha2_256});
}

/* string "ssh-rsa", mpint e, mpint n */
static void rsa_blob_type(struct peer *p)
{
    struct reader r;

    if (!reach_reply(p, "rsa-sha2-512"))
        return;
    r = read_from(known_key(p));
    (void)read_string(&r);
    reply_only(p, &(struct reply){.host_key = message(p, "tr", "rsa-sha2-512", read_rest(&r))});
}

static void rsa_long(struct peer *p)
{
    if (reach_reply(p, "rsa-sha2-512"))
        reply_signed(p, message(p, "br", 0, raw_signature(p, known_key(p))));
}

static struct bytes number_of(const char *at, size_t len)
{
    return (struct bytes){(const uint8_t *)at, len};
}

static bool rsa_1024_key(struct rsa_key *key)
{
    const struct rsa_numbers numbers = {
        .n = number_of(client_rsa1024_n, CLIENT_RSA1024_LEN),
        .e = LITERAL("\x01\x00\x01"),
        .d = number_of(client_rsa1024_d, CLIENT_RSA1024_D_LEN),
        .p = number_of(client_rsa1024_p, CLIENT_RSA1024_HALF),
        .q = number_of(client_rsa1024_q, CLIENT_RSA1024_HALF),
        .iqmp = number_of(client_rsa1024_iqmp, CLIENT_RSA1024_IQMP_LEN),
    };

    return rsa_private_init(key, &numbers, RSA_BITS_LEAST);
}

/* Its signature over H, which has been computed. */
static struct bytes rsa_1024_signature(struct peer *p)
{
    uint8_t signature[CLIENT_RSA1024_LEN];
    struct rsa_key key;

    if (!rsa_1024_key(&key) ||
        !rsa_sign(&key, &hash_sha512, (struct bytes){p->x.hash, p->x.hash_len}, signature))
        problem(p, "the key of 1024 bits cannot sign");
    rsa_clear(&key);
    return message(p, "ts", "rsa-sha2-512", (struct bytes){signature, sizeof signature});
}

/* The library's host keys refuse so short a key: the client knows it, and rsa.h signs. */
static void rsa_1024(struct peer *p)
{
    p->known_key = message(p, "tmm", "ssh-rsa", (struct bytes)LITERAL("\x01\x00\x01"),
                           number_of(client_rsa1024_n, CLIENT_RSA1024_LEN));
    p->known_type = "ssh-rsa";
    if (!reach_reply(p, "rsa-sha2-512"))
        return;
    (void)reply_payload(p, &(struct reply){.host_key = p->known_key}); /* computes H */
    reply_only(p, &(struct reply){.host_key = p->known_key, .signature = rsa_1024_signature(p)});
}

/* Other shares of ours give other H, until a signature begins with a zero. */
static void rsa_short(struct peer *p)
{
    struct bytes s = {NULL, 0};

    if (!reach_reply(p, "rsa-sha2-512"))
        return;
    for (int i = 0; i < SHORT_TRIES && (s.len == 0 || s.at[0] != 0); i++) {
        p->session_id_len = 0;
        if (!serve_share(p))
            return;
        s = raw_signature(p, known_key(p));
    }
    need(p, s.len > 0 && s.at[0] == 0, "no signature with a leading zero");
    reply_signed(p, bytes_without_zeros(s));
    report(p, "%s", current_part(p)->ending == ENDING_GO_ON ? "accepted" : "refused");
}

/* clang-format off */
const struct spec_case spec_client_hostkey[] = {
    {"4253/8/signature-wrong", CLIENT, MUST, "RFC 4253 7", "4253/7/6",
     "one bit of the signature is flipped", "close, no service request",
     .run = signature_wrong},
    {"4253/8/signature-other-hash", CLIENT, MUST, "RFC 4253 7", "4253/7/6",
     "a valid signature over a different H", "close, no service request",
     .run = signature_other_hash},
    {"4253/8/signature-wrong-format", CLIENT, MUST, "RFC 4253 6.6", "4253/6.6/2",
     "the signature carries the format name of another algorithm", "close",
     .run = signature_wrong_format},
    {"4253/8/hostkey-wrong-type", CLIENT, MUST, "RFC 4253 6.6", "4253/6.6/1",
     "the host key blob is of a different type than negotiated", "close",
     .run = hostkey_wrong_type,
     .note = "plink 0.78 ends by an assertion"},
    {"4253/8/hostkey-trailing", CLIENT, MUST, "RFC 4253 6.6", "4253/6.6/3",
     "bytes after the host key's last field", "close | go-on as warn",
     .run = hostkey_trailing},
    {"4253/8/hostkey-rsa-1024", CLIENT, PRACTICE, "RFC 4253 6.6", "4253/6.6/4",
     "a 1024-bit RSA host key", "close | go-on as warn",
     .run = rsa_1024},
    {"4253/8/hostkey-garbage", CLIENT, MUST, "RFC 4253 6.6", "4253/6.6/1",
     "a host key blob of random bytes", "close",
     .run = hostkey_garbage},
    {"5656/3.1/ecdsa-curve-mismatch", CLIENT, MUST, "RFC 5656 3.1", "5656/3.1/1",
     "an ECDSA host key whose inner curve name differs", "close",
     .run = curve_mismatch},
    {"5656/3.1.2/ecdsa-r-0", CLIENT, MUST, "RFC 5656 3.1.2", "5656/3.1.2/1",
     "an ECDSA signature with r = 0, s = 0, r equal to the order, or trailing bytes",
     "close; close; close; close | go-on as warn",
     .run = ecdsa_numbers, .listed = "close",
     .note = "a signature with bytes after s proves as much as one without; the text does not say that it must be refused"},
    {"8709/6/ed25519-signature-length", CLIENT, MUST, "RFC 8709 6", "8709/6/1",
     "an Ed25519 signature of 63 and 65 bytes", "close",
     .run = ed25519_signature_length},
    {"8709/4/ed25519-key-length", CLIENT, MUST, "RFC 8709 4", "8709/4/1",
     "an Ed25519 host key of 31 and 33 bytes", "close",
     .run = ed25519_key_length},
    {"8709/7/ed25519-s-beyond-l", CLIENT, MUST, "RFC 8709 7", "8709/7/1",
     "an Ed25519 signature with S + L in place of S", "close",
     .run = ed25519_beyond,
     .note = "OpenSSH and PuTTY do not compare S with L"},
    {"8709/7/ed25519-small-order", CLIENT, PRACTICE, "RFC 8709 7", "8709/7/2",
     "host key and R of small order: a signature that verifies for any message", "close",
     .run = ed25519_small},
    {"8332/3/rsa-format-mismatch", CLIENT, MUST, "RFC 8332 3.2", "8332/3.2/1 4253/6.6/2",
     "rsa-sha2-512 negotiated, but the signature is rsa-sha2-256", "close",
     .run = rsa_format},
    {"8332/3/rsa-blob-type", CLIENT, MUST, "RFC 8332 3", "8332/3/2",
     "the key type in the blob is \"rsa-sha2-512\"", "close",
     .run = rsa_blob_type,
     .note = "OpenSSH takes the name of any RSA algorithm as the type of an RSA key"},
    {"8332/3/rsa-short-signature", CLIENT, MAY, "RFC 8332 3", "8332/3/5",
     "a signature without its leading zero bytes", "report",
     .run = rsa_short},
    {"8332/3/rsa-signature-length", CLIENT, MUST, "RFC 8332 3", "8332/3/4",
     "a signature longer than the modulus", "close",
     .run = rsa_long},
    {0},
};
/* clang-format on */
