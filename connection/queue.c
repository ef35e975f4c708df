#include "connection/queue.h"

#include <string.h>

/* The head of a block. The messages follow it; their lengths begin at the block's last byte and
 * continue towards the messages. A length is an Elias gamma code: as many zeros as bits follow its
 * first one, then its bits. */
struct queue_block {
    struct queue_block *next;
    uint32_t size;          /* of the block */
    uint32_t head, tail;    /* of the bytes in use */
    uint32_t read, written; /* bits of lengths: those of messages before head, and all */
    uint32_t used;          /* bytes that may hold plaintext of the block's earlier owner */
    uint8_t bytes[];
};

static unsigned code_bits(uint32_t length)
{
    return 2 * (31 - (unsigned)__builtin_clz(length)) + 1;
}

static uint8_t *byte_of_bit(struct queue_block *b, uint32_t bit)
{
    return (uint8_t *)b + b->size - 1 - bit / 8;
}

static void put_length(struct queue_block *b, uint32_t length)
{
    for (unsigned i = code_bits(length); i-- > 0; b->written++) {
        uint8_t *byte = byte_of_bit(b, b->written);
        unsigned shift = b->written % 8;

        *byte = (uint8_t)((shift == 0 ? 0 : *byte) | (length >> i & 1) << shift);
    }
}

static unsigned get_bit(struct queue_block *b)
{
    unsigned shift = b->read % 8;

    return *byte_of_bit(b, b->read++) >> shift & 1;
}

static uint32_t get_length(struct queue_block *b)
{
    uint32_t length = 1;
    unsigned more = 0;

    while (get_bit(b) == 0)
        more++;
    for (; more > 0; more--)
        length = length << 1 | get_bit(b);
    return length;
}

/* Does another message fit, and its length? */
static bool fits(const struct queue_block *b, size_t len)
{
    size_t lengths = (b->written + code_bits((uint32_t)len) + 7) / 8;

    return sizeof *b + b->tail + len + lengths <= b->size;
}

/* A small block for few bytes, a large one for more. */
static bool add_block(struct queue *q, struct pool *pool, size_t need)
{
    size_t size, used, most = sizeof(struct queue_block) + q->len + need + sizeof(uint32_t);
    struct queue_block *b =
        pool_take_private(pool, most < BLOCK_LARGE ? most : BLOCK_LARGE, &size, &used);

    if (b == NULL)
        return false;
    *b = (struct queue_block){.size = (uint32_t)size, .used = (uint32_t)used};
    if (q->last != NULL)
        q->last->next = b;
    else
        q->first = b;
    q->last = b;
    return true;
}

bool queue_add(struct queue *q, struct pool *pool, struct bytes data)
{
    struct queue_block *b = q->last;

    if (data.len == 0)
        return true;
    if (data.len > QUEUE_ADD_MAX)
        return false;
    if ((b == NULL || !fits(b, data.len)) && !add_block(q, pool, data.len))
        return false;
    b = q->last;
    memcpy(b->bytes + b->tail, data.at, data.len);
    b->tail += (uint32_t)data.len;
    put_length(b, (uint32_t)data.len);
    q->len += (uint32_t)data.len;
    if (q->front == 0)
        q->front = get_length(q->first);
    return true;
}

struct bytes queue_front(const struct queue *q)
{
    if (q->first == NULL)
        return (struct bytes){NULL, 0};
    return (struct bytes){q->first->bytes + q->first->head, q->front};
}

static void drop_block(struct queue *q, struct pool *pool)
{
    struct queue_block *b = q->first;
    size_t used = sizeof *b + b->tail;

    q->first = b->next;
    if (q->first == NULL)
        q->last = NULL;
    pool_give_private(pool, b, b->size, used > b->used ? used : b->used);
}

void queue_drop(struct queue *q, struct pool *pool, size_t n)
{
    struct queue_block *b = q->first;

    q->len -= (uint32_t)n;
    q->front -= (uint32_t)n;
    b->head += (uint32_t)n;
    if (q->front > 0)
        return;
    if (b->head == b->tail)
        drop_block(q, pool);
    if (q->len > 0)
        q->front = get_length(q->first);
}

void queue_clear(struct queue *q, struct pool *pool)
{
    while (q->first != NULL)
        drop_block(q, pool);
    q->len = q->front = 0;
}
