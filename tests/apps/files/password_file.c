#include "apps/files/password_file.h"
#include "crypto/password_hash.h"
#include "tests/support/suite.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Of "password" and "secret" with the salt "somesaltsomesalt", at the least costs there are: that
 * the hash itself is right is tested elsewhere. */
#define HASH_8                                                                                     \
    "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"                                           \
    "BbbKj4A4toOIetSRZTOFi0nLUgQBJsE09Mbp2HEbjAk"
#define HASH_16                                                                                    \
    "$argon2id$v=19$m=16,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$0zrySGHlVW1DxIHhk+"                        \
    "otnepNDvdEEgGyUJRc40wYQLk"

static char errbuf[512];
static struct nacre_password_file *file;

static const char *path(void)
{
    return scratch_path("passwords");
}

static void write_file(const char *text)
{
    scratch_write("passwords", text, 0600);
}

static void open_file(const char *text)
{
    write_file(text);
    file = nacre_password_file_open(path(), errbuf, sizeof errbuf);
    ck_assert_msg(file != NULL, "%s", errbuf);
}

static void close_file(void)
{
    nacre_password_file_close(file);
}

/* Look up and check; the file's problem is in `errbuf`. *slow: it took a hash. */
static bool logs_in(const char *user, const char *password, bool *slow)
{
    struct nacre_password_check *check =
        nacre_password_file_lookup(file, user, password, errbuf, sizeof errbuf);
    bool good;

    ck_assert_ptr_nonnull(check);
    *slow = nacre_password_check_is_slow(check);
    good = nacre_password_check_run(check);
    nacre_password_check_free(check);
    return good;
}

static void assert_in(const char *user, const char *password)
{
    bool slow;

    ck_assert_msg(logs_in(user, password, &slow), "%s:%s is refused", user, password);
    ck_assert_str_eq(errbuf, "");
}

static void assert_out(const char *user, const char *password)
{
    bool slow;

    ck_assert_msg(!logs_in(user, password, &slow), "%s:%s is let in", user, password);
}

START_TEST(plain_entries)
{
    open_file("alice:wonder land\nbob:builder");
    assert_in("alice", "wonder land");
    assert_in("bob", "builder");
    assert_out("alice", "builder");
    assert_out("alice", "");
    assert_out("alice", "wonder land ");
    assert_out("alice", "wonder lan");
    assert_out("carol", "");
    assert_out("carol", "builder");
    assert_out("", "");
    assert_out("alice:wonder land", "");
    assert_out("Alice", "wonder land");
    close_file();
}
END_TEST

/* What Twisted's FilePasswordDB does with each line; Python's bytes.rstrip drops these six. */
START_TEST(lines_as_twisted_reads_them)
{
    open_file("# a comment: is a user\n"
              "\n"
              "no colon here\n"
              "   \t\n"
              "twice:first\n"
              "twice:second\n"
              " space : before \n"
              "trail:ing \t\r\v\f\n"
              "colons:a:b:c\n"
              "quotes:\"q\"\n"
              "empty:\n"
              "blank:   \n"
              ":no name\n"
              "utf8:\xc3\xa9\n"
              "crlf:dos\r\n"
              "last:line");
    assert_in("# a comment", " is a user");
    assert_in("twice", "first");
    assert_out("twice", "second");
    assert_in(" space ", " before");
    assert_out("space", "before");
    assert_in("trail", "ing");
    assert_in("colons", "a");
    assert_out("colons", "a:b:c");
    assert_in("quotes", "\"q\"");
    assert_in("empty", "");
    assert_in("blank", "");
    assert_in("", "no name");
    assert_in("utf8", "\xc3\xa9");
    assert_in("crlf", "dos");
    assert_in("last", "line");
    assert_out("no colon here", "");
    close_file();
}
END_TEST

START_TEST(an_entry_with_a_nul_matches_nobody)
{
    scratch_write_bytes("passwords", "a\0b:x\nc:y\0z\nd:w\n", 16, 0600);
    file = nacre_password_file_open(path(), errbuf, sizeof errbuf);
    ck_assert_ptr_nonnull(file);
    assert_out("a", "x");
    assert_out("c", "y");
    assert_in("d", "w");
    close_file();
}
END_TEST

START_TEST(an_empty_file_lets_nobody_in)
{
    open_file("");
    assert_out("", "");
    assert_out("alice", "");
    close_file();
}
END_TEST

