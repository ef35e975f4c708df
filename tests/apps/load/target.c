/* Which server nacre-load drives. No name is looked up here. */
#include "apps/load/target.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <string.h>

static struct load_options options;
static char errbuf[LOAD_SENTENCE_MAX];

static int find(const char *where)
{
    const struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    errbuf[0] = '\0';
    options.target[0] = options.known_as[0] = '\0';
    return target_find(&options, where, &p);
}

START_TEST(this_machine_may_be_loaded)
{
    static const char *const rows[][2] = {
        {"127.0.0.1:22", "127.0.0.1:22"},
        {"[127.0.0.1]:22", "127.0.0.1:22"},
        {"127.255.255.255:65535", "127.255.255.255:65535"},
        {"[::1]:2022", "[::1]:2022"},
        {"[::ffff:127.0.0.2]:1", "[::ffff:127.0.0.2]:1"},
    };

    options = (struct load_options){.port = "2023"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(find(rows[i][0]) == 0, "%s", errbuf);
        ck_assert_str_eq(options.target, rows[i][1]);
        ck_assert_str_eq(options.known_as, rows[i][0]);
    }
    ck_assert_int_eq(find(NULL), 0);
    ck_assert_str_eq(options.target, "127.0.0.1:2023");
    ck_assert_str_eq(options.known_as, "127.0.0.1:2023");
}
END_TEST

START_TEST(a_unix_socket_is_on_this_machine)
{
    char longest[400] = "unix:";

    options = (struct load_options){.yes_remote = false};
    ck_assert_int_eq(find("unix:/run/ssh"), 0);
    ck_assert_str_eq(options.target, "unix:/run/ssh");
    ck_assert_str_eq(options.known_as, "");
    memset(longest + 5, 'x', 390);
    ck_assert_int_eq(find(longest), 2);
    assert_says(errbuf, "is too long");
}
END_TEST

START_TEST(another_machine_may_be_loaded_if_that_is_said)
{
    static const char *const rows[] = {"128.0.0.1:22",     "126.0.0.1:22",          "192.0.2.1:22",
                                       "[2001:db8::1]:22", "[::ffff:192.0.2.1]:22", "[::2]:22"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        options = (struct load_options){.yes_remote = false};
        ck_assert_int_eq(find(rows[i]), 2);
        assert_says(errbuf, " is another machine; --yes-remote permits nacre-load to load it");
        options.yes_remote = true;
        ck_assert_msg(find(rows[i]) == 0, "%s", errbuf);
        ck_assert_str_eq(options.target, rows[i]);
    }
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
    static const char *const rows[] = {"",       ":22",        "127.0.0.1",       "[]:22",
                                       "::1:22", "127.0.0.1:", "127.0.0.1:65536", "[::1]"};
    char longest[300];

    options = (struct load_options){.yes_remote = true};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(find(rows[i]) == 2, "%s", rows[i]);
        assert_says(errbuf, "is not HOST:PORT");
    }
    memset(longest, '1', sizeof longest);
    memcpy(longest + 256, ":22", 4);
    ck_assert_int_eq(find(longest), 2);
}
END_TEST

START_TEST(types_of_known_keys_come_first)
{
    static const char *const rows[] = {"127.0.0.1:2022", "[::1]:2022", "unix:/run/ssh"};
    char line[1024];

    for (size_t i = 0; i < 3; i++) {
        options = (struct load_options){.known_as = ""};
        (void)snprintf(line, sizeof line, "%s %s\n", i == 0 ? "[127.0.0.1]:2022" : rows[i],
                       openssh_nistp256_public);
        options.host.known_hosts = scratch_write("hosts", line, 0600);
        (void)snprintf(i < 2 ? options.known_as : options.target, sizeof options.known_as, "%s",
                       rows[i]);
        target_prefer_known(&options);
        ck_assert_ptr_nonnull(options.algorithms.lists[NACRE_HOST_KEY]);
        ck_assert_int_eq(
            strncmp(options.algorithms.lists[NACRE_HOST_KEY], "ecdsa-sha2-nistp256,", 20), 0);
        algorithm_options_clear(&options.algorithms);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, types_of_known_keys_come_first);
    add_test(suite, this_machine_may_be_loaded);
    add_test(suite, a_unix_socket_is_on_this_machine);
    add_test(suite, another_machine_may_be_loaded_if_that_is_said);
    add_test(suite, what_is_no_address_is_refused);
}
