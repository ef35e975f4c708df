#include "apps/daemon/descriptors.h"

#include <stdbool.h>
#include <stddef.h>

static struct rlimit inherited;
static bool raised;

void descriptors_raise(void)
{
    struct rlimit limit;

    if (raised || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    inherited = limit;
    limit.rlim_cur = limit.rlim_max;
    raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

rlim_t descriptors_limit(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

const struct rlimit *descriptors_inherited(void)
{
    return raised ? &inherited : NULL;
}
