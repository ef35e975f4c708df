/* Every primitive that both libsodium and libcrypto have, timed through the call pattern of the
 * packet path: contexts are keyed once, each call sets its own nonce or IV and works in place.
 * "nacre" is crypto/.
 *
 * Prints one table for the packet sizes 16 B, 1 KiB and 32 KiB (nanoseconds per call) and one for
 * the public key operations (microseconds per call). Each figure is the best of several rounds.
 * crypto/README.md quotes these figures with each choice. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tests/bench/bench_crypto_keys.h"

enum {
    ROUNDS = 9,
    ROUND_NS = 4 * 1000 * 1000,
    SIZES = 3,
};

static const size_t sizes[SIZES] = {16, 1024, 32768};

/* --- hashes and MACs --- */

static void sha256_openssl(struct bench *b, size_t len)
{
    SHA256_CTX c;

    SHA256_Init(&c);
    SHA256_Update(&c, b->data, len);
    SHA256_Final(b->tag, &c);
}

static void sha256_evp(struct bench *b, size_t len)
{
    EVP_DigestInit_ex2(b->md, b->sha256, NULL);
    EVP_DigestUpdate(b->md, b->data, len);
    EVP_DigestFinal_ex(b->md, b->tag, NULL);
}

static void sha256_sodium(struct bench *b, size_t len)
{
    crypto_hash_sha256(b->tag, b->data, len);
}

static void sha512_openssl(struct bench *b, size_t len)
{
    SHA512_CTX c;

    SHA512_Init(&c);
    SHA512_Update(&c, b->data, len);
    SHA512_Final(b->tag, &c);
}

static void sha512_sodium(struct bench *b, size_t len)
{
    crypto_hash_sha512(b->tag, b->data, len);
}

static void hmac_openssl(struct bench *b, size_t len)
{
    SHA256_CTX c = b->hmac_inner;

    SHA256_Update(&c, b->data, len);
    SHA256_Final(b->tag, &c);
    c = b->hmac_outer;
    SHA256_Update(&c, b->tag, 32);
    SHA256_Final(b->tag, &c);
}

static void hmac_evp(struct bench *b, size_t len)
{
    size_t out_len;

    EVP_MAC_init(b->hmac, NULL, 0, NULL);
    EVP_MAC_update(b->hmac, b->data, len);
    EVP_MAC_final(b->hmac, b->tag, &out_len, sizeof b->tag);
}

static void hmac_sodium(struct bench *b, size_t len)
{
    crypto_auth_hmacsha256(b->tag, b->data, len, b->key);
}

static void poly1305_openssl(struct bench *b, size_t len)
{
    size_t out_len;

    EVP_MAC_init(b->poly1305, b->key, 32, NULL);
    EVP_MAC_update(b->poly1305, b->data, len);
    EVP_MAC_final(b->poly1305, b->tag, &out_len, sizeof b->tag);
}

static void poly1305_sodium(struct bench *b, size_t len)
{
    crypto_onetimeauth_poly1305(b->tag, b->data, len, b->key);
}

static void poly1305_nacre(struct bench *b, size_t len)
{
    poly1305(&b->our_poly1305, b->tag, b->key, (struct bytes){b->data, len});
}

/* --- ciphers --- */

static void chacha20_openssl(struct bench *b, size_t len)
{
    int out_len;

    b->iv[15]++;
    EVP_CipherInit_ex(b->chacha, NULL, NULL, NULL, b->iv, 1);
    EVP_EncryptUpdate(b->chacha, b->data, &out_len, b->data, (int)len);
}

static void chacha20_sodium(struct bench *b, size_t len)
{
    b->iv[15]++;
    crypto_stream_chacha20_xor_ic(b->data, b->data, len, b->iv + 8, 1, b->key);
}

static void chacha20_nacre(struct bench *b, size_t len)
{
    b->iv[15]++;
    chacha20_xor(&b->our_chacha20, b->iv[15], 1, b->data, len);
}

static void gcm_call(struct bench *b, EVP_CIPHER_CTX *c, size_t len)
{
    int out_len;

    b->iv[11]++;
    EVP_CipherInit_ex(c, NULL, NULL, NULL, b->iv, 1);
    EVP_EncryptUpdate(c, NULL, &out_len, b->key, 4);
    EVP_EncryptUpdate(c, b->data, &out_len, b->data, (int)len);
    EVP_EncryptFinal_ex(c, b->data, &out_len);
    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, b->tag);
}

static void gcm_openssl(struct bench *b, size_t len)
{
    gcm_call(b, b->gcm, len);
}

static void gcm128_openssl(struct bench *b, size_t len)
{
    gcm_call(b, b->gcm128, len);
}

static void gcm_sodium(struct bench *b, size_t len)
{
    b->iv[11]++;
    crypto_aead_aes256gcm_encrypt_detached_afternm(b->data, b->tag, NULL, b->data, len, b->key, 4,
                                                   NULL, b->iv, &b->sodium_gcm);
}

static void ctr_openssl(struct bench *b, size_t len)
{
    int out_len;

    EVP_EncryptUpdate(b->ctr, b->data, &out_len, b->data, (int)len);
}

