/* Certificates, made by our own code: draft-ietf-sshm-cert section 2.1, which PROTOCOL.certkeys
 * describes too. */
#ifndef NACRE_APPS_SPEC_CERTIFICATE_H
#define NACRE_APPS_SPEC_CERTIFICATE_H

#include "apps/spec/message.h"

enum { ROLE_USER = 1, ROLE_HOST = 2 }; /* section 5.4 */

/* Members that are not set are those of a correct certificate for the profile's user. */
struct certificate {
    const struct nacre_key *key; /* that is certified; NULL: the stranger's */
    uint32_t role;
    const char *principal;
    uint64_t valid_after, valid_before; /* seconds since 1970; 0: no beginning, no end */
    struct bytes options;               /* critical options */
    struct bytes extensions;
    struct bytes reserved;
    struct bytes signature_key; /* the CA's key as the certificate has it */
    bool flip;                  /* a bit of the CA's signature */
};

/* The blob, signed by the profile's CA. */
struct bytes certificate_make(struct peer *p, const struct certificate *c);

/* The type of a certificate for this key, and the name of the algorithm: "ssh-ed25519-cert-v01@
 * openssh.com", or "ssh-ed25519-cert" if that is what the server names. */
const char *certificate_type(struct peer *p, const struct nacre_key *key);

/* A publickey request with a certificate for the stranger's key, signed by that key. */
void send_certificate(struct peer *p, struct bytes blob);

/* Skip the case unless the profile has a CA. */
void need_user_ca(struct peer *p);

#endif
