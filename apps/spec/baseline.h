/* The baseline: a complete, conforming connection. It must pass before any result means anything,
 * and what it learns decides which cases apply. */
#ifndef NACRE_APPS_SPEC_BASELINE_H
#define NACRE_APPS_SPEC_BASELINE_H

#include "apps/spec/peer.h"

/* Run it and fill setting->facts. False: error says why, in a sentence. */
bool baseline_learn(struct setting *setting, char *error, size_t size);

/* Does the peer still serve? A login and the fence. */
bool baseline_alive(const struct setting *setting);

#endif
