/* One key exchange in progress: its state, and the steps that its course is made of. */
#ifndef NACRE_TRANSPORT_KEX_STATE_H
#define NACRE_TRANSPORT_KEX_STATE_H

#include "transport/kex_method.h"
#include "transport/parts.h"

struct nacre_signing;

/* The algorithms that RFC 4253 section 7.1 chose. */
struct kex_choice {
    const struct algorithm *kex, *host_key;
    const struct algorithm *cipher[2], *mac[2]; /* by the role that sends; mac NULL for an aead */
    const struct nacre_key *key;                /* server: the one to sign with */
};

/* A message that enters the exchange hash, in a block of the pool. */
struct kex_kept {
    uint8_t *at;
    size_t len;
};

/* What the application has said about a host key. */
enum host_key_answer {
    HOST_KEY_NOT_ASKED,
    HOST_KEY_ASKING,  /* its callback is running */
    HOST_KEY_WAITING, /* for an answer that comes later */
    HOST_KEY_ACCEPTED,
    HOST_KEY_REJECTED,
};

/* Allocated when an exchange begins, freed when it ends. */
struct kex {
    struct kex_kept kexinit[2]; /* by the role that sent it */
    struct kex_choice chosen;
    const struct kex_messages *messages; /* the course of the chosen method */
    uint64_t deadline_ms;                /* 0: set in the owner's current or next call */
    bool first;                          /* the connection's first */
    bool counted;                        /* the peer began it after the login: see kex_quota.h */
    bool drop_guess; /* the peer's next packet was guessed wrong: RFC 4253 section 7 */
    struct nacre_signing *signing; /* server: the signature that the exchange waits for, or NULL */
    uint8_t *share;                /* ... and what comes before it in the reply */
    size_t share_len;
    uint8_t reply;                        /* number of that message */
    uint8_t step;                         /* index of the step whose message we wait for */
    enum host_key_answer host_key_answer; /* client */
    void *state;                          /* the course's, or NULL */
    size_t state_len;
    uint8_t hash[HASH_MAX];         /* H */
    uint8_t secret[KEX_SECRET_MAX]; /* K, encoded */
    size_t secret_len;
};

/* What a step leads to; only kex.c acts on it. */
enum kex_progress {
    KEX_MORE,    /* another message of the method follows */
    KEX_SIGNING, /* server: the host key's signer is to be asked; then KEX_DONE */
    KEX_DONE,    /* K and H are known, the server has proved its key: NEWKEYS is next */
    KEX_FAILED,  /* the session has ended */
};

/* What is done with the message that a course expects. */
struct kex_step {
    uint8_t expects;
    enum kex_progress (*receive)(struct transport *t, struct reader *message);
};

/* The messages of a course, for both roles. */
struct kex_messages {
    enum kex_progress (*start)(struct transport *t); /* client: send the first */
    const struct kex_step *steps[2];                 /* by our role; ends with expects = 0 */
    /* Release what the state holds besides its bytes. */
    void (*clear)(const struct kex_method *method, void *state);
};

/* A new exchange, in t->kex. False: out of memory. */
bool kex_state_new(struct transport *t);

/* Wipe and free it, if there is one. */
void kex_state_free(struct transport *t);

/* Keep a KEXINIT for the exchange hash. False: out of memory. */
bool kex_state_keep(struct transport *t, enum nacre_role sender, struct bytes message);

/* Zeroed memory for the course's state until the exchange ends. NULL: out of memory. */
void *kex_state_allocate(struct transport *t, size_t len);

const struct kex_method *kex_method_of(const struct transport *t);

/* End the session; the result of a step that does. */
enum kex_progress kex_failed(struct transport *t, const char *text); /* KEY_EXCHANGE_FAILED */
enum kex_progress kex_malformed(struct transport *t, const char *text);
enum kex_progress kex_no_memory(struct transport *t);

#endif
