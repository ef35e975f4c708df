/* Memory that runs out: the n-th allocation fails, either alone or with every later one. */
#ifndef NACRE_TESTS_SUPPORT_SCARCE_H
#define NACRE_TESTS_SUPPORT_SCARCE_H

#include "transport/api.h"

struct scarce {
    struct nacre_memory memory; /* for a configuration */
    unsigned count, refuse_at;  /* counted from 1; 0: none fails */
    bool for_good;              /* every later one fails too */
    bool refused;               /* at least one failed */
    size_t in_use;              /* bytes */
};

void scarce_init(struct scarce *s, unsigned refuse_at, bool for_good);

/* Count an allocation. False: it fails. */
bool scarce_grants(struct scarce *s);

#endif
