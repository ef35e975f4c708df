/* The public key operations of bench_crypto.c, the only file that includes this header, and the
 * data that both files work on. */
#ifndef NACRE_TESTS_BENCH_CRYPTO_KEYS_H
#define NACRE_TESTS_BENCH_CRYPTO_KEYS_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/chacha20.h"
#include "crypto/crypto.h"
#include "crypto/dh.h"
#include "crypto/ecdh.h"
#include "crypto/ecdsa.h"
#include "crypto/mlkem768.h"
#include "crypto/poly1305.h"
#include "crypto/rsa.h"
#include "crypto/sntrup761.h"

enum {
    CURVES = 3,
    GROUPS = 3,
};

static const struct ec_curve *const curves[CURVES] = {&ec_nistp256, &ec_nistp384, &ec_nistp521};
static const struct dh_group *const groups[GROUPS] = {&dh_group14, &dh_group16, &dh_group18};

/* The data for the benchmarked calls, prepared before any clock starts. */
struct bench {
    uint8_t data[32768 + 64];
    uint8_t key[64];
    uint8_t tag[64];
    uint8_t iv[16];
    uint8_t sign_secret[64];
    uint8_t sign_public[32];
    uint8_t signature[64];
    uint8_t x_public[32];
    EVP_CIPHER_CTX *gcm;
    EVP_CIPHER_CTX *gcm128;
    EVP_CIPHER_CTX *ctr;
    EVP_CIPHER_CTX *chacha;
    EVP_MAC_CTX *poly1305;
    EVP_MAC_CTX *hmac;
    EVP_MD_CTX *md;
    EVP_MD *sha256;
    crypto_aead_aes256gcm_state sodium_gcm;
    SHA256_CTX hmac_inner;
    SHA256_CTX hmac_outer;
    struct chacha20 our_chacha20;
    struct poly1305 our_poly1305;
    struct ecdh ecdh[CURVES];
    uint8_t point[CURVES][EC_POINT_LEN_MAX];
    struct ecdsa_key ecdsa[CURVES];
    uint8_t r[CURVES][EC_LEN_MAX], s[CURVES][EC_LEN_MAX];
    struct rsa_key rsa;
    uint8_t rsa_signature[512];
    struct dh dh[GROUPS];
    uint8_t dh_public[DH_LEN_MAX], dh_shared[DH_LEN_MAX];
    struct mlkem768_scratch mlkem;
    uint8_t mlkem_ek[MLKEM768_EK_LEN], mlkem_dk[MLKEM768_DK_LEN], mlkem_ct[MLKEM768_CT_LEN];
    struct sntrup761_scratch sntrup;
    uint8_t sntrup_pk[SNTRUP761_PK_LEN], sntrup_sk[SNTRUP761_SK_LEN], sntrup_ct[SNTRUP761_CT_LEN];
};

struct row {
    const char *primitive;
    const char *library;
    void (*call)(struct bench *b, size_t len);
    size_t which; /* of several curves or groups: len for the public key operations */
};

/* len is the number of a curve or group, or not used. */

static void x25519_base_sodium(struct bench *b, size_t len)
{
    (void)len;
    crypto_scalarmult_base(b->tag, b->key);
}

static void x25519_base_openssl(struct bench *b, size_t len)
{
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, b->key, 32);
    size_t out_len = 32;

    (void)len;
    EVP_PKEY_get_raw_public_key(k, b->tag, &out_len);
    EVP_PKEY_free(k);
}

static void x25519_sodium(struct bench *b, size_t len)
{
    (void)len;
    if (crypto_scalarmult(b->tag, b->key, b->x_public) != 0)
        abort();
}

static void x25519_openssl(struct bench *b, size_t len)
{
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, b->key, 32);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, b->x_public, 32);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k, NULL);
    size_t out_len = 32;

    (void)len;
    if (EVP_PKEY_derive_init(c) != 1 || EVP_PKEY_derive_set_peer(c, peer) != 1 ||
        EVP_PKEY_derive(c, b->tag, &out_len) != 1)
        abort();
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(k);
}

static void ed25519_sign_sodium(struct bench *b, size_t len)
{
    (void)len;
    crypto_sign_detached(b->signature, NULL, b->data, 64, b->sign_secret);
}

static void ed25519_sign_openssl(struct bench *b, size_t len)
{
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, b->sign_secret, 32);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    size_t out_len = 64;

    (void)len;
    if (EVP_DigestSignInit(c, NULL, NULL, NULL, k) != 1 ||
        EVP_DigestSign(c, b->signature, &out_len, b->data, 64) != 1)
        abort();
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(k);
}

