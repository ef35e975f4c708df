/* RFC 5656, RFC 8731, the hybrids: shares on curves, and K. RFC 8332: RSA host keys. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <string.h>

enum { POINT_LEN = 65, COORDINATE = 32, X25519_LEN = 32, REKEYS_MAX = 3000, PARTS = 5 };

/* Up to the share, with only this method. */
static void reach_method(struct peer *p, const char *name)
{
    peer_connect(p);
    reach(p, AT_KEXINIT);
    only(p, LIST_KEX, name);
    steps_until(p, AT_SHARE);
    (void)negotiate(p);
}

static uint8_t *bytes_at(struct bytes b, size_t at)
{
    return (uint8_t *)(uintptr_t)b.at + at;
}

/* ---- NIST curves ---- */

static void point_off_curve(struct peer *p)
{
    reach_method(p, "ecdh-sha2-nistp256");
    send_share_bytes(p, flipped(p, own_share(p, &kex_nistp256), -1));
    go_on(p);
}

static void point_bytes(struct peer *p)
{
    reach_method(p, "ecdh-sha2-nistp256");
    send_share_bytes(p, p->row->bytes);
    go_on(p);
}

static void point_short(struct peer *p)
{
    struct bytes share;

    reach_method(p, "ecdh-sha2-nistp256");
    share = own_share(p, &kex_nistp256);
    share.len = POINT_LEN - 1;
    send_share_bytes(p, share);
    go_on(p);
}

/* FIPS 186-4 section D.1.2.3 */
static void point_coordinate_p(struct peer *p)
{
    static const uint8_t prime[COORDINATE] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    1,
                                              0,    0,    0,    0,    0,    0,    0,    0,
                                              0,    0,    0,    0,    0xff, 0xff, 0xff, 0xff,
                                              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct bytes share;

    reach_method(p, "ecdh-sha2-nistp256");
    share = own_share(p, &kex_nistp256);
    memcpy(bytes_at(share, 1), prime, sizeof prime);
    send_share_bytes(p, share);
    go_on(p);
}

static void point_hybrid(struct peer *p)
{
    for (uint8_t i = 0; i < 2; i++) {
        struct bytes share;

        reach_method(p, "ecdh-sha2-nistp256");
        share = own_share(p, &kex_nistp256);
        *bytes_at(share, 0) = (uint8_t)(6 + (share.at[POINT_LEN - 1] & 1) * (i == 0) +
                                        (1 - (share.at[POINT_LEN - 1] & 1)) * (i == 1));
        send_share_bytes(p, share);
        go_on(p);
    }
}

static void point_compressed(struct peer *p)
{
    struct bytes share;

    reach_method(p, "ecdh-sha2-nistp256");
    share = own_share(p, &kex_nistp256);
    *bytes_at(share, 0) = (uint8_t)(2 + (share.at[POINT_LEN - 1] & 1));
    share.len = 1 + COORDINATE;
    p->x.own_share = share;
    p->x.keeps_secret = true;
    send_share_bytes(p, share);
    go_on(p);
    report(p, "%s", current_part(p)->ending == ENDING_GO_ON ? "accepted" : "refused");
}

/* Which of the forms that encoders confuse has K? A string has only the leading zero. */
static void note_secret(const struct peer *p, bool *zero, bool *high)
{
    bool string = p->x.chosen.kex->secret_is_string;
    uint32_t len = load_u32(p->x.secret);

    *zero = *zero || (string ? p->x.secret[4] == 0 : len < COORDINATE);
    *high = *high || string || len == COORDINATE + 1;
}

/* Rekeys until K has had a leading zero byte and, if it is an mpint, at another time a set top bit.
 */
static void any_secret(struct peer *p)
{
    bool zero = false, high = false;

    peer_connect(p);
    reach(p, AT_KEXINIT);
    only(p, LIST_KEX, p->row->text);
    reach(p, AT_LOGIN);
    for (int i = 0; i < REKEYS_MAX && !(zero && high) && !over(p); i++) {
        note_secret(p, &zero, &high);
        rekey(p);
    }
    need(p, (zero && high) || over(p), "K had no leading zero in %d exchanges", REKEYS_MAX);
    go_on(p);
}

