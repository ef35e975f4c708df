/* A pool whose memory is counted. */
#ifndef NACRE_TESTS_SUPPORT_COUNTED_POOL_H
#define NACRE_TESTS_SUPPORT_COUNTED_POOL_H

#include "transport/buffer.h"

/* The memory: it is counted, an allocation may fail, and what is released is checked for zeros. */
struct account {
    size_t lent, calls; /* bytes in use, and allocations so far */
    size_t fail_at;     /* the allocation that fails, from 1; 0: none */
    bool wiped;         /* the block released last held only zeros */
};

struct pool pool_of(struct account *account);

/* Make room in the buffer, and put the bytes there. */
void append(struct buffer *b, struct pool *pool, const void *data, size_t len);

#endif
