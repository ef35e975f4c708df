/* What follows from nacre-load's command line. */
#include "apps/load/options.h"
#include "apps/load/load.h"
#include "tests/support/child.h"
#include "tests/support/key_texts.h"
#include "tests/support/leftovers.h"
#include "tests/support/scratch.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct load_options options;
static int status;

static bool read_words(char **words)
{
    int count = 0;

    while (words[count] != NULL)
        count++;
    optind = 0; /* getopt starts from the beginning */
    status = 77;
    return load_read_options(count, words, &options, &status);
}

#define READ(...) read_words((char *[]){"nacre-load", __VA_ARGS__, NULL})

static char *text(const char *text)
{
    return (char *)(uintptr_t)text;
}

START_TEST(a_mode_is_enough)
{
    ck_assert_int_eq(setenv("USER", "alice", 1), 0);
    ck_assert(READ("handshake"));
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(options.mode->name, "handshake");
    ck_assert_str_eq(options.user, "alice");
    ck_assert_str_eq(options.target, "127.0.0.1:2022");
    ck_assert_str_eq(options.known_as, "127.0.0.1:2022");
    ck_assert_uint_eq(options.count, options.mode->count);
    ck_assert_uint_eq(options.count, 100);
    ck_assert_uint_eq(options.at_once, 1);
    ck_assert_uint_eq(options.bytes, 64 << 20);
    ck_assert_uint_eq(options.hold_s, 10);
    ck_assert_uint_eq(options.timeout_s, 60);
    ck_assert_ptr_null(options.password);
    load_clear_options(&options);
}
END_TEST

START_TEST(options_go_where_they_belong)
{
    ck_assert(READ("-u", "bob", "-n", "7", "-c", "8", "-b", "9k", "--hold", "1m", "--timeout", "2",
                   "--insecure", "rtt", "[::1]:22"));
    ck_assert_str_eq(options.user, "bob");
    ck_assert_str_eq(options.target, "[::1]:22");
    ck_assert_uint_eq(options.count, 7);
    ck_assert_uint_eq(options.at_once, 8);
    ck_assert_uint_eq(options.bytes, 9 * 1024);
    ck_assert_uint_eq(options.hold_s, 60);
    ck_assert_uint_eq(options.timeout_s, 2);
    ck_assert_ptr_null(options.host.known_hosts);
    load_clear_options(&options);
    ck_assert(READ("-u", "bob", "-p", "2023", "rtt"));
    ck_assert_str_eq(options.target, "127.0.0.1:2023");
    load_clear_options(&options);
}
END_TEST

START_TEST(types_of_known_keys_come_first)
{
    char line[1024];

    (void)snprintf(line, sizeof line, "[127.0.0.1]:2022 %s\n", openssh_nistp256_public);
    ck_assert(READ("--user", "alice", "--known-hosts", text(scratch_write("hosts", line, 0600)),
                   "bulk", "127.0.0.1:2022"));
    ck_assert_ptr_nonnull(options.algorithms.lists[NACRE_HOST_KEY]);
    ck_assert_int_eq(strncmp(options.algorithms.lists[NACRE_HOST_KEY], "ecdsa-sha2-nistp256,", 20),
                     0);
    load_clear_options(&options);
}
END_TEST

START_TEST(a_password_is_the_first_line_of_its_file)
{
    static const char *const rows[][2] = {
        {"secret\nmore\n", "secret"}, {"secret\r\n", "secret"}, {"secret", "secret"}, {"\n", ""}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int before = dup(0);

        (void)close(before);
        ck_assert(READ("-u", "bob", "--password", text(scratch_write("password", rows[i][0], 0600)),
                       "handshake"));
        ck_assert_str_eq(options.password, rows[i][1]);
        load_clear_options(&options);
        ck_assert_int_eq(dup(0), before); /* the file is closed */
        (void)close(before);
    }
}
END_TEST

START_TEST(a_password_is_wiped_before_it_is_freed)
{
    options = (struct load_options){.password = strdup("secret")}; /* getline's cannot be watched */
    ck_assert_ptr_nonnull(options.password);
    leftovers_secret("secret", 6);
    load_clear_options(&options);
    ck_assert_ptr_null(options.password);
}
END_TEST

