/* Which file of host keys a client program uses. */
#include "apps/identity/host_options.h"
#include "tests/support/suite.h"

#include <stdlib.h>

START_TEST(the_default_file_is_in_the_home)
{
    struct host_options o = {.known_hosts = NULL};

    ck_assert_int_eq(setenv("HOME", "/home/alice", 1), 0);
    host_options_choose(&o);
    ck_assert_str_eq(o.known_hosts, "/home/alice/.ssh/known_hosts");
    ck_assert(o.is_default);
    o = (struct host_options){.known_hosts = NULL};
    ck_assert_int_eq(unsetenv("HOME"), 0);
    host_options_choose(&o);
    ck_assert_str_eq(o.known_hosts, "/.ssh/known_hosts");
}
END_TEST

START_TEST(a_file_that_was_named_is_not_the_default_one)
{
    struct host_options o = {.known_hosts = "hosts"};

    host_options_choose(&o);
    ck_assert_str_eq(o.known_hosts, "hosts");
    ck_assert(!o.is_default);
}
END_TEST

START_TEST(without_checks_there_is_no_file)
{
    struct host_options o = {.known_hosts = "hosts", .insecure = true};

    host_options_choose(&o);
    ck_assert_ptr_null(o.known_hosts);
    o = (struct host_options){.insecure = true};
    host_options_choose(&o);
    ck_assert_ptr_null(o.known_hosts);
    ck_assert(!o.is_default);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_default_file_is_in_the_home);
    add_test(suite, a_file_that_was_named_is_not_the_default_one);
    add_test(suite, without_checks_there_is_no_file);
}
