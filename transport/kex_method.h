/* The arithmetic of a key exchange method: shares and secrets, no messages and no connection.
 * RFC 4253 sections 6.5 and 8, RFC 5656 section 4, and the hybrids. */
#ifndef NACRE_TRANSPORT_KEX_METHOD_H
#define NACRE_TRANSPORT_KEX_METHOD_H

#include "crypto/hash.h"

struct random_source;

enum {
    KEX_SHARE_MAX = 2048,  /* bytes of a public share */
    KEX_SECRET_MAX = 1032, /* bytes of the encoded shared secret: an mpint of 8192 bits */
};

/* Which messages a method exchanges: a row of kex.c. */
enum kex_course {
    KEX_ONE_SHARE_EACH, /* KEX_ECDH_INIT and KEX_ECDH_REPLY: kex_ecdh.c */
    KEX_GROUP_EXCHANGE, /* RFC 4419, where the group is agreed first: kex_gex.c */
    KEX_COURSES,
};

/* A key agreement with one share each way. diffie-hellman-group-exchange has only the hash: its
 * lengths are those of the group. */
struct kex_method {
    enum kex_course course;
    const struct hash_method *hash;
    const void *group;     /* the curve or the group, where functions serve several */
    bool secret_is_string; /* K enters hash and key derivation as string (hybrids), not as mpint */
    bool share_is_mpint;   /* shares are sent as mpint (Diffie-Hellman), not as string */
    uint16_t client_share_len, server_share_len; /* bytes: exact for strings, at most for mpints */
    uint16_t secret_len;                         /* bytes of K, raw */
    uint16_t state_len; /* bytes that the client keeps between its share and the server's */
    uint16_t tokens;    /* what it costs beside X25519: kex_quota.h; 0 for group exchange */
    size_t scratch_len; /* zeroed bytes that each of the next three functions is lent; they may
                           leave secrets in them */

    /* Client: make an ephemeral key and its share. False: out of memory. */
    bool (*make_share)(const struct kex_method *method, void *scratch, void *state,
                       const struct random_source *random, uint8_t *share);
    /* Server: our share and the secret, from the client's share. False: that is not acceptable. */
    bool (*respond)(const struct kex_method *method, void *scratch,
                    const struct random_source *random, struct bytes client_share,
                    uint8_t *server_share, uint8_t *secret);
    /* Client: the secret, from the server's share. False: that is not acceptable. */
    bool (*finish)(const struct kex_method *method, void *scratch, const void *state,
                   struct bytes server_share, uint8_t *secret);
    /* For the observer: the ephemeral private number in the state, or in the scratch memory that
     * `respond` was lent. NULL: the method has no such number, or does not tell. */
    struct bytes (*private_number)(const void *state);
    /* Release what the state holds besides its bytes; may be NULL. Accepts a state of zeros. */
    void (*clear)(void *state);
};

extern const struct kex_method kex_mlkem768x25519;
extern const struct kex_method kex_sntrup761x25519;
extern const struct kex_method kex_curve25519;
extern const struct kex_method kex_nistp256, kex_nistp384, kex_nistp521;
extern const struct kex_method kex_gex_sha256;
extern const struct kex_method kex_group14_sha256, kex_group16_sha512, kex_group18_sha512;
extern const struct kex_method kex_group14_sha1;

#endif
