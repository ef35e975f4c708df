/* A password file that changes, or becomes unusable, while a server runs. */
#include "tests/support/password_logins.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(a_change_is_seen_at_the_next_login)
{
    open_file("alice:one\n");
    assert_in("alice", "one");
    write_file("alice:two\n"); /* same length, perhaps the same time stamp */
    assert_out("alice", "one");
    assert_in("alice", "two");
    write_file("alice:two\nbob:three\n");
    assert_in("bob", "three");
    scratch_write("new", "alice:four\n", 0600);
    ck_assert_int_eq(rename(scratch_path("new"), path()), 0);
    assert_in("alice", "four");
    assert_out("bob", "three");
    close_file();
}
END_TEST

/* A ctime cannot be set, so this test waits until time stamps are reliable. */
START_TEST(a_change_is_seen_after_time_stamps_have_settled)
{
    open_file("alice:one\n");
    sleep(4);
    assert_in("alice", "one");
    assert_in("alice", "one");
    write_file("alice:two\n");
    assert_in("alice", "two");
    ck_assert_int_eq(chmod(path(), 0666), 0);
    assert_out("alice", "two");
    assert_says(errbuf, "writable by others");
    close_file();
}
END_TEST

/* Without a descriptor for reading it nothing is known about the file: nobody is refused. */
START_TEST(without_a_descriptor_no_password_is_decided)
{
    struct rlimit before, none;
    struct nacre_password_check *check;
    bool undecided = false;

    open_file("alice:one\n");
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    for (int i = 0; i < 2; i++) {
        write_file("alice:two\n");
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
        check = nacre_password_file_lookup(file, "alice", i == 0 ? "two" : "wrong", errbuf,
                                           sizeof errbuf);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        ck_assert_ptr_nonnull(check);
        ck_assert(!nacre_password_check_run(check, &undecided));
        ck_assert(undecided);
        if (i == 0)
            assert_says(errbuf, "Too many open files");
        else
            ck_assert_str_eq(errbuf, ""); /* reported before */
        nacre_password_check_free(check);
    }
    assert_in("alice", "two");
    assert_out("alice", "one");
    close_file();
}
END_TEST

START_TEST(an_unusable_file_does_not_open)
{
    ck_assert_ptr_null(nacre_password_file_open(path(), errbuf, sizeof errbuf));
    assert_says(errbuf, "no such file");
    assert_says(errbuf, "user:password");
    scratch_write("passwords", "a:b\n", 0620);
    ck_assert_ptr_null(nacre_password_file_open(path(), errbuf, sizeof errbuf));
    assert_says(errbuf, "writable by others (mode 620)");
    assert_says(errbuf, "chmod go-w");
    ck_assert_ptr_null(nacre_password_file_open(scratch_path("."), errbuf, sizeof errbuf));
    assert_says(errbuf, "not a regular file");
    ck_assert_ptr_null(nacre_password_file_open(path(), NULL, 0));
    nacre_password_file_close(NULL);
}
END_TEST

START_TEST(a_file_readable_by_others_is_accepted)
{
    scratch_write("passwords", "a:b\n", 0644);
    file = nacre_password_file_open(path(), errbuf, sizeof errbuf);
    ck_assert_ptr_nonnull(file);
    assert_says(errbuf, "others can read it (mode 644)");
    assert_in("a", "b");
    close_file();
}
END_TEST

/* The sentence comes once for each change. */
START_TEST(a_file_that_becomes_bad_refuses_every_login)
{
    open_file("alice:one\n");
    ck_assert_int_eq(unlink(path()), 0);
    assert_out("alice", "one");
    assert_says(errbuf, "no such file");
    assert_out("alice", "one");
    ck_assert_str_eq(errbuf, "");
    scratch_write("passwords", "alice:one\n", 0666);
    assert_out("alice", "one");
    assert_says(errbuf, "writable by others");
    assert_out("alice", "one");
    ck_assert_str_eq(errbuf, "");
    ck_assert_int_eq(chmod(path(), 0600), 0);
    assert_in("alice", "one");
    write_file("alice:$argon2\n");
    assert_out("alice", "$argon2");
    assert_says(errbuf, ":1: unusable password hash");
    assert_out("alice", "$argon2");
    ck_assert_str_eq(errbuf, "");
    write_file("alice:one\n");
    assert_in("alice", "one");
    close_file();
}
END_TEST

/* The folder is checked when the file has changed: whoever can write to it can rename an older file
 * to this name. */
START_TEST(a_folder_that_others_can_write_refuses_every_login)
{
    ck_assert_int_eq(mkdir(scratch_path("d"), 0700), 0);
    scratch_write("d/p", "alice:one\n", 0600);
    file = nacre_password_file_open(scratch_path("d/p"), errbuf, sizeof errbuf);
    ck_assert_ptr_nonnull(file);
    assert_in("alice", "one");
    ck_assert_int_eq(chmod(scratch_path("d"), 0770), 0);
    ck_assert_int_eq(rename(scratch_write("d/old", "alice:two\n", 0600), scratch_path("d/p")), 0);
    assert_out("alice", "two");
    assert_says(errbuf, "/d (mode 770)");
    assert_out("alice", "one");
    ck_assert_int_eq(chmod(scratch_path("d"), 0755), 0);
    assert_in("alice", "two");
    close_file();
}
END_TEST

START_TEST(a_file_of_another_user_refuses_every_login)
{
    open_file("alice:one\n");
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(path(), 65534, 65534), 0);
        assert_out("alice", "one");
        assert_says(errbuf, "owned by user id 65534");
    }
    close_file();
}
END_TEST

START_TEST(checks_cost_the_same_while_the_file_is_missing)
{
    bool slow;

    open_file("alice:" HASH_8 "\n");
    ck_assert_int_eq(unlink(path()), 0);
    ck_assert(!logs_in("alice", "password", &slow) && slow);
    close_file();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_change_is_seen_at_the_next_login);
    add_test(suite, a_change_is_seen_after_time_stamps_have_settled);
    add_test(suite, without_a_descriptor_no_password_is_decided);
    add_test(suite, an_unusable_file_does_not_open);
    add_test(suite, a_file_readable_by_others_is_accepted);
    add_test(suite, a_file_that_becomes_bad_refuses_every_login);
    add_test(suite, a_folder_that_others_can_write_refuses_every_login);
    add_test(suite, a_file_of_another_user_refuses_every_login);
    add_test(suite, checks_cost_the_same_while_the_file_is_missing);
}
