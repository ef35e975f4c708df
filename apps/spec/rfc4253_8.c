/* RFC 4253 sections 7.2 and 8: H, the keys, and the shares of finite-field Diffie-Hellman. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include "crypto/dh.h"

#include <string.h>

enum { CONNECTIONS = 20, HUGE_SHARE = 16384 };

/* ---- H and the keys ---- */

static void own_fresh(struct peer *p)
{
    struct bytes shares[CONNECTIONS];
    bool twice = false;

    for (int i = 0; i < CONNECTIONS; i++) {
        peer_connect(p);
        reach(p, AT_NEWKEYS);
        shares[i] = their_share(p);
        for (int j = 0; j < i; j++)
            twice = twice || bytes_equal(shares[i], shares[j]);
    }
    observe(p, twice ? "the same share twice" : "never violated");
}

static void hash_order(struct peer *p)
{
    reach(p, AT_SHARE);
    go_on(p); /* the signature is verified over H as we compute it */
}

static void init_trailing(struct peer *p)
{
    reach(p, AT_SHARE);
    (void)negotiate(p);
    send_payload(p, message(p, "rr", share_payload(p, &kex_curve25519), bytes_of("more")));
    p->reached = AT_REPLY;
    go_on(p);
}

static void init_empty(struct peer *p)
{
    reach(p, AT_SHARE);
    transmit(p, "b", SSH_MSG_KEX_ECDH_INIT);
    wait_close(p, p->step);
}

static void key_extension(struct peer *p)
{
    reach(p, AT_KEXINIT);
    only(p, LIST_KEX, "curve25519-sha256");          /* 32 bytes of hash */
    only_cipher(p, "chacha20-poly1305@openssh.com"); /* 64 bytes of key */
    send_kexinit(p);
    go_on(p);
}

/* The algorithms of a list that both ends have, without markers. */
static void common_names(struct peer *p, enum kexinit_list list, char common[NAMES_MAX])
{
    list_common(common, p->setting->facts.theirs.list[list], p->x.ours.list[list]);
    for (int i = 0; i < 2; i++) {
        list_remove(common, strict_marker[p->setting->tested][i]);
        list_remove(common, ext_info_marker[p->setting->tested]);
    }
}

/* One connection for each name of a list that both ends have. */
static void each_of_list(struct peer *p)
{
    enum kexinit_list list = (enum kexinit_list)p->row->number;
    char common[NAMES_MAX], name[NAME_MAX_LEN];

    common_names(p, list, common);
    for (size_t i = 0; list_item(common, i, name); i++) {
        peer_connect(p);
        reach(p, AT_KEXINIT);
        only(p, list, name);
        send_kexinit(p);
        go_on(p);
    }
    need(p, common[0] != 0, "no name in common");
}

/* ---- shares of finite-field Diffie-Hellman ---- */

/* Offer only a method with a fixed group. */
static const struct kex_method *only_dh(struct peer *p)
{
    static const char *const names[] = {
        "diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512",
        "diffie-hellman-group14-sha1", "diffie-hellman-group18-sha512"};

    reach(p, AT_KEXINIT);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (list_contains(p->x.theirs.list[LIST_KEX], names[i])) {
            only(p, LIST_KEX, names[i]);
            steps_until(p, AT_SHARE);
            (void)negotiate(p);
            return p->x.chosen.kex;
        }
    need(p, false, "no Diffie-Hellman group");
    return NULL;
}

/* p + difference, as a positive mpint. */
static struct bytes near_prime(struct peer *p, const struct kex_method *method, int difference)
{
    const struct dh_group *group = method->group;
    uint8_t *out = peer_memory(p, group->p.len + 1);

    memcpy(out + 1, group->p.at, group->p.len);
    out[group->p.len] = (uint8_t)(out[group->p.len] + difference); /* p ends in ff or near it */
    if (difference > 0)
        for (size_t i = group->p.len; i > 0 && out[i] == 0; i--)
            out[i - 1]++;
    return (struct bytes){out, group->p.len + 1};
}

/* The row's bytes as share. */
static void dh_share(struct peer *p)
{
    if (only_dh(p) != NULL)
        send_share_bytes(p, p->row->bytes);
    go_on(p);
}

/* p plus the row's number, less 1. */
static void dh_near(struct peer *p)
{
    const struct kex_method *method = only_dh(p);

    if (method != NULL)
        send_share_bytes(p, near_prime(p, method, (int)p->row->number - 1));
    go_on(p);
}

