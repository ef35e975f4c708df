/* RFC 4432: RSA key exchange, rsa2048-sha256. */
#include "apps/spec/client.h"
#include "apps/spec/client_keys.h"
#include "apps/spec/oaep.h"
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

enum {
    KEXRSA_PUBKEY = 30, /* section 7 */
    KEXRSA_SECRET = 31,
    KEXRSA_DONE = 32,
    SECRET_LEN = 64,  /* bytes of a correct K */
    HASH_BITS = 256,  /* HLEN */
    GENERATES = 10,   /* times longer than another step: the server generates a key */
    BOUND_BELOW = 49, /* K < 2^(KLEN - 2*HLEN - 49) */
};

static const char method[] = "rsa2048-sha256";

/* What the server sends first, and what we answer. */
struct rsa_exchange {
    struct bytes k_s, k_t; /* its host key, its transient key */
    struct bytes n, e;
    struct bytes encrypted;
};

/* Section 4:
 *     byte      SSH_MSG_KEXRSA_PUBKEY
 *     string    server public host key and certificates (K_S)
 *     string    K_T, transient RSA public key                                 */
static bool reach_secret(struct peer *p, struct rsa_exchange *x)
{
    struct reader r;

    need_name(p, LIST_KEX, method);
    reach(p, AT_KEXINIT);
    only(p, LIST_KEX, method);
    send_kexinit(p);
    (void)negotiate(p); /* the host key; the library does not have the method */
    if (!want(p, KEXRSA_PUBKEY))
        return false;
    r = read_from(p->got);
    (void)read_u8(&r);
    x->k_s = read_string(&r);
    x->k_t = read_string(&r);
    r = read_from(x->k_t);
    (void)read_string(&r);
    x->e = read_mpint(&r);
    x->n = bytes_without_zeros(read_mpint(&r));
    return read_done(&r) || falter(p, "a malformed KEXRSA_PUBKEY");
}

/* byte SSH_MSG_KEXRSA_SECRET, string RSAES-OAEP-ENCRYPT(K_T, K): `secret` is K as an mpint */
static void send_secret(struct peer *p, struct rsa_exchange *x, struct bytes secret)
{
    uint8_t *out = peer_memory(p, x->n.len + 1);

    if (!oaep_encrypt(x->n, x->e, secret, sample(p, OAEP_SEED_LEN).at, out))
        problem(p, "K cannot be encrypted for a key of %zu bytes", x->n.len);
    x->encrypted = (struct bytes){out, x->n.len};
    transmit(p, "bs", KEXRSA_SECRET, x->encrypted);
}

/* Section 4: H is the hash of
 *     string    V_C, V_S, I_C, I_S, K_S, K_T, RSAES_OAEP_ENCRYPT(K_T, K)
 *     mpint     K, the shared secret                                          */
static bool verify(struct peer *p, const struct rsa_exchange *x, struct bytes k,
                   struct bytes signature)
{
    uint8_t hash[HASH_MAX];
    struct bytes v[2];

    for (int i = 0; i < 2; i++)
        v[i] = (struct bytes){(const uint8_t *)p->ident[i], p->ident_len[i]};
    return hash_of(&hash_sha256,
                   message(p, "sssssssr", v[NACRE_CLIENT], v[NACRE_SERVER],
                           p->x.payload[NACRE_CLIENT], p->x.payload[NACRE_SERVER], x->k_s, x->k_t,
                           x->encrypted, k),
                   hash) &&
           p->x.chosen.host_key != NULL &&
           key_verify(p->x.chosen.host_key, x->k_s, signature,
                      (struct bytes){hash, hash_sha256.len});
}

/* Without a fault the exchange works: byte SSH_MSG_KEXRSA_DONE, string signature of H. The
 * connection then ends. */