/* Each number, from its least to its greatest value */
static const struct {
    const char *option, *below, *least, *most, *above;
} numbers[] = {
    {"-p", "-1", "0", "65535", "65536"},        {"-n", "0", "1", "100000000", "100000001"},
    {"-c", "0", "1", "1000000", "1000001"},     {"-b", "0", "1", "1024T", "1125899906842625"},
    {"--hold", "0", "1", "1000000", "1000001"}, {"--timeout", "0", "1", "1000000", "1000001"},
};

/* Given twice, which only --identity allows */
static bool accepts(const char *option, const char *value)
{
    bool good = READ("-u", "a", text(option), text(value), text(option), text(value), "rtt");

    load_clear_options(&options);
    return good;
}

START_TEST(each_number_has_its_limits)
{
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        ck_assert(!accepts(numbers[i].option, numbers[i].below));
        ck_assert(accepts(numbers[i].option, numbers[i].least));
        ck_assert(accepts(numbers[i].option, numbers[i].most));
        ck_assert(!accepts(numbers[i].option, numbers[i].above));
    }
}
END_TEST

START_TEST(flags_are_off_unless_given)
{
    ck_assert(READ("-u", "a", "rtt"));
    ck_assert(!options.json && !options.quiet && !options.yes_remote && !options.use_agent);
    ck_assert_ptr_null(options.command);
    load_clear_options(&options);
    ck_assert(READ("-u", "a", "--json", "-q", "--yes-remote", "--command", "ls", "rtt"));
    ck_assert(options.json && options.quiet && options.yes_remote && !options.use_agent);
    ck_assert_str_eq(options.command, "ls");
    load_clear_options(&options);
}
END_TEST

static int misuse(void)
{
    const struct {
        char *const *words;
        int status;
    } rows[] = {
        {(char *[]){"nacre-load", NULL}, 2},
        {(char *[]){"nacre-load", "rtt", "127.0.0.1:22", "more", NULL}, 2},
        {(char *[]){"nacre-load", "handshakes", NULL}, 2},
        {(char *[]){"nacre-load", "rtt", NULL}, 2}, /* there is no $USER */
        {(char *[]){"nacre-load", "-u", "a", "rtt", "nonsense", NULL}, 2},
        {(char *[]){"nacre-load", "-u", "a", "rtt", "192.0.2.1:22", NULL}, 2},
        {(char *[]){"nacre-load", "-u", "a", "-p", "65536", "rtt", NULL}, 2},
        {(char *[]){"nacre-load", "-u", "a", "-i", "/nonexistent", "rtt", NULL}, 1},
        {(char *[]){"nacre-load", "-u", "a", "--password", "/absent", "rtt", NULL}, 1},
        {(char *[]){"nacre-load", "-u", "a", "--password", "/dev/null", "rtt", NULL}, 1},
    };

    (void)unsetenv("USER");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (read_words((char **)(uintptr_t)rows[i].words) || status != rows[i].status)
            return (int)i + 1;
        load_clear_options(&options);
    }
    return 0;
}

START_TEST(mistakes_have_status_2_and_failures_1)
{
    static const char *const says[] = {
        "give a MODE, and perhaps HOST:PORT",
        "there is no MODE 'handshakes'",
        "name the user with --user",
        "'nonsense' is not HOST:PORT",
        "192.0.2.1 is another machine",
        "--port: '65536' is not a number from 0 to 65535",
        "nacre-load: /nonexistent: ",
        "nacre-load: /absent: cannot read a password\n",
        "nacre-load: /dev/null: cannot read a password\n",
    };

    succeeds_in_child(misuse);
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++)
        assert_says(child_said, says[i]);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_mode_is_enough);
    add_test(suite, options_go_where_they_belong);
    add_test(suite, types_of_known_keys_come_first);
    add_test(suite, a_password_is_the_first_line_of_its_file);
    add_test(suite, a_password_is_wiped_before_it_is_freed);
    add_test(suite, each_number_has_its_limits);
    add_test(suite, flags_are_off_unless_given);
    add_test(suite, mistakes_have_status_2_and_failures_1);
}
