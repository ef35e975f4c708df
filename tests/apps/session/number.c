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

/* What sshd 9.2 makes of each as a RekeyLimit. */
START_TEST(a_size_is_as_sshd_has_it)
{
    static const struct number_range any = {1, 1, UINT64_MAX};
    static const struct {
        const char *text;
        uint64_t bytes;
        const char *rest;
    } rows[] = {
        {"1", 1, ""},
        {"1K", 1024, ""},
        {"256k", 256 << 10, ""},
        {"10M,60", 10 << 20, ",60"},
        {"3g", UINT64_C(3) << 30, ""},
        {"2T", UINT64_C(2) << 40, ""},
        {"1p", UINT64_C(1) << 50, ""},
        {"15E", UINT64_C(15) << 60, ""},
        {"7b", 7, ""},
        {"1.5G", UINT64_C(3) << 29, ""},
        {"0.5k", 512, ""},
        {"1.25M", 1310720, ""},
        {"1KK", 1024, "K"},
        {"1.5", 1, ".5"},
        {"1.K", 1024, ""},
        {"17179869183G", UINT64_C(17179869183) << 30, ""},
        {"18446744073709551615", UINT64_MAX, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *at = rows[i].text;
        uint64_t bytes;

        ck_assert_msg(number_read_size(&at, &any, &bytes), "%s", rows[i].text);
        ck_assert_uint_eq(bytes, rows[i].bytes);
        ck_assert_str_eq(at, rows[i].rest);
    }
}
END_TEST

START_TEST(a_size_out_of_range_with_its_unit_is_refused)
{
    static const struct number_range small = {1, 1, 1024}, any = {1, 1, UINT64_MAX};
    static const char *const bad[] = {"0",    "0K", "1025", "2K",      "1M",  "17179869184G", "K",
                                      "1.1k", "",   "-1k",  "0.0001k", ".5k", "1.0000001k"};
    static const char *const large[] = {"16E", "15.9999999E", "18446744073709551616", "99999999P"};
    uint64_t bytes = 99;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *at = bad[i];

        ck_assert_msg(!number_read_size(&at, &small, &bytes), "%s", bad[i]);
        ck_assert_ptr_eq(at, bad[i]);
    }
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        const char *at = large[i];

        ck_assert_msg(!number_read_size(&at, &any, &bytes), "%s", large[i]);
    }
    ck_assert_uint_eq(bytes, 99);
}
END_TEST

/* What sshd 9.2 makes of each as a LoginGraceTime, in milliseconds. */
START_TEST(a_time_is_as_sshd_has_it)
{
    static const struct number_range any = {1000, 0, UINT64_MAX};
    static const struct {
        const char *text;
        uint64_t ms;
        const char *rest;
    } rows[] = {
        {"0", 0, ""},          {"10", 10000, ""},
        {"10s", 10000, ""},    {"2m", 120000, ""},
        {"2M", 120000, ""},    {"1h30m", 5400000, ""},
        {"1H30", 3630000, ""}, {"90m,3", 5400000, ",3"},
        {"1d", 86400000, ""},  {"1w2d3h4m5s", 788645000, ""},
        {"1s1s", 2000, ""},    {"1ms", 60000, "s"},
        {"5x", 5000, "x"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *at = rows[i].text;
        uint64_t ms;

        ck_assert_msg(number_read_time(&at, &any, 1000, &ms), "%s", rows[i].text);
        ck_assert_uint_eq(ms, rows[i].ms);
        ck_assert_str_eq(at, rows[i].rest);
    }
}
END_TEST

START_TEST(a_number_alone_keeps_its_own_unit)
{
    static const struct number_range milliseconds = {1, 1, 60000},
                                     mib = {1 << 20, 1 << 20, 1 << 30};
    const char *at = "250";
    uint64_t n;

    ck_assert(number_read_time(&at, &milliseconds, 1000, &n));
    ck_assert_uint_eq(n, 250);
    at = "2s";
    ck_assert(number_read_time(&at, &milliseconds, 1000, &n));
    ck_assert_uint_eq(n, 2000);
    at = "16";
    ck_assert(number_read_size(&at, &mib, &n));
    ck_assert_uint_eq(n, 16 << 20);
    at = "1536k";
    ck_assert(number_read_size(&at, &mib, &n));
    ck_assert_uint_eq(n, 1536 << 10);
}
END_TEST

START_TEST(a_time_out_of_range_is_refused)
{
    static const struct number_range range = {1000, 1000, 86400000}, any = {1, 0, UINT64_MAX};
    static const char *const bad[] = {"",   "s",      "0",    "0s",  "86401",  "25h", "1d1s",
                                      "2w", "1h-30m", "-10s", "+1m", "12h13h", " 1s"};
    static const char *const large[] = {"18446744073709552s", "30500568905w",
                                        "18446744073709551616"};
    uint64_t ms = 99;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *at = bad[i];

        ck_assert_msg(!number_read_time(&at, &range, 1000, &ms) || *at != 0, "%s", bad[i]);
    }
    ms = 99;
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        const char *at = large[i];

        ck_assert_msg(!number_read_time(&at, &any, 1000, &ms), "%s", large[i]);
        ck_assert_ptr_eq(at, large[i]);
    }
    ck_assert_uint_eq(ms, 99);
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
    add_test(suite, a_size_is_as_sshd_has_it);
    add_test(suite, a_size_out_of_range_with_its_unit_is_refused);
    add_test(suite, a_time_is_as_sshd_has_it);
    add_test(suite, a_number_alone_keeps_its_own_unit);
    add_test(suite, a_time_out_of_range_is_refused);
    add_test(suite, a_port_has_16_bits);
}
