#include "tests/support/suite.h"

#include "crypto/crypto.h"
#include "tests/support/leftovers.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_S = 120 /* for one test; enough under sanitizers and on a busy machine */ };

struct suite {
    char **names;            /* of tests to run, or parts of names; ended by NULL; empty: all */
    TCase *normal, *any_cpu; /* any_cpu NULL: none */
    int count;
    bool without_crypto;
};

static TCase *case_new(const char *name)
{
    TCase *tests = tcase_create(name);

    tcase_set_timeout(tests, TIMEOUT_S);
    return tests;
}

static bool is_selected(const struct suite *suite, const TTest *test)
{
    if (suite->names[0] == NULL)
        return true;
    for (char **name = suite->names; *name != NULL; name++)
        if (strstr(test->name, *name) != NULL)
            return true;
    return false;
}

void add_loop(struct suite *suite, const TTest *test, int from, int to)
{
    if (!is_selected(suite, test))
        return;
    tcase_add_loop_test(suite->normal, test, from, to);
    suite->count++;
}

void add_test(struct suite *suite, const TTest *test)
{
    add_loop(suite, test, 0, 1);
}

/* After such a test: a call may have found the CPU's vector instructions meanwhile. */
static void expect_plain_code(void)
{
    ck_assert(!sodium_runtime_has_avx2());
}

void add_test_any_cpu(struct suite *suite, const TTest *test)
{
    if (!is_selected(suite, test))
        return;
    if (suite->any_cpu == NULL) {
        suite->any_cpu = case_new("any CPU");
        tcase_add_checked_fixture(suite->any_cpu, NULL, expect_plain_code);
    }
    tcase_add_test(suite->any_cpu, test);
    add_test(suite, test);
}

void suite_fixture(struct suite *suite, void (*before)(void), void (*after)(void))
{
    tcase_add_checked_fixture(suite->normal, before, after);
}

void suite_timeout(struct suite *suite, int seconds)
{
    tcase_set_timeout(suite->normal, seconds);
}

void suite_without_crypto(struct suite *suite)
{
    suite->without_crypto = true;
}

/* Runs the tests and prints what failed. Returns the number of failures. */
static int run(const char *name, TCase *tests)
{
    Suite *all = suite_create(name);
    SRunner *runner = srunner_create(all);
    int failed;

    suite_add_tcase(all, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed;
}

int suite_main(char **names, void (*add)(struct suite *))
{
    struct suite suite = {.names = names, .normal = case_new("all")};
    int failed = 0;

    if (suite_leftovers != NULL) /* the first of the fixtures: its second half comes last */
        suite_leftovers(suite.normal);
    add(&suite);
    if (suite.count == 0) {
        (void)fprintf(stderr, "%s: no test has such a name\n", program_invocation_name);
        return EXIT_FAILURE;
    }
    if (suite.any_cpu != NULL)
        failed += run("any CPU", suite.any_cpu);
    if (!suite.without_crypto && !crypto_init())
        return EXIT_FAILURE;
    failed += run(program_invocation_short_name, suite.normal);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void assert_bytes(struct bytes got, struct bytes expected)
{
    ck_assert_uint_eq(got.len, expected.len);
    if (got.len > 0)
        ck_assert_mem_eq(got.at, expected.at, got.len);
}
