#include "tests/support/counted_pool.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

static void *lend(void *context, size_t size)
{
    struct account *a = context;

    ck_assert_uint_gt(size, 0);
    if (++a->calls == a->fail_at)
        return NULL;
    a->lent += size;
    return memset(malloc(size), 0xa5, size);
}

static void take_back(void *context, void *block, size_t size)
{
    struct account *a = context;
    const uint8_t *bytes = block;

    a->wiped = true;
    for (size_t i = 0; i < size; i++)
        a->wiped = a->wiped && bytes[i] == 0;
    a->lent -= size;
    free(block);
}

struct pool pool_of(struct account *account)
{
    const struct nacre_memory memory = {lend, take_back, account};
    struct pool pool;

    pool_init(&pool, &memory);
    return pool;
}

void append(struct buffer *b, struct pool *pool, const void *data, size_t len)
{
    uint8_t *at = buffer_make_room(b, pool, len);

    ck_assert_ptr_nonnull(at);
    ck_assert_uint_ge(buffer_room(b), len);
    memcpy(at, data, len);
    buffer_added(b, len);
}
