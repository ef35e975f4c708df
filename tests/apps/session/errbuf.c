#include "apps/session/errbuf.h"
#include "tests/support/suite.h"

START_TEST(a_new_buffer_has_no_sentence)
{
    char text[8] = "old";

    (void)errbuf_in(text, sizeof text);
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

void add_tests(struct suite *suite)
{
    add_test(suite, a_new_buffer_has_no_sentence);
    add_test(suite, saying_something_is_always_false);
    add_test(suite, a_sentence_is_cut_to_the_buffer);
}
