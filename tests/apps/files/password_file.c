#include "apps/files/password_entry.h"
#include "apps/files/password_file.h"

#include "apps/confine/confine.h"
#include "crypto/password_hash.h"
#include "crypto/short_hash.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/password_logins.h"
#include "tests/support/suite.h"
#include "tests/support/scratch.h"
#include "tests/support/wiped.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static bool same_hash; /* of all names */

uint64_t __real_short_hash(const uint8_t key[SHORT_HASH_KEY], struct bytes data); /* NOLINT */

OWN(uint64_t, short_hash, const uint8_t key[SHORT_HASH_KEY], struct bytes data)
{
    return same_hash ? 1 : __real_short_hash(key, data);
}

START_TEST(a_plain_password_must_match_exactly)
{
    open_file("alice:wonder land\nbob:builder\n");
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

/* Each line as Twisted's FilePasswordDB reads it. Python's bytes.rstrip() drops six characters. */
START_TEST(lines_are_read_as_twisted_reads_them)
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
              ":no name\n"
              "utf8:\xc3\xa9\n"
              "crlf:dos\r\n"
              "last:line\n");
    assert_in("# a comment", " is a user");
    assert_in("twice", "first");
    assert_out("twice", "second");
    assert_in(" space ", " before");
    assert_out("space", "before");
    assert_in("trail", "ing");
    assert_in("colons", "a");
    assert_out("colons", "a:b:c");
    assert_in("quotes", "\"q\"");
    assert_in("", "no name");
    assert_in("utf8", "\xc3\xa9");
    assert_in("crlf", "dos");
    assert_in("last", "line");
    assert_out("no colon here", "");
    close_file();
}
END_TEST

START_TEST(an_entry_with_a_NUL_matches_no_login)
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

START_TEST(an_empty_file_refuses_every_login)
{
    open_file("");
    assert_out("", "");
    assert_out("alice", "");
    close_file();
}
END_TEST

START_TEST(hashed_and_plain_entries_can_be_mixed)
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

START_TEST(the_text_of_a_hash_is_not_a_password)
{
    open_file("alice:" HASH_8 "\n");
    assert_out("alice", HASH_8);
    close_file();
}
END_TEST

START_TEST(checks_are_fast_without_hashes)
{
    bool slow;

    open_file("alice:x\n");
    ck_assert(logs_in("alice", "x", &slow) && !slow);
    ck_assert(!logs_in("bob", "x", &slow) && !slow);
    close_file();
}
END_TEST

/* More costs than every check pays; users with another cost can still log in. */
START_TEST(users_with_many_different_costs_can_log_in)
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

START_TEST(an_unusable_hash_is_reported_and_fails)
{
    bool slow;

    open_file("bob:x\nalice:$argon2id$\ncarol:$argon2i$\n");
    assert_says(errbuf, "passwords:2: unusable password hash");
    ck_assert(!logs_in("alice", "$argon2id$", &slow) && !slow);
    ck_assert(!logs_in("alice", "", &slow) && !slow);
    ck_assert(!logs_in("carol", "$argon2i$", &slow) && !slow);
    assert_in("bob", "x");
    close_file();
}
END_TEST

/* Each entry with the password that other programs would not accept for it. */
START_TEST(entries_that_mean_no_login_let_nobody_in)
{
    static const char *const fields[] = {
        "", "   ", "*", "!", ("!" HASH_8), "$6$salt$ab", "$2b$12$xy", "$y$xy", "$argon2i$x"};
    char text[4096] = "";
    bool slow;

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "u%zu:%s\n", i, fields[i]);
    open_file(text);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char user[8], where[32];

        snprintf(user, sizeof user, "u%zu", i);
        snprintf(where, sizeof where, "passwords:%zu: ", i + 1);
        assert_says(warned, where);
        ck_assert_msg(!logs_in(user, fields[i], &slow), "%s", fields[i]);
        ck_assert(!logs_in(user, "", &slow));
        ck_assert(!logs_in(user, "password", &slow));
        ck_assert_str_eq(errbuf, "");
    }
    close_file();
}
END_TEST

/* The first line of a user counts, also when it means no login. */
START_TEST(a_locked_user_has_no_second_entry)
{
    open_file("alice:!\nalice:one\n");
    assert_out("alice", "one");
    close_file();
}
END_TEST

START_TEST(a_plain_password_needs_a_line_end)
{
    bool slow;

    open_file("alice:one\nbob:two");
    assert_says(warned, "passwords:2: ");
    assert_says(warned, "end the line with a newline");
    assert_in("alice", "one");
    assert_out("bob", "two");
    write_file("alice:one\nbob:two\n");
    assert_in("bob", "two");
    write_file("alice:one\nbob:" HASH_8);
    ck_assert(logs_in("bob", "password", &slow));
    ck_assert_str_eq(errbuf, "");
    close_file();
}
END_TEST