static void dh_padded(struct peer *p)
{
    const struct kex_method *method = only_dh(p);

    if (method != NULL) {
        struct bytes share = own_share(p, method);

        p->x.keeps_secret = true;
        send_share_bytes(p, message(p, "rr", filled(p, 0, 3), share));
    }
    go_on(p);
}

static void dh_huge(struct peer *p)
{
    if (only_dh(p) != NULL)
        send_share_bytes(p, filled(p, 0x55, HUGE_SHARE));
    go_on(p);
}

/* ---- group exchange: RFC 4419 ---- */

static void reach_gex(struct peer *p)
{
    reach(p, AT_KEXINIT);
    only(p, LIST_KEX, "diffie-hellman-group-exchange-sha256");
    steps_until(p, AT_SHARE);
    (void)negotiate(p);
}

static void gex(struct peer *p)
{
    reach_gex(p);
    p->serve.group_bits = p->row->number;
    if (p->role == NACRE_CLIENT) {
        gex_send_request(p, 2048, p->row->number, 8192);
        if (gex_receive_group(p)) {
            gex_send_init(p);
            p->reached = AT_REPLY;
        }
    }
    go_on(p);
}

static void gex_nonsense(struct peer *p)
{
    static const uint32_t sizes[][3] = {{4096, 2048, 8192}, {2048, 8192, 4096}, {256, 512, 768}};

    for (int i = 0; i < 3; i++) {
        peer_connect(p);
        reach_gex(p);
        gex_send_request(p, sizes[i][0], sizes[i][1], sizes[i][2]);
        wait_close(p, p->step);
    }
}

static void gex_impossible(struct peer *p)
{
    reach_gex(p);
    gex_send_request(p, 1, 1, 1);
    wait_close(p, p->step);
}

static void gex_init_first(struct peer *p)
{
    reach_gex(p);
    transmit(p, "bm", 32, sample(p, 256));
    wait_close(p, p->step);
}

static void gex_twice(struct peer *p)
{
    reach_gex(p);
    gex_send_request(p, 2048, 2048, 8192);
    (void)gex_receive_group(p);
    gex_send_request(p, 2048, 2048, 8192);
    wait_close(p, p->step);
}

static void gex_old(struct peer *p)
{
    reach_gex(p);
    transmit(p, "bu", 30, (uint32_t)2048);
    report(p, "message %u", (unsigned)next(p));
}

/* Up to where the group is known; as a server, the client's share has come too. */
static void reach_gex_group(struct peer *p)
{
    reach_gex(p);
    if (p->role == NACRE_CLIENT) {
        gex_send_request(p, 2048, 2048, 8192);
        (void)gex_receive_group(p);
    } else {
        (void)receive_share(p);
    }
}

/* RFC 4419 section 3: byte SSH_MSG_KEX_DH_GEX_INIT (32), mpint e; or f in the reply */
static void send_gex_share(struct peer *p, struct bytes share)
{
    if (p->role == NACRE_CLIENT)
        transmit(p, "bs", 32, share);
    else
        send_share_bytes(p, share);
}

/* 0, 1, p - 1 and p */
static void gex_shares(struct peer *p)
{
    for (int i = 0; i < 4; i++) {
        struct bytes prime, share[4] = {LITERAL(""), LITERAL("\1")};

        peer_connect(p);
        reach_gex_group(p);
        prime = gex_group_prime(p);
        if (prime.len > 0) {
            share[3] = message(p, "br", 0, prime);
            share[2] = flipped(p, share[3], -1); /* p is odd */
        }
        send_gex_share(p, share[i]);
        wait_close(p, p->step);
    }
}

