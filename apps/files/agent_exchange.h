/* One request to an ssh-agent and its reply, without waiting. RFC 9987 section 4. */
#ifndef NACRE_APPS_FILES_AGENT_EXCHANGE_H
#define NACRE_APPS_FILES_AGENT_EXCHANGE_H

#include "crypto/bytes.h"

enum {
    AGENT_TIMEOUT_MS = 60 * 1000, /* for the whole reply: an agent may ask a person first */
    AGENT_RETRY_MS = 50,
    AGENT_REPLY_MAX = 256 * 1024, /* bytes */
};

/* What an exchange waits for. */
enum agent_progress {
    AGENT_READABLE, /* its socket, */
    AGENT_WRITABLE,
    AGENT_RETRY, /* AGENT_RETRY_MS: the agent has no room for another connection */
    AGENT_ANSWERED,
    AGENT_FAILED, /* with errno */
};

struct agent_exchange {
    const char *path; /* of the agent's socket; borrowed */
    int fd;           /* or -1 */
    uint8_t *request; /* with its length */
    size_t request_len, sent;
    uint8_t header[4];
    uint8_t *reply;             /* without its length; NULL before that is known */
    size_t reply_len, received; /* received: with the header */
};

/* Begin, without doing anything yet. `request` is copied. False: out of memory; there is nothing to
 * clear then. */
bool agent_exchange_begin(struct agent_exchange *x, const char *path, struct bytes request);

/* Do what is possible now. Call it again when what it waits for has come. The socket is a new one
 * after AGENT_RETRY, and otherwise the same. */
enum agent_progress agent_exchange_step(struct agent_exchange *x);

/* Release everything; also in the middle. Harmless when called twice. */
void agent_exchange_clear(struct agent_exchange *x);

/* Wait for the whole reply, at most timeout_ms. The caller frees it. NULL: there was none, with
 * errno. */
uint8_t *agent_exchange_wait(const char *path, struct bytes request, int timeout_ms, size_t *len);

#endif