START_TEST(a_password_cut_at_a_second_colon_is_reported)
{
    open_file("alice:one\nbob:two:three\n");
    assert_says(warned, "passwords:2: the password ends at the second colon");
    ck_assert_ptr_null(strchr(warned, '\n'));
    assert_in("bob", "two");
    close_file();
}
END_TEST

START_TEST(plain_passwords_that_others_can_read_are_reported)
{
    static const struct {
        const char *text;
        mode_t mode;
        bool reported;
    } rows[] = {
        {"a:b\n", 0600, false}, {"a:b\n", 0644, true},           {"a:b\n", 0640, true},
        {"a:b\n", 0604, true},  {"a:" HASH_8 "\n", 0644, false}, {"a:b", 0644, true},
        {"a:*\n", 0644, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scratch_write("passwords", rows[i].text, rows[i].mode);
        file = nacre_password_file_open(path(), errbuf, sizeof errbuf);
        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(strstr(errbuf, "others can read it") != NULL, rows[i].reported);
        if (rows[i].reported)
            assert_says(errbuf, "nacre-passwd, or run: chmod 600 ");
        close_file();
    }
}
END_TEST

/* However many lines are wrong, what was left out is counted. */
START_TEST(the_warnings_are_bounded)
{
    char text[200 * 8 + 1] = "", warnings[8192];
    unsigned lines = 0, more = 0;

    for (int i = 0; i < 200; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "u%03d:\n", i);
    scratch_write("passwords", text, 0600);
    file = nacre_password_file_open(path(), warnings, sizeof warnings);
    ck_assert_ptr_nonnull(file);
    for (const char *c = warnings; (c = strchr(c, '\n')) != NULL; c++)
        lines++;
    ck_assert_uint_gt(lines, 4);
    ck_assert_int_eq(sscanf(strrchr(warnings, '\n'), "\n%*[^:]: %u more", &more), 1);
    ck_assert_uint_eq(lines + more, 200);
    assert_out("u001", "");
    ck_assert_str_eq(errbuf, "");
    close_file();
}
END_TEST

/* Run the check when the process can have no more memory than now. */
static bool is_undecided(const char *user, const char *password)
{
    struct nacre_password_check *check =
        nacre_password_file_lookup(file, user, password, errbuf, sizeof errbuf);
    struct rlimit before, none;
    bool undecided;

    ck_assert_ptr_nonnull(check);
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &none), 0);
    ck_assert(!nacre_password_check_run(check, &undecided));
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
    nacre_password_check_free(check);
    return undecided;
}

/* Right and wrong passwords and unknown users alike, so that nobody learns who exists. */
START_TEST(without_memory_for_a_hash_no_password_is_decided)
{
    if (CONFINE_SANITIZED)
        return;
    open_file("alice:" HASH_64_MIB "\nbob:plain\n");
    ck_assert(is_undecided("alice", "password"));
    ck_assert(is_undecided("alice", "wrong"));
    ck_assert(is_undecided("nobody", "password"));
    ck_assert(is_undecided("bob", "wrong"));
    assert_in("alice", "password");
    close_file();
    open_file("bob:plain\n");
    ck_assert(!is_undecided("bob", "wrong"));
    close_file();
}
END_TEST

START_TEST(an_open_without_memory_says_so)
{
    unsigned failed = 0;

    write_file("alice:one\n");
    for (;; failed++) {
        leftovers_refuse(failed + 1);
        file = nacre_password_file_open(path(), errbuf, sizeof errbuf);
        leftovers_refuse(0);
        if (file != NULL)
            break;
        assert_says(errbuf, path());
        assert_says(errbuf, ": out of memory");
    }
    ck_assert_uint_ge(failed, 3); /* the file, its text and its index */
    assert_in("alice", "one");
    close_file();
}
END_TEST

START_TEST(a_look_up_without_memory_says_so)
{
    struct nacre_password_check *check;

    open_file("alice:one\n");
    leftovers_refuse(1);
    check = nacre_password_file_lookup(file, "alice", "one", errbuf, sizeof errbuf);
    ck_assert_ptr_null(check);
    assert_says(errbuf, path());
    assert_says(errbuf, ": out of memory while checking a password");
    assert_in("alice", "one");
    close_file();
}
END_TEST

/* 100,000 users, and 100,000 look-ups: none may read the whole file. */
START_TEST(a_look_up_does_not_read_a_large_file)
{
    enum { USERS = 100 * 1000 };
    static char text[USERS * 24];
    char user[16], password[16];
    size_t len = 0;

    for (int i = 0; i < USERS; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "user%d:pass%d\n", i, i);
    open_file(text);
    for (int i = 0; i < USERS; i++) {
        (void)snprintf(user, sizeof user, "user%d", i);
        (void)snprintf(password, sizeof password, "pass%d", i);
        if (i % 100 == 0)
            assert_in(user, password);
        else
            assert_out(i % 2 == 0 ? user : "nobody", "wrong");
    }
    close_file();
}
END_TEST