/* clang-format off */
const struct spec_case spec_shares[] = {
    {"4253/8/own-fresh", BOTH, PRACTICE, "RFC 4253 8", "4253/8/3 mlkem/6/1 mlkem/6/2",
     "the peer's shares differ across 20 connections", "never violated",
     .run = own_fresh},
    {"4253/8/hash-order", BOTH, MUST, "RFC 4253 8", "4253/8/4 4253/8/5",
     "the signature covers H as we compute it", "go-on",
     .run = hash_order},
    {"4253/8/init-trailing", SERVER, MUST, "RFC 4253 8", "4253/8/6",
     "bytes after the client's share", "close | go-on as warn",
     .run = init_trailing},
    {"4253/8/init-empty", SERVER, MUST, "RFC 4253 8", "4253/8/6",
     "the init message carries no share", "close",
     .run = init_empty},
    {"4253/7.2/key-extension", BOTH, MUST, "RFC 4253 7.2", "4253/7.2/1 4253/7.2/3",
     "a cipher whose key is longer than the hash output", "go-on",
     .run = key_extension},
    {"4253/7.2/all-kex", BOTH, MUST, "RFC 4253 7.2", "4253/7.2/1",
     "each key exchange method the peer offers", "go-on",
     .run = each_of_list, .number = LIST_KEX},
    {"4253/6.6/all-hostkeys", BOTH, MUST, "RFC 4253 6.6", "4253/6.6/2",
     "each host key algorithm the peer offers", "go-on",
     .run = each_of_list, .number = LIST_HOST_KEY},
    {"4253/8/dh-e-0", BOTH, MUST, "RFC 4253 8", "4253/8/1 4251/5/5",
     "DH share of 0", "close",
     .run = dh_share, .bytes = LITERAL("")},
    {"4253/8/dh-e-1", BOTH, MUST, "RFC 8268 4", "8268/4/1",
     "DH share of 1", "close",
     .run = dh_share, .bytes = LITERAL("\1")},
    {"4253/8/dh-e-p-1", BOTH, MUST, "RFC 8268 4", "8268/4/1",
     "DH share of p-1", "close",
     .run = dh_near, .number = 0},
    {"4253/8/dh-e-p", BOTH, MUST, "RFC 4253 8", "4253/8/1",
     "DH share of p", "close",
     .run = dh_near, .number = 1},
    {"4253/8/dh-e-p+1", BOTH, MUST, "RFC 4253 8", "4253/8/1",
     "DH share of p+1", "close",
     .run = dh_near, .number = 2},
    {"4253/8/dh-e-negative", BOTH, MUST, "RFC 4253 8", "4253/8/1",
     "negative DH share", "close",
     .run = dh_share, .bytes = LITERAL("\xff\x12\x34\x56\x78\x9a\xbc\xde")},
    {"4253/8/dh-e-padded", BOTH, PRACTICE, "RFC 4251 5", "4251/5/4",
     "DH share with unnecessary leading zeros", "go-on | close",
     .run = dh_padded},
    {"4253/8/dh-e-huge", BOTH, MUST, "RFC 4253 8", "4253/8/1",
     "DH share of 16 KiB", "close",
     .run = dh_huge},
    {"4253/8/own-dh-share", BOTH, MUST, "RFC 4253 8", "4253/8/2 8268/4/2 4251/5/3 4251/5/4",
     "the peer's DH shares satisfy 1 < x < p-1 and are minimal mpints", "never violated",
     .run = NULL, .watch = WATCH_DH_SHARE},
    {"4419/3/gex-2048", BOTH, SHOULD, "RFC 4419 3", "4419/3/1 4419/3/10",
     "group exchange 2048-2048-8192: H covers min, n, max, p, g", "go-on",
     .run = gex, .number = 2048},
    {"4419/3/gex-8192", BOTH, SHOULD, "RFC 4419 3", "4419/3/1",
     "group exchange requesting 8192 bits", "go-on",
     .run = gex, .number = 8192},
    {"4419/3/gex-in-range", SERVER, MUST, "RFC 4419 3", "4419/3/2 4419/3/3",
     "the size of the server's group lies between min and max", "never violated",
     .run = NULL, .watch = WATCH_GEX_SIZE},
    {"4419/3/gex-nonsense", SERVER, MUST, "RFC 4419 3", "4419/3/4",
     "group exchange requests with min > n, n > max, and max < 1024", "close",
     .run = gex_nonsense},
    {"4419/3/gex-impossible", SERVER, MUST, "RFC 4419 3", "4419/3/4",
     "a group exchange request with min and max of 1", "close",
     .run = gex_impossible},
    {"4419/3/gex-init-first", SERVER, MUST, "RFC 4253 7.1", "4253/7.1/23",
     "GEX_INIT before GEX_GROUP", "close",
     .run = gex_init_first},
    {"4419/3/gex-request-twice", SERVER, MUST, "RFC 4253 7.1", "4253/7.1/23",
     "GEX_REQUEST is sent twice", "close",
     .run = gex_twice},
    {"4419/5/gex-old", SERVER, MAY, "RFC 4419 5", "4419/5/1",
     "GEX_REQUEST_OLD", "report",
     .run = gex_old},
    {"4419/3/gex-share-range", BOTH, MUST, "RFC 4419 3", "4419/3/6 4419/3/7",
     "group exchange with shares of 0, 1, p-1 and p", "close",
     .run = gex_shares},
    {"8270/4/own-gex-2048", SERVER, SHOULD, "RFC 8270 4", "8270/4/1",
     "the server's groups have at least 2048 bits", "never violated",
     .run = NULL, .watch = WATCH_GEX_2048},
    {0},
};
/* clang-format on */
