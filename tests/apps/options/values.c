#include "apps/options/values.h"
#include "tests/support/suite.h"
#include "transport/limit.h"

#include <string.h>

struct target {
    uint32_t before, small, after;
    uint64_t large;
    const char *text;
    struct option_list list;
    bool flag;
};

static struct target target;
static char errbuf[OPTION_SENTENCE_MAX];

static const struct option_row small = {
    .name = "small", OPTION_U32(struct target, small), .least = 2, .most = 9, .scale = 1000};
static const struct option_row large = {
    .name = "large", OPTION_U64(struct target, large), .least = 1, .most = 4096, .units = true};

static bool set(const struct option_row *row, const char *value)
{
    errbuf[0] = 0;
    return option_set(row, &target, value, &(struct errbuf){errbuf, sizeof errbuf});
}

START_TEST(a_number_is_multiplied_and_touches_nothing_beside_it)
{
    target = (struct target){.before = 7, .after = 7};
    ck_assert(set(&small, "9"));
    ck_assert_uint_eq(target.small, 9000);
    ck_assert_uint_eq(target.before, 7);
    ck_assert_uint_eq(target.after, 7);
}
END_TEST

START_TEST(a_number_out_of_range_is_named_with_its_range)
{
    static const char *const bad[] = {"1", "10", "", "x", "5x", "-5", " 5", "+5", "5K"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!set(&small, bad[i]), "%s", bad[i]);
        ck_assert_ptr_nonnull(strstr(errbuf, "is not a number from 2 to 9"));
    }
    (void)set(&small, "x");
    ck_assert_str_eq(errbuf, "--small: 'x' is not a number from 2 to 9");
}
END_TEST

START_TEST(units_multiply_where_they_are_allowed)
{
    ck_assert(set(&large, "4k"));
    ck_assert(set(&large, "4K"));
    ck_assert_uint_eq(target.large, 4096);
    ck_assert(!set(&large, "5K"));
    ck_assert(!set(&large, "1M"));
    ck_assert(!set(&large, "18014398509481985K")); /* 2^64 + 1024 */
    ck_assert(!set(&large, "4Kx"));
    ck_assert_str_eq(errbuf, "--large: '4Kx' is not a number from 1 to 4096, or a size such as "
                             "256k or 1.5G");
}
END_TEST

START_TEST(a_time_counts_in_the_unit_of_its_member)
{
    struct option_row row = small;

    row.most = 90;
    row.second = 1000;
    ck_assert(set(&row, "1m30s"));
    ck_assert_uint_eq(target.small, 90000);
    ck_assert(set(&row, "9"));
    ck_assert_uint_eq(target.small, 9000);
    ck_assert(!set(&row, "1m31s"));
    ck_assert_str_eq(errbuf, "--small: '1m31s' is not a number from 2 to 90, or a time such as "
                             "1h30m");
    row.scale = 0;
    row.most = 90000;
    ck_assert(set(&row, "90s"));
    ck_assert_uint_eq(target.small, 90000);
    ck_assert(set(&row, "90"));
    ck_assert_uint_eq(target.small, 90);
    row.unlimited = "0";
    ck_assert(set(&row, "0h0m"));
    ck_assert_uint_eq(target.small, NACRE_UNLIMITED);
}
END_TEST

START_TEST(one_word_may_stand_for_no_limit)
{
    struct option_row row = small;

    row.unlimited = "none";
    ck_assert(set(&row, "none"));
    ck_assert_uint_eq(target.small, NACRE_UNLIMITED);
    ck_assert(!set(&row, "nones"));
    ck_assert_str_eq(errbuf, "--small: 'nones' is not a number from 2 to 9, or none");
}
END_TEST

START_TEST(flags_and_texts_are_set)
{
    const struct option_row flag = {.name = "flag", OPTION_FLAG(struct target, flag)};
    const struct option_row text = {.name = "text", OPTION_TEXT(struct target, text), .least = 1};

    target = (struct target){0};
    ck_assert(set(&flag, NULL));
    ck_assert(target.flag);
    ck_assert(set(&text, "x"));
    ck_assert_str_eq(target.text, "x");
    ck_assert(!set(&text, ""));
    ck_assert_str_eq(errbuf, "--text: the value is empty");
}
END_TEST

START_TEST(a_repeated_option_adds_up_to_its_bound)
{
    const struct option_row row = {.name = "item", OPTION_ADD(struct target, list), .most = 2};

    target = (struct target){0};
    ck_assert(set(&row, "a"));
    ck_assert(set(&row, "b"));
    ck_assert(!set(&row, "c"));
    ck_assert_str_eq(errbuf, "--item: given more than 2 times");
    ck_assert_str_eq(target.list.items[0], "a");
    ck_assert_str_eq(target.list.items[1], "b");
    ck_assert_ptr_null(target.list.items[2]);
}
END_TEST

START_TEST(a_list_is_read_item_by_item_empty_ones_too)
{
    static const char *const items[] = {"a", "", "bcd", ""};
    const char *list = "a,,bcd,", *item;
    size_t len, n = 0;

    while (list_next(&list, &item, &len)) {
        ck_assert_uint_lt(n, 4);
        ck_assert_uint_eq(len, strlen(items[n]));
        ck_assert_mem_eq(item, items[n], len);
        n++;
    }
    ck_assert_uint_eq(n, 4);
}
END_TEST

START_TEST(a_list_has_whole_names_only)
{
    const char *list = "publickey,keyboard-interactive";

    ck_assert(list_has(list, "publickey"));
    ck_assert(list_has(list, "keyboard-interactive"));
    ck_assert(!list_has(list, "key"));
    ck_assert(!list_has(list, "publickey,"));
    ck_assert(!list_has(list, ""));
    ck_assert(!list_has("", "a"));
    ck_assert(!list_has(NULL, "a"));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_number_is_multiplied_and_touches_nothing_beside_it);
    add_test(suite, a_number_out_of_range_is_named_with_its_range);
    add_test(suite, units_multiply_where_they_are_allowed);
    add_test(suite, a_time_counts_in_the_unit_of_its_member);
    add_test(suite, one_word_may_stand_for_no_limit);
    add_test(suite, flags_and_texts_are_set);
    add_test(suite, a_repeated_option_adds_up_to_its_bound);
    add_test(suite, a_list_is_read_item_by_item_empty_ones_too);
    add_test(suite, a_list_has_whole_names_only);
}
