#include "apps/client/target.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <string.h>

static struct client_options options;
static char errbuf[CLIENT_SENTENCE_MAX];

static bool reads(const char *word)
{
    struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    options = (struct client_options){.port = "2022"};
    return target_read(&options, word, &p);
}

START_TEST(every_form_of_a_host_is_read)
{
    static const struct {
        const char *word, *host, *target;
    } rows[] = {
        {"example.org", "example.org", "example.org:2022"},
        {"127.0.0.1", "127.0.0.1", "127.0.0.1:2022"},
        {"::1", "::1", "[::1]:2022"},
        {"[::1]", "::1", "[::1]:2022"},
        {"fe80::1%eth0", "fe80::1%eth0", "[fe80::1%eth0]:2022"},
        {"[127.0.0.1]", "127.0.0.1", "127.0.0.1:2022"},
        {"a", "a", "a:2022"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(reads(rows[i].word), "%s: %s", rows[i].word, errbuf);
        ck_assert_str_eq(options.host_name, rows[i].host);
        ck_assert_str_eq(options.target, rows[i].target);
        ck_assert_ptr_null(options.user);
    }
}
END_TEST

START_TEST(a_path_may_be_in_place_of_a_host)
{
    static const struct {
        const char *word, *host, *user;
    } rows[] = {
        {"unix:/run/ssh", "unix:/run/ssh", NULL},
        {"alice@unix:/run/ssh", "unix:/run/ssh", "alice"},
        {"unix:/run/a@b", "unix:/run/a@b", NULL},
        {"alice@corp@unix:/run/a@b", "unix:/run/a@b", "alice@corp"},
        {"unix:a@unix:b", "unix:b", "unix:a"}, /* whoever wants that writes ./ */
        {"unix:[x", "unix:[x", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(reads(rows[i].word), "%s: %s", rows[i].word, errbuf);
        ck_assert_str_eq(options.host_name, rows[i].host);
        ck_assert_str_eq(options.target, rows[i].host);
        if (rows[i].user == NULL)
            ck_assert_ptr_null(options.user);
        else
            ck_assert_str_eq(options.user, rows[i].user);
    }
}
END_TEST

START_TEST(the_user_is_before_the_last_at_sign)
{
    ck_assert(reads("alice@example.org"));
    ck_assert_str_eq(options.user, "alice");
    ck_assert_str_eq(options.host_name, "example.org");
    ck_assert(reads("alice@corp@[::1]"));
    ck_assert_str_eq(options.user, "alice@corp");
    ck_assert_str_eq(options.host_name, "::1");
}
END_TEST

START_TEST(an_option_names_the_user_before_the_word)
{
    struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    options = (struct client_options){.port = "22", .user = "bob"};
    ck_assert(target_read(&options, "alice@example.org", &p));
    ck_assert_str_eq(options.user, "bob");
}
END_TEST

START_TEST(what_is_no_host_is_refused)
{
    static const char *const words[] = {"",      "@",    "@host",      "alice@",  "[",
                                        "]",     "[]",   "[::1",       "::1]",    "[[::1]]",
                                        "[a]b]", "a]@[", "alice@[::1", "[::1]:22"};
    char longest[2 * CLIENT_HOST_MAX], colons[64];

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        ck_assert_msg(!reads(words[i]), "%s", words[i]);
    memset(colons, ':', sizeof colons); /* longer than any IPv6 address */
    colons[sizeof colons - 1] = 0;
    ck_assert(!reads(colons));
    memset(longest, 'a', sizeof longest);
    longest[CLIENT_HOST_MAX] = 0;
    ck_assert(!reads(longest));
    longest[CLIENT_HOST_MAX - 1] = 0;
    ck_assert(reads(longest));
    longest[CLIENT_HOST_MAX - 1] = 'a';
    longest[CLIENT_HOST_MAX] = '@';
    longest[CLIENT_HOST_MAX + 2] = 0;
    ck_assert(!reads(longest));
}
END_TEST

START_TEST(a_port_after_the_host_is_explained)
{
    ck_assert(!reads("localhost:2022"));
    assert_says(errbuf, "-p");
}
END_TEST

START_TEST(known_hosts_names_the_port_unless_it_is_ssh_s)
{
    char name[64];

    target_known_as(name, sizeof name, "example.org", 22);
    ck_assert_str_eq(name, "example.org");
    target_known_as(name, sizeof name, "::1", 2022);
    ck_assert_str_eq(name, "[::1]:2022");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, every_form_of_a_host_is_read);
    add_test(suite, a_path_may_be_in_place_of_a_host);
    add_test(suite, the_user_is_before_the_last_at_sign);
    add_test(suite, an_option_names_the_user_before_the_word);
    add_test(suite, what_is_no_host_is_refused);
    add_test(suite, a_port_after_the_host_is_explained);
    add_test(suite, known_hosts_names_the_port_unless_it_is_ssh_s);
}
