/* Methods by name. */
#include "auth/method.h"

#include "tests/support/suite.h"

static const struct auth_method first = {.name = "first"};
static const struct auth_method second = {.name = "second@example.com", .counts_as = "first"};
static const struct auth_method *const methods[] = {&first, &second, NULL};

START_TEST(an_unknown_name_has_the_index_of_the_final_null)
{
    ck_assert_uint_eq(auth_method_index(methods, bytes_of("first")), 0);
    ck_assert_uint_eq(auth_method_index(methods, bytes_of("second@example.com")), 1);
    ck_assert_uint_eq(auth_method_index(methods, bytes_of("firs")), 2);
    ck_assert_uint_eq(auth_method_index(methods, bytes_of("")), 2);
}
END_TEST

START_TEST(a_variant_is_listed_under_the_name_that_it_counts_as)
{
    ck_assert_str_eq(auth_listed_name(&first), "first");
    ck_assert_str_eq(auth_listed_name(&second), "first");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, an_unknown_name_has_the_index_of_the_final_null);
    add_test(suite, a_variant_is_listed_under_the_name_that_it_counts_as);
}
