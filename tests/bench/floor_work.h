/* The floor's computations: packets, and a login's primitives at both ends. Part of floor.c. */
#ifndef NACRE_BENCH_FLOOR_WORK_H
#define NACRE_BENCH_FLOOR_WORK_H

#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/hash.h"
#include "crypto/keccak4.h"
#include "crypto/mlkem768.h"
#include "crypto/sntrup761.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static void fail(const char *text)
{
    (void)fprintf(stderr, "floor: %s: %s\n", text, strerror(errno));
    exit(1);
}

/* ---- packets ---- */

struct sealing {
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
    SHA256_CTX inner, outer;
};

static void sealing_start(struct sealing *s, const EVP_CIPHER *cipher)
{
    static const uint8_t zeros[64];
    EVP_MAC *poly1305 = EVP_MAC_fetch(NULL, "POLY1305", NULL);

    s->cipher = EVP_CIPHER_CTX_new();
    s->mac = EVP_MAC_CTX_new(poly1305);
    EVP_MAC_free(poly1305);
    if (s->mac == NULL || EVP_EncryptInit_ex(s->cipher, cipher, NULL, zeros, zeros) != 1)
        fail("cipher");
    (void)SHA256_Init(&s->inner);
    (void)SHA256_Update(&s->inner, zeros, sizeof zeros);
    s->outer = s->inner;
}

static void sealing_clear(struct sealing *s)
{
    EVP_MAC_CTX_free(s->mac);
    EVP_CIPHER_CTX_free(s->cipher);
}

static void gcm(struct sealing *s, uint8_t *packet, size_t len)
{
    uint8_t iv[12] = {1}, tag[16];
    int n;

    (void)EVP_EncryptInit_ex(s->cipher, NULL, NULL, NULL, iv);
    (void)EVP_EncryptUpdate(s->cipher, NULL, &n, packet, 4);
    (void)EVP_EncryptUpdate(s->cipher, packet + 4, &n, packet + 4, (int)len);
    (void)EVP_EncryptFinal_ex(s->cipher, tag, &n);
    (void)EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag);
}

static void chacha(struct sealing *s, uint8_t *packet, size_t len)
{
    static const uint8_t key[32], nonce[8];
    uint8_t once[32] = {0}, tag[16], iv[16] = {1};
    size_t tag_len;
    int n;

    (void)crypto_stream_chacha20_xor_ic(packet, packet, 4, nonce, 0, key);
    (void)crypto_stream_chacha20_xor_ic(once, once, sizeof once, nonce, 0, key);
    if (len < 128) {
        (void)crypto_stream_chacha20_xor_ic(packet + 4, packet + 4, len, nonce, 1, key);
        (void)crypto_onetimeauth_poly1305(tag, packet, len + 4, once);
        return;
    }
    (void)EVP_EncryptInit_ex(s->cipher, NULL, NULL, NULL, iv);
    (void)EVP_EncryptUpdate(s->cipher, packet + 4, &n, packet + 4, (int)len);
    (void)EVP_MAC_init(s->mac, once, sizeof once, NULL);
    (void)EVP_MAC_update(s->mac, packet, len + 4);
    (void)EVP_MAC_final(s->mac, tag, &tag_len, sizeof tag);
}

static void ctr(struct sealing *s, uint8_t *packet, size_t len)
{
    SHA256_CTX h = s->inner;
    uint8_t digest[32];
    int n;

    (void)EVP_EncryptUpdate(s->cipher, packet + 4, &n, packet + 4, (int)len);
    (void)SHA256_Update(&h, packet, len + 4);
    (void)SHA256_Final(digest, &h);
    h = s->outer;
    (void)SHA256_Update(&h, digest, sizeof digest);
    (void)SHA256_Final(digest, &h);
}

static const struct {
    const char *name;
    const EVP_CIPHER *(*cipher)(void);
    void (*work)(struct sealing *s, uint8_t *packet, size_t len);
} protections[] = {
    {"aes128-gcm", EVP_aes_128_gcm, gcm},
    {"aes256-gcm", EVP_aes_256_gcm, gcm},
    {"chacha20-poly1305", EVP_chacha20, chacha},
    {"aes256-ctr", EVP_aes_256_ctr, ctr},
};