static const struct row packet_rows[] = {
    {"chacha20", "libsodium", chacha20_sodium, 0},
    {"chacha20", "libcrypto EVP", chacha20_openssl, 0},
    {"chacha20", "nacre", chacha20_nacre, 0},
    {"poly1305", "libsodium", poly1305_sodium, 0},
    {"poly1305", "libcrypto EVP", poly1305_openssl, 0},
    {"poly1305", "nacre", poly1305_nacre, 0},
    {"aes256-gcm", "libsodium", gcm_sodium, 0},
    {"aes256-gcm", "libcrypto EVP", gcm_openssl, 0},
    {"aes128-gcm", "libcrypto EVP", gcm128_openssl, 0},
    {"aes256-ctr", "libcrypto EVP", ctr_openssl, 0},
    {"sha256", "libsodium", sha256_sodium, 0},
    {"sha256", "libcrypto SHA256_*", sha256_openssl, 0},
    {"sha256", "libcrypto EVP", sha256_evp, 0},
    {"sha512", "libsodium", sha512_sodium, 0},
    {"sha512", "libcrypto SHA512_*", sha512_openssl, 0},
    {"hmac-sha256", "libsodium", hmac_sodium, 0},
    {"hmac-sha256", "libcrypto SHA256_*", hmac_openssl, 0},
    {"hmac-sha256", "libcrypto EVP", hmac_evp, 0},
    {NULL, NULL, NULL, 0},
};

/* --- the clock --- */

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double calls_ns(struct bench *b, const struct row *row, size_t len, long calls)
{
    double start = now_ns();

    for (long i = 0; i < calls; i++)
        row->call(b, len);
    return now_ns() - start;
}

/* Nanoseconds per call: the best of ROUNDS rounds of about ROUND_NS each. */
static double measure(struct bench *b, const struct row *row, size_t len)
{
    long calls = 1;
    double best = 0;

    while (calls_ns(b, row, len, calls) < ROUND_NS)
        calls *= 2;
    for (int round = 0; round < ROUNDS; round++) {
        double ns = calls_ns(b, row, len, calls) / (double)calls;

        if (round == 0 || ns < best)
            best = ns;
    }
    return best;
}

/* --- set-up --- */

static EVP_CIPHER_CTX *keyed(const EVP_CIPHER *cipher, const struct bench *b)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

    if (c == NULL || EVP_CipherInit_ex(c, cipher, NULL, b->key, b->iv, 1) != 1)
        abort();
    return c;
}

static EVP_MAC_CTX *mac(const char *name)
{
    EVP_MAC *m = EVP_MAC_fetch(NULL, name, NULL);
    EVP_MAC_CTX *c = EVP_MAC_CTX_new(m);

    EVP_MAC_free(m);
    if (c == NULL)
        abort();
    return c;
}

static void set_up_macs(struct bench *b)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                            OSSL_PARAM_construct_end()};

    b->poly1305 = mac("POLY1305");
    b->hmac = mac("HMAC");
    if (EVP_MAC_init(b->hmac, b->key, 32, params) != 1)
        abort();
    b->md = EVP_MD_CTX_new();
    b->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    SHA256_Init(&b->hmac_inner);
    SHA256_Update(&b->hmac_inner, b->data, 64);
    SHA256_Init(&b->hmac_outer);
    SHA256_Update(&b->hmac_outer, b->data, 64);
}

static void set_up(struct bench *b)
{
    randombytes_buf(b->data, sizeof b->data);
    randombytes_buf(b->key, sizeof b->key);
    randombytes_buf(b->iv, sizeof b->iv);
    memset(b->iv, 0, 8);
    crypto_sign_keypair(b->sign_public, b->sign_secret);
    crypto_scalarmult_base(b->x_public, b->sign_public);
    b->gcm = keyed(EVP_aes_256_gcm(), b);
    b->gcm128 = keyed(EVP_aes_128_gcm(), b);
    b->ctr = keyed(EVP_aes_256_ctr(), b);
    b->chacha = keyed(EVP_chacha20(), b);
    if (crypto_aead_aes256gcm_is_available())
        crypto_aead_aes256gcm_beforenm(&b->sodium_gcm, b->key);
    set_up_macs(b);
    set_up_ours(b);
}

static void tear_down(struct bench *b)
{
    EVP_CIPHER_CTX_free(b->gcm);
    EVP_CIPHER_CTX_free(b->gcm128);
    EVP_CIPHER_CTX_free(b->ctr);
    EVP_CIPHER_CTX_free(b->chacha);
    EVP_MAC_CTX_free(b->poly1305);
    EVP_MAC_CTX_free(b->hmac);
    EVP_MD_CTX_free(b->md);
    EVP_MD_free(b->sha256);
    chacha20_clear(&b->our_chacha20);
    poly1305_clear(&b->our_poly1305);
    for (size_t i = 0; i < CURVES; i++) {
        ecdh_clear(&b->ecdh[i]);
        ecdsa_clear(&b->ecdsa[i]);
    }
    rsa_clear(&b->rsa);
    free(b);
}

static void print_packet_table(struct bench *b)
{
    printf("%-12s %-20s %10s %10s %10s %12s\n", "primitive", "library", "16 B ns", "1 KiB ns",
           "32 KiB ns", "32 KiB MB/s");
    for (const struct row *row = packet_rows; row->call != NULL; row++) {
        double ns = 0;

        printf("%-12s %-20s", row->primitive, row->library);
        for (int i = 0; i < SIZES; i++) {
            ns = measure(b, row, sizes[i]);
            printf(" %10.0f", ns);
        }
        printf(" %12.0f\n", (double)sizes[SIZES - 1] * 1e3 / ns);
    }
}

static void print_key_table(struct bench *b)
{
    printf("\n%-22s %-20s %10s\n", "operation", "library", "us");
    ed25519_sign_sodium(b, 0);
    for (const struct row *row = key_rows; row->call != NULL; row++)
        printf("%-22s %-20s %10.2f\n", row->primitive, row->library,
               measure(b, row, row->which) / 1e3);
}

int main(void)
{
    struct bench *b = calloc(1, sizeof *b);

    if (b == NULL || !crypto_init()) {
        free(b);
        return 1;
    }
    set_up(b);
    print_packet_table(b);
    print_key_table(b);
    tear_down(b);
    return 0;
}
