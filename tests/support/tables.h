/* The tables of algorithms, for tests that go through all of them. */
#ifndef NACRE_TESTS_SUPPORT_TABLES_H
#define NACRE_TESTS_SUPPORT_TABLES_H

#include "transport/algorithms.h"

/* The number of algorithms of a kind, those that are off included. */
int algorithm_count(enum algorithm_kind kind);

/* A way to protect packets: each cipher that authenticates is one, and each MAC with one of the
 * other ciphers. */
struct protection {
    const struct algorithm *cipher, *mac; /* mac NULL: the cipher authenticates */
};

int protection_count(void);

/* i  from 0 */
struct protection protection_at(int i);

#endif