static void ed25519_verify_sodium(struct bench *b, size_t len)
{
    (void)len;
    if (crypto_sign_verify_detached(b->signature, b->data, 64, b->sign_public) != 0)
        abort();
}

static void ed25519_verify_openssl(struct bench *b, size_t len)
{
    EVP_PKEY *k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, b->sign_public, 32);
    EVP_MD_CTX *c = EVP_MD_CTX_new();

    (void)len;
    if (EVP_DigestVerifyInit(c, NULL, NULL, NULL, k) != 1 ||
        EVP_DigestVerify(c, b->signature, 64, b->data, 64) != 1)
        abort();
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(k);
}

static void ecdh_evp(struct bench *b, size_t which)
{
    const char *const names[CURVES] = {"P-256", "P-384", "P-521"};
    EVP_PKEY *k = EVP_EC_gen(names[which]), *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k, NULL);
    uint8_t out[EC_LEN_MAX];
    size_t out_len = sizeof out;

    if (EVP_PKEY_copy_parameters(peer, k) != 1 ||
        EVP_PKEY_set1_encoded_public_key(peer, b->point[which], curves[which]->point_len) != 1 ||
        EVP_PKEY_derive_init(c) != 1 || EVP_PKEY_derive_set_peer(c, peer) != 1 ||
        EVP_PKEY_derive(c, out, &out_len) != 1)
        abort();
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(k);
}

/* As in a key exchange: generate a key, compute one shared secret. */
static void ecdh_nacre(struct bench *b, size_t which)
{
    uint8_t pub[EC_POINT_LEN_MAX], out[EC_LEN_MAX];
    struct ecdh e;

    if (!ecdh_generate(&e, curves[which], &random_system, pub) ||
        !ecdh_shared(&e, (struct bytes){b->point[which], curves[which]->point_len}, out))
        abort();
    ecdh_clear(&e);
}

static void ecdsa_sign_nacre(struct bench *b, size_t which)
{
    if (!ecdsa_sign(&b->ecdsa[which], (struct bytes){b->key, 64}, b->r[which], b->s[which]))
        abort();
}

static void ecdsa_verify_nacre(struct bench *b, size_t which)
{
    size_t len = curves[which]->len;

    if (!ecdsa_verify(&b->ecdsa[which], (struct bytes){b->key, 64},
                      (struct bytes){b->r[which], len}, (struct bytes){b->s[which], len}))
        abort();
}

static void rsa_sign_nacre(struct bench *b, size_t which)
{
    (void)which;
    if (!rsa_sign(&b->rsa, &hash_sha512, (struct bytes){b->key, 64}, b->rsa_signature))
        abort();
}

static void rsa_verify_nacre(struct bench *b, size_t which)
{
    (void)which;
    if (!rsa_verify(&b->rsa, &hash_sha512, (struct bytes){b->key, 64},
                    (struct bytes){b->rsa_signature, b->rsa.len}))
        abort();
}

static void dh_nacre(struct bench *b, size_t which)
{
    if (!dh_generate(&b->dh[which], groups[which], &random_system, b->dh_public) ||
        !dh_shared(&b->dh[which], (struct bytes){b->dh_public, groups[which]->p.len}, b->dh_shared))
        abort();
}

static void mlkem_keypair_nacre(struct bench *b, size_t which)
{
    (void)which;
    mlkem768_keypair(b->mlkem_ek, b->mlkem_dk, b->key, b->key + 32, &b->mlkem);
}

static void mlkem_encapsulate_nacre(struct bench *b, size_t which)
{
    (void)which;
    mlkem768_encapsulate(b->mlkem_ct, b->tag, b->mlkem_ek, b->key, &b->mlkem);
}

static void mlkem_decapsulate_nacre(struct bench *b, size_t which)
{
    (void)which;
    mlkem768_decapsulate(b->tag, b->mlkem_dk, b->mlkem_ct, &b->mlkem);
}

static void sntrup_keypair_nacre(struct bench *b, size_t which)
{
    (void)which;
    sntrup761_keypair(b->sntrup_pk, b->sntrup_sk, &random_system, &b->sntrup);
}

static void sntrup_encapsulate_nacre(struct bench *b, size_t which)
{
    (void)which;
    sntrup761_encapsulate(b->sntrup_ct, b->tag, b->sntrup_pk, &random_system, &b->sntrup);
}

static void sntrup_decapsulate_nacre(struct bench *b, size_t which)
{
    (void)which;
    sntrup761_decapsulate(b->tag, b->sntrup_sk, b->sntrup_ct, &b->sntrup);
}

