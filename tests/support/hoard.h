/* Memory that can be searched: what a session, its pool or libcrypto still hold of a secret. */
#ifndef NACRE_TESTS_SUPPORT_HOARD_H
#define NACRE_TESTS_SUPPORT_HOARD_H

#include "crypto/bytes.h"
#include "transport/api.h"

enum { HOARD_BLOCKS = 4096 };

struct hoard {
    struct nacre_memory memory; /* for a configuration */
    struct {
        uint8_t *at;
        size_t size;
    } blocks[HOARD_BLOCKS]; /* that are lent out */
    size_t count;
    struct bytes secret; /* borrowed */
    bool leaked;         /* a block still held it when it was released */
};

void hoard_init(struct hoard *h, struct bytes secret);

/* True when the secret is in some block. */
bool hoard_holds(const struct hoard *h);

/* True when these bytes hold the secret. */
bool holds(struct bytes in, struct bytes secret);

#endif
