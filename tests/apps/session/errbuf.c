#include "apps/session/errbuf.h"
#include "tests/support/suite.h"

START_TEST(a_new_buffer_has_no_sentence)
{
    char text[8] = "old";

    (void)errbuf_in(text, sizeof text);
    ck_assert_str_eq(text, "");
    text[0] = 'x';
    (void)errbuf_in(text, 1);
    ck_assert_str_eq(text, "");
    (void)errbuf_in(NULL, 0);
}
END_TEST

START_TEST(saying_something_is_always_false)
{
    char text[32];
    struct errbuf p = errbuf_in(text, sizeof text);

    ck_assert(!errbuf_say(&p, "%s:%d: wrong", "FILE", 7));
    ck_assert_str_eq(text, "FILE:7: wrong");
    ck_assert(!errbuf_say(&p, "again"));
    ck_assert_str_eq(text, "again");
}
END_TEST

START_TEST(a_sentence_is_cut_to_the_buffer)
{
    char text[8];
    struct errbuf p = errbuf_in(text, sizeof text), none = errbuf_in(NULL, 0);

    ck_assert(!errbuf_say(&p, "%s", "0123456789"));
    ck_assert_str_eq(text, "0123456");
    ck_assert(!errbuf_say(&none, "not wanted"));
}
END_TEST

START_TEST(sentences_are_added_as_long_as_they_fit)
{
    char text[12];
    struct errbuf p = errbuf_in(text, sizeof text), none = errbuf_in(NULL, 0);

    ck_assert(errbuf_add(&p, "one"));
    ck_assert(errbuf_add(&p, "%s", "two"));
    ck_assert_str_eq(text, "one\ntwo");
    ck_assert(!errbuf_add(&p, "four"));
    ck_assert_str_eq(text, "one\ntwo");
    ck_assert(errbuf_add(&p, "%d", 123)); /* exactly full */
    ck_assert_str_eq(text, "one\ntwo\n123");
    ck_assert(!errbuf_add(&p, "%s", ""));
    ck_assert_str_eq(text, "one\ntwo\n123");
    ck_assert(!errbuf_add(&none, "not wanted"));
    text[7] = '\0';
    ck_assert(errbuf_add(&p, "%s", "")); /* an empty line */
    ck_assert_str_eq(text, "one\ntwo\n");
    p = errbuf_in(text, sizeof text);
    ck_assert(errbuf_add(&p, "0123456789ABCDEF")); /* the first is cut */
    ck_assert_str_eq(text, "0123456789A");
    ck_assert(!errbuf_add(&p, "x"));
    ck_assert_str_eq(text, "0123456789A");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_new_buffer_has_no_sentence);
    add_test(suite, saying_something_is_always_false);
    add_test(suite, a_sentence_is_cut_to_the_buffer);
    add_test(suite, sentences_are_added_as_long_as_they_fit);
}
