#include "transport/growth.h"

#include "transport/observer.h"

#include <string.h>

const struct growth memory_growth = {sizeof(struct nacre_memory), {{0}}};
const struct growth limits_growth = {sizeof(struct nacre_limits), {{0}}};
const struct growth observer_growth = {sizeof(struct nacre_observer), {{0}}};

/* Up to the first member that the version lacks: the end of a struct may be padding, in which a
 * newer member has found a place. */
static size_t size_at(const struct growth *growth, uint32_t version)
{
    for (size_t i = 0; i < GROWTH_STEPS && growth->steps[i].version != 0; i++)
        if (growth->steps[i].version > version)
            return growth->steps[i].offset;
    return growth->size;
}

bool growth_is_newer(const struct growth *growth, uint32_t version)
{
    return size_at(growth, version) != growth->size;
}

void growth_copy(const struct growth *growth, void *full, const void *given, uint32_t version)
{
    memset(full, 0, growth->size);
    if (given != NULL)
        memcpy(full, given, size_at(growth, version));
}

const void *growth_keep(const struct growth *growth, void *ours, const void *given,
                        uint32_t version)
{
    growth_copy(growth, ours, given, version);
    return given != NULL ? ours : NULL;
}