START_TEST(the_first_line_of_a_user_counts_in_any_order_of_names)
{
    open_file("bob:b\nalice:one\nno colon\nalice:two\nbob:c\nalice:three");
    assert_in("alice", "one");
    assert_out("alice", "two");
    assert_out("alice", "three");
    assert_in("bob", "b");
    assert_out("bob", "c");
    assert_out("no colon", "");
    write_file("alice:two\nbob:b\n");
    assert_in("alice", "two");
    assert_out("alice", "one");
    close_file();
}
END_TEST

/* The index has hashes of names: two names may have the same. */
START_TEST(names_with_one_hash_are_told_apart)
{
    same_hash = true;
    open_file("alice:one\nbob:two\nalice:three\n");
    assert_in("alice", "one");
    assert_in("bob", "two");
    assert_out("bob", "one");
    assert_out("carol", "one");
    assert_out("carol", "two");
    assert_out("al", "one");
    assert_out("alice", "two");
    assert_out("alice", "three");
    close_file();
    same_hash = false;
}
END_TEST

START_TEST(a_check_outlives_its_file)
{
    struct nacre_password_check *check;
    bool undecided;

    open_file("alice:" HASH_8 "\n");
    check = nacre_password_file_lookup(file, "alice", "password", errbuf, sizeof errbuf);
    close_file();
    ck_assert(nacre_password_check_run(check, &undecided));
    ck_assert(nacre_password_check_run(check, &undecided));
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

/* The minimum of several measurements is the work itself, without noise. */
static double cost_for(const char *user, const char *password)
{
    double least = seconds_for(user, password);

    for (int i = 0; i < 8; i++) {
        double again = seconds_for(user, password);

        least = again < least ? again : least;
    }
    return least;
}

/* One user's hash is cheap and another's is costly, but every check takes equally long. */
START_TEST(timing_does_not_reveal_which_users_exist)
{
    double unknown, cheap, costly, plain;

    open_file("cheap:" HASH_8 "\nplain:x\n"
              "costly:$argon2id$v=19$m=16384,t=4,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
    unknown = cost_for("nobody", "guess");
    cheap = cost_for("cheap", "guess");
    costly = cost_for("costly", "guess");
    plain = cost_for("plain", "guess");
    ck_assert_msg(cheap > 0.5 * unknown && cheap < 2 * unknown, "%f %f", cheap, unknown);
    ck_assert_msg(costly > 0.5 * unknown && costly < 2 * unknown, "%f %f", costly, unknown);
    ck_assert_msg(plain > 0.5 * unknown && plain < 2 * unknown, "%f %f", plain, unknown);
    close_file();
}
END_TEST

/* A look-up goes through the entries, and perhaps reads the file again, because it is so new. */
START_TEST(copies_of_entries_and_passwords_are_wiped)
{
    static const char text[] = "alice:secret\n";
    struct nacre_password_check *check;
    struct password_entry *entry; /* for its size */
    bool undecided;

    write_file(text);
    wiped_record();
    file = nacre_password_file_open(path(), errbuf, sizeof errbuf);
    assert_wiped(sizeof *entry, 1);
    wiped_record();
    check = nacre_password_file_lookup(file, "alice", "secret", errbuf, sizeof errbuf);
    assert_wiped(sizeof *entry, 2 + wiped_times(sizeof text - 1));
    wiped_record();
    ck_assert(nacre_password_check_run(check, &undecided));
    assert_wiped(32, 1); /* the digest of a plain password */
    wiped_record();
    nacre_password_check_free(check);
    ck_assert(wiped_ends_with((struct bytes){(const uint8_t *)"secret", 7}));
    close_file();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_plain_password_must_match_exactly);
    add_test(suite, lines_are_read_as_twisted_reads_them);
    add_test(suite, an_entry_with_a_NUL_matches_no_login);
    add_test(suite, an_empty_file_refuses_every_login);
    add_test(suite, hashed_and_plain_entries_can_be_mixed);
    add_test(suite, the_text_of_a_hash_is_not_a_password);
    add_test(suite, checks_are_fast_without_hashes);
    add_test(suite, users_with_many_different_costs_can_log_in);
    add_test(suite, an_unusable_hash_is_reported_and_fails);
    add_test(suite, entries_that_mean_no_login_let_nobody_in);
    add_test(suite, a_locked_user_has_no_second_entry);
    add_test(suite, a_plain_password_needs_a_line_end);
    add_test(suite, a_password_cut_at_a_second_colon_is_reported);
    add_test(suite, plain_passwords_that_others_can_read_are_reported);
    add_test(suite, the_warnings_are_bounded);
    add_test(suite, without_memory_for_a_hash_no_password_is_decided);
    add_test(suite, an_open_without_memory_says_so);
    add_test(suite, a_look_up_without_memory_says_so);
    add_test(suite, a_look_up_does_not_read_a_large_file);
    add_test(suite, the_first_line_of_a_user_counts_in_any_order_of_names);
    add_test(suite, names_with_one_hash_are_told_apart);
    add_test(suite, a_check_outlives_its_file);
    add_test(suite, timing_does_not_reveal_which_users_exist);
    add_test(suite, copies_of_entries_and_passwords_are_wiped);
}
