/* The main function's work, the same for every test program of crypto/. */
#ifndef NACRE_TESTS_CRYPTO_SUITE_H
#define NACRE_TESTS_CRYPTO_SUITE_H

#include <check.h>

#include "crypto/bytes.h"

/* Make the libraries ready, run `tests` (ended by NULL) as a suite of this name and print what
 * failed. Returns the program's exit status. */
int crypto_suite(const char *name, const TTest *const tests[]);

/* The same without making the libraries ready: what chooses code by the CPU then takes the code
 * that runs on every CPU. Call it before crypto_suite. */
int crypto_suite_any_cpu(const char *name, const TTest *const tests[]);

/* Fail the test unless both have the same length and content. */
void assert_bytes(struct bytes got, struct bytes expected);

/* A view of a whole array. */
#define BYTES_OF_ARRAY(array) ((struct bytes){(array), sizeof(array)})

#endif
