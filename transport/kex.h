/* Key exchange: from KEXINIT to NEWKEYS, first and again. RFC 4253 sections 7 to 9. */
#ifndef NACRE_TRANSPORT_KEX_H
#define NACRE_TRANSPORT_KEX_H

#include "transport/algorithms.h"
#include "transport/api.h"
#include "transport/kex_method.h"

struct transport;
struct nacre_key;
struct signature_algorithm;
struct cipher_method;
struct mac_method;

/* What a step of a method does with the message it expects. */
struct kex_step {
    uint8_t expects;
    int (*receive)(struct transport *t, struct reader *message);
};

/* The messages of a course, for both roles. */
struct kex_messages {
    int (*start)(struct transport *t); /* the client's first */
    const struct kex_step *steps[2];   /* by our role; ends with expects = 0 */
    void (*clear)(const struct kex_method *method, void *state);
};

extern const struct kex_messages kex_one_share_each, kex_group_exchange;

/* What RFC 4253 section 7.1 chose. */
struct negotiated {
    const struct algorithm *kex, *host_key;
    const struct algorithm *cipher[2], *mac[2]; /* by the role that sends; mac NULL for an aead */
    const struct nacre_key *key;                /* the server's, on the server */
};

/* A message kept for the exchange hash. */
struct kept {
    uint8_t *at;
    size_t len;
};

/* One key exchange under way; allocated for its time. */
struct kex {
    struct kept kexinit[2]; /* by the role that sent it */
    struct negotiated chosen;
    uint64_t started_ms;
    bool untimely;   /* ... which is to be said by the owner yet: it began outside of its calls */
    bool first;      /* the connection's first */
    bool drop_guess; /* the peer's next packet was guessed wrong: RFC 4253 section 7 */
    bool sent_newkeys;
    uint8_t step; /* of the method's steps */
    void *state;  /* the method's, or NULL */
    size_t state_len;
    uint8_t hash[HASH_MAX];         /* H */
    uint8_t secret[KEX_SECRET_MAX]; /* K, encoded */
    size_t secret_len;
};

/* Begin an exchange: send our KEXINIT. No-op while one is under way. */
int kex_begin(struct transport *t);

/* KEXINIT, NEWKEYS and the method's messages. */
int on_kexinit(struct transport *t, struct bytes message, struct reader *r);
int on_newkeys(struct transport *t, struct reader *r);
int on_kex_message(struct transport *t, uint8_t number, struct reader *r);

/* Wipe and free. */
void kex_end(struct transport *t);

/* kexinit.c: write ours; read and keep the peer's, and choose. */
void write_kexinit(struct transport *t, struct writer *w);
int kexinit_negotiate(struct transport *t);

/* keys.c: H, then the six keys of RFC 4253 section 7.2.
 * shares: what the method hashes between K_S and K, as it is hashed. */
bool kex_compute_hash(struct transport *t, struct bytes host_key_blob, struct bytes shares);
bool kex_set_secret(struct kex *kex, const struct kex_method *method, struct bytes secret);
bool kex_take_keys(struct transport *t, bool sending);

/* The method in use, and memory for its state until the exchange ends. NULL: out of memory. */
const struct kex_method *kex_method_of(const struct transport *t);
void *kex_allocate(struct transport *t, size_t len);

/* kex_sign.c: how every method ends. The server signs H and sends its reply of that number, share
 * encoded as on the wire; the client checks key and signature. Both then go on to NEWKEYS. */
int kex_reply(struct transport *t, uint8_t number, struct bytes share);
int kex_check_reply(struct transport *t, struct bytes host_key, struct bytes signature);

/* Both shares are known and H computed: send NEWKEYS and wait for the peer's. */
int kex_agreed(struct transport *t);

#endif
