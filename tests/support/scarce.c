#include "tests/support/scarce.h"

#include <stdlib.h>

bool scarce_grants(struct scarce *s)
{
    s->count++;
    if (s->refuse_at == 0 || s->count < s->refuse_at || (s->count > s->refuse_at && !s->for_good))
        return true;
    s->refused = true;
    return false;
}

static void *allocate(void *context, size_t size)
{
    struct scarce *s = context;

    if (!scarce_grants(s))
        return NULL;
    s->in_use += size;
    return malloc(size);
}

static void release(void *context, void *block, size_t size)
{
    struct scarce *s = context;

    s->in_use -= size;
    free(block);
}

void scarce_init(struct scarce *s, unsigned refuse_at, bool for_good)
{
    *s = (struct scarce){
        .memory = {allocate, release, s}, .refuse_at = refuse_at, .for_good = for_good};
}
