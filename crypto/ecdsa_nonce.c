#include "crypto/ecdsa_nonce.h"

#include "crypto/hmac.h"

/* out = HMAC_K(V || separator || first || second); no separator when it is NULL. */
static bool mac(const struct ecdsa_generator *g, const uint8_t *separator, struct bytes first,
                struct bytes second, uint8_t *out)
{
    const struct bytes parts[] = {
        {g->v, g->curve->hash->len}, {separator, separator != NULL ? 1 : 0}, first, second};
    struct hmac m;
    bool done = hmac_init(&m, g->curve->hash, (struct bytes){g->k, g->curve->hash->len}) &&
                hmac_compute(&m, parts, 4, out);

    hmac_clear(&m);
    return done;
}

/* K = HMAC_K(V || separator || first || second), V = HMAC_K(V): steps d to g, and the end of h. */
static bool update(struct ecdsa_generator *g, uint8_t separator, struct bytes first,
                   struct bytes second)
{
    const struct bytes none = {NULL, 0};

    return mac(g, &separator, first, second, g->k) && mac(g, NULL, none, none, g->v);
}

/* Is a < b, both `len` bytes, most significant first? Constant time. */
static unsigned below(const uint8_t *a, const uint8_t *b, size_t len)
{
    unsigned borrow = 0;

    for (size_t i = len; i-- > 0;)
        borrow = ((unsigned)a[i] - b[i] - borrow) >> 31;
    return borrow;
}

/* a -= b where `mask` is 0xff, nothing where it is 0. */
static void subtract_if(uint8_t mask, uint8_t *a, const uint8_t *b, size_t len)
{
    unsigned borrow = 0;

    for (size_t i = len; i-- > 0;) {
        unsigned difference = (unsigned)a[i] - (b[i] & mask) - borrow;

        a[i] = (uint8_t)difference;
        borrow = difference >> 31;
    }
}

/* bits2octets, section 2.3.4, for our pairs of curve and hash: the digest is never longer than the
 * order, so no bits are dropped, and one subtraction reduces it. */
static void reduce_digest(const struct ec_curve *curve, const uint8_t *order, const uint8_t *digest,
                          uint8_t *out)
{
    size_t pad = curve->len - curve->hash->len;

    memset(out, 0, pad);
    memcpy(out + pad, digest, curve->hash->len);
    subtract_if((uint8_t)(below(out, order, curve->len) - 1), out, order, curve->len);
}

/* Step h.2 and the bits2int of h.3: fill `out` from HMAC_K(V), HMAC_K(HMAC_K(V))... and keep the
 * leftmost order_bits bits. */
static bool generate(struct ecdsa_generator *g, uint8_t *out)
{
    const struct bytes none = {NULL, 0};
    size_t len = g->curve->len, hash_len = g->curve->hash->len;
    unsigned shift = (unsigned)(8 * len) - g->curve->order_bits;
    unsigned above = 0;

    for (size_t at = 0; at < len; at += hash_len) {
        size_t left = len - at;

        if (!mac(g, NULL, none, none, g->v))
            return false;
        memcpy(out + at, g->v, left < hash_len ? left : hash_len);
    }
    for (size_t i = 0; i < len; i++) {
        unsigned both = above << 8 | out[i];

        above = out[i];
        out[i] = (uint8_t)(both >> shift);
    }
    return true;
}

bool ecdsa_generator_start(struct ecdsa_generator *g, const uint8_t *secret, const uint8_t *digest)
{
    const struct bytes key = {secret, g->curve->len};
    uint8_t reduced[EC_LEN_MAX];
    bool done;

    memset(g->k, 0, sizeof g->k); /* step c */
    memset(g->v, 1, sizeof g->v); /* step b */
    reduce_digest(g->curve, g->order, digest, reduced);
    done = update(g, 0, key, (struct bytes){reduced, g->curve->len}) &&
           update(g, 1, key, (struct bytes){reduced, g->curve->len});
    wipe(reduced, sizeof reduced);
    return done;
}

bool ecdsa_generator_next(struct ecdsa_generator *g, uint8_t *nonce, unsigned *usable)
{
    static const uint8_t zero[EC_LEN_MAX];
    size_t len = g->curve->len;

    if (!generate(g, nonce))
        return false;
    *usable = below(nonce, g->order, len) & below(zero, nonce, len);
    return true;
}

bool ecdsa_generator_reject(struct ecdsa_generator *g)
{
    const struct bytes none = {NULL, 0};

    return update(g, 0, none, none);
}

/* Of all inputs of this HMAC only this one ends in 2. */
bool ecdsa_generator_blind(const struct ecdsa_generator *g, uint8_t *blind)
{
    static const uint8_t separator = 2;
    const struct bytes none = {NULL, 0};

    return mac(g, &separator, none, none, blind);
}

/* out = a + b; `b` has `len` bytes, the others one more. */
static void add(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t len)
{
    unsigned sum = 0;

    for (size_t i = len; i-- > 0;) {
        sum = (unsigned)a[i + 1] + b[i] + (sum >> 8);
        out[i + 1] = (uint8_t)sum;
    }
    out[0] = (uint8_t)(a[0] + (sum >> 8));
}

/* The sum with the order once has the length, or the sum with twice the order has. */
void ecdsa_fix_length(const struct ec_curve *curve, const uint8_t *order, const uint8_t *nonce,
                      uint8_t *fixed)
{
    size_t len = curve->len, top = len - curve->order_bits / 8;
    uint8_t once[EC_LEN_MAX + 1] = {0}, twice[EC_LEN_MAX + 1];

    memcpy(once + 1, nonce, len);
    add(once, once, order, len);
    add(twice, once, order, len);
    secrets_choose(fixed, once[top] >> curve->order_bits % 8 & 1, once, twice, len + 1);
    wipe(once, sizeof once);
    wipe(twice, sizeof twice);
}

static bool first_usable(struct ecdsa_generator *g, const uint8_t *secret, const uint8_t *digest,
                         uint8_t *nonce)
{
    unsigned usable = 0;
    bool done = ecdsa_generator_start(g, secret, digest) && ecdsa_generator_next(g, nonce, &usable);

    while (done && usable == 0)
        done = ecdsa_generator_reject(g) && ecdsa_generator_next(g, nonce, &usable);
    return done;
}

bool ecdsa_nonce(const struct ec_curve *curve, const uint8_t *order, const uint8_t *secret,
                 const uint8_t *digest, uint8_t *nonce)
{
    struct ecdsa_generator g = {.curve = curve, .order = order};
    bool done = first_usable(&g, secret, digest, nonce);

    wipe(&g, sizeof g);
    return done;
}

bool ecdsa_safe_nonce(const struct ec_curve *curve, const uint8_t *order, const uint8_t *secret,
                      const uint8_t *digest, struct ecdsa_safe_nonce *nonce)
{
    struct ecdsa_generator g = {.curve = curve, .order = order};
    uint8_t plain[EC_LEN_MAX];
    bool done = first_usable(&g, secret, digest, plain) && ecdsa_generator_blind(&g, nonce->blind);

    if (done)
        ecdsa_fix_length(curve, order, plain, nonce->fixed);
    wipe(&g, sizeof g);
    wipe(plain, sizeof plain);
    return done;
}
