#define OPENSSL_SUPPRESS_DEPRECATED

#include "apps/files/key.h"
#include "crypto/ec_curve.h"
#include "crypto/rsa.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

static char said[256];

static const struct {
    const char *type;
    unsigned bits;
    const char *key_type, *algorithm;
    size_t blob_len;
    size_t secret; /* bytes that are wiped together */
} rows[] = {
    {"ed25519", 0, "ssh-ed25519", "ssh-ed25519", 51, 32},
    {"ed25519", 256, "ssh-ed25519", "ssh-ed25519", 51, 32},
    {"ecdsa", 0, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", 104, EC_LEN_MAX},
    {"ecdsa", 256, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", 104, EC_LEN_MAX},
    {"ecdsa", 384, "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", 136, EC_LEN_MAX},
    {"ecdsa", 521, "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", 172, EC_LEN_MAX},
    {"rsa", 2048, "ssh-rsa", "rsa-sha2-512", 4 + 7 + 4 + 3 + 4 + 257, RSA_PARTS *RSA_LEN_MAX},
    {"rsa", 2056, "ssh-rsa", "rsa-sha2-256", 4 + 7 + 4 + 3 + 4 + 258, RSA_PARTS *RSA_LEN_MAX},
};

START_TEST(a_new_key_signs_and_can_be_printed)
{
    struct nacre_key *key, *again;
    char text[NACRE_KEY_TEXT_MAX], one[NACRE_FINGERPRINT_MAX], other[NACRE_FINGERPRINT_MAX];
    uint8_t signature[NACRE_SIGNATURE_MAX];
    size_t len;

    wiped_record();
    key = nacre_key_generate(rows[_i].type, rows[_i].bits, said, sizeof said);
    ck_assert_msg(key != NULL, "%s", said);
    ck_assert_uint_gt(wiped_times(rows[_i].secret), 0);
    ck_assert_str_eq(nacre_key_type(key), rows[_i].key_type);
    (void)nacre_key_blob(key, &len);
    ck_assert_uint_eq(len, rows[_i].blob_len);
    ck_assert(nacre_key_can_sign(key));
    ck_assert_uint_gt(nacre_key_sign(key, rows[_i].algorithm, "data", 4, signature), 64);
    ck_assert_uint_eq(nacre_key_sign(key, "ssh-dss", "data", 4, signature), 0);
    ck_assert(nacre_key_print_private(key, NULL, text, sizeof text, NULL, 0));
    again = nacre_key_parse(text, strlen(text), NULL, said, sizeof said);
    ck_assert_msg(again != NULL, "%s", said);
    nacre_key_fingerprint(key, one);
    nacre_key_fingerprint(again, other);
    ck_assert_str_eq(one, other);
    nacre_key_free(again);
    again = nacre_key_generate(rows[_i].type, rows[_i].bits, said, sizeof said);
    nacre_key_fingerprint(again, other);
    ck_assert_str_ne(one, other);
    nacre_key_free(again);
    nacre_key_free(key);
}
END_TEST

START_TEST(other_types_and_lengths_are_refused_with_a_sentence)
{
    static const struct {
        const char *type;
        unsigned bits;
        const char *says;
    } bad[] = {
        {"dsa", 0, "use ed25519, ecdsa or rsa"},
        {"", 0, "use ed25519"},
        {"ed25519", 255, "256 bits"},
        {"ecdsa", 255, "256, 384 or 521"},
        {"rsa", 1024, "2048 to 16384"},
        {"rsa", 2049, "steps of 8"},
        {"rsa", 16392, "2048 to 16384"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_ptr_null(nacre_key_generate(bad[i].type, bad[i].bits, said, sizeof said));
        assert_says(said, bad[i].says);
    }
}
END_TEST

static int make_none(RSA *rsa, int bits, BIGNUM *e, BN_GENCB *progress)
{
    (void)rsa;
    (void)bits;
    (void)e;
    (void)progress;
    return 0;
}

START_TEST(a_key_that_libcrypto_cannot_make_is_refused_with_a_sentence)
{
    RSA_METHOD *none = RSA_meth_dup(RSA_get_default_method());

    ck_assert(none != NULL && RSA_meth_set_keygen(none, make_none) == 1);
    RSA_set_default_method(none);
    ck_assert_ptr_null(nacre_key_generate("rsa", 2048, said, sizeof said));
    ck_assert_str_eq(said, "rsa key: libcrypto could not make it");
    RSA_set_default_method(RSA_PKCS1_OpenSSL());
    RSA_meth_free(none);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_new_key_signs_and_can_be_printed, 0, sizeof rows / sizeof rows[0]);
    add_test(suite, other_types_and_lengths_are_refused_with_a_sentence);
    add_test(suite, a_key_that_libcrypto_cannot_make_is_refused_with_a_sentence);
}
