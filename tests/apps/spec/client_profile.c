/* Profiles of clients: their words, and files that are wrong. */
#include "apps/spec/client_profile.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 4 };

START_TEST(words_are_separated_by_spaces_and_quotes_keep_them)
{
    char text[] = "  ssh -o  'User name'=x", *words[WORDS];

    ck_assert_uint_eq(client_words(text, words, WORDS), 3);
    ck_assert_str_eq(words[0], "ssh");
    ck_assert_str_eq(words[1], "-o");
    ck_assert_str_eq(words[2], "User name=x");
}
END_TEST

START_TEST(an_open_quote_or_too_many_words_are_no_command)
{
    char quote[] = "ssh 'x", many[] = "a b c d e", none[] = "  ", *words[WORDS];

    ck_assert_uint_eq(client_words(quote, words, WORDS), 0);
    ck_assert_uint_eq(client_words(many, words, WORDS), 0);
    ck_assert_uint_eq(client_words(none, words, WORDS), 0);
}
END_TEST

/* What reading this text as a file says; "" if it is good. */
static void read_text_as(struct client_profile *profile, const char *text, char said[256])
{
    const struct errbuf p = errbuf_in(said, 256);

    said[0] = 0;
    ck_assert_int_eq(client_profile_read(profile, scratch_write("profile", text, 0600), &p),
                     said[0] == 0);
}

/* What a file has set lives as long as the program; here it must not be a leak. */
static void forget(struct client_profile *profile)
{
    const char *texts[] = {profile->folder, profile->program, profile->options, profile->target,
                           profile->cannot};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free((char *)(uintptr_t)texts[i]);
    for (int i = 0; i < INTENTS; i++)
        free((char *)(uintptr_t)profile->intents[i]);
    for (int i = 0; i < PREPARE_MAX; i++)
        free((char *)(uintptr_t)profile->prepare[i]);
}

START_TEST(a_file_sets_each_member)
{
    struct client_profile profile;
    char said[256];

    read_text_as(&profile,
                 "# a client\nprogram = x\noptions=-p {port}\n\nexec =\nprepare = a\nprepare = b\n",
                 said);
    ck_assert_str_eq(said, "");
    ck_assert_int_eq(profile.folder[0], '/');
    ck_assert_ptr_null(strstr(profile.folder, "profile"));
    ck_assert_str_eq(profile.program, "x");
    ck_assert_str_eq(profile.options, "-p {port}");
    ck_assert_str_eq(profile.intents[INTENT_EXEC], "");
    ck_assert_str_eq(profile.prepare[1], "b");
    ck_assert_ptr_null(profile.intents[INTENT_PASSWORD]);
    forget(&profile);
}
END_TEST

START_TEST(a_file_that_is_wrong_is_refused_with_its_line)
{
    struct client_profile profile;
    char said[256];

    read_text_as(&profile, "program = x\nnonsense\n", said);
    ck_assert_ptr_nonnull(strstr(said, ":2: a line is"));
    forget(&profile);
    read_text_as(&profile, "program = x\nexek = y\n", said);
    ck_assert_ptr_nonnull(strstr(said, ":2: a line is"));
    forget(&profile);
    read_text_as(&profile, "exec = y\n", said);
    ck_assert_ptr_nonnull(strstr(said, "program and exec"));
    forget(&profile);
}
END_TEST

START_TEST(each_intent_has_a_name)
{
    for (int i = 0; i < INTENTS; i++)
        ck_assert_ptr_nonnull(intent_name((enum intent)i));
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, words_are_separated_by_spaces_and_quotes_keep_them);
    add_test(suite, an_open_quote_or_too_many_words_are_no_command);
    add_test(suite, a_file_sets_each_member);
    add_test(suite, a_file_that_is_wrong_is_refused_with_its_line);
    add_test(suite, each_intent_has_a_name);
}
