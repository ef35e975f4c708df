/* What the messages before it make of a message: the chosen key exchange method, the last login
 * method, and which global request a reply answers. */
#ifndef NACRE_APPS_OBSERVE_CONTEXT_H
#define NACRE_APPS_OBSERVE_CONTEXT_H

#include "apps/observe/messages.h"
#include "crypto/bytes.h"
#include "transport/observer.h"

enum { CONTEXT_REPLIES = 32 /* global requests without a reply that are remembered */ };

/* A key exchange method as traces see it. */
struct context_kex {
    const char *name; /* "curve25519-sha256" */
    enum message_when when;
    const char *hash;      /* "SHA-256" */
    bool secret_is_string; /* K is hashed as a string, not as an mpint */
};

/* Of one connection. Begins as zeros. */
struct message_context {
    const struct context_kex *kex; /* NULL: none is chosen, or it is unknown */
    enum message_when auth;
    struct {
        uint8_t when[CONTEXT_REPLIES]; /* enum message_when: a ring */
        uint8_t first, count;
        bool lost; /* there were too many: which request a reply answers is unknown */
    } asked[2];    /* by the direction of the requests */
};

/* The method of that name, or NULL. */
const struct context_kex *context_kex_find(const char *name);

/* What a reply in this direction answers; WHEN_ALWAYS: nothing of interest. */
enum message_when context_reply(const struct message_context *c, enum nacre_direction direction);

/* A message was sent or received, after it was decoded. */
void context_note(struct message_context *c, enum nacre_direction direction, struct bytes payload);

#endif
