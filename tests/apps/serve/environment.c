/* The environment that nacre-serve gives a program. */
#include "apps/serve/environment.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    add_test(suite, an_environment_is_bounded);
}
