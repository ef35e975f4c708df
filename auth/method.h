/* An authentication method: its server half and its client half. RFC 4252 section 5. */
#ifndef NACRE_AUTH_METHOD_H
#define NACRE_AUTH_METHOD_H

#include "auth/policy.h"
#include "transport/wire.h"

struct auth;

struct auth_method {
    const char *name;

    /* Where a list of methods is meant (USERAUTH_FAILURE, the policy's `require`), this one counts
     * as the method of that name; NULL: as itself. */
    const char *counts_as;

    bool listed;     /* in USERAUTH_FAILURE, where it is offered */
    bool is_attempt; /* its refusals are reported to the policy */

    /* Server: whether this policy supports it. NULL: a request is always legal. */
    bool (*offered)(const struct nacre_auth_policy *policy);

    /* Server: read the method's own fields of USERAUTH_REQUEST, and act on them. */
    int (*on_request)(struct auth *a, struct reader *r);

    /* Server: message 61, INFO_RESPONSE; NULL: the method has none. */
    int (*on_response)(struct auth *a, struct reader *r);

    /* Server: the policy's other answers, nacre_decide_ask_more and nacre_decide_change_password.
     * NULL: they refuse. */
    void (*ask_more)(struct auth *a, const char *name, const char *instruction,
                     const struct nacre_prompt *prompts, size_t count);
    void (*ask_change)(struct auth *a, const char *prompt);

    /* Client: send the next request of this method; false: nothing is left to try. NULL: it is
     * never tried under its own name. */
    bool (*attempt)(struct auth *a);

    /* Client: message 60, which means something else in each method; NULL: the method has none. */
    int (*on_reply)(struct auth *a, struct reader *r);
};

extern const struct auth_method auth_none, auth_password, auth_publickey, auth_hostbound,
    auth_interactive;

/* The index of the method with that name; of the final NULL when there is none. */
unsigned auth_method_index(const struct auth_method *const *methods, struct bytes name);

/* The name that lists of methods have for it. */
const char *auth_listed_name(const struct auth_method *method);

#endif
