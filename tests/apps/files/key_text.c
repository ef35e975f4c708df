#include "apps/files/key_file.h"
#include "tests/support/encrypted_keys.h"
#include "tests/support/key_texts.h"
#include "tests/support/leftovers.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static char said[512];

/* Keep it, and open it with the right passphrase, a wrong one and none. */
static void assert_needs_secret(const char *text)
{
    struct nacre_key_text *kept = nacre_key_text_new(text, strlen(text), said, sizeof said);
    struct nacre_key *key;
    bool wrong;

    ck_assert(nacre_key_text_is_encrypted(kept));
    key = nacre_key_text_open(kept, "secret", &wrong, said, sizeof said);
    ck_assert_msg(key != NULL && !wrong, "%s", said);
    nacre_key_free(key);
    ck_assert_ptr_null(nacre_key_text_open(kept, "Secret", &wrong, said, sizeof said));
    ck_assert(wrong);
    ck_assert_str_eq(said, "private key: wrong passphrase");
    ck_assert_ptr_null(nacre_key_text_open(kept, NULL, &wrong, said, sizeof said));
    ck_assert(!wrong);
    ck_assert_str_eq(said, "private key: encrypted, and there is no passphrase for it");
    ck_assert_ptr_null(nacre_key_text_open(kept, NULL, NULL, NULL, 0));
    leftovers_secret(text + strlen(text) / 2, 8);
    nacre_key_text_free(kept);
}

START_TEST(an_encrypted_text_is_opened_with_its_passphrase)
{
    assert_needs_secret(openssh_encrypted);
    assert_needs_secret(openssh_encrypted_gcm);
    assert_needs_secret(pem_keys[0]);
    assert_needs_secret(pbes2_keys[0]);
}
END_TEST

START_TEST(other_texts_need_no_passphrase)
{
    const char *const texts[] = {openssh_ed25519, openssh_nistp256, pkcs8_ed25519,
                                 pkcs1_rsa,       "hello",          ""};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct nacre_key_text *kept = nacre_key_text_new(texts[i], strlen(texts[i]), NULL, 0);
        struct nacre_key *key;

        ck_assert(!nacre_key_text_is_encrypted(kept));
        key = nacre_key_text_open(kept, "not used", NULL, said, sizeof said);
        ck_assert((key != NULL) == (i < 4));
        nacre_key_free(key);
        nacre_key_text_free(kept);
    }
    nacre_key_text_free(NULL);
}
END_TEST

