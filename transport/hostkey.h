/* Key and signature blobs, of host keys and user keys alike. RFC 4253 section 6.6. */
#ifndef NACRE_TRANSPORT_HOSTKEY_H
#define NACRE_TRANSPORT_HOSTKEY_H

#include "transport/wire.h"

enum {
    KEY_BLOB_MAX = 4096,       /* bytes of a public key blob: RSA of 16384 bits, and some more */
    SIGNATURE_BLOB_MAX = 4096, /* bytes of a signature blob */

    FINGERPRINT_MAX = 51, /* bytes of a fingerprint: `SHA256:`, 43 characters of base64, a NUL */

    SSH_AGENT_RSA_SHA2_256 = 2, /* RFC 9987 section 8.3 */
    SSH_AGENT_RSA_SHA2_512 = 4,
};

struct ec_curve;
struct nacre_key;

/* A signature algorithm, and the type of key that it works with. */
struct signature_algorithm {
    const char *name;     /* "ssh-ed25519", "rsa-sha2-512" */
    const char *key_type; /* first string of the key's blob: "ssh-ed25519", "ssh-rsa" */
    const void *detail;   /* the curve, or the hash of RSA */
    uint8_t agent_flags;  /* that request it from an agent: RFC 9987 section 5.6.1 */
    bool verified_first;  /* a signature of ours is verified before it is sent */

    /* signature: what follows the name in the signature blob; key_blob: all of it, with its type
     * already checked. */
    bool (*verify)(const struct signature_algorithm *algorithm, struct bytes key_blob,
                   struct reader *signature, struct bytes data);
    /* Write what follows the name. NULL: this can only be verified. */
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

/* For the security keys of hostkey_sk.c: read the point from a blob after its type, and verify a
 * signature by it. False: malformed, or wrong. hostkey_ed25519.c, hostkey_ecdsa.c. */
bool ed25519_blob_verify(struct reader *blob, struct bytes signature, struct bytes data);
bool ecdsa_blob_verify(const struct ec_curve *curve, struct reader *blob, struct bytes signature,
                       struct bytes data);

/* The type that a key blob names; empty when malformed. */
struct bytes key_blob_type(struct bytes blob);

/* `SHA256:...`, as `ssh-keygen -l` prints it. */
void key_blob_fingerprint(struct bytes blob, char out[FINGERPRINT_MAX]);

/* True when the blob names the algorithm's type of key and is not too long. */
bool key_blob_fits(const struct signature_algorithm *algorithm, struct bytes blob);

/* Is its length one that we accept? If it is not, no signature by this key is accepted. A malformed
 * blob counts as accepted. */
enum key_length {
    KEY_LENGTH_GOOD,
    KEY_LENGTH_SHORT, /* RSA of fewer than 2048 bits */
    KEY_LENGTH_LONG,  /* RSA of more than 16384 bits */
};
enum key_length key_blob_length(struct bytes blob);

/* Can this key make a signature by that algorithm? */
bool key_can_sign(const struct nacre_key *key, const struct signature_algorithm *algorithm);

/* Is its secret elsewhere (in an agent, for instance), so that signing may take long? */
bool key_is_elsewhere(const struct nacre_key *key);

/* Is it a public key only? It can sign nothing. */
bool key_is_public(const struct nacre_key *key);

/* Write a signature blob: string algorithm name, string signature. False: it could not sign, or
 * made a faulty signature. What is written then must not be sent. Signatures are verified where a
 * faulty one would reveal the key (RSA), and where the key is elsewhere. */
bool key_sign(const struct nacre_key *key, const struct signature_algorithm *algorithm,
              struct bytes data, struct writer *w);

/* The same check of a signature blob that was made elsewhere, without key_sign. */
bool key_signed_elsewhere(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                          struct bytes data, struct bytes signature_blob);

/* The same, for data that may be signed again: always verified, because a faulty signature beside a
 * good one of the same data reveals any key. */
bool key_sign_repeatable(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                         struct bytes data, struct writer *w);

/* True when signature_blob names `algorithm` and is that key's signature of `data`. */
bool key_verify(const struct signature_algorithm *algorithm, struct bytes key_blob,
                struct bytes signature_blob, struct bytes data);

#endif
