/* A test file defines its tests and add_tests, which lists them; main.c runs them. */
#ifndef NACRE_TESTS_SUPPORT_SUITE_H
#define NACRE_TESTS_SUPPORT_SUITE_H

#include <check.h>

#include "crypto/bytes.h"

struct suite;

/* Every test file defines this function. It adds the file's tests, in the order in which they run.
 */
void add_tests(struct suite *suite);

/* Add one test, or a loop of it with _i from `from` to `to` - 1. */
void add_test(struct suite *suite, const TTest *test);
void add_loop(struct suite *suite, const TTest *test, int from, int to);

/* Add a test that runs twice, first before the crypto libraries are initialised: code that is
 * chosen by the CPU is then the code that runs on every CPU. */
void add_test_any_cpu(struct suite *suite, const TTest *test);

/* Call these functions before and after each test. */
void suite_fixture(struct suite *suite, void (*before)(void), void (*after)(void));

/* The time that one test may take, instead of 120 s. */
void suite_timeout(struct suite *suite, int seconds);

/* Leave the crypto libraries uninitialised: the tests initialise them. */
void suite_without_crypto(struct suite *suite);

/* Run what `add` adds; if there are names (ended by NULL), only the tests that have one of them in
 * theirs. Prints what failed. Returns the program's exit status. */
int suite_main(char **names, void (*add)(struct suite *));

/* Fail the test unless both have the same length and content. */
void assert_bytes(struct bytes got, struct bytes expected);

/* A view of a whole array. */
#define BYTES_OF_ARRAY(array) ((struct bytes){(array), sizeof(array)})

#endif