/* ---- a login ---- */

/* Bytes of a key exchange. */
struct kex {
    const char *name;
    size_t in, out;   /* of the first round trip */
    size_t exchanged; /* in the exchange hash */
    bool sha512;
};

static const struct kex kexes[] = {
    {"curve25519", 547, 492, 1520, false},
    {"mlkem768", 1739, 1580, 3792, false},
    {"sntrup761", 1715, 1532, 3717, true},
    {NULL, 0, 0, 0, false},
};

/* The bytes of a login between nacre-echo and its client. First the server sends identification and
 * KEXINIT; then, by round trip, what the client sends and the server answers: KEXINIT and
 * KEX_ECDH_INIT, after the identification; NEWKEYS and SERVICE_REQUEST; a request for the methods;
 * a key query; its proof; a channel; DISCONNECT. */
enum { IDENTIFICATION = 19, HELLO = 867, TURNS = 7 };

struct turn {
    size_t in, out;
};

static struct turn turns[TURNS] = {{0, 0},     {120, 44}, {68, 44}, {220, 100},
                                   {308, 144}, {52, 44},  {44, 0}};
enum { EXCHANGE_TURN = 0, NEWKEYS_TURN = 1, PROOF_TURN = 4, OVERHEAD = 20 };

struct login {
    struct sealing packets;
    struct mlkem768_scratch mlkem;
    struct sntrup761_scratch sntrup;
    uint8_t mlkem_ek[MLKEM768_EK_LEN], mlkem_dk[MLKEM768_DK_LEN], mlkem_ct[MLKEM768_CT_LEN];
    uint8_t sntrup_pk[SNTRUP761_PK_LEN], sntrup_sk[SNTRUP761_SK_LEN], sntrup_ct[SNTRUP761_CT_LEN];
    uint8_t secret[64], public[32], signature[64], peer[32], scalar[32], shared[32], hash[64];
    uint8_t text[4096], proof[200], packet[512], stream[256];
};

static void start_login(struct login *l)
{
    sealing_start(&l->packets, EVP_chacha20());
    (void)crypto_sign_keypair(l->public, l->secret);
    randombytes_buf(l->scalar, sizeof l->scalar);
    (void)crypto_scalarmult_curve25519_base(l->peer, l->scalar);
    (void)mlkem768_keypair(l->mlkem_ek, l->mlkem_dk, l->scalar, l->peer, &l->mlkem);
    (void)sntrup761_keypair(l->sntrup_pk, l->sntrup_sk, &random_system, &l->sntrup);
    (void)crypto_sign_detached(l->signature, NULL, l->proof, sizeof l->proof, l->secret);
}

static bool is_kex(const struct kex *kex, const char *name)
{
    return strcmp(kex->name, name) == 0;
}

static void agree(struct login *l)
{
    if (crypto_scalarmult_curve25519(l->shared, l->scalar, l->peer) != 0)
        fail("x25519");
}

/* With the fastest library for each: crypto/README.md. */
static void digest(struct login *l, const struct hash_method *method, size_t len)
{
    (void)hash_of(method, (struct bytes){l->text, len}, l->hash);
}

/* The exchange hash and six keys. */
static void hash_all(struct login *l, const struct kex *kex)
{
    const struct hash_method *method = kex->sha512 ? &hash_sha512 : &hash_sha256;

    digest(l, method, kex->exchanged);
    for (int i = 0; i < 6; i++)
        digest(l, method, kex->sha512 ? 197 : 101);
}

/* Four streams of `blocks` each, from inputs of `len` bytes. */
static void expand(struct login *l, const struct keccak_method *method, size_t len, size_t blocks)
{
    const uint8_t *in[KECCAK_WAYS] = {l->text, l->text, l->text, l->text};
    uint8_t *out[KECCAK_WAYS] = {l->stream, l->stream, l->stream, l->stream};
    struct keccak4 sponges;

    keccak4_start(&sponges, method, in, len);
    while (blocks-- > 0)
        keccak4_squeeze(&sponges, out);
}

/* What an encapsulation must hash, as if its arithmetic were free: about the cost of a whole
 * encapsulation in the fastest implementations. FIPS 203: H(ek) and G; nine polynomials of the
 * matrix, three blocks each; seven of noise, one block each. */
