/* A scripted ssh-agent: it answers one request on each connection with fixed bytes. */
#ifndef NACRE_TESTS_SUPPORT_FALSE_AGENT_H
#define NACRE_TESTS_SUPPORT_FALSE_AGENT_H

#include "crypto/bytes.h"

#include <pthread.h>

enum { FALSE_ANSWERS = 6 };

struct false_agent {
    const char *path; /* of its socket */
    int fd;
    pthread_t thread;
    struct bytes answers[FALSE_ANSWERS];
    uint8_t asked[FALSE_ANSWERS]; /* the types of the requests */
};

/* Listen in the test's scratch folder, and answer on a thread. Set the answers before. */
void false_agent_begin(struct false_agent *a);
void false_agent_finish(struct false_agent *a);

/* The answer to a request for the list of keys: this one and others, `count` in all. Their comments
 * have characters that control a terminal. RFC 9987 section 5.5 */
struct bytes false_agent_keys(struct bytes blob, unsigned count, uint8_t *out, size_t size);

#endif