START_TEST(hashed_entries_beside_plain_ones)
{
    bool slow;

    open_file("alice:" HASH_8 "\nbob:plain\ncarol:" HASH_16 "  \n");
    ck_assert_str_eq(errbuf, "");
    ck_assert(logs_in("alice", "password", &slow) && slow);
    ck_assert(logs_in("carol", "secret", &slow) && slow);
    ck_assert(logs_in("bob", "plain", &slow) && slow);
    ck_assert(!logs_in("alice", "secret", &slow) && slow);
    ck_assert(!logs_in("carol", "password", &slow) && slow);
    ck_assert(!logs_in("bob", "password", &slow) && slow);
    ck_assert(!logs_in("nobody", "password", &slow) && slow);
    ck_assert(!logs_in("nobody", "", &slow) && slow);
    close_file();
}
END_TEST

START_TEST(a_hash_is_not_a_password)
{
    open_file("alice:" HASH_8 "\n");
    assert_out("alice", HASH_8);
    close_file();
}
END_TEST

START_TEST(without_hashes_checks_are_quick)
{
    bool slow;

    open_file("alice:x\n");
    ck_assert(logs_in("alice", "x", &slow) && !slow);
    ck_assert(!logs_in("bob", "x", &slow) && !slow);
    close_file();
}
END_TEST

/* More costs than every check pays: those who have one of the others still get in. */
START_TEST(many_different_costs)
{
    static const char *const costs[] = {"m=8,t=9,p=1",  "m=9,t=9,p=1",  "m=10,t=9,p=1",
                                        "m=11,t=9,p=1", "m=12,t=9,p=1", "m=13,t=9,p=1"};
    char text[2048] = "alice:" HASH_8 "\n";

    for (size_t i = 0; i < 6; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "u%zu:$argon2id$v=19$%s$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA\n", i, costs[i]);
    snprintf(text + strlen(text), sizeof text - strlen(text), "carol:" HASH_16 "\n");
    open_file(text);
    ck_assert_str_eq(errbuf, "");
    assert_in("alice", "password");
    assert_in("carol", "secret");
    assert_out("u0", "password");
    assert_out("nobody", "password");
    close_file();
}
END_TEST

START_TEST(an_unusable_hash_is_told_and_lets_nobody_in)
{
    bool slow;

    open_file("bob:x\nalice:$argon2id$\ncarol:$argon2i$\n");
    assert_says(errbuf, "passwords:2: this password hash cannot be used");
    ck_assert(!logs_in("alice", "$argon2id$", &slow) && !slow);
    ck_assert(!logs_in("alice", "", &slow) && !slow);
    ck_assert(!logs_in("carol", "$argon2i$", &slow) && !slow);
    assert_in("bob", "x");
    close_file();
}
END_TEST

START_TEST(a_change_is_seen_at_the_next_login)
{
    open_file("alice:one\n");
    assert_in("alice", "one");
    write_file("alice:two\n"); /* the same length, perhaps within one tick of the clock */
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

/* A file's ctime cannot be set, so this test waits until the time stamps can be trusted. */
START_TEST(a_file_that_has_settled_is_not_read_again_until_it_changes)
{
    open_file("alice:one\n");
    sleep(4);
    assert_in("alice", "one");
    assert_in("alice", "one");
    write_file("alice:two\n");
    assert_in("alice", "two");
    ck_assert_int_eq(chmod(path(), 0666), 0);
    assert_out("alice", "two");
    assert_says(errbuf, "may write to it");
    close_file();
}
END_TEST

START_TEST(a_file_that_cannot_be_used_does_not_open)
{
    ck_assert_ptr_null(nacre_password_file_open(path(), errbuf, sizeof errbuf));
    assert_says(errbuf, "there is no such file");
    assert_says(errbuf, "user:password");
    scratch_write("passwords", "a:b\n", 0620);
    ck_assert_ptr_null(nacre_password_file_open(path(), errbuf, sizeof errbuf));
    assert_says(errbuf, "others may write to it (mode 620)");
    assert_says(errbuf, "chmod go-w");
    ck_assert_ptr_null(nacre_password_file_open(scratch_path("."), errbuf, sizeof errbuf));
    assert_says(errbuf, "not a regular file");
    ck_assert_ptr_null(nacre_password_file_open(path(), NULL, 0));
    nacre_password_file_close(NULL);
}
END_TEST

START_TEST(others_may_read_it)
{
    scratch_write("passwords", "a:b\n", 0644);
    file = nacre_password_file_open(path(), errbuf, sizeof errbuf);
    ck_assert_ptr_nonnull(file);
    ck_assert_str_eq(errbuf, "");
    assert_in("a", "b");
    close_file();
}
END_TEST

/* While it is bad nobody logs in; the sentence comes once for each change. */
START_TEST(a_file_that_becomes_bad_lets_nobody_in)
{
    open_file("alice:one\n");
    ck_assert_int_eq(unlink(path()), 0);
    assert_out("alice", "one");
    assert_says(errbuf, "there is no such file");
    assert_out("alice", "one");
    ck_assert_str_eq(errbuf, "");
    scratch_write("passwords", "alice:one\n", 0666);
    assert_out("alice", "one");
    assert_says(errbuf, "others may write to it");
    assert_out("alice", "one");
    ck_assert_str_eq(errbuf, "");
    ck_assert_int_eq(chmod(path(), 0600), 0);
    assert_in("alice", "one");
    write_file("alice:$argon2\n");
    assert_out("alice", "$argon2");
    assert_says(errbuf, ":1: this password hash");
    assert_out("alice", "$argon2");
    ck_assert_str_eq(errbuf, "");
    write_file("alice:one\n");
    assert_in("alice", "one");
    close_file();
}
END_TEST

START_TEST(a_file_of_another_user_lets_nobody_in)
{
    open_file("alice:one\n");
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(path(), 65534, 65534), 0);
        assert_out("alice", "one");
        assert_says(errbuf, "belongs to user id 65534");
    }
    close_file();
}
END_TEST