/* The order matters: some use results of earlier ones. */
static const struct row key_rows[] = {
    {"x25519 public key", "libsodium", x25519_base_sodium, 0},
    {"x25519 public key", "libcrypto EVP", x25519_base_openssl, 0},
    {"x25519 shared secret", "libsodium", x25519_sodium, 0},
    {"x25519 shared secret", "libcrypto EVP", x25519_openssl, 0},
    {"ed25519 sign", "libsodium", ed25519_sign_sodium, 0},
    {"ed25519 sign", "libcrypto EVP", ed25519_sign_openssl, 0},
    {"ed25519 verify", "libsodium", ed25519_verify_sodium, 0},
    {"ed25519 verify", "libcrypto EVP", ed25519_verify_openssl, 0},
    {"ecdh nistp256, both", "libcrypto EVP", ecdh_evp, 0},
    {"ecdh nistp256, both", "nacre", ecdh_nacre, 0},
    {"ecdh nistp384, both", "libcrypto EVP", ecdh_evp, 1},
    {"ecdh nistp384, both", "nacre", ecdh_nacre, 1},
    {"ecdh nistp521, both", "libcrypto EVP", ecdh_evp, 2},
    {"ecdh nistp521, both", "nacre", ecdh_nacre, 2},
    {"ecdsa nistp256 sign", "nacre", ecdsa_sign_nacre, 0},
    {"ecdsa nistp256 verify", "nacre", ecdsa_verify_nacre, 0},
    {"ecdsa nistp384 sign", "nacre", ecdsa_sign_nacre, 1},
    {"ecdsa nistp384 verify", "nacre", ecdsa_verify_nacre, 1},
    {"ecdsa nistp521 sign", "nacre", ecdsa_sign_nacre, 2},
    {"ecdsa nistp521 verify", "nacre", ecdsa_verify_nacre, 2},
    {"rsa 3072 sign", "nacre", rsa_sign_nacre, 0},
    {"rsa 3072 verify", "nacre", rsa_verify_nacre, 0},
    {"dh group14, both", "nacre", dh_nacre, 0},
    {"dh group16, both", "nacre", dh_nacre, 1},
    {"dh group18, both", "nacre", dh_nacre, 2},
    {"mlkem768 keypair", "nacre", mlkem_keypair_nacre, 0},
    {"mlkem768 encapsulate", "nacre", mlkem_encapsulate_nacre, 0},
    {"mlkem768 decapsulate", "nacre", mlkem_decapsulate_nacre, 0},
    {"sntrup761 keypair", "nacre", sntrup_keypair_nacre, 0},
    {"sntrup761 encapsulate", "nacre", sntrup_encapsulate_nacre, 0},
    {"sntrup761 decapsulate", "nacre", sntrup_decapsulate_nacre, 0},
    {NULL, NULL, NULL, 0},
};

/* A key of 3072 bits, generated by libcrypto. */
static void set_up_rsa(struct bench *b)
{
    static const char *const names[] = {"n",           "e",           "d",
                                        "rsa-factor1", "rsa-factor2", "rsa-coefficient1"};
    uint8_t numbers[6][512];
    size_t len[6];
    EVP_PKEY *k = EVP_RSA_gen(3072);
    struct rsa_numbers key;

    for (size_t i = 0; i < 6; i++) {
        BIGNUM *number = NULL;

        if (EVP_PKEY_get_bn_param(k, names[i], &number) != 1)
            abort();
        len[i] = (size_t)BN_bn2bin(number, numbers[i]);
        BN_free(number);
    }
    key = (struct rsa_numbers){.n = {numbers[0], len[0]},
                               .e = {numbers[1], len[1]},
                               .d = {numbers[2], len[2]},
                               .p = {numbers[3], len[3]},
                               .q = {numbers[4], len[4]},
                               .iqmp = {numbers[5], len[5]}};
    if (!rsa_private_init(&b->rsa, &key, 3072))
        abort();
    EVP_PKEY_free(k);
}

static void set_up_ours(struct bench *b)
{
    chacha20_init(&b->our_chacha20, b->key);
    poly1305_init(&b->our_poly1305);
    for (size_t i = 0; i < CURVES; i++) {
        if (!ecdh_generate(&b->ecdh[i], curves[i], &random_system, b->point[i]) ||
            !ecdsa_private_init(&b->ecdsa[i], curves[i],
                                (struct bytes){b->ecdh[i].secret, curves[i]->len},
                                (struct bytes){NULL, 0}))
            abort();
    }
    set_up_rsa(b);
}

#endif
