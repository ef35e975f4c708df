#include "transport/buffer.h"

#include <stdlib.h>
#include <string.h>

static const size_t block_size[BLOCK_CLASSES] = {BLOCK_SMALL, BLOCK_LARGE};

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
    for (unsigned class = 0; class < BLOCK_CLASSES; class ++) {
        while (pool->free[class] != NULL) {
            struct free_block *block = pool->free[class];

            pool->free[class] = block->next;
            pool->memory.release(pool->memory.context, block, block_size[class]);
        }
        pool->kept[class] = 0;
    }
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
}

static uint8_t *block_take(struct pool *pool, unsigned class)
{
    struct free_block *block = pool->free[class];

    if (block != NULL) {
        pool->free[class] = block->next;
        pool->kept[class]--;
    } else {
        block = pool->memory.allocate(pool->memory.context, block_size[class]);
    }
    if (block != NULL)
        pool->in_use += block_size[class];
    return (uint8_t *)block;
}

static void block_give(struct pool *pool, uint8_t *p, unsigned class)
{
    struct free_block *block = (struct free_block *)(void *)p;

    pool->in_use -= block_size[class];
    if (pool->kept[class] >= BLOCKS_KEPT) {
        pool->memory.release(pool->memory.context, p, block_size[class]);
        return;
    }
    block->next = pool->free[class];
    pool->free[class] = block;
    pool->kept[class]++;
}

static unsigned class_of(size_t size)
{
    return size <= BLOCK_SMALL ? 0 : 1;
}

void *pool_take_block(struct pool *pool, size_t need, size_t *size)
{
    *size = block_size[class_of(need)];
    return block_take(pool, class_of(need));
}

void pool_give_block(struct pool *pool, void *block, size_t size)
{
    block_give(pool, block, class_of(size));
}

static bool move_to(struct buffer *b, struct pool *pool, unsigned class)
{
    uint8_t *block = block_take(pool, class);
    uint32_t len = b->tail - b->head;

    if (block == NULL)
        return false;
    if (b->block != NULL) {
        memcpy(block, b->block + b->head, len);
        wipe(b->block, b->tail); /* what waits here may be a secret */
        block_give(pool, b->block, class_of(b->cap));
    }
    *b = (struct buffer){.block = block, .cap = (uint32_t)block_size[class], .tail = len};
    return true;
}

uint8_t *buffer_make_room(struct buffer *b, struct pool *pool, size_t need)
{
    size_t len = b->tail - b->head;

    if (need > BLOCK_LARGE || len > BLOCK_LARGE - need)
        return NULL;
    if (b->block == NULL || len + need > b->cap) {
        if (!move_to(b, pool, class_of(len + need)))
            return NULL;
    } else if (need > b->cap - b->tail) {
        memmove(b->block, b->block + b->head, len);
        b->head = 0;
        b->tail = (uint32_t)len;
    }
    return b->block + b->tail;
}

size_t buffer_room(const struct buffer *b)
{
    return b->cap - b->tail;
}

void buffer_added(struct buffer *b, size_t n)
{
    b->tail += (uint32_t)n;
}

void buffer_consumed(struct buffer *b, size_t n)
{
    b->head += (uint32_t)n;
    if (b->head == b->tail)
        b->head = b->tail = 0;
}

struct bytes buffer_contents(const struct buffer *b)
{
    if (b->block == NULL)
        return (struct bytes){NULL, 0};
    return (struct bytes){b->block + b->head, b->tail - b->head};
}

size_t buffer_len(const struct buffer *b)
{
    return b->tail - b->head;
}

void buffer_rest(struct buffer *b, struct pool *pool)
{
    if (b->block != NULL && b->head == b->tail)
        buffer_clear(b, pool);
}

void buffer_clear(struct buffer *b, struct pool *pool)
{
    if (b->block != NULL)
        block_give(pool, b->block, class_of(b->cap));
    *b = (struct buffer){NULL, 0, 0, 0};
}