/* ---- X25519 ---- */

/* The last or only part of a share is X25519's; replace it by the row's bytes. */
static void x25519_share(struct peer *p)
{
    reach_method(p, "curve25519-sha256");
    send_share_bytes(p, p->row->bytes);
    go_on(p);
}

static void x25519_length(struct peer *p)
{
    reach_method(p, "curve25519-sha256");
    send_share_bytes(p, sample(p, p->row->number));
    go_on(p);
}

/* RFC 7748 section 6.1 and cr.yp.to/ecdh.html: the points of order 1, 2, 4 and 8 below 2^255. */
static const uint8_t small_points[PARTS][X25519_LEN] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
     0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
     0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
     0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
     0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

static void x25519_small(struct peer *p)
{
    for (int i = 0; i < PARTS; i++) {
        reach_method(p, "curve25519-sha256");
        send_share_bytes(p, (struct bytes){small_points[i], X25519_LEN});
        go_on(p);
    }
}

/* u = p + 9 stands for the base point, 9. Its owner's secret is 5 * order - 1, which has the form
 * of RFC 7748 section 5: it maps the base point to the negative of it, which has the same u. */
static const uint8_t secret_of_alias[X25519_LEN] = {0xa0, 0x23, 0xcd, 0xd0, 0x83,       0xef,
                                                    0x5b, 0xb8, 0x2f, 0x10, 0xd6,       0x2e,
                                                    0x59, 0xe1, 0x5a, 0x68, [31] = 0x50};
