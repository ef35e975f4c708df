/* In the place of key_object.c in libnacre-core, which locks no memory. */
#include "apps/files/key.h"
#include "apps/files/key_object.h"

#include <stdlib.h>

struct nacre_key *key_new(void)
{
    return calloc(1, sizeof(struct nacre_key));
}

void nacre_key_free(struct nacre_key *key)
{
    if (key == NULL)
        return;
    private_key_clear(key);
    free(key);
}
