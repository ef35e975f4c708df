#include "apps/files/key.h"
#include "tests/support/key_texts.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static char said[256];

static struct nacre_key *read(const char *text)
{
    struct nacre_key *key = nacre_key_parse(text, strlen(text), NULL, said, sizeof said);

    ck_assert_msg(key != NULL, "%s", said);
    return key;
}

/* As ssh-keygen -l and ssh-keygen -l -E md5 print them. */
START_TEST(fingerprints_are_those_of_ssh_keygen)
{
    struct nacre_key *key = read(openssh_ed25519);
    char text[NACRE_FINGERPRINT_MAX];

    nacre_key_fingerprint(key, text);
    ck_assert_str_eq(text, "SHA256:G0mFv4Dp17gXOERkzz+YkUmKcbr3uObOZXyf4KMhwmw");
    nacre_key_fingerprint_md5(key, text);
    ck_assert_str_eq(text, "MD5:11:b6:64:34:c4:74:7f:3a:46:a3:27:21:ba:09:7b:fc");
    ck_assert_uint_eq(strlen(text) + 1, NACRE_FINGERPRINT_MAX);
    nacre_key_free(key);
}
END_TEST

START_TEST(a_comment_is_kept_and_can_be_replaced)
{
    struct nacre_key *key = read(openssh_ed25519);
    char line[NACRE_PUBLIC_LINE_MAX], comment[200];

    ck_assert_str_eq(nacre_key_comment(key), "test");
    ck_assert(nacre_key_print_public(key, line, sizeof line));
    ck_assert_str_eq(line, openssh_ed25519_public);
    nacre_key_set_comment(key, "two words\n");
    ck_assert_str_eq(nacre_key_comment(key), "two words?");
    memset(comment, 'x', sizeof comment - 1);
    comment[sizeof comment - 1] = 0;
    nacre_key_set_comment(key, comment);
    ck_assert_uint_eq(strlen(nacre_key_comment(key)), 127);
    nacre_key_set_comment(key, "");
    ck_assert(nacre_key_print_public(key, line, sizeof line));
    ck_assert_str_eq(line + strlen(line) - 3, "hN\n");
    nacre_key_free(key);
}
END_TEST

START_TEST(a_key_that_cannot_be_printed_leaves_no_text)
{
    struct nacre_key *key = read(openssh_ed25519);
    const struct nacre_key_protection unknown = {
        .version = NACRE_VERSION_NUMBER, .passphrase = "secret", .cipher = "des"};
    const struct nacre_key_protection slow = {
        .version = NACRE_VERSION_NUMBER, .passphrase = "secret", .rounds = 2049};
    char text[2048] = "x";

    ck_assert(!nacre_key_print_private(key, &unknown, text, sizeof text, said, sizeof said));
    ck_assert_str_eq(text, "");
    ck_assert_str_eq(said, "'des' is not a cipher for keys: see ssh-keygen -Z");
    ck_assert(!nacre_key_print_private(key, &slow, text, sizeof text, said, sizeof said));
    ck_assert(!nacre_key_print_private(key, NULL, text, 100, said, sizeof said));
    ck_assert(strstr(said, "100 bytes are too few") != NULL);
    ck_assert_str_eq(text, "");
    ck_assert(!nacre_key_print_private(key, NULL, text, 0, said, sizeof said));
    for (size_t size = 1; size <= 10; size++) { /* even where only the NUL fits */
        text[0] = text[size] = 'x';
        ck_assert(!nacre_key_print_public(key, text, size));
        ck_assert(text[0] == 0 && text[size] == 'x');
        text[0] = 'x';
        ck_assert(!nacre_key_print_private(key, NULL, text, size, said, sizeof said));
        ck_assert(text[0] == 0 && text[size] == 'x');
    }
    ck_assert(!nacre_key_print_public(key, text, 0));
    ck_assert(nacre_key_print_private(key, NULL, text, sizeof text, said, sizeof said));
    nacre_key_free(key);
}
END_TEST

/* Its format has two numbers that are random, and the same. */
START_TEST(no_two_texts_of_a_key_are_the_same)
{
    struct nacre_key *key = read(openssh_ed25519);
    char texts[2][2048];

    for (int i = 0; i < 2; i++)
        ck_assert(nacre_key_print_private(key, NULL, texts[i], sizeof texts[i], said, sizeof said));
    ck_assert_str_ne(texts[0], texts[1]);
    nacre_key_free(key);
}
END_TEST

START_TEST(a_printed_key_is_protected_as_was_asked_for)
{
    static const char *const ciphers[] = {NULL, "aes128-gcm@openssh.com"};
    struct nacre_key *key = read(openssh_ed25519), *again;
    char text[2048];

    for (size_t i = 0; i < 2; i++) {
        const struct nacre_key_protection p = {NACRE_VERSION_NUMBER, "secret", ciphers[i], 1};

        ck_assert(nacre_key_print_private(key, &p, text, sizeof text, said, sizeof said));
        ck_assert_ptr_null(nacre_key_parse(text, strlen(text), NULL, said, sizeof said));
        again = nacre_key_parse(text, strlen(text), "secret", said, sizeof said);
        ck_assert_msg(again != NULL, "%s", said);
        ck_assert_str_eq(nacre_key_comment(again), "test");
        nacre_key_free(again);
    }
    nacre_key_free(key);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, fingerprints_are_those_of_ssh_keygen);
    add_test(suite, a_comment_is_kept_and_can_be_replaced);
    add_test(suite, a_key_that_cannot_be_printed_leaves_no_text);
    add_test(suite, no_two_texts_of_a_key_are_the_same);
    add_test(suite, a_printed_key_is_protected_as_was_asked_for);
}
