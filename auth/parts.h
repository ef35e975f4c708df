/* The state of a login; for the files of auth/ only. */
#ifndef NACRE_AUTH_PARTS_H
#define NACRE_AUTH_PARTS_H

#include "auth/auth.h"
#include "auth/proved.h"

struct nacre_signing;

enum { AUTH_NO_PROMPTS = -1 };

/* Client: what it sent last. */
enum auth_step {
    AUTH_SENT_NONE,
    AUTH_SENT_QUERY,
    AUTH_SIGNING, /* nothing: it waits for auth_signed */
    AUTH_SENT_PROOF,
    AUTH_SENT_PASSWORD,
    AUTH_SENT_INTERACTIVE,
    AUTH_DONE,
};

struct auth {
    struct transport *transport;
    const struct auth_config *config;
    void *context;
    const struct auth_method *const *methods; /* all of them, ends with NULL */
    const struct auth_method *method;         /* of the request in progress; NULL: unknown */
    struct nacre_login login;                 /* what has been proved so far */

    bool succeeded;
    /* INFO_REQUEST: how many responses it waits for, or AUTH_NO_PROMPTS. */
    int8_t prompts;

    /* Server. */
    uint8_t done;            /* methods that have succeeded, a bit for each row of methods */
    uint8_t also;            /* ... and those that must succeed for this user */
    uint8_t queries, others; /* requests so far, see reply.h */
    uint16_t user_size;      /* bytes of user */
    uint32_t failures;       /* refused proofs, and rounds of questions that were abandoned */
    uint32_t requests;       /* of any kind, with rounds of responses */
    uint64_t refusal_ms;     /* when the delayed USERAUTH_FAILURE is due; 0: none waits */
    char *user;              /* that the peer named; or NULL */
    struct nacre_decision *pending; /* the open question to the policy, or NULL */

    /* Client. */
    const struct nacre_client_login *with;
    enum auth_step step;
    uint8_t password_tries, interactive_tries;
    bool host_bound;                           /* the query is host-bound */
    bool began;                                /* the first request was sent */
    size_t next_key;                           /* index of the next key to try */
    const struct signature_algorithm *queried; /* the algorithm in the query */
    struct nacre_signing *signing;             /* that an external key owes; or NULL */
    char *password;                            /* sent last, of NACRE_PASSWORD_MAX + 1 bytes */
    const char *gave_up; /* why a method did not go on, for the end of a login; or NULL */
    /* While a person is being asked: what to do with the responses; else NULL. */
    int (*respond)(struct auth *a, const char *const *responses, size_t count);
};

#endif
