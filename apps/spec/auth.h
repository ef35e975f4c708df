/* The authentication protocol, from RFC 4252 once more. */
#ifndef NACRE_APPS_SPEC_AUTH_H
#define NACRE_APPS_SPEC_AUTH_H

#include "apps/spec/message.h"

/* A publickey request with a signature; members that are not set are those of a correct one. */
struct proof {
    const struct nacre_key *key; /* that signs */
    const char *user, *service, *algorithm;
    const char *signed_user, *signed_service; /* what the signature covers, if it is different */
    struct bytes blob;
    struct bytes session_id;
    const char *signature_algorithm; /* named in the signature blob */
    uint8_t flag;                    /* the boolean; 0: TRUE */
    bool flip;                       /* a bit of the signature */
};

void send_service_request(struct peer *p, const char *service);

/* The key that logs in, and its algorithm here: from its type and server-sig-algs. */
const char *key_algorithm(const struct peer *p, const struct nacre_key *key);

void send_proof(struct peer *p, const struct proof *proof);
struct bytes proof_payload(struct peer *p, const struct proof *proof);
void send_query(struct peer *p, const struct nacre_key *key);
void send_password(struct peer *p, const char *user, struct bytes password);

/* Any method without fields of its own. */
void send_method(struct peer *p, const char *user, const char *service, const char *method);

/* The correct request of the profile, and what it is answered with. */
void send_login(struct peer *p);
bool log_in(struct peer *p);

/* Remember what a USERAUTH_FAILURE in p->got says: p->methods, p->partial. */
void note_failure(struct peer *p);

/* Skip the case unless the profile has them and the server offers the method. */
void need_key(struct peer *p);
void need_password(struct peer *p);
void need_method(struct peer *p, const char *method);

#endif
