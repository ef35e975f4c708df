/* The keys of an ssh-agent, for a client to log in with. RFC 9987.
 *
 * Each signature is one request over the agent's Unix socket. The agent has a minute to answer,
 * because it may ask a person first. A key that it refuses to sign with is skipped. Clients of
 * client.h continue meanwhile; a session on a loop of your own blocks.
 *
 * Threads may share an agent and its keys. */
#ifndef NACRE_APPS_FILES_AGENT_H
#define NACRE_APPS_FILES_AGENT_H

#include "apps/files/key_file.h"

/* The keys that an agent had when it was asked. Lives until nacre_agent_free. */
struct nacre_agent;

/* Ask the agent which keys it has, and wait for its answer, at most a minute. `socket` is the path
 * of its socket, which is copied; NULL: $SSH_AUTH_SOCK. Returns NULL on failure: errbuf, of `size`
 * bytes, then holds a sentence. */
NACRE_API struct nacre_agent *nacre_agent_open(const char *socket, char *errbuf, size_t size);

/* Free the agent and its keys, when nothing uses them any more. NULL is fine. */
NACRE_API void nacre_agent_free(struct nacre_agent *agent);

/* The agent's keys of types that the library knows, *count of them (may be 0), for
 * nacre_endpoint_config.keys. They live as long as the agent. Returns NULL when agent is
 * NULL, which has no keys. */
NACRE_API const struct nacre_key *const *nacre_agent_keys(const struct nacre_agent *agent,
                                                          size_t *count);

/* The agent's comment on key `i`, counted from 0, without control characters; "" without one, never
 * NULL. Lives as long as the agent. */
NACRE_API const char *nacre_agent_comment(const struct nacre_agent *agent, size_t i);

#endif
