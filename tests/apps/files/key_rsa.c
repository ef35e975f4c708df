/* RSA keys of the minimum and maximum length, and slightly beyond. */
#include "crypto/base64.h"
#include "apps/files/key_format.h"
#include "tests/support/suite.h"
#include "tests/support/scratch.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdio.h>

enum { FILE_MAX = 16 * 1024 }; /* bytes of the longest key here */

static const char first_line[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
static const char last_line[] = "\n-----END OPENSSH PRIVATE KEY-----\n";

/* Primes of Diffie-Hellman groups, which need no search. Keys made of them are valid, except that
 * they are public. */
static BIGNUM *prime_of(const char *group)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    EVP_PKEY *parameters = NULL;
    BIGNUM *p = NULL;

    ck_assert_int_eq(EVP_PKEY_paramgen_init(context), 1);
    ck_assert_int_eq(EVP_PKEY_CTX_set_group_name(context, group), 1);
    ck_assert_int_eq(EVP_PKEY_generate(context, &parameters), 1);
    ck_assert_int_eq(EVP_PKEY_get_bn_param(parameters, OSSL_PKEY_PARAM_FFC_P, &p), 1);
    EVP_PKEY_free(parameters);
    EVP_PKEY_CTX_free(context);
    return p;
}

/* The first prime above 3 * 2^(bits - 2). */
static BIGNUM *prime_of_bits(int bits)
{
    BIGNUM *p = BN_new();

    ck_assert(BN_set_word(p, 3) && BN_lshift(p, p, bits - 2) && BN_add_word(p, 1));
    while (BN_check_prime(p, NULL, NULL) != 1)
        ck_assert(BN_add_word(p, 2));
    ck_assert_int_eq(BN_num_bits(p), bits);
    return p;
}

static BIGNUM *mersenne_prime(int bits)
{
    BIGNUM *p = BN_new();

    ck_assert(BN_set_bit(p, bits) && BN_sub_word(p, 1));
    return p;
}

static void write_number(struct writer *w, const BIGNUM *number)
{
    uint8_t bytes[4096];

    ck_assert_int_le(BN_num_bytes(number), sizeof bytes);
    write_mpint(w, (struct bytes){bytes, (size_t)BN_bn2bin(number, bytes)});
}

/* Compute the rest of a key from its primes. */
struct parts {
    BIGNUM *p, *q, *n, *e, *d, *iqmp;
};

static void make_parts(struct parts *k, BIGNUM *p, BIGNUM *q)
{
    BN_CTX *scratch = BN_CTX_new();
    BIGNUM *p_1 = BN_dup(p), *q_1 = BN_dup(q), *phi = BN_new();

    *k = (struct parts){.p = p, .q = q, .n = BN_new(), .e = BN_new()};
    ck_assert(BN_set_word(k->e, 65537) && BN_mul(k->n, p, q, scratch));
    ck_assert(BN_sub_word(p_1, 1) && BN_sub_word(q_1, 1) && BN_mul(phi, p_1, q_1, scratch));
    k->d = BN_mod_inverse(NULL, k->e, phi, scratch);
    k->iqmp = BN_mod_inverse(NULL, q, p, scratch);
    ck_assert(k->d != NULL && k->iqmp != NULL);
    BN_free(p_1);
    BN_free(q_1);
    BN_free(phi);
    BN_CTX_free(scratch);
}

static void free_parts(struct parts *k)
{
    BIGNUM *const all[] = {k->p, k->q, k->n, k->e, k->d, k->iqmp};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        BN_free(all[i]);
}

/* In OpenSSH's format: PROTOCOL.key sections 1 and 3. */
static struct bytes write_file(const struct parts *k, uint8_t out[FILE_MAX])
{
    const BIGNUM *const numbers[] = {k->n, k->e, k->d, k->iqmp, k->p, k->q};
    struct writer w = write_to(out, FILE_MAX);
    uint8_t *begin;

    write_bytes(&w, (struct bytes){(const uint8_t *)"openssh-key-v1", 15});
    write_text(&w, "none");
    write_text(&w, "none");
    write_text(&w, "");
    write_u32(&w, 1);
    begin = write_string_begin(&w);
    write_text(&w, "ssh-rsa");
    write_number(&w, k->e);
    write_number(&w, k->n);
    write_string_end(&w, begin);
    begin = write_string_begin(&w);
    write_u32(&w, 1);
    write_u32(&w, 1);
    write_text(&w, "ssh-rsa");
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        write_number(&w, numbers[i]);
    write_text(&w, "");
    for (uint8_t i = 1; (w.at - begin - 4) % 8 != 0; i++)
        write_u8(&w, i);
    write_string_end(&w, begin);
    ck_assert(!w.bad);
    return written_bytes(&w);
}

