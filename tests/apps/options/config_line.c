#include "apps/options/config_line.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static char text[2048];
static struct config_line line;

static const char *split(const char *given)
{
    (void)snprintf(text, sizeof text, "%s", given);
    return config_line_split(&line, text);
}

/* The words, each in brackets */
static const char *words_of(const char *given)
{
    static char all[2048];

    ck_assert_ptr_null(split(given));
    all[0] = 0;
    for (size_t i = 0; i < line.count; i++)
        (void)snprintf(all + strlen(all), sizeof all - strlen(all), "[%s]", line.words[i]);
    ck_assert_ptr_null(line.words[line.count]);
    return all;
}

START_TEST(a_keyword_and_its_words_are_separated_by_blanks_or_one_equals_sign)
{
    ck_assert_str_eq(words_of("Port 22"), "[Port][22]");
    ck_assert_str_eq(words_of(" \t Port \t22 \t23\r"), "[Port][22][23]");
    ck_assert_str_eq(words_of("Port=22"), "[Port][22]");
    ck_assert_str_eq(words_of("Port = 22"), "[Port][22]");
    ck_assert_str_eq(words_of("Port ==22"), "[Port][=22]");
    ck_assert_str_eq(words_of("Port==22"), "[Port][=22]");
    ck_assert_str_eq(words_of("Port a=b"), "[Port][a=b]");
    ck_assert_str_eq(words_of("Port"), "[Port]");
    ck_assert_str_eq(words_of("Port ="), "[Port]");
    ck_assert_str_eq(words_of("Port= "), "[Port]");
}
END_TEST

START_TEST(comments_and_blank_lines_have_no_words)
{
    ck_assert_str_eq(words_of(""), "");
    ck_assert_str_eq(words_of(" \t\r"), "");
    ck_assert_str_eq(words_of("# Port 22"), "");
    ck_assert_str_eq(words_of("  #"), "");
    ck_assert_str_eq(words_of("Port 22 # the usual \"one"), "[Port][22]");
    ck_assert_str_eq(words_of("Port 22#"), "[Port][22#]");
    ck_assert_str_eq(words_of("Port \"#\""), "[Port][#]");
}
END_TEST

/* As misc.c of OpenSSH has it in argv_split */
START_TEST(quotes_and_backslashes_are_those_of_sshd_config)
{
    ck_assert_str_eq(words_of("K \"a b\"c 'd \"e'"), "[K][a bc][d \"e]");
    ck_assert_str_eq(words_of("K \"\" ''"), "[K][][]");
    ck_assert_str_eq(words_of("K a\\ b c\\\\ \\\"d\\'"), "[K][a b][c\\][\"d']");
    ck_assert_str_eq(words_of("K \"a\\\"b\\\\\\ c\""), "[K][a\"b\\\\ c]");
    ck_assert_str_eq(words_of("K C:\\temp \\"), "[K][C:\\temp][\\]");
}
END_TEST

START_TEST(what_cannot_be_split_is_refused_with_a_sentence)
{
    char many[CONFIG_WORDS_MAX * 2 + 2];

    ck_assert_str_eq(split("K \"a"), "a quote is not closed");
    ck_assert_str_eq(split("K 'a\" b"), "a quote is not closed");
    ck_assert_str_eq(split("K \"a\\\""), "a quote is not closed");
    for (size_t i = 0; i < sizeof many - 1; i++)
        many[i] = i % 2 == 0 ? 'a' : ' ';
    many[sizeof many - 1] = 0;
    ck_assert_str_eq(split(many), "too many words");
    many[sizeof many - 3] = 0;
    ck_assert_ptr_null(split(many));
    ck_assert_uint_eq(line.count, CONFIG_WORDS_MAX);
}
END_TEST

START_TEST(a_quoted_word_is_read_as_it_was)
{
    static const char *const words[] = {"",      "plain", "two words",  "#",      "a#b", "=",
                                        "a=b",   "\"",    "'",          "\\",     "\t",  "a\\ b",
                                        "end\\", "\r",    "it's \"x\"", "\\\\\"", " ",   "\xff"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char quoted[64], given[160];

        ck_assert_uint_le(config_word_quote(quoted, words[i]), 2 * strlen(words[i]) + 2);
        (void)snprintf(given, sizeof given, "K %s %s", quoted, quoted);
        ck_assert_ptr_null(split(given));
        ck_assert_uint_eq(line.count, 3);
        ck_assert_str_eq(line.words[1], words[i]);
        ck_assert_str_eq(line.words[2], words[i]);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_keyword_and_its_words_are_separated_by_blanks_or_one_equals_sign);
    add_test(suite, comments_and_blank_lines_have_no_words);
    add_test(suite, quotes_and_backslashes_are_those_of_sshd_config);
    add_test(suite, what_cannot_be_split_is_refused_with_a_sentence);
    add_test(suite, a_quoted_word_is_read_as_it_was);
}
