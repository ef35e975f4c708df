#include "tests/support/hoard.h"

#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

bool holds(struct bytes in, struct bytes secret)
{
    return memmem(in.at, in.len, secret.at, secret.len) != NULL;
}

static struct bytes block_of(const struct hoard *h, size_t i)
{
    return (struct bytes){h->blocks[i].at, h->blocks[i].size};
}

static void *lend(void *context, size_t size)
{
    struct hoard *h = context;
    uint8_t *at = calloc(1, size);

    ck_assert_uint_lt(h->count, HOARD_BLOCKS);
    h->blocks[h->count].at = at;
    h->blocks[h->count].size = size;
    h->count++;
    return at;
}

static void take_back(void *context, void *block, size_t size)
{
    struct hoard *h = context;
    size_t i = 0;

    while (i < h->count && h->blocks[i].at != block)
        i++;
    ck_assert_uint_lt(i, h->count);
    ck_assert_uint_eq(h->blocks[i].size, size);
    h->leaked = h->leaked || holds(block_of(h, i), h->secret);
    h->blocks[i] = h->blocks[--h->count];
    free(block);
}

void hoard_init(struct hoard *h, struct bytes secret)
{
    *h = (struct hoard){.memory = {lend, take_back, h}, .secret = secret};
}

bool hoard_holds(const struct hoard *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (holds(block_of(h, i), h->secret))
            return true;
    return false;
}
