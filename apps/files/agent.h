/* The keys of an ssh-agent, for a client to log in with. RFC 9987.
 *
 * Each signature asks the agent over its Unix socket, and waits for the answer, a minute at most:
 * an agent may ask a person first. A key that the agent does not want to sign with is passed over.
 */
#ifndef NACRE_APPS_AGENT_H
#define NACRE_APPS_AGENT_H

#include "apps/files/key_file.h"

struct nacre_agent;

/* Ask the agent at `socket`, NULL: $SSH_AUTH_SOCK, which keys it has. NULL: errbuf holds a
 * sentence. */
NACRE_API struct nacre_agent *nacre_agent_open(const char *socket, char *errbuf, size_t size);
/* When nothing uses its keys any more. NULL is fine. */
NACRE_API void nacre_agent_free(struct nacre_agent *agent);

/* Its keys of the types that the library knows, *count of them (may be 0): for
 * nacre_endpoint_config.keys. They live as long as the agent; no agent (NULL) has none. */
NACRE_API const struct nacre_key *const *nacre_agent_keys(const struct nacre_agent *agent,
                                                          size_t *count);

/* What the agent calls the i-th of them; without control characters. */
NACRE_API const char *nacre_agent_comment(const struct nacre_agent *agent, size_t i);

#endif
