#include "tests/support/suite.h"

#include <stdlib.h>

#include "crypto/crypto.h"

enum {
    TIMEOUT_S = 120, /* large vector sets, under sanitizers and on a busy machine */
};

int crypto_suite_any_cpu(const char *name, const TTest *const tests[])
{
    Suite *suite = suite_create(name);
    TCase *all = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(all, TIMEOUT_S);
    for (size_t i = 0; tests[i] != NULL; i++)
        tcase_add_test(all, tests[i]);
    suite_add_tcase(suite, all);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int crypto_suite(const char *name, const TTest *const tests[])
{
    if (!crypto_init())
        return EXIT_FAILURE;
    return crypto_suite_any_cpu(name, tests);
}

void assert_bytes(struct bytes got, struct bytes expected)
{
    ck_assert_uint_eq(got.len, expected.len);
    if (got.len > 0)
        ck_assert_mem_eq(got.at, expected.at, got.len);
}
