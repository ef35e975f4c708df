#include "transport/pool.h"

#include "crypto/bytes.h"

#include <stdlib.h>
#include <string.h>

enum { WARM_CLASS = 1 };

static const size_t block_size[BLOCK_CLASSES] = {BLOCK_SMALL, BLOCK_LARGE, BLOCK_HUGE};
static const unsigned blocks_kept[BLOCK_CLASSES] = {BLOCKS_KEPT, BLOCKS_KEPT, BLOCKS_KEPT_HUGE};

static void *allocate_with_malloc(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static void release_with_free(void *context, void *block, size_t size)
{
    (void)context;
    (void)size;
    free(block);
}

void pool_init(struct pool *pool, const struct nacre_memory *memory)
{
    memset(pool, 0, sizeof *pool);
    if (memory != NULL)
        pool->memory = *memory;
    else
        pool->memory = (struct nacre_memory){allocate_with_malloc, release_with_free, NULL};
    pool->secrets = pool->memory;
}

void pool_clear(struct pool *pool)
{
    pool_wipe(pool);
    for (unsigned class = 0; class < BLOCK_CLASSES; class ++) {
        while (pool->free[class] != NULL) {
            struct free_block *block = pool->free[class];

            pool->free[class] = block->next;
            pool->memory.release(pool->memory.context, block, block_size[class]);
        }
        pool->kept[class] = 0;
    }
}

size_t pool_held(const struct pool *pool)
{
    size_t held = pool->in_use + pool->warm_count * (size_t)BLOCK_LARGE;

    for (unsigned class = 0; class < BLOCK_CLASSES; class ++)
        held += pool->kept[class] * block_size[class];
    return held;
}

void *pool_allocate(struct pool *pool, size_t size)
{
    void *p = pool->secrets.allocate(pool->secrets.context, size);

    if (p == NULL)
        return NULL;
    memset(p, 0, size);
    pool->in_use += size;
    return p;
}

void pool_release(struct pool *pool, void *p, size_t size)
{
    if (p == NULL)
        return;
    wipe(p, size);
    pool->in_use -= size;
    pool->secrets.release(pool->secrets.context, p, size);
    if (pool->in_use == 0 && pool->unused != NULL)
        pool->unused(pool);
}

static unsigned class_of(size_t size)
{
    return size <= BLOCK_SMALL ? 0 : size <= BLOCK_LARGE ? 1 : 2;
}

void *pool_take_block(struct pool *pool, size_t need, size_t *size)
{
    unsigned class = class_of(need);
    struct free_block *block = pool->free[class];

    *size = block_size[class];
    if (block != NULL) {
        pool->free[class] = block->next;
        pool->kept[class]--;
    } else {
        block = pool->memory.allocate(pool->memory.context, *size);
    }
    if (block != NULL)
        pool->in_use += *size;
    return block;
}

/* It is not in use any more. */
static void keep(struct pool *pool, void *p, unsigned class)
{
    struct free_block *block = p;

    if (pool->kept[class] >= blocks_kept[class]) {
        pool->memory.release(pool->memory.context, p, block_size[class]);
        return;
    }
    block->next = pool->free[class];
    pool->free[class] = block;
    pool->kept[class]++;
}

void pool_give_block(struct pool *pool, void *p, size_t size)
{
    unsigned class = class_of(size);

    pool->in_use -= block_size[class];
    keep(pool, p, class);
}

/* ---- blocks with plaintext ---- */

void *pool_take_private(struct pool *pool, size_t need, size_t *size, size_t *used)
{
    *used = 0;
    if (class_of(need) != WARM_CLASS || pool->warm_count == 0)
        return pool_take_block(pool, need, size);
    pool->warm_count--;
    *size = block_size[WARM_CLASS];
    *used = pool->warm[pool->warm_count].used;
    pool->in_use += *size;
    return pool->warm[pool->warm_count].block;
}

static void wipe_oldest(struct pool *pool)
{
    wipe(pool->warm[0].block, pool->warm[0].used);
    keep(pool, pool->warm[0].block, WARM_CLASS);
    pool->warm_count--;
    memmove(pool->warm, pool->warm + 1, pool->warm_count * sizeof pool->warm[0]);
}

void pool_give_private(struct pool *pool, void *p, size_t size, size_t used)
{
    if (used <= BLOCK_SMALL || class_of(size) != WARM_CLASS) {
        wipe(p, used);
        pool_give_block(pool, p, size);
        return;
    }
    if (pool->warm_count == WARM_KEPT)
        wipe_oldest(pool);
    pool->in_use -= block_size[WARM_CLASS];
    pool->warm[pool->warm_count].block = p;
    pool->warm[pool->warm_count].used = used;
    pool->warm_count++;
}

void pool_wipe(struct pool *pool)
{
    while (pool->warm_count > 0)
        wipe_oldest(pool);
    pool->wipe_promised = false;
}
