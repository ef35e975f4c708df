/* A key pair, for host keys and user keys alike. RFC 4253 section 6.6, RFC 5656 section 3, RFC
 * 8709.
 */
#ifndef NACRE_TRANSPORT_KEY_PAIR_H
#define NACRE_TRANSPORT_KEY_PAIR_H

#include "crypto/ecdsa.h"
#include "crypto/rsa.h"
#include "transport/hostkey.h"

enum {
    RSA_KEY_BITS_MIN = 2048, /* of host keys and user keys */
    KEY_COMMENT_MAX = 128,   /* bytes of a comment, its NUL included */
};

struct nacre_signing;

/* Filled by private_key_*, wiped by private_key_clear. Threads may share it once it is filled. */
struct nacre_key {
    const char *type; /* as signature_algorithm.key_type */

    /* When the secret is elsewhere (in an agent): writes the whole signature blob of an algorithm
     * of that type. NULL: we sign, with `secret`. */
    bool (*sign)(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                 struct bytes data, struct writer *w);
    /* When a signer is asked for each signature: signing.h. Or NULL. */
    void (*ask)(const struct nacre_key *key, struct nacre_signing *signing);
    bool is_public; /* there is no secret anywhere */
    uint16_t blob_len;
    uint8_t blob[KEY_BLOB_MAX];    /* the public key as it is sent */
    char comment[KEY_COMMENT_MAX]; /* NUL-terminated, without control characters */
    union {
        uint8_t ed25519_seed[32];
        struct ecdsa_key ecdsa;
        struct rsa_key rsa;
        const void *elsewhere; /* for `sign` */
        struct {
            void (*sign)(void *context, struct nacre_signing *signing);
            void *context;
        } external; /* for `ask` */
    } secret;
    void (*clear)(struct nacre_key *key); /* releases what the secret holds; or NULL */
};

/* From the parts of the secret. False: they do not belong together, or memory is out; there is
 * nothing to clear then. RFC 8709 section 4, RFC 5656 section 3.1, RFC 4253 section 6.6. */
bool private_key_ed25519(struct nacre_key *key, const uint8_t seed[32]);
bool private_key_ecdsa(struct nacre_key *key, const struct ec_curve *curve, struct bytes scalar,
                       struct bytes point);
bool private_key_rsa(struct nacre_key *key, const struct rsa_numbers *numbers);
void private_key_clear(struct nacre_key *key);

/* For these: a key whose secret is in place, without a comment. */
static inline void private_key_begin(struct nacre_key *key, const char *type,
                                     void (*clear)(struct nacre_key *key))
{
    key->type = type;
    key->sign = NULL;
    key->ask = NULL;
    key->is_public = false;
    key->comment[0] = 0;
    key->clear = clear;
}

#endif
