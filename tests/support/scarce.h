/* Memory that runs out: the n-th allocation is refused, that one alone or every later one too. */
#ifndef NACRE_TESTS_SCARCE_H
#define NACRE_TESTS_SCARCE_H

#include "transport/api.h"

struct scarce {
    struct nacre_memory memory; /* what a configuration is given */
    unsigned count, refuse_at;  /* from 1; 0: none */
    bool for_good;              /* ... and nothing from there on */
    bool refused;               /* it came to that */
    size_t in_use;              /* bytes */
};

void scarce_init(struct scarce *s, unsigned refuse_at, bool for_good);

/* May the next allocation be made? */
bool scarce_grants(struct scarce *s);

#endif
