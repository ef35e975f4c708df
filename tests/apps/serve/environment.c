/* The environment that nacre-serve gives a program. */
#include "apps/serve/environment.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *user, *fingerprint, *peer_address, *local_address;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(const struct nacre_login *, nacre_peer_login, const struct nacre_peer *peer)
{
    (void)peer;
    return NULL;
}

OWN(const char *, nacre_login_user, const struct nacre_login *login)
{
    (void)login;
    return user;
}

OWN(const char *, nacre_login_fingerprint, const struct nacre_login *login)
{
    (void)login;
    return fingerprint;
}

OWN(const char *, nacre_peer_address, const struct nacre_peer *peer)
{
    (void)peer;
    return peer_address;
}

OWN(const char *, nacre_peer_local_address, struct nacre_peer *peer)
{
    (void)peer;
    return local_address;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static const char *variable(const struct environment *e, const char *name)
{
    const char *found = NULL;

    for (size_t i = 0; i < e->count; i++)
        if (strncmp(e->list[i], name, strlen(name)) == 0 && e->list[i][strlen(name)] == '=') {
            ck_assert_ptr_null(found); /* no variable occurs twice */
            found = e->list[i] + strlen(name) + 1;
        }
    ck_assert_ptr_null(e->list[e->count]);
    return found;
}

START_TEST(only_some_variables_are_inherited)
{
    struct environment e = {0};

    clearenv();
    setenv("PATH", "/p", 1);
    setenv("LC_TIME", "C", 1);
    setenv("SECRET", "x", 1);
    setenv("PATHX", "x", 1);
    setenv("TERM", "x", 1);
    environment_begin(&e);
    ck_assert_str_eq(variable(&e, "PATH"), "/p");
    ck_assert_str_eq(variable(&e, "LC_TIME"), "C");
    ck_assert_uint_eq(e.count, 2);
    ck_assert(environment_set(&e, "PATH", "/q"));
    ck_assert(environment_set(&e, "PAT", ""));
    ck_assert_str_eq(variable(&e, "PATH"), "/q");
    ck_assert_str_eq(variable(&e, "PAT"), "");
    environment_clear(&e);
}
END_TEST

/* So that there is space for those of the client. */
START_TEST(the_variables_that_are_inherited_are_bounded)
{
    struct environment e = {0};
    char name[16];

    clearenv();
    for (int i = 0; i < ENVIRONMENT_CLIENT_MAX; i++) {
        (void)snprintf(name, sizeof name, "LC_%d", i);
        setenv(name, "C", 1);
    }
    environment_begin(&e);
    ck_assert_uint_eq(e.count, ENVIRONMENT_CLIENT_MAX / 2);
    environment_clear(&e);
}
END_TEST

START_TEST(a_client_may_set_term_and_the_locale_only)
{
    static const char *const good[] = {"LANG", "LC_ALL", "LC_", "TERM", "LC_x", "LC_1", "LC_A_2b"};
    static const char *const bad[] = {"",         "PATH",       "LANGX",   "LC",
                                      "XLC_ALL",  "lang",       "LC_A=B",  "LC_x-y",
                                      "HOME",     "LD_PRELOAD", "LC_ALL ", "lc_a",
                                      "LANGUAGE", "BASH_ENV",   "IFS",     "SSH_CONNECTION"};
    char value[1026];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(environment_is_clients(good[i], "x", NULL), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!environment_is_clients(bad[i], "x", NULL), "%s", bad[i]);
    memset(value, 'x', sizeof value);
    value[1025] = 0;
    ck_assert(!environment_is_clients("LANG", value, NULL));
    value[1024] = 0;
    ck_assert(environment_is_clients("LANG", value, NULL));
}
END_TEST

START_TEST(patterns_accept_more_names_but_none_that_is_reserved)
{
    static const char *const patterns[] = {"TZ", "APP_*", "X?", NULL};
    static const char *const everything[] = {"*", NULL};
    static const char *const good[] = {"TZ", "APP_", "APP_MODE", "X1", "LANG"};
    static const char *const bad[] = {"TZ1", "APP", "X", "X12", "APP_A-B", "tz"};
    static const char *const never[] = {"PATH",          "LD_PRELOAD",  "LD_LIBRARY_PATH",
                                        "HOME",          "SHELL",       "IFS",
                                        "ENV",           "BASH_ENV",    "PYTHONPATH",
                                        "PYTHONSTARTUP", "PERL5OPT",    "NODE_OPTIONS",
                                        "MANPATH",       "USER",        "LOGNAME",
                                        "SSH_TTY",       "REMOTE_USER", "GCONV_PATH",
                                        "RUBYOPT",       "TMPDIR",      "SSH_KEY_FINGERPRINT"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(environment_is_clients(good[i], "x", patterns), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!environment_is_clients(bad[i], "x", patterns), "%s", bad[i]);
    ck_assert(environment_is_clients("ANYTHING", "x", everything));
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        ck_assert_msg(!environment_is_clients(never[i], "x", everything), "%s", never[i]);
        ck_assert_msg(!environment_is_clients(never[i], "x", &never[i]), "%s", never[i]);
    }
}
END_TEST

START_TEST(a_variable_is_replaced_only_by_one_of_the_same_name)
{
    struct environment e = {0};

    ck_assert(environment_set(&e, "AB", "1"));
    ck_assert(environment_set(&e, "A", "2"));
    ck_assert(environment_set(&e, "ABC", "3"));
    ck_assert(environment_set(&e, "AB", "4"));
    ck_assert_uint_eq(e.count, 3);
    ck_assert_str_eq(variable(&e, "AB"), "4");
    ck_assert_str_eq(variable(&e, "A"), "2");
    ck_assert_str_eq(variable(&e, "ABC"), "3");
    environment_clear(&e);
}
END_TEST

START_TEST(a_pair_is_split_at_its_first_equals_sign)
{
    struct environment e = {0};
    bool set;

    ck_assert(environment_set_pair(&e, "A=1=2"));
    ck_assert(environment_set_pair(&e, "B="));
    ck_assert_str_eq(variable(&e, "A"), "1=2");
    ck_assert_str_eq(variable(&e, "B"), "");
    leftovers_refuse(1);
    set = environment_set_pair(&e, "C=3");
    ck_assert(!set);
    ck_assert_uint_eq(e.count, 2);
    for (int i = 2; i < ENVIRONMENT_MAX; i++) {
        char name[16];

        (void)snprintf(name, sizeof name, "V%d", i);
        ck_assert(environment_set(&e, name, ""));
    }
    ck_assert(!environment_set_pair(&e, "C=3")); /* too many */
    environment_clear(&e);
}
END_TEST

START_TEST(what_cannot_be_copied_is_not_inherited)
{
    struct environment e = {0};

    clearenv();
    setenv("PATH", "/p", 1);
    setenv("HOME", "/h", 1);
    leftovers_refuse(1);
    environment_begin(&e);
    ck_assert_uint_eq(e.count, 1);
    environment_clear(&e);
}
END_TEST

START_TEST(the_login_is_known_by_its_user_and_its_key)
{
    struct environment e = {0};

    user = "alice";
    ck_assert(environment_set_login(&e, NULL));
    ck_assert_str_eq(variable(&e, "REMOTE_USER"), "alice");
    ck_assert_uint_eq(e.count, 1);
    fingerprint = "SHA256:x";
    ck_assert(environment_set_login(&e, NULL));
    ck_assert_str_eq(variable(&e, "REMOTE_USER"), "alice");
    ck_assert_str_eq(variable(&e, "SSH_KEY_FINGERPRINT"), "SHA256:x");
    environment_clear(&e);
    for (int i = 0; i < ENVIRONMENT_MAX; i++) {
        char name[16];

        (void)snprintf(name, sizeof name, "V%d", i);
        ck_assert(environment_set(&e, name, ""));
    }
    ck_assert(!environment_set_login(&e, NULL)); /* no space for either */
    free(e.list[0]);
    e.list[0] = strdup("REMOTE_USER=");
    ck_assert(!environment_set_login(&e, NULL)); /* ... or for the key */
    ck_assert_str_eq(variable(&e, "REMOTE_USER"), "alice");
    peer_address = local_address = "unix";
    ck_assert(!environment_set_connection(&e, NULL));
    environment_clear(&e);
}
END_TEST

START_TEST(a_connection_is_two_addresses_with_their_ports)
{
    static const struct {
        const char *peer, *local, *connection;
    } rows[] = {
        {"192.0.2.1:50000", "192.0.2.2:22", "192.0.2.1 50000 192.0.2.2 22"},
        {"[2001:db8::1]:50000", "[::1]:2022", "2001:db8::1 50000 ::1 2022"},
        {"unix", "unix", "UNKNOWN 0 UNKNOWN 0"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct environment e = {0};

        peer_address = rows[i].peer;
        local_address = rows[i].local;
        ck_assert(environment_set_connection(&e, NULL));
        ck_assert_str_eq(variable(&e, "SSH_CONNECTION"), rows[i].connection);
        environment_clear(&e);
    }
}
END_TEST

START_TEST(an_environment_is_bounded)
{
    struct environment e = {0};
    char name[16];
    int n = 0;

    do
        snprintf(name, sizeof name, "V%d", n++);
    while (environment_set(&e, name, "x"));
    ck_assert_int_eq(n - 1, ENVIRONMENT_MAX);
    ck_assert(environment_set(&e, "V0", "still"));
    ck_assert_str_eq(variable(&e, "V0"), "still");
    environment_clear(&e);
    ck_assert_uint_eq(e.count, 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, only_some_variables_are_inherited);
    add_test(suite, the_variables_that_are_inherited_are_bounded);
    add_test(suite, a_client_may_set_term_and_the_locale_only);
    add_test(suite, patterns_accept_more_names_but_none_that_is_reserved);
    add_test(suite, a_variable_is_replaced_only_by_one_of_the_same_name);
    add_test(suite, a_pair_is_split_at_its_first_equals_sign);
    add_test(suite, what_cannot_be_copied_is_not_inherited);
    add_test(suite, the_login_is_known_by_its_user_and_its_key);
    add_test(suite, a_connection_is_two_addresses_with_their_ports);
    add_test(suite, an_environment_is_bounded);
}
