#include "apps/session/number.h"
#include "tests/support/suite.h"

START_TEST(digits_are_read_up_to_what_follows_them)
{
    static const struct {
        const char *text;
        uint64_t number;
        const char *rest;
    } rows[] = {
        {"0", 0, ""},     {"7,8", 7, ",8"},
        {"007", 7, ""},   {"12:30:60", 12, ":30:60"},
        {"1e5", 1, "e5"}, {"0x10", 0, "x10"},
        {"10K", 10, "K"}, {"18446744073709551615", UINT64_MAX, ""},
        {"42 ", 42, " "},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *at = rows[i].text;
        uint64_t number = 99;

        ck_assert_msg(number_read(&at, 0, UINT64_MAX, &number), "%s", rows[i].text);
        ck_assert_uint_eq(number, rows[i].number);
        ck_assert_str_eq(at, rows[i].rest);
    }
}
END_TEST

START_TEST(text_without_a_leading_digit_is_refused_and_changes_nothing)
{
    static const char *const bad[] = {"", "-1", "+1", " 1", "\t1", "x", ",1", ":", "\xb2"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *at = bad[i];
        uint64_t number = 99;

        ck_assert_msg(!number_read(&at, 0, UINT64_MAX, &number), "%s", bad[i]);
        ck_assert_ptr_eq(at, bad[i]);
        ck_assert_uint_eq(number, 99);
    }
}
END_TEST

START_TEST(the_range_includes_both_its_ends)
{
    static const struct {
        const char *text;
        uint64_t least, most;
        bool good;
    } rows[] = {
        {"3", 3, 5, true},
        {"5", 3, 5, true},
        {"2", 3, 5, false},
        {"6", 3, 5, false},
        {"50", 3, 5, false},
        {"0", 0, 0, true},
        {"1", 0, 0, false},
        {"65535", 0, 65535, true},
        {"65536", 0, 65535, false},
        {"18446744073709551616", 0, UINT64_MAX, false},
        {"99999999999999999999999999", 0, UINT64_MAX, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t number;

        ck_assert_msg(number_whole(rows[i].text, rows[i].least, rows[i].most, &number) ==
                          rows[i].good,
                      "%s", rows[i].text);
    }
}
END_TEST

START_TEST(nothing_may_follow_a_whole_number)
{
    static const char *const bad[] = {"1 ", "1\n", "1K", "1.0", "1-", "1,2"};
    uint64_t number = 99;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!number_whole(bad[i], 0, 100, &number), "%s", bad[i]);
    ck_assert_uint_eq(number, 99);
    ck_assert(number_whole("100", 0, 100, &number));
    ck_assert_uint_eq(number, 100);
}
END_TEST

START_TEST(units_of_a_size_multiply_by_1024)
{
    static const struct {
        const char *text;
        uint64_t bytes;
        const char *rest;
    } rows[] = {
        {"1", 1, ""},
        {"1K", 1024, ""},
        {"10M,60", 10 << 20, ",60"},
        {"3G", UINT64_C(3) << 30, ""},
        {"1KK", 1024, "K"},
        {"1k", 1, "k"},
        {"17179869183G", UINT64_C(17179869183) << 30, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *at = rows[i].text;
        uint64_t bytes;

        ck_assert_msg(number_read_size(&at, 1, UINT64_MAX, &bytes), "%s", rows[i].text);
        ck_assert_uint_eq(bytes, rows[i].bytes);
        ck_assert_str_eq(at, rows[i].rest);
    }
}
END_TEST

START_TEST(a_size_out_of_range_with_its_unit_is_refused)
{
    static const char *const bad[] = {"0", "0K", "1025", "2K", "1M", "17179869184G", "K"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *at = bad[i];
        uint64_t bytes = 99;

        ck_assert_msg(!number_read_size(&at, 1, 1024, &bytes), "%s", bad[i]);
        ck_assert_ptr_eq(at, bad[i]);
        ck_assert_uint_eq(bytes, 99);
    }
}
END_TEST

START_TEST(a_port_has_16_bits)
{
    uint16_t port = 99;

    ck_assert(!number_port("65536", &port));
    ck_assert(!number_port("", &port));
    ck_assert(!number_port("22a", &port));
    ck_assert(!number_port("000022", &port));
    ck_assert_uint_eq(port, 99);
    ck_assert(number_port("65535", &port));
    ck_assert_uint_eq(port, 65535);
    ck_assert(number_port("0", &port));
    ck_assert_uint_eq(port, 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, digits_are_read_up_to_what_follows_them);
    add_test(suite, text_without_a_leading_digit_is_refused_and_changes_nothing);
    add_test(suite, the_range_includes_both_its_ends);
    add_test(suite, nothing_may_follow_a_whole_number);
    add_test(suite, units_of_a_size_multiply_by_1024);
    add_test(suite, a_size_out_of_range_with_its_unit_is_refused);
    add_test(suite, a_port_has_16_bits);
}