static void need_good_exchange(struct peer *p)
{
    struct rsa_exchange x = {0};
    struct bytes k = message(p, "m", sample(p, SECRET_LEN));
    bool good = false;

    p->step *= GENERATES;
    if (reach_secret(p, &x)) {
        send_secret(p, &x, k);
        if (want(p, KEXRSA_DONE)) {
            struct reader r = read_from(p->got);

            (void)read_u8(&r);
            good = verify(p, &x, k, read_string(&r));
        }
    }
    need(p, good, "%s does not complete without a fault", method);
    current_part(p)->count = 0;
    peer_connect(p);
}

static void secret_garbage(struct peer *p)
{
    struct rsa_exchange x = {0};

    need_good_exchange(p);
    if (!reach_secret(p, &x))
        return;
    transmit(p, "bs", KEXRSA_SECRET, message(p, "br", 0, sample(p, x.n.len - 1)));
    wait_close(p, p->step);
}

/* 2^(KLEN - 2*HLEN - 49) */
static struct bytes least_beyond(struct peer *p, struct bytes n)
{
    size_t bits = 8 * n.len - (size_t)(n.at[0] < 0x80 ? 1 : 0) - 2 * HASH_BITS - BOUND_BELOW;
    size_t len = bits / 8 + 1;
    uint8_t *k = peer_memory(p, len);

    k[0] = (uint8_t)(1 << bits % 8);
    return (struct bytes){k, len};
}

/* The bytes of K are those of 2^(KLEN - 2*HLEN - 49): with a zero before them they would not fit
 * into the encryption, so K is beyond its bound, or negative. */
static void secret_range(struct peer *p)
{
    struct rsa_exchange x = {0};

    need_good_exchange(p);
    if (!reach_secret(p, &x))
        return;
    send_secret(p, &x, message(p, "s", least_beyond(p, x.n)));
    if (next(p) == KEXRSA_DONE)
        observe(p, "accepted");
    else
        observe_end(p);
}

/* As a server: section 4, K_T is string "ssh-rsa", mpint e, mpint n. False: no secret came. */
static bool serve_transient(struct peer *p, struct bytes k_t)
{
    peer_connect(p);
    reach(p, AT_KEXINIT);
    only(p, LIST_KEX, method);
    send_kexinit(p);
    (void)negotiate(p); /* the host key; the library does not have the method */
    if (over(p) || p->x.chosen.host_key == NULL)
        return false;
    transmit(p, "bss", KEXRSA_PUBKEY, private_key_blob(client_host_key(p, p->x.chosen.host_key)),
             k_t);
    return next(p) == KEXRSA_SECRET;
}

/* K_T of 2048 bits is good: its secret comes. */
static void key_length(struct peer *p)
{
    const struct nacre_key *good;
    struct bytes n = {(const uint8_t *)client_rsa1024_n, CLIENT_RSA1024_LEN}, short_key;

    need_name(p, LIST_KEX, method);
    if (p->skip != NULL)
        return;
    good = client_host_key(p, &signature_rsa_sha2_256);
    short_key = message(p, "tmm", "ssh-rsa", (struct bytes)LITERAL("\x01\x00\x01"), n);
    need(p, serve_transient(p, private_key_blob(good)), "%s does not complete without a fault",
         method);
    current_part(p)->count = 0;
    if (serve_transient(p, short_key))
        observe(p, "a secret");
    else
        observe_end(p);
}

/* clang-format off */
const struct spec_case spec_rsa_exchange[] = {
    {"4432/4/key-length", CLIENT, MUST, "RFC 4432 4", "4432/4/1",
     "a transient RSA key of 1024 bits", "close",
     .run = key_length,
     .note = "plink 0.78 ends by an assertion"},
    {"4432/4/secret-garbage", SERVER, MUST, "RFC 4432 4", "4432/4/2",
     "RSA key exchange: a secret that cannot be decrypted", "close",
     .run = secret_garbage},
    {"4432/4/secret-range", SERVER, MUST, "RFC 4432 4", "4432/4/3",
     "RSA key exchange: K is beyond its bound", "close | accepted as warn",
     .run = secret_range, .listed = "close",
     .note = "section 4 bounds what a client generates; it does not say that a server must check it"},
    {0},
};
/* clang-format on */