static void hash_mlkem(struct login *l)
{
    const struct bytes key = {l->mlkem_ek, MLKEM768_EK_LEN}, seeds = {l->text, 64};

    keccak_of(&keccak_sha3_256, &key, 1, l->stream, 32);
    keccak_of(&keccak_sha3_512, &seeds, 1, l->stream, 64);
    for (int i = 0; i < 9; i += KECCAK_WAYS)
        expand(l, &keccak_shake128, 34, 3);
    for (int i = 0; i < 7; i += KECCAK_WAYS)
        expand(l, &keccak_shake256, 33, 1);
}

/* The server: a key pair and the shared secret, the hashes, the host's signature. */
static void exchange(struct login *l, const struct kex *kex)
{
    randombytes_buf(l->scalar, sizeof l->scalar);
    (void)crypto_scalarmult_curve25519_base(l->shared, l->scalar);
    agree(l);
    hash_all(l, kex);
    (void)crypto_sign_detached(l->hash, NULL, l->text, 32, l->secret);
    if (is_kex(kex, "mlkem768"))
        hash_mlkem(l);
    else if (is_kex(kex, "sntrup761"))
        (void)sntrup761_encapsulate(l->sntrup_ct, l->shared, l->sntrup_pk, &random_system,
                                    &l->sntrup);
}

/* The client: a key pair. Its post-quantum part is from crypto/, since neither library has it. */
static void make_share(struct login *l, const struct kex *kex)
{
    randombytes_buf(l->scalar, sizeof l->scalar);
    (void)crypto_scalarmult_curve25519_base(l->shared, l->scalar);
    if (is_kex(kex, "mlkem768"))
        (void)mlkem768_keypair(l->mlkem_ek, l->mlkem_dk, l->scalar, l->peer, &l->mlkem);
    else if (is_kex(kex, "sntrup761"))
        (void)sntrup761_keypair(l->sntrup_pk, l->sntrup_sk, &random_system, &l->sntrup);
}

/* A signature: the user's at the server, the host's at the client. */
static void verify(const struct login *l)
{
    if (crypto_sign_verify_detached(l->signature, l->proof, sizeof l->proof, l->public) != 0)
        fail("verify");
}

/* The client: the shared secret, the hashes, the host's signature. */
static void finish_exchange(struct login *l, const struct kex *kex)
{
    agree(l);
    hash_all(l, kex);
    verify(l);
    if (is_kex(kex, "mlkem768"))
        (void)mlkem768_decapsulate(l->shared, l->mlkem_dk, l->mlkem_ct, &l->mlkem);
    else if (is_kex(kex, "sntrup761"))
        (void)sntrup761_decapsulate(l->shared, l->sntrup_sk, l->sntrup_ct, &l->sntrup);
}

/* After NEWKEYS packets are encrypted, one in each direction per round trip. */
static void open_and_seal(struct login *l, size_t turn)
{
    chacha(&l->packets, l->packet, turns[turn].in - OVERHEAD);
    if (turns[turn].out > 0)
        chacha(&l->packets, l->packet, turns[turn].out - OVERHEAD);
}

static void compute_at_server(struct login *l, const struct kex *kex, size_t turn)
{
    if (turn == EXCHANGE_TURN)
        exchange(l, kex);
    else
        open_and_seal(l, turn);
    if (turn == PROOF_TURN)
        verify(l);
}

/* Called before the client sends its part of a round trip. */
static void compute_at_client(struct login *l, const struct kex *kex, size_t turn)
{
    if (turn == EXCHANGE_TURN)
        make_share(l, kex);
    else if (turn == NEWKEYS_TURN)
        finish_exchange(l, kex);
    else if (turn == PROOF_TURN)
        (void)crypto_sign_detached(l->signature, NULL, l->proof, sizeof l->proof, l->secret);
    if (turn != EXCHANGE_TURN)
        open_and_seal(l, turn);
}

static struct login *new_login(void)
{
    struct login *l = calloc(1, sizeof *l);

    if (l == NULL || sodium_init() < 0)
        fail("memory");
    start_login(l);
    return l;
}

#endif
