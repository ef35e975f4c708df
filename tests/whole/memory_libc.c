#include "tests/whole/memory_libc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* objcopy gives malloc, calloc, realloc and strdup these names. */
void *scarce_malloc(size_t size);
void *scarce_calloc(size_t n, size_t size);
void *scarce_realloc(void *block, size_t size);
char *scarce_strdup(const char *text);

static _Thread_local struct scarce *everywhere; /* decides about each; NULL: all succeed */

void scarce_everywhere(struct scarce *s)
{
    everywhere = s;
}

static bool grants(void)
{
    if (everywhere == NULL || scarce_grants(everywhere))
        return true;
    errno = ENOMEM;
    return false;
}

void *scarce_malloc(size_t size)
{
    return grants() ? malloc(size) : NULL;
}

void *scarce_calloc(size_t n, size_t size)
{
    return grants() ? calloc(n, size) : NULL;
}

void *scarce_realloc(void *block, size_t size)
{
    return grants() ? realloc(block, size) : NULL;
}

char *scarce_strdup(const char *text)
{
    return grants() ? strdup(text) : NULL;
}
