/* What key exchanges hash, gathered from the events of a trace: RFC 4253 sections 7.2 and 8, RFC
 * 4419 section 3, RFC 5656 section 4, and the hybrids.
 *
 * Everything is taken from the messages themselves, not from the trace's `hash` events, so that the
 * two can be compared. */
#ifndef NACRE_APPS_TRACE_EXCHANGE_H
#define NACRE_APPS_TRACE_EXCHANGE_H

#include "apps/observe/context.h"
#include "apps/trace/reader.h"
#include "crypto/hash.h"

enum hashed_name {
    HASHED_V_C,
    HASHED_V_S,
    HASHED_I_C,
    HASHED_I_S,
    HASHED_K_S,
    HASHED_MIN, /* to G: group exchange */
    HASHED_N,
    HASHED_MAX,
    HASHED_P,
    HASHED_G,
    HASHED_SHARE_C, /* Q_C, e or C_INIT */
    HASHED_SHARE_S,
    HASHED_K,
    HASHED_NAMES,
};

/* A field, as it is hashed. */
struct hashed {
    enum hashed_name id;
    const char *name;     /* "Q_C" */
    enum field_type type; /* FIELD_STRING, FIELD_MPINT or FIELD_UINT32 */
    const char *about;    /* a phrase */
    struct bytes encoded; /* with its length field; empty: not in the trace */
    struct bytes value;   /* without */
};

enum { EXCHANGE_KEYS = 6, EXCHANGE_KEY_MAX = 64 };

struct exchange_digest {
    uint8_t at[EXCHANGE_KEY_MAX];
    size_t len; /* 0: not in the trace */
};

struct exchange {
    uint64_t conn;
    unsigned number;                  /* of the connection's exchanges, from 1 */
    const struct context_kex *kex;    /* NULL: not in the trace, or unknown */
    const struct hash_method *hash;   /* NULL likewise */
    struct bytes blobs[HASHED_NAMES]; /* allocated */
    struct exchange_digest h, session_id, keys[EXCHANGE_KEYS]; /* as the trace has them */
};

/* The i-th field that is hashed, in the order of the hash; false past the last. */
bool exchange_field(const struct exchange *x, size_t i, struct hashed *field);

/* Compute H. False: a field is missing, or the method is unknown. */
bool exchange_compute_hash(const struct exchange *x, uint8_t *h);

/* Bytes that are hashed to H or to a part of a key, one after the other. */
struct exchange_pieces {
    struct bytes at[2 * HASHED_NAMES];
    size_t count;
};

void exchange_add_piece(struct exchange_pieces *p, struct bytes piece);
bool exchange_hash_pieces(const struct hash_method *method, const struct exchange_pieces *p,
                          uint8_t *out);

/* ---- gathering ---- */

struct gatherer;

/* `each` is called with each exchange when all that belongs to it has been read. NULL: out of
 * memory. */
struct gatherer *gatherer_new(void (*each)(void *context, const struct exchange *x), void *context);

/* False: out of memory. */
bool gatherer_take(struct gatherer *g, const struct trace_event *event);

/* The trace is over: call `each` for what is left, wipe and free. NULL does nothing. */
void gatherer_finish(struct gatherer *g);

#endif