static const uint8_t alias_of_base[X25519_LEN] = {
    0xf6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

static void x25519_non_canonical(struct peer *p)
{
    reach_method(p, "curve25519-sha256");
    (void)own_share(p, &kex_curve25519);
    if (!over(p) && p->role == NACRE_CLIENT)
        memcpy(p->x.state, secret_of_alias, sizeof secret_of_alias);
    else if (!over(p)) /* a multiple of the client's point that has the same u */
        set_secret(p, p->x.their_share);
    p->x.keeps_secret = true;
    p->x.own_share = (struct bytes){alias_of_base, sizeof alias_of_base};
    send_share_bytes(p, p->x.own_share);
    go_on(p);
}

static void x25519_top_bit(struct peer *p)
{
    struct bytes share;

    reach_method(p, "curve25519-sha256");
    share = own_share(p, &kex_curve25519);
    *bytes_at(share, X25519_LEN - 1) |= 0x80;
    p->x.own_share = share; /* as it is sent, also in H */
    p->x.keeps_secret = true;
    send_share_bytes(p, share);
    go_on(p);
}

static void x25519_names(struct peer *p)
{
    static const char *const names[] = {"curve25519-sha256", "curve25519-sha256@libssh.org"};

    for (int i = 0; i < 2; i++) {
        reach_method(p, names[i]);
        go_on(p);
    }
}

/* ---- the hybrids ---- */

/* A valid share, a byte shorter and a byte longer. */
static void hybrid_length(struct peer *p, const char *name, const struct kex_method *method)
{
    for (int i = 0; i < 2; i++) {
        struct bytes share;

        reach_method(p, name);
        share = own_share(p, method);
        share = i == 0 ? (struct bytes){share.at, share.len - 1} : message(p, "rb", share, 0);
        send_share_bytes(p, share);
        go_on(p);
    }
}

static void mlkem_length(struct peer *p)
{
    hybrid_length(p, "mlkem768x25519-sha256", &kex_mlkem768x25519);
}

static void sntrup_length(struct peer *p)
{
    hybrid_length(p, "sntrup761x25519-sha512@openssh.com", &kex_sntrup761x25519);
}

/* FIPS 203 section 7.2: a coefficient of 4095 is no remainder of 3329. */
static void mlkem_key_check(struct peer *p)
{
    struct bytes share;

    reach_method(p, "mlkem768x25519-sha256");
    share = own_share(p, &kex_mlkem768x25519);
    memset(bytes_at(share, 0), 0xff, 3);
    send_share_bytes(p, share);
    go_on(p);
}

/* The last 32 bytes of the share are X25519's. */
static void hybrid_zero(struct peer *p)
{
    struct bytes share;

    reach_method(p, p->row->text);
    if (!over(p) && p->x.chosen.kex != NULL) {
        share = own_share(p, p->x.chosen.kex);
        memset(bytes_at(share, share.len - X25519_LEN), 0, X25519_LEN);
        send_share_bytes(p, share);
    }
    go_on(p);
}

static void sntrup_names(struct peer *p)
{
    static const char *const names[] = {"sntrup761x25519-sha512",
                                        "sntrup761x25519-sha512@openssh.com"};
    bool any = false;

    for (int i = 0; i < 2; i++)
        if (list_contains(p->setting->facts.theirs.list[LIST_KEX], names[i])) {
            reach_method(p, names[i]);
            go_on(p);
            any = true;
        }
    need(p, any, "no sntrup761x25519-sha512");
}

static void other_hybrids(struct peer *p)
{
    const char *kex = p->setting->facts.theirs.list[LIST_KEX];

    report(p, "mlkem768nistp256-sha256 %soffered, mlkem1024nistp384-sha384 %soffered",
           list_contains(kex, "mlkem768nistp256-sha256") ? "" : "not ",
           list_contains(kex, "mlkem1024nistp384-sha384") ? "" : "not ");
}

/* ---- host keys ---- */

static void rsa_sha2(struct peer *p)
{
    static const char *const names[] = {"rsa-sha2-512", "rsa-sha2-256"};

    for (int i = 0; i < 2; i++) {
        peer_connect(p);
        reach(p, AT_KEXINIT);
        only(p, LIST_HOST_KEY, names[i]);
        send_kexinit(p);
        go_on(p);
    }
}

static void ed448(struct peer *p)
{
    report(p, "ssh-ed448 %soffered",
           list_contains(p->setting->facts.theirs.list[LIST_HOST_KEY], "ssh-ed448") ? "" : "not ");
}

/* clang-format off */
const struct spec_case spec_curves[] = {
    {"5656/4/point-off-curve", BOTH, MUST, "RFC 5656 4", "5656/4/1",
     "a point that is not on the curve", "close",
     .run = point_off_curve},
    {"5656/4/point-infinity", BOTH, MUST, "RFC 5656 4", "5656/4/1",
     "the point at infinity (00)", "close",
     .run = point_bytes, .bytes = LITERAL("\0")},
    {"5656/4/point-short", BOTH, MUST, "RFC 5656 4", "5656/4/1",
     "a point that is one byte too short", "close",
     .run = point_short},
    {"5656/4/point-coordinate-p", BOTH, MUST, "RFC 5656 4", "5656/4/1",
     "a point whose x coordinate is p", "close",
     .run = point_coordinate_p},
    {"5656/4/point-hybrid", BOTH, MUST, "RFC 5656 4", "5656/4/5",
     "the hybrid encodings 06 and 07", "close",
     .run = point_hybrid},
    {"5656/4/point-compressed", BOTH, MAY, "RFC 5656 4", "5656/4/2",
     "a valid point in compressed form", "report",
     .run = point_compressed},
    {"5656/4/secret-as-integer", BOTH, MUST, "RFC 5656 4", "5656/4/3 5656/4/4",
     "x with leading zeros: K is an mpint, the shares are strings", "go-on",
     .run = any_secret, .text = "ecdh-sha2-nistp256"},
    {"8731/3/share-31", BOTH, MUST, "RFC 8731 3", "8731/3/1",
     "an X25519 share of 31 bytes", "close (prefer disc 3)",
     .run = x25519_length, .number = 31},
    {"8731/3/share-33", BOTH, MUST, "RFC 8731 3", "8731/3/1",
     "an X25519 share of 33 bytes", "close (prefer disc 3)",
     .run = x25519_length, .number = 33},
    {"8731/3/share-zero", BOTH, MUST, "RFC 8731 3", "8731/3/2",
     "an all-zero X25519 share", "close (prefer disc 3)",
     .run = x25519_share, .bytes = LITERAL("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")},
    {"8731/3/share-small-order", BOTH, MUST, "RFC 8731 3", "8731/3/2",
     "X25519 shares that are the five points of small order", "close (prefer disc 3)",
     .run = x25519_small},
    {"8731/3/share-non-canonical", BOTH, MUST, "RFC 8731 3", "8731/3/4",
     "an X25519 share with u between p and 2^255", "go-on | close as warn",
     .run = x25519_non_canonical},
    {"8731/3/share-top-bit", BOTH, MUST, "RFC 8731 3", "8731/3/4",
     "an X25519 share with the top bit of u set", "go-on",
     .run = x25519_top_bit},
    {"8731/3/two-names", BOTH, MUST, "RFC 8731 3", "8731/3/6",
     "curve25519-sha256@libssh.org names the same method", "go-on",
     .run = x25519_names},
    {"4253/7.2/secret-leading-zero", BOTH, MUST, "RFC 4253 7.2", "4253/7.2/4 4251/5/3",
     "repeated exchanges until K has had a leading zero byte and a set top bit", "go-on",
     .run = any_secret, .text = "curve25519-sha256"},
    {"8731/3/secret-mpint", BOTH, MUST, "RFC 8731 3", "8731/3/5 8731/3.1/1",
     "K below 2^248 and above 2^255, encoded as an mpint", "go-on",
     .run = any_secret, .text = "curve25519-sha256"},
    {"mlkem/2.1/init-length", SERVER, MUST, "draft-ietf-sshm-mlkem-hybrid-kex 2.1", "mlkem/2.1/1 mlkem/2.1/5",
     "C_INIT of 1215 and 1217 bytes", "close (prefer disc 3)",
     .run = mlkem_length},
    {"mlkem/2.1/key-check", SERVER, MUST, "draft-ietf-sshm-mlkem-hybrid-kex 2.1", "mlkem/2.1/2",
     "an encapsulation key with coefficients of q or more", "close",
     .run = mlkem_key_check},
    {"mlkem/2.1/x25519-zero", BOTH, MUST, "draft-ietf-sshm-mlkem-hybrid-kex 2.1", "mlkem/2.1/4",
     "the X25519 part is a point of small order", "close",
     .run = hybrid_zero, .text = "mlkem768x25519-sha256"},
    {"mlkem/2.4/secret-string", BOTH, MUST, "draft-ietf-sshm-mlkem-hybrid-kex 2.4", "mlkem/2.4/1 mlkem/2.4/2 mlkem/2.5/1",
     "K as a string, with leading zeros in either part", "go-on",
     .run = any_secret, .text = "mlkem768x25519-sha256"},
    {"9941/3/init-length", SERVER, MUST, "RFC 9941 3", "9941/3/1 9941/3/3",
     "Q_C of 1189 and 1191 bytes", "close (prefer disc 3)",
     .run = sntrup_length},
    {"9941/3/x25519-zero", BOTH, MUST, "RFC 9941 3", "9941/3/5",
     "the X25519 part is a point of small order", "close",
     .run = hybrid_zero, .text = "sntrup761x25519-sha512@openssh.com"},
    {"9941/3/secret-string", BOTH, MUST, "RFC 9941 3", "9941/3/4 9941/3/7",
     "K as a 64-byte string; both names denote one method", "go-on",
     .run = sntrup_names},
    {"mlkem/2.3.1/other-hybrids", BOTH, MAY, "draft-ietf-sshm-mlkem-hybrid-kex 2.3.1", "mlkem/2.3.1/1",
     "mlkem768nistp256-sha256 and mlkem1024nistp384-sha384, where offered", "report",
     .run = other_hybrids},
    {"8332/3/rsa-sha2-512", BOTH, MUST, "RFC 8332 3.1", "8332/3.1/1 8332/3/3",
     "rsa-sha2-512 and rsa-sha2-256 as host key algorithms", "go-on",
     .run = rsa_sha2},
    {"8709/4/ed448", BOTH, MAY, "RFC 8709 4", "8709/4/2",
     "ssh-ed448, where offered", "report",
     .run = ed448},
    {0},
};
/* clang-format on */
