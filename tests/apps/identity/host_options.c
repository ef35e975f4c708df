/* Which file of host keys a client program uses. */
#include "apps/identity/host_options.h"
#include "tests/support/suite.h"

#include <stdlib.h>

START_TEST(the_default_files_are_those_of_ssh)
{
    struct host_options o = {.known_hosts = NULL};

    ck_assert_int_eq(setenv("HOME", "/home/alice", 1), 0);
    host_options_choose(&o);
    ck_assert_str_eq(o.known_hosts, "/home/alice/.ssh/known_hosts");
    ck_assert_str_eq(o.more[0], "/home/alice/.ssh/known_hosts2");
    ck_assert_str_eq(o.more[1], "/etc/ssh/ssh_known_hosts");
    ck_assert_str_eq(o.more[2], "/etc/ssh/ssh_known_hosts2");
    ck_assert_ptr_null(o.more[3]);
    ck_assert(o.is_default);
    o = (struct host_options){.known_hosts = NULL};
    ck_assert_int_eq(unsetenv("HOME"), 0);
    host_options_choose(&o);
    ck_assert_str_eq(o.known_hosts, "/.ssh/known_hosts");
}
END_TEST

START_TEST(files_that_were_named_replace_the_default_ones)
{
    struct host_options o = {.files = {{"hosts"}, 1}};

    host_options_choose(&o);
    ck_assert_str_eq(o.known_hosts, "hosts");
    ck_assert_ptr_null(o.more);
    ck_assert(!o.is_default);
    o = (struct host_options){.files = {{"hosts", "others"}, 2}};
    host_options_choose(&o);
    ck_assert_str_eq(o.known_hosts, "hosts");
    ck_assert_str_eq(o.more[0], "others");
    ck_assert_ptr_null(o.more[1]);
}
END_TEST

START_TEST(without_checks_there_is_no_file)
{
    struct host_options o = {.files = {{"hosts"}, 1}, .insecure = true};

    host_options_choose(&o);
    ck_assert_ptr_null(o.known_hosts);
    o = (struct host_options){.insecure = true};
    host_options_choose(&o);
    ck_assert_ptr_null(o.known_hosts);
    ck_assert_ptr_null(o.more);
    ck_assert(!o.is_default);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_default_files_are_those_of_ssh);
    add_test(suite, files_that_were_named_replace_the_default_ones);
    add_test(suite, without_checks_there_is_no_file);
}
