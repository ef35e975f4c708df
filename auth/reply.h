/* Server: the answer to a request, and how many requests a client may make. RFC 4252 sections 4
 * and 5.1. */
#ifndef NACRE_AUTH_REPLY_H
#define NACRE_AUTH_REPLY_H

#include "auth/method.h"

struct claim;

enum {
    AUTH_FAILURES_MAX = 6, /* refused proofs; the default of nacre_limits.auth_tries */
    AUTH_QUERIES_MAX = 20, /* queries about keys, granted ones included */
    AUTH_OTHERS_MAX = 20,  /* refused requests of any other kind */
};

/* What a refused request counts as. The last one of its kind ends the session. */
enum auth_count {
    AUTH_COUNT_PROOF, /* a password, responses or a signature */
    AUTH_COUNT_QUERY, /* publickey without a signature: would this key be accepted? */
    AUTH_COUNT_OTHER,
};

/* Count a request, or the responses to an INFO_REQUEST, whatever comes of it: so that no way of
 * asking the policy is endless. False: it is one too many, and the session has ended. */
bool auth_count_request(struct auth *a);

/* A new request abandons the INFO_REQUEST that was open. That is a refused proof: otherwise a
 * client could consult the policy without ever failing. False: it was the last one, and the session
 * has ended. */
bool auth_abandon(struct auth *a);

/* Can a request of this method succeed now? It must be offered and required, and not have succeeded
 * before. */
bool auth_can_continue(const struct auth *a, const struct auth_method *method);

/* Refuse the request: USERAUTH_FAILURE, at once or after a delay, or the end of the session. */
int auth_refuse(struct auth *a, enum auth_count count);

/* Read names of methods, separated by commas, as bits of auth.done. False: one of them is none that
 * the policy offers. */
bool auth_read_methods(const struct auth *a, const char *names, uint8_t *methods);

/* Accept the request, which proves the claim: USERAUTH_SUCCESS, or USERAUTH_FAILURE with partial
 * success while another method is required. */
int auth_succeed(struct auth *a, struct claim *claim);

#endif
