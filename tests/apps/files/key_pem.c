#include "apps/files/key_cipher.h"
#include "tests/support/encrypted_keys.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

#include <stdio.h>
#include <string.h>

enum { TEXT = 128 /* bytes of the encrypted key */, MD5 = 16 };

static char said[512];

static enum key_result parse(struct nacre_key *key, const char *text, const char *passphrase)
{
    struct errbuf p = errbuf_in(said, sizeof said);

    return key_parse(key, bytes_of(text), passphrase, "FILE", &p);
}

START_TEST(every_cipher_yields_the_key)
{
    struct nacre_key plain, key;

    ck_assert_int_eq(parse(&plain, pkcs8_nistp256, NULL), KEY_GOOD);
    ck_assert_int_eq(parse(&key, pem_keys[_i], "secret"), KEY_GOOD);
    assert_bytes(private_key_blob(&key), private_key_blob(&plain));
    private_key_clear(&key);
    ck_assert_int_eq(parse(&key, pem_keys[_i], "Secret"), KEY_WRONG_PASSPHRASE);
    assert_says(said, "FILE: wrong passphrase");
    ck_assert_int_eq(parse(&key, pem_keys[_i], ""), KEY_WRONG_PASSPHRASE);
    ck_assert_int_eq(parse(&key, pem_keys[_i], NULL), KEY_ENCRYPTED);
    assert_says(said, "ssh-keygen -p -N '' -f FILE");
    private_key_clear(&plain);
}
END_TEST

/* Some of 256 wrong passphrases have the right padding by chance. */
START_TEST(no_wrong_passphrase_yields_a_key)
{
    struct nacre_key key;
    char wrong[16];

    for (int i = 0; i < 600; i++) {
        snprintf(wrong, sizeof wrong, "%d", i);
        ck_assert_int_eq(parse(&key, pem_keys[0], wrong), KEY_WRONG_PASSPHRASE);
    }
}
END_TEST

/* The header that names the cipher is replaced. */
START_TEST(a_header_that_cannot_be_used_is_refused)
{
    static const struct {
        const char *header;
        enum key_result result;
    } rows[] = {
        {"DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF", KEY_WRONG_PASSPHRASE},
        {"DEK-Info: AES-128-CBC,00112233445566778899aabbccddeeff", KEY_WRONG_PASSPHRASE},
        {"DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEE", KEY_MALFORMED},
        {"DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFFFF", KEY_MALFORMED},
        {"DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEGG", KEY_MALFORMED},
        {"DEK-Info: AES-128-CBC,", KEY_MALFORMED},
        {"DEK-Info: AES-128-CBC", KEY_MALFORMED},
        {"DEK-Info: ", KEY_MALFORMED},
        {"DEK-Info: DES-CBC,0011223344556677", KEY_OTHER_CIPHER},
        {"", KEY_OTHER_CIPHER},
    };
    const char *from = strstr(pem_keys[0], "DEK-Info"), *to = strchr(from, '\n');
    char text[1024];
    struct nacre_key key;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, "%.*s%s%s", (int)(from - pem_keys[0]), pem_keys[0],
                 rows[i].header, to);
        ck_assert_msg(parse(&key, text, "secret") == rows[i].result, "%s", rows[i].header);
    }
    ck_assert_int_eq(parse(&key, unsupported_keys[3], "secret"), KEY_OTHER_CIPHER);
    assert_says(said, "encrypted in a way that is not supported");
}
END_TEST

START_TEST(padding_has_the_value_of_its_length)
{
    uint8_t text[32] = {0};
    size_t len;

    for (size_t n = 0; n <= 32; n++) {
        memset(text, 0xaa, sizeof text);
        memset(text + sizeof text - n, (int)n, n);
        len = sizeof text;
        ck_assert(key_remove_padding(text, &len, 16) == (n > 0 && n <= 16));
        ck_assert_uint_eq(len, n > 0 && n <= 16 ? sizeof text - n : sizeof text);
        if (n > 1) {
            text[sizeof text - n] ^= 1;
            len = sizeof text;
            ck_assert(!key_remove_padding(text, &len, 16));
        }
    }
    len = 0;
    ck_assert(!key_remove_padding(text, &len, 16));
    text[0] = 2;
    len = 1;
    ck_assert(!key_remove_padding(text, &len, 16));
}
END_TEST

START_TEST(the_key_and_a_text_with_a_wrong_padding_are_wiped)
{
    struct nacre_key key;

    wiped_record();
    ck_assert_int_eq(parse(&key, pem_keys[0], "secret"), KEY_GOOD);
    private_key_clear(&key);
    assert_wiped(KEY_CIPHER_SECRET_MAX, 1);
    assert_wiped(MD5, 1);
    wiped_record();
    ck_assert_int_eq(parse(&key, pem_keys[0], "Secret"), KEY_WRONG_PASSPHRASE);
    assert_wiped(KEY_CIPHER_SECRET_MAX, 1);
    assert_wiped(TEXT, 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, every_cipher_yields_the_key, 0, ENCRYPTED_KEYS);
    add_test(suite, no_wrong_passphrase_yields_a_key);
    add_test(suite, a_header_that_cannot_be_used_is_refused);
    add_test(suite, padding_has_the_value_of_its_length);
    add_test(suite, the_key_and_a_text_with_a_wrong_padding_are_wiped);
}
