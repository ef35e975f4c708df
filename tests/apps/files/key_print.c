#include "apps/files/key_cipher.h"
#include "apps/files/key_format.h"
#include "tests/support/key_texts.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

#include <stdio.h>

static char said[512];

static bool parse(struct nacre_key *key, struct bytes text)
{
    struct errbuf p = errbuf_in(said, sizeof said);

    return key_parse(key, text, NULL, "FILE", &p) == KEY_GOOD;
}

/* Print it without a passphrase. */
static bool print(const struct nacre_key *key, const char *comment, uint32_t check, char *out,
                  size_t size)
{
    return key_print_private(key, &(struct key_printing){.comment = comment, .check = check}, out,
                             size);
}

START_TEST(a_printed_key_parses_to_the_same_key)
{
    struct nacre_key key, again;
    char text[1024], same[1024];

    ck_assert(parse(&key, bytes_of(openssh_ed25519)));
    ck_assert(print(&key, "test", 0xd5b44899, text, sizeof text));
    ck_assert_str_eq(text, openssh_ed25519); /* ssh-keygen printed the same with this number */
    for (int len = 0; len < 40; len++) {
        char comment[41];

        snprintf(comment, sizeof comment, "%.*s", len,
                 "a comment of any length fits a whole block");
        ck_assert(print(&key, comment, 1, text, sizeof text));
        ck_assert_msg(parse(&again, bytes_of(text)), "%s", said);
        assert_bytes(private_key_blob(&again), private_key_blob(&key));
        ck_assert(print(&again, comment, 1, same, sizeof same));
        ck_assert_str_eq(same, text);
    }
}
END_TEST

START_TEST(a_key_that_does_not_fit_is_not_printed)
{
    struct nacre_key key;
    char text[1024];
    size_t private_len = strlen(openssh_ed25519), public_len = strlen(openssh_ed25519_public);

    ck_assert(parse(&key, bytes_of(openssh_ed25519)));
    ck_assert(!print(&key, "test", 1, text, private_len));
    ck_assert(print(&key, "test", 1, text, private_len + 1));
    ck_assert(!key_print_public(&key, "test", text, public_len));
    ck_assert(key_print_public(&key, "test", text, public_len + 1));
    private_key_clear(&key);
}
END_TEST

START_TEST(copies_of_the_key_are_wiped)
{
    enum { BINARY = 16 * 1024, BASE64 = (BINARY + 2) / 3 * 4 + 1 };
    struct nacre_key key;
    char text[1024];

    ck_assert(parse(&key, bytes_of(openssh_ed25519)));
    wiped_record();
    ck_assert(print(&key, "test", 1, text, sizeof text));
    assert_wiped(BINARY + BASE64, 1);
    ck_assert(!print(&key, "test", 1, text, 200)); /* what was printed of it */
    assert_wiped(200, 1);
    wiped_record();
    ck_assert(
        key_print_private(&key,
                          &(struct key_printing){.comment = "",
                                                 .passphrase = "secret",
                                                 .rounds = 1,
                                                 .cipher = key_cipher_find(bytes_of("aes256-ctr"))},
                          text, sizeof text));
    assert_wiped(KEY_CIPHER_SECRET_MAX, 1 + 3); /* three by bcrypt_pbkdf */
    private_key_clear(&key);
}
END_TEST

START_TEST(the_numbers_of_a_key_are_wiped)
{
    struct nacre_key key;
    char text[8192];

    ck_assert(parse(&key, bytes_of(openssh_nistp256)));
    wiped_record();
    ck_assert(print(&key, "test", 1, text, sizeof text));
    assert_wiped(EC_LEN_MAX, 1);
    private_key_clear(&key);
    ck_assert(parse(&key, bytes_of(pkcs1_rsa)));
    wiped_record();
    ck_assert(print(&key, "test", 1, text, sizeof text));
    assert_wiped(RSA_LEN_MAX, 1);
    private_key_clear(&key);
}
END_TEST

/* ssh-keygen printed the same with these check numbers. */
START_TEST(every_type_is_printed)
{
    static const struct {
        const char *text;
        uint32_t check; /* 0: the text has another format */
    } rows[] = {
        {openssh_nistp256, 0xd62613f5}, {sec1_nistp384, 0}, {pkcs1_rsa, 0}, {pkcs8_ed25519, 0}};
    struct nacre_key key, again;
    char text[8192];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(parse(&key, bytes_of(rows[i].text)), "%s", said);
        ck_assert(print(&key, "test", rows[i].check, text, sizeof text));
        if (rows[i].check != 0)
            ck_assert_str_eq(text, rows[i].text);
        ck_assert_msg(parse(&again, bytes_of(text)), "%s", said);
        assert_bytes(private_key_blob(&again), private_key_blob(&key));
        ck_assert_str_eq(again.comment, "test");
        private_key_clear(&again);
        private_key_clear(&key);
    }
}
END_TEST

static const char *const ciphers[] = {
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-cbc",
    "aes192-cbc",
    "aes128-cbc",
    "3des-cbc",
};

/* A comment of each length modulo a block, so that the padding has each length. */
START_TEST(an_encrypted_key_needs_its_passphrase)
{
    struct errbuf p = errbuf_in(said, sizeof said);
    struct nacre_key key, again;
    char text[2048];

    ck_assert(parse(&key, bytes_of(openssh_ed25519)));
    for (size_t len = 0; len < 17; len++) {
        const struct key_printing how = {
            .comment = &"sixteen letters."[len],
            .passphrase = "secret",
            .rounds = 1,
            .cipher = key_cipher_find(bytes_of(ciphers[_i])),
            .salt = {(uint8_t)len},
        };

        ck_assert(key_print_private(&key, &how, text, sizeof text));
        ck_assert_int_eq(key_parse(&again, bytes_of(text), "secret", NULL, &p), KEY_GOOD);
        assert_bytes(private_key_blob(&again), private_key_blob(&key));
        ck_assert_str_eq(again.comment, how.comment);
        private_key_clear(&again);
        ck_assert_int_eq(key_parse(&again, bytes_of(text), "Secret", NULL, &p),
                         KEY_WRONG_PASSPHRASE);
        ck_assert_int_eq(key_parse(&again, bytes_of(text), "", NULL, &p), KEY_WRONG_PASSPHRASE);
        ck_assert_int_eq(key_parse(&again, bytes_of(text), NULL, NULL, &p), KEY_ENCRYPTED);
    }
    private_key_clear(&key);
}
END_TEST

START_TEST(what_cannot_be_printed_is_not)
{
    struct nacre_key key;
    char text[2048];

    ck_assert(parse(&key, bytes_of(openssh_ed25519)));
    ck_assert(!key_print_private(&key, &(struct key_printing){.comment = "", .passphrase = ""},
                                 text, sizeof text));
    ck_assert(!key_print_private(
        &key, &(struct key_printing){.comment = "", .passphrase = "secret", .rounds = 2049}, text,
        sizeof text));
    key.is_public = true;
    ck_assert(!print(&key, "", 1, text, sizeof text));
    private_key_clear(&key);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_printed_key_parses_to_the_same_key);
    add_test(suite, a_key_that_does_not_fit_is_not_printed);
    add_test(suite, every_type_is_printed);
    add_loop(suite, an_encrypted_key_needs_its_passphrase, 0, sizeof ciphers / sizeof ciphers[0]);
    add_test(suite, what_cannot_be_printed_is_not);
    add_test(suite, copies_of_the_key_are_wiped);
    add_test(suite, the_numbers_of_a_key_are_wiped);
}
