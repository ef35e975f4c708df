#include "apps/files/key_format.h"
#include "tests/support/key_texts.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

#include <stdio.h>

static char said[512];

static bool parse(struct nacre_key *key, struct bytes text)
{
    struct errbuf p = errbuf_in(said, sizeof said);

    return key_parse(key, text, "FILE", &p);
}

START_TEST(a_printed_key_parses_to_the_same_key)
{
    struct nacre_key key, again;
    char text[1024], same[1024];

    ck_assert(parse(&key, bytes_of(openssh_ed25519)));
    ck_assert(key_print_private(&key, "test", 0xd5b44899, text, sizeof text));
    ck_assert_str_eq(text, openssh_ed25519); /* ssh-keygen printed the same with this number */
    for (int len = 0; len < 40; len++) {
        char comment[41];

        snprintf(comment, sizeof comment, "%.*s", len,
                 "a comment of any length fits a whole block");
        ck_assert(key_print_private(&key, comment, 1, text, sizeof text));
        ck_assert_msg(parse(&again, bytes_of(text)), "%s", said);
        assert_bytes(private_key_blob(&again), private_key_blob(&key));
        ck_assert(key_print_private(&again, comment, 1, same, sizeof same));
        ck_assert_str_eq(same, text);
    }
}
END_TEST

START_TEST(a_key_that_does_not_fit_is_not_printed)
{
    struct nacre_key key;
    char text[1024], comment[600];
    size_t private_len = strlen(openssh_ed25519), public_len = strlen(openssh_ed25519_public);

    ck_assert(parse(&key, bytes_of(openssh_ed25519)));
    ck_assert(!key_print_private(&key, "test", 1, text, private_len));
    ck_assert(key_print_private(&key, "test", 1, text, private_len + 1));
    ck_assert(!key_print_public(&key, "test", text, public_len));
    ck_assert(key_print_public(&key, "test", text, public_len + 1));
    memset(comment, 'x', sizeof comment - 1);
    comment[sizeof comment - 1] = '\0';
    ck_assert(!key_print_private(&key, comment, 1, text, sizeof text));
    ck_assert(parse(&key, bytes_of(openssh_nistp256)));
    ck_assert(!key_print_private(&key, "test", 1, text, sizeof text));
    private_key_clear(&key);
}
END_TEST

START_TEST(copies_of_the_key_are_wiped)
{
    enum { LONGEST = 512, LONGEST_BASE64 = (LONGEST + 2) / 3 * 4 };
    struct nacre_key key;
    char text[1024];

    ck_assert(parse(&key, bytes_of(openssh_ed25519)));
    wiped_record();
    ck_assert(key_print_private(&key, "test", 1, text, sizeof text));
    assert_wiped(LONGEST, 1);
    assert_wiped(LONGEST_BASE64 + 1, 1);
    private_key_clear(&key);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_printed_key_parses_to_the_same_key);
    add_test(suite, a_key_that_does_not_fit_is_not_printed);
    add_test(suite, copies_of_the_key_are_wiped);
}
