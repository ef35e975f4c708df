/* ssh-userauth, both roles. RFC 4252. */
#ifndef NACRE_AUTH_AUTH_H
#define NACRE_AUTH_AUTH_H

#include "auth/policy.h"
#include "transport/pool.h"
#include "transport/service.h"

enum {
    AUTH_FAILURES_MAX = 6, /* failed passwords and proofs: then the session ends; default */
    AUTH_QUERIES_MAX = 20, /* key queries */
    AUTH_OTHERS_MAX = 20,  /* "none" and methods we do not know: RFC 4252 section 4 */
    AUTH_TRIES_MAX = 3,    /* how often a client asks a person for a password */
    AUTH_NO_PROMPTS = -1,
};

struct auth_config {
    /* Server. */
    const struct nacre_auth_policy *policy;

    /* Client: what to log in with, in this order. All borrowed. */
    const char *user;
    const struct nacre_key *const *keys;
    size_t key_count;
    const char *password; /* or NULL */
    /* Client: ask a person; answered with auth_responded. NULL: nobody is there. */
    void (*ask)(void *context, const struct nacre_ask *ask);
    void (*banner)(void *context, const char *text);

    /* Either side: the login is complete; or NULL. */
    void (*authenticated)(void *context, const char *user);
};

/* Where the client stands. */
enum auth_step {
    AUTH_TRIED_NONE,
    AUTH_QUERIED_KEY,
    AUTH_SIGNED,
    AUTH_SENT_PASSWORD,
    AUTH_INTERACTIVE,
    AUTH_DONE,
};

struct auth {
    struct transport *transport;
    const struct auth_config *config;
    void *context; /* passed to the policy */
    char *user;    /* that the peer named, of NACRE_USER_MAX + 1 bytes; NULL before */
    const struct auth_method *method; /* of the request under way */
    struct nacre_decision *pending;
    uint32_t failures;
    uint8_t queries, others;
    uint8_t done;   /* server: methods that have succeeded, a bit for each row of the table */
    int8_t prompts; /* server: how many answers an INFO_REQUEST waits for, or AUTH_NO_PROMPTS */
    bool succeeded;
    uint64_t refusal_ms; /* server: when a failure is told, while it waits for that; or 0 */
    enum auth_step step; /* client */
    size_t next_key;     /* client */
    const struct signature_algorithm *asked;   /* client: the algorithm that the query named */
    uint8_t password_tries, interactive_tries; /* client */
    char *password; /* client: sent last, of NACRE_PASSWORD_MAX + 1 bytes */
    /* Client, while a person is being asked: what to do with the answer, NULL for none. */
    int (*respond)(struct auth *a, const char *const *responses, size_t count);
};

extern const struct service auth_service;

void auth_init(struct auth *a, const struct auth_config *config, struct transport *transport,
               void *context);
void auth_clear(struct auth *a);

/* Server: time passed, the transport's now_ms; when to call it at the latest, UINT64_MAX for never.
 */
void auth_tick(struct auth *a);
uint64_t auth_deadline(const struct auth *a);

/* Client: what the person said, NULL for nothing. */
void auth_responded(struct auth *a, const char *const *responses, size_t count);

/* The user that logged in or tries to; "" while unknown. */
const char *auth_user(const struct auth *a);

#endif
