/* A real session that authenticates, as server or client, against a script. */
#ifndef NACRE_TESTS_SUPPORT_AUTH_SCRIPT_H
#define NACRE_TESTS_SUPPORT_AUTH_SCRIPT_H

#include "auth/reply.h"
#include "tests/support/scripted_session.h"
#include "tests/support/suite.h"

#define METHODS "publickey,password"
#define BOUND "publickey-hostbound-v00@openssh.com" /* what nacre's client uses with its server */

/* For the policy's `attempted`: writes to the end's log. */
void note_attempt(void *context, const char *user, const char *method, bool granted);

void start_server(void);
void start_client(void);

void expect_ended(enum nacre_cause cause, uint32_t code);

void send_password(const char *user, const char *password);
void send_none(void);
void send_query(const struct nacre_key *key);

/* A signed request. Each part of the request and of what is signed can be wrong by itself. */
struct proof {
    const char *user, *service, *algorithm; /* in the request */
    const char *signed_user, *signed_service, *signed_method, *signed_algorithm;
    int signed_number, signed_bool;
    const struct nacre_key *key, *signed_key, *signing_key;
    const char *signature_name;
    bool other_session;
    int flip; /* the bit of the signature to flip, or -1 */
    const struct nacre_key *host_key, *signed_host_key; /* for the host-bound method; or NULL */
};

struct proof right_proof(void);

/* Write the signature blob (RFC 8709 section 6) over the data of RFC 4252 section 7. */
size_t sign(const struct proof *p, uint8_t *out, size_t room);

void send_proof(const struct proof *p);

void send_bad_password(void);
void send_bad_query(void);
void send_good_query(void);

void send_pk_ok(const char *algorithm, const struct nacre_key *key);

/* The real session receives everything that was sent, in one loop iteration. */
void deliver_without_ticks(void);

#endif
