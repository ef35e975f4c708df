/* Key and signature blobs: sign, verify. RFC 4253 section 6.6; RFC 8709; used for host keys and
 * user keys alike. */
#ifndef NACRE_TRANSPORT_HOSTKEY_H
#define NACRE_TRANSPORT_HOSTKEY_H

#include "transport/wire.h"

enum {
    KEY_BLOB_MAX = 4096,       /* bytes of a public key blob: RSA of 16384 bits and a margin */
    SIGNATURE_BLOB_MAX = 4096, /* bytes of a signature blob */

    SSH_AGENT_RSA_SHA2_256 = 2, /* RFC 9987 section 8.3 */
    SSH_AGENT_RSA_SHA2_512 = 4,
};

struct ec_curve;
struct nacre_key;

/* A signature algorithm by its name on the wire, and the type of key that it works with. */
struct signature_algorithm {
    const char *name;     /* "ssh-ed25519", "rsa-sha2-512" */
    const char *key_type; /* first string of the key's blob: "ssh-ed25519", "ssh-rsa" */
    const void *detail;   /* the curve, or the hash of RSA */
    uint8_t agent_flags;  /* that request it from an agent: RFC 9987 section 5.6.1 */

    /* signature: what follows the name in the signature blob; key_blob: whole, its type already
     * checked. */
    bool (*verify)(const struct signature_algorithm *algorithm, struct bytes key_blob,
                   struct reader *signature, struct bytes data);
    /* Write what follows the name. NULL: we cannot sign with it. */
    bool (*sign)(const struct signature_algorithm *algorithm, const struct nacre_key *key,
                 struct bytes data, struct writer *w);
};

extern const struct signature_algorithm signature_ed25519;
extern const struct signature_algorithm signature_nistp256, signature_nistp384, signature_nistp521;
extern const struct signature_algorithm signature_rsa_sha2_512, signature_rsa_sha2_256;
extern const struct signature_algorithm signature_rsa_sha1;
extern const struct signature_algorithm signature_sk_ed25519, signature_sk_nistp256;

/* The public half of a key pair. */
struct bytes private_key_blob(const struct nacre_key *key);

/* hostkey_ed25519.c and hostkey_ecdsa.c, for the security keys of hostkey_sk.c: the point in a blob
 * (empty when malformed), with what follows it; and a signature by it. */
bool ed25519_blob_verify(struct reader *blob, struct bytes signature, struct bytes data);
bool ecdsa_blob_verify(const struct ec_curve *curve, struct reader *blob, struct bytes signature,
                       struct bytes data);

/* The type a key blob says it is of; empty when malformed. */
struct bytes key_blob_type(struct bytes blob);

/* True when the blob is well-formed for the algorithm's key type. */
bool key_blob_fits(const struct signature_algorithm *algorithm, struct bytes blob);

/* Can a signature by that algorithm be made with this key? */
bool key_can_sign(const struct nacre_key *key, const struct signature_algorithm *algorithm);

/* Write a signature blob: string algorithm name, string signature. False: could not sign. */
bool key_sign(const struct nacre_key *key, const struct signature_algorithm *algorithm,
              struct bytes data, struct writer *w);

/* True when signature_blob is a signature by `algorithm` of `data` by that key, and says so. */
bool key_verify(const struct signature_algorithm *algorithm, struct bytes key_blob,
                struct bytes signature_blob, struct bytes data);

#endif
