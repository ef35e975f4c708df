/* ssh-userauth in both roles, for its owner (apps/session). RFC 4252. */
#ifndef NACRE_AUTH_AUTH_H
#define NACRE_AUTH_AUTH_H

#include "auth/identity.h"
#include "auth/policy.h"
#include "transport/pool.h"
#include "transport/service.h"

struct auth;
struct signature_algorithm;

/* What does not change while a session lives; many sessions share it. All pointers are borrowed. */
struct auth_config {
    uint32_t version; /* of the program's headers: transport/growth.h */

    /* Server. */
    const struct nacre_auth_policy *policy;
    /* Have call(argument) made on the session's thread; from any thread. NULL: not possible. */
    bool (*post)(void *post_context, void (*call)(void *argument), void *argument);
    void *post_context;

    /* Client. What `ask` asked for comes with auth_responded. A server's user is NULL. */
    struct nacre_client_login login;
    void (*banner)(void *context, const char *text); /* or NULL */
    /* Client: have a key sign whose secret is elsewhere, and pass the signature to auth_signed,
     * later. A second call replaces the first. False: it does not sign. NULL: the key's own
     * function signs, and waits. */
    bool (*sign)(void *context, const struct nacre_key *key,
                 const struct signature_algorithm *algorithm, struct bytes data);

    /* Both roles: the login is complete. Or NULL. */
    void (*authenticated)(void *context, const char *user);
};

extern const struct service auth_service; /* its `self` is a struct auth */

/* The state of one session's login; NULL: out of memory.
 * config, transport  must outlive it
 * context            passed to every callback */
struct auth *auth_new(const struct auth_config *config, struct transport *transport, void *context);

/* Client: log in with this in place of the configuration's; what it points to is borrowed. Once the
 * login has begun it does nothing. */
void auth_set_login(struct auth *a, const struct nacre_client_login *login);

/* Wipe and free it. A decision that is still open stays valid; its answer has no effect. NULL is
 * allowed. */
void auth_free(struct auth *a);

/* The session has ended: an open question is over. */
void auth_end(struct auth *a);

/* Server: carries out an answer that the policy gave from inside a callback. False: there is none.
 */
bool auth_carry_out(struct auth *a);

/* Server: send what is due at the transport's time. */
void auth_tick(struct auth *a);
/* When to call auth_tick at the latest; UINT64_MAX: never. */
uint64_t auth_deadline(const struct auth *a);

/* Client: the person's answer to `ask`; NULL: none. Does nothing when no question is open. */
void auth_responded(struct auth *a, const char *const *responses, size_t count);

/* Client: the signature blob that `sign` was called for; empty: the key does not sign. Does nothing
 * when none is expected any more. Not from inside `sign`. */
void auth_signed(struct auth *a, struct bytes signature);

/* The user who is logged in or tries to log in; "" while unknown. */
const char *auth_user(const struct auth *a);

/* What was proved, once the login is complete; before that NULL. */
const struct nacre_login *auth_login(const struct auth *a);

/* True once the login is complete. */
bool auth_is_complete(const struct auth *a);

#endif
