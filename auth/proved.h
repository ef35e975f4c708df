/* The record of a login, for its owner: methods are added as they succeed. */
#ifndef NACRE_AUTH_PROVED_H
#define NACRE_AUTH_PROVED_H

#include "auth/identity.h"
#include "crypto/bytes.h"

struct auth;
struct factor;

/* Part of struct auth; all zero: nothing is proved. */
struct nacre_login {
    struct factor *first; /* in the order of success */
};

/* What belongs to one request: from the client, and from the policy that decides about it. */
struct claim {
    const char *algorithm;           /* of publickey: static text, */
    struct bytes key;                /* ... and the blob; borrowed */
    char *comment;                   /* from malloc; or NULL */
    void *attached;                  /* by the policy, */
    void (*release)(void *attached); /* ... which has this called in the end; or NULL */
    uint8_t also;                    /* methods that must succeed too, bits of auth.done */
};

/* Let the policy have back what it attached to a claim that proved nothing, and empty it. */
void claim_drop(struct claim *claim);

/* The method of the request in progress has succeeded. The login takes what the policy attached.
 * False: out of memory. */
bool login_add(struct auth *a, struct claim *claim);

/* Forget everything: the user has changed, or the session is gone. */
void login_clear(struct auth *a);

#endif
