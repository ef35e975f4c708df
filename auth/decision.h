/* Server: a question to the policy, from asking to the answer. */
#ifndef NACRE_AUTH_DECISION_H
#define NACRE_AUTH_DECISION_H

#include "auth/reply.h"

/* Open a question about the request in progress. No further message is read until it is answered.
 * The caller passes it to the policy, and calls auth_asked when that has returned.
 *
 * count    what the request counts as when the answer is no
 * echo     copied, for `granted`
 * granted  what to do when the answer is yes; claim: what the policy says about the request, for
 *          auth_succeed. NULL: auth_succeed
 * return   NULL: out of memory, and the session has ended */
struct nacre_decision *auth_ask(struct auth *a, enum auth_count count, struct bytes echo,
                                int (*granted)(struct auth *a, struct claim *claim,
                                               struct bytes echo));
void auth_asked(struct nacre_decision *decision);

/* The session ends before the policy has answered. */
void auth_forget_decision(struct auth *a);

#endif