START_TEST(the_format_of_OpenSSH_shows_the_public_key)
{
    static const struct {
        const char *text;
        bool shows;
    } rows[] = {{openssh_encrypted, true},
                {openssh_ed25519, true},
                {NULL, false},
                {pkcs8_ed25519, false},
                {"hello", false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = rows[i].text != NULL ? rows[i].text : pem_keys[0];
        struct nacre_key_text *kept = nacre_key_text_new(text, strlen(text), NULL, 0);
        struct nacre_key *public = nacre_key_text_public(kept), *whole;
        size_t len, same;
        const uint8_t *blob;

        ck_assert((public != NULL) == rows[i].shows);
        if (public != NULL) {
            whole = nacre_key_text_open(kept, "secret", NULL, said, sizeof said);
            blob = nacre_key_blob(public, &len);
            ck_assert_mem_eq(blob, nacre_key_blob(whole, &same), len);
            ck_assert_uint_eq(len, same);
            ck_assert(!nacre_key_can_sign(public) && nacre_key_can_sign(whole));
            nacre_key_free(whole);
        }
        nacre_key_free(public);
        nacre_key_text_free(kept);
    }
}
END_TEST

static void assert_line(const char *line, const char *type, const char *comment)
{
    struct nacre_key *key = nacre_key_parse_public(line, strlen(line), said, sizeof said);
    uint8_t signature[NACRE_SIGNATURE_MAX];

    ck_assert_msg(key != NULL, "%s: %s", line, said);
    ck_assert_str_eq(nacre_key_type(key), type);
    ck_assert_str_eq(nacre_key_comment(key), comment);
    ck_assert(!nacre_key_can_sign(key));
    ck_assert_uint_eq(nacre_key_sign(key, type, "data", 4, signature), 0);
    nacre_key_free(key);
}

#define ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIFRpHlIX9qacWRtiFdi+4DOILLKmt/OBJbtYxy2H07hN"

START_TEST(a_line_with_a_public_key_is_read)
{
    assert_line(openssh_ed25519_public, "ssh-ed25519", "test");
    assert_line(openssh_nistp256_public, "ecdsa-sha2-nistp256", "test");
    assert_line(pkcs1_rsa_public, "ssh-rsa", "test");
    assert_line("ssh-ed25519 " ED25519, "ssh-ed25519", "");
    assert_line("ssh-ed25519\t" ED25519 "  two  words \r\n", "ssh-ed25519", "two  words");
    assert_line("# comment\n\n ssh-ed25519 " ED25519 " c\nmore\n", "ssh-ed25519", "c");
    assert_line("ssh-ed25519 " ED25519 " a\x1b[1mb", "ssh-ed25519", "a?[1mb");
}
END_TEST

START_TEST(other_lines_are_refused_with_a_sentence)
{
    static const char *const lines[] = {
        "",
        "\n",
        "# only\n",
        "ssh-ed25519",
        "ssh-ed25519 x",
        "ssh-rsa " ED25519,
        "ssh-ed25519 " ED25519 "A",
        "ssh-dss AAAAB3NzaC1kc3MAAAAA",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        said[0] = 0;
        ck_assert_msg(nacre_key_parse_public(lines[i], strlen(lines[i]), said, sizeof said) == NULL,
                      "%s", lines[i]);
        ck_assert_msg(said[0] != 0, "%s", lines[i]);
    }
}
END_TEST

START_TEST(a_text_that_is_too_long_is_refused)
{
    static const char text[NACRE_KEY_TEXT_MAX + 1] = {0};

    ck_assert_ptr_null(nacre_key_parse(text, sizeof text, NULL, said, sizeof said));
    assert_says(said, "more than 65536 bytes");
    ck_assert_ptr_null(nacre_key_text_new(text, sizeof text, said, sizeof said));
    assert_says(said, "more than 65536 bytes");
}
END_TEST

START_TEST(files_have_their_names_in_the_sentence)
{
    const char *file = scratch_write("key", openssh_encrypted, 0600);
    struct nacre_key_text *kept = nacre_key_text_read(file, said, sizeof said);
    struct nacre_key *key;

    ck_assert_msg(kept != NULL, "%s", said);
    ck_assert_ptr_null(nacre_key_text_open(kept, "wrong", NULL, said, sizeof said));
    assert_says(said, file);
    nacre_key_text_free(kept);
    ck_assert_ptr_null(nacre_key_read(file, said, sizeof said));
    assert_says(said, "ssh-keygen -p -N '' -f");
    ck_assert_ptr_null(nacre_key_text_read(scratch_path("none"), said, sizeof said));
    assert_says(said, "no such file");
    ck_assert_ptr_null(nacre_key_read_public(scratch_path("none"), said, sizeof said));
    assert_says(said, "no such file");
    file = scratch_write("key.pub", openssh_ed25519_public, 0644);
    key = nacre_key_read_public(file, said, sizeof said);
    ck_assert_msg(key != NULL, "%s", said);
    nacre_key_free(key);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, an_encrypted_text_is_opened_with_its_passphrase);
    add_test(suite, other_texts_need_no_passphrase);
    add_test(suite, the_format_of_OpenSSH_shows_the_public_key);
    add_test(suite, a_line_with_a_public_key_is_read);
    add_test(suite, other_lines_are_refused_with_a_sentence);
    add_test(suite, a_text_that_is_too_long_is_refused);
    add_test(suite, files_have_their_names_in_the_sentence);
}
