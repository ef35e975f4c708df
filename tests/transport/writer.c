#include "transport/writer.h"

#include "tests/support/suite.h"

#include <check.h>
#include <string.h>

/* RFC 4251 section 5: the examples of boolean, uint32, uint64 and string, and text. */
START_TEST(each_type_is_written_as_in_the_rfc_and_read_back)
{
    static const uint8_t expected[] =
        "\1\x29\xb7\xf4\xaa\0\0\0\1\0\0\0\2\0\0\0\7testing\0\0\0\2a\0";
    uint8_t out[sizeof expected - 1 + 8];
    struct nacre_writer w = nacre_write_to(out, sizeof out);
    struct nacre_reader r;
    const uint8_t *text;
    size_t len;

    nacre_write_bool(&w, true);
    nacre_write_u32(&w, 699921578);
    nacre_write_u64(&w, UINT64_C(0x100000002));
    nacre_write_text(&w, "testing");
    nacre_write_string(&w, "a\0", 2);
    ck_assert(!w.bad);
    ck_assert_uint_eq(nacre_written(&w), sizeof expected - 1);
    ck_assert_mem_eq(out, expected, sizeof expected - 1);
    r = nacre_read_from(out, nacre_written(&w));
    ck_assert(nacre_read_bool(&r));
    ck_assert_uint_eq(nacre_read_u32(&r), 699921578);
    ck_assert_uint_eq(nacre_read_u64(&r), UINT64_C(0x100000002));
    text = nacre_read_string(&r, &len);
    ck_assert_uint_eq(len, 7);
    ck_assert_mem_eq(text, "testing", 7);
    ck_assert(!nacre_read_done(&r));
    (void)nacre_read_string(&r, &len);
    ck_assert_uint_eq(len, 2);
    ck_assert(nacre_read_done(&r));
}
END_TEST

START_TEST(nothing_is_written_past_the_end_and_all_that_follows_is_bad)
{
    uint8_t out[12] = {0};
    struct nacre_writer w = nacre_write_to(out, 8);

    nacre_write_u32(&w, 1);
    nacre_write_text(&w, "x"); /* a byte too long */
    ck_assert(w.bad);
    nacre_write_bool(&w, true);
    nacre_write_u64(&w, UINT64_MAX);
    ck_assert_uint_eq(nacre_written(&w), 0);
    ck_assert_mem_eq(out + 8, "\0\0\0\0", 4);
}
END_TEST

START_TEST(a_field_that_is_not_there_is_empty_and_all_that_follow_too)
{
    static const uint8_t messages[][8] = {"\0\0\0\2a", {0xff, 0xff, 0xff, 0xff, 'a'}, "\0\0\0"};
    static const size_t lens[] = {5, 5, 3};

    for (size_t i = 0; i < 3; i++) {
        struct nacre_reader r = nacre_read_from(messages[i], lens[i]);
        size_t len = 9;

        (void)nacre_read_string(&r, &len);
        ck_assert_uint_eq(len, 0);
        ck_assert(r.bad);
        ck_assert_uint_eq(nacre_read_u32(&r), 0);
        ck_assert(!nacre_read_bool(&r));
        ck_assert(!nacre_read_done(&r));
    }
}
END_TEST

START_TEST(no_bytes_at_all_are_done_at_once)
{
    struct nacre_reader r = nacre_read_from(NULL, 0);

    ck_assert(nacre_read_done(&r));
    ck_assert_uint_eq(nacre_read_u64(&r), 0);
    ck_assert(r.bad);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_type_is_written_as_in_the_rfc_and_read_back);
    add_test(suite, nothing_is_written_past_the_end_and_all_that_follows_is_bad);
    add_test(suite, a_field_that_is_not_there_is_empty_and_all_that_follow_too);
    add_test(suite, no_bytes_at_all_are_done_at_once);
}