/* Parse such a key as a file. The sentence about it goes to `said`. */
static bool parse(struct nacre_key *key, BIGNUM *p, BIGNUM *q, int bits, char said[512])
{
    static uint8_t data[FILE_MAX];
    static char text[sizeof first_line + BASE64_MAX(FILE_MAX) + sizeof last_line];
    struct errbuf errbuf = errbuf_in(said, 512);
    struct parts k;
    size_t len = sizeof first_line - 1;

    make_parts(&k, p, q);
    ck_assert_int_eq(BN_num_bits(k.n), bits);
    memcpy(text, first_line, len);
    len += base64_encode(text + len, write_file(&k, data));
    memcpy(text + len, last_line, sizeof last_line);
    free_parts(&k);
    return key_parse(key, bytes_of(text), NULL, "FILE", &errbuf) == KEY_GOOD;
}

static void check_signs(const struct nacre_key *key)
{
    static uint8_t out[SIGNATURE_BLOB_MAX];
    const struct signature_algorithm *const algorithms[] = {&signature_rsa_sha2_512,
                                                            &signature_rsa_sha2_256};
    struct bytes message = bytes_of("mother of pearl");

    for (size_t i = 0; i < 2; i++) {
        struct writer w = write_to(out, sizeof out);

        ck_assert(key_sign(key, algorithms[i], message, &w));
        ck_assert(key_verify(algorithms[i], private_key_blob(key), written_bytes(&w), message));
        ck_assert(!key_verify(algorithms[i], private_key_blob(key), written_bytes(&w),
                              bytes_of("mother of pearls")));
    }
}

START_TEST(a_key_of_16384_bits_is_read_and_signs)
{
    struct nacre_key key;
    char said[512];

    ck_assert_msg(parse(&key, prime_of("modp_8192"), prime_of("ffdhe8192"), 16384, said), "%s",
                  said);
    ck_assert_uint_eq(key.blob_len, 4 + 7 + 4 + 3 + 4 + 1 + 2048);
    check_signs(&key);
    private_key_clear(&key);
}
END_TEST

START_TEST(a_key_of_2048_bits_signs_and_one_of_2047_is_refused)
{
    struct nacre_key key;
    char said[512];

    ck_assert_msg(parse(&key, mersenne_prime(1279), prime_of_bits(769), 2048, said), "%s", said);
    check_signs(&key);
    private_key_clear(&key);
    ck_assert(!parse(&key, mersenne_prime(1279), prime_of_bits(768), 2047, said));
    assert_says(said, "FILE: RSA key of fewer than 2048 bits");
    ck_assert(key.clear == NULL && key.blob_len == 0);
}
END_TEST

/* With a shorter second prime the key is accepted, so its length is the only fault. */
START_TEST(a_key_of_more_than_16384_bits_is_refused)
{
    struct nacre_key key;
    char said[512];

    ck_assert(!parse(&key, mersenne_prime(9689), prime_of("modp_8192"), 17881, said));
    assert_says(said, "FILE: RSA key of more than 16384 bits");
    ck_assert(key.clear == NULL && key.blob_len == 0);
    ck_assert_msg(parse(&key, mersenne_prime(9689), prime_of("modp_6144"), 15833, said), "%s",
                  said);
    private_key_clear(&key);
}
END_TEST

/* Lengths off by one bit. The other numbers of a refused key are not checked. */
START_TEST(leading_zeros_of_the_modulus_do_not_count)
{
    static const struct {
        size_t len;
        uint8_t top;
        enum key_result result;
    } rows[] = {{2049, 1, KEY_TOO_LONG},
                {2048, 0x80, KEY_MISMATCH},
                {256, 0x80, KEY_MISMATCH},
                {256, 0x7f, KEY_TOO_SHORT},
                {0, 0, KEY_TOO_SHORT}};
    static uint8_t n[3 + 2049];
    static const uint8_t one[] = {1};
    const struct bytes odd = BYTES_OF_ARRAY(one);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t zeros = 0; zeros <= 3; zeros += 3) {
            struct rsa_numbers numbers = {.e = odd, .d = odd, .p = odd, .q = odd, .iqmp = odd};
            struct nacre_key key = {0};

            memset(n, 0xff, sizeof n);
            memset(n, 0, zeros);
            n[zeros] = rows[i].top;
            numbers.n = (struct bytes){n, zeros + rows[i].len};
            ck_assert_int_eq(key_from_rsa(&key, &numbers), rows[i].result);
            ck_assert(key.clear == NULL && key.blob_len == 0);
        }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_key_of_16384_bits_is_read_and_signs);
    add_test(suite, a_key_of_2048_bits_signs_and_one_of_2047_is_refused);
    add_test(suite, a_key_of_more_than_16384_bits_is_refused);
    add_test(suite, leading_zeros_of_the_modulus_do_not_count);
}
