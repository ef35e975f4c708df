/* A signature by a key of an agent, without waiting: for apps/connect. */
#ifndef NACRE_APPS_FILES_AGENT_SIGN_H
#define NACRE_APPS_FILES_AGENT_SIGN_H

#include "apps/files/agent_exchange.h"

struct nacre_key;
struct signature_algorithm;

/* Begin to ask the agent. False: out of memory; there is nothing to clear then. */
bool agent_sign_begin(struct agent_exchange *x, const struct nacre_key *key,
                      const struct signature_algorithm *algorithm, struct bytes data);

/* The signature blob in the reply, once it is there: a view of it. Empty: the agent refused, or the
 * algorithm is another one. */
struct bytes agent_sign_end(const struct agent_exchange *x,
                            const struct signature_algorithm *algorithm);

#endif
