#include "apps/files/key_object.h"

#include "apps/files/key.h"
#include "apps/runtime/locked_memory.h"

#include <string.h>

struct nacre_key *key_new(void)
{
    const struct nacre_memory *memory = nacre_locked_memory();
    struct nacre_key *key = memory->allocate(memory->context, sizeof *key);

    if (key != NULL)
        memset(key, 0, sizeof *key);
    return key;
}

void nacre_key_free(struct nacre_key *key)
{
    const struct nacre_memory *memory = nacre_locked_memory();

    if (key == NULL)
        return;
    private_key_clear(key);
    memory->release(memory->context, key, sizeof *key);
}