/* What a check costs stays what it was while the file is away. */
START_TEST(a_missing_file_costs_as_much_as_before)
{
    bool slow;

    open_file("alice:" HASH_8 "\n");
    ck_assert_int_eq(unlink(path()), 0);
    ck_assert(!logs_in("alice", "password", &slow) && slow);
    close_file();
}
END_TEST

START_TEST(a_check_outlives_its_file)
{
    struct nacre_password_check *check;

    open_file("alice:" HASH_8 "\n");
    check = nacre_password_file_lookup(file, "alice", "password", errbuf, sizeof errbuf);
    close_file();
    ck_assert(nacre_password_check_run(check));
    ck_assert(nacre_password_check_run(check));
    nacre_password_check_free(check);
    nacre_password_check_free(NULL);
}
END_TEST

static double seconds_for(const char *user, const char *password)
{
    struct timespec from, to;
    bool slow;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    logs_in(user, password, &slow);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9;
}

/* The least of some measurements: the work itself, without what the machine did beside it. */
static double cost_for(const char *user, const char *password)
{
    double least = seconds_for(user, password);

    for (int i = 0; i < 8; i++) {
        double again = seconds_for(user, password);

        least = again < least ? again : least;
    }
    return least;
}

/* One user's hash is cheap and one's is dear; everybody's check takes as long. */
START_TEST(time_does_not_tell_who_exists)
{
    double unknown, cheap, dear, plain;

    open_file("cheap:" HASH_8 "\nplain:x\n"
              "dear:$argon2id$v=19$m=16384,t=4,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
    unknown = cost_for("nobody", "guess");
    cheap = cost_for("cheap", "guess");
    dear = cost_for("dear", "guess");
    plain = cost_for("plain", "guess");
    ck_assert_msg(cheap > 0.5 * unknown && cheap < 2 * unknown, "%f %f", cheap, unknown);
    ck_assert_msg(dear > 0.5 * unknown && dear < 2 * unknown, "%f %f", dear, unknown);
    ck_assert_msg(plain > 0.5 * unknown && plain < 2 * unknown, "%f %f", plain, unknown);
    close_file();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, plain_entries);
    add_test(suite, lines_as_twisted_reads_them);
    add_test(suite, an_entry_with_a_nul_matches_nobody);
    add_test(suite, an_empty_file_lets_nobody_in);
    add_test(suite, hashed_entries_beside_plain_ones);
    add_test(suite, a_hash_is_not_a_password);
    add_test(suite, without_hashes_checks_are_quick);
    add_test(suite, many_different_costs);
    add_test(suite, an_unusable_hash_is_told_and_lets_nobody_in);
    add_test(suite, a_change_is_seen_at_the_next_login);
    add_test(suite, a_file_that_has_settled_is_not_read_again_until_it_changes);
    add_test(suite, a_file_that_cannot_be_used_does_not_open);
    add_test(suite, others_may_read_it);
    add_test(suite, a_file_that_becomes_bad_lets_nobody_in);
    add_test(suite, a_file_of_another_user_lets_nobody_in);
    add_test(suite, a_missing_file_costs_as_much_as_before);
    add_test(suite, a_check_outlives_its_file);
    add_test(suite, time_does_not_tell_who_exists);
}
