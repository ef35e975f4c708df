/* A signature by a key of an agent, while the loop runs. */
#ifndef NACRE_APPS_CONNECT_SIGNING_H
#define NACRE_APPS_CONNECT_SIGNING_H

#include "apps/connect/parts.h"
#include "crypto/bytes.h"

struct nacre_key;
struct signature_algorithm;

/* The endpoint's signer: asks the agent, which gets a minute. False: out of memory. */
bool signing_begin(void *context, const struct nacre_key *key,
                   const struct signature_algorithm *algorithm, struct bytes data);

/* Forget a signature that the client waits for, if there is one. */
void signing_end(struct nacre_client *client);

#endif
