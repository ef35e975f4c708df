#include "apps/files/der.h"
#include "tests/support/encrypted_keys.h"
#include "tests/support/key_texts.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

static const struct bytes none = {NULL, 0};
static uint8_t room[KEY_BINARY_MAX];

static enum key_result decrypt(struct nacre_key *key, struct bytes der, const char *passphrase)
{
    memset(key, 0, sizeof *key);
    return key_decrypt_pkcs8(key, der, passphrase != NULL ? bytes_of(passphrase) : none);
}

START_TEST(every_cipher_and_hash_yields_the_key)
{
    struct bytes der = key_binary(pbes2_keys[_i], room);
    uint8_t plain_room[KEY_BINARY_MAX];
    struct nacre_key plain = {0}, key;

    ck_assert_int_eq(key_parse_pkcs8(&plain, key_binary(pkcs8_ed25519, plain_room)), KEY_GOOD);
    ck_assert_int_eq(decrypt(&key, der, "secret"), KEY_GOOD);
    assert_bytes(private_key_blob(&key), private_key_blob(&plain));
    ck_assert_int_eq(decrypt(&key, der, "Secret"), KEY_WRONG_PASSPHRASE);
    ck_assert_int_eq(decrypt(&key, der, ""), KEY_WRONG_PASSPHRASE);
    ck_assert_int_eq(decrypt(&key, der, NULL), KEY_ENCRYPTED);
}
END_TEST

/* It fails, or a changed salt or iteration count amounts to a wrong passphrase. A flipped bit of
 * the IV, or of the block before, changes one bit of the plaintext: the seed has no check. */
START_TEST(damage_is_noticed_or_a_wrong_passphrase)
{
    struct bytes der = key_binary(pbes2_keys[0], room);
    struct nacre_key key;

    for (size_t bit = 0; bit < 8 * 75; bit++) {
        enum key_result result;

        room[bit / 8] ^= (uint8_t)(1 << bit % 8);
        result = decrypt(&key, der, "secret");
        ck_assert_msg(result != KEY_GOOD && result != KEY_ENCRYPTED, "bit %zu", bit);
        room[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < der.len; len++)
        ck_assert_int_ne(decrypt(&key, (struct bytes){room, len}, "secret"), KEY_GOOD);
}
END_TEST

START_TEST(other_ways_of_encrypting_are_not_supported)
{
    struct nacre_key key;

    for (size_t i = 0; i < 3; i++) /* the fourth has another format */
        ck_assert_int_eq(decrypt(&key, key_binary(unsupported_keys[i], room), "secret"),
                         KEY_OTHER_CIPHER);
}
END_TEST

START_TEST(no_iterations_are_refused)
{
    static const uint8_t count[] = {DER_INTEGER, 1, 100};
    struct bytes der = key_binary(pbes2_keys[3], room);
    struct nacre_key key;
    uint8_t *at = memmem(room, der.len, count, sizeof count);

    ck_assert_ptr_nonnull(at);
    at[2] = 0;
    ck_assert_int_eq(decrypt(&key, der, "secret"), KEY_MALFORMED);
}
END_TEST

START_TEST(secrets_are_wiped)
{
    struct bytes der = key_binary(pbes2_keys[2], room);
    struct nacre_key key;

    wiped_record();
    ck_assert_int_eq(decrypt(&key, der, "secret"), KEY_GOOD);
    /* the cipher's key with the IV, the decrypted key with padding, and libsodium's form of it */
    assert_wiped(64, 3);
}
END_TEST

/* From: openssl pkcs8 -topk8 -v2 aes-128-cbc -v2prf hmacWithSHA1 -iter 70000 */
static const char many_rounds[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHfMEoGCSqGSIb3DQEFDTA9MBwGCSqGSIb3DQEFDDAPBAgqIdLtRiTJpwIDARFw\n"
    "MB0GCWCGSAFlAwQBAgQQZNPqYe6ki2k+iP5gtBmunASBkLPfCzSbPQgv186ZJwZi\n"
    "PYYHqYdZgeHW/bCUUWGu1MHwS8xrHRFnLMwwfh2j7b370MEXy9x9sUaGOE9+Mg1d\n"
    "GKrfw3Yl7EDjfVKHQAnKkYCxklKaloDoTAKitk6nJmZsSAsQtj1py3oGqUaU3ffy\n"
    "GjkCw9uAmgcii4QZ/rTIA7KYWC0zzHQkOaKyBjvm8RV0eQ==\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

START_TEST(the_number_of_iterations_may_have_several_bytes)
{
    uint8_t plain_room[KEY_BINARY_MAX];
    struct nacre_key plain = {0}, key;

    ck_assert_int_eq(key_parse_pkcs8(&plain, key_binary(pkcs8_nistp256, plain_room)), KEY_GOOD);
    ck_assert_int_eq(decrypt(&key, key_binary(many_rounds, room), "secret"), KEY_GOOD);
    assert_bytes(private_key_blob(&key), private_key_blob(&plain));
    private_key_clear(&key);
    private_key_clear(&plain);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, every_cipher_and_hash_yields_the_key, 0, ENCRYPTED_KEYS);
    add_test(suite, damage_is_noticed_or_a_wrong_passphrase);
    add_test(suite, other_ways_of_encrypting_are_not_supported);
    add_test(suite, no_iterations_are_refused);
    add_test(suite, secrets_are_wiped);
    add_test(suite, the_number_of_iterations_may_have_several_bytes);
}
