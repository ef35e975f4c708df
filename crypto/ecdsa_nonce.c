#include "crypto/ecdsa_nonce.h"

#include "crypto/hmac.h"

/* The state of RFC 6979 section 3.2: K and V, each as long as a digest. */
struct generator {
    const struct hash_method *hash;
    uint8_t k[HASH_MAX];
    uint8_t v[HASH_MAX];
};

/* out = HMAC_K(V || separator || first || second); no separator when it is NULL. */
static bool mac(const struct generator *g, const uint8_t *separator, struct bytes first,
                struct bytes second, uint8_t *out)
{
    const struct bytes parts[] = {
        {g->v, g->hash->len}, {separator, separator != NULL ? 1 : 0}, first, second};
    struct hmac m;
    bool done = hmac_init(&m, g->hash, (struct bytes){g->k, g->hash->len}) &&
                hmac_compute(&m, parts, 4, out);

    hmac_clear(&m);
    return done;
}

/* K = HMAC_K(V || separator || first || second), V = HMAC_K(V): steps d to g, and the end of h. */
static bool update(struct generator *g, uint8_t separator, struct bytes first, struct bytes second)
{
    const struct bytes none = {NULL, 0};

    return mac(g, &separator, first, second, g->k) && mac(g, NULL, none, none, g->v);
}

/* Is a < b, both `len` bytes, most significant first? Constant time. */
static bool below(const uint8_t *a, const uint8_t *b, size_t len)
{
    unsigned borrow = 0;

    for (size_t i = len; i-- > 0;)
        borrow = ((unsigned)a[i] - b[i] - borrow) >> 31;
    return borrow != 0;
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
    subtract_if(below(out, order, curve->len) ? 0 : 0xff, out, order, curve->len);
}

/* Step h.2 and the bits2int of h.3: fill `out` from HMAC_K(V), HMAC_K(HMAC_K(V))... and keep the
 * leftmost order_bits bits. */
static bool generate(struct generator *g, const struct ec_curve *curve, uint8_t *out)
{
    const struct bytes none = {NULL, 0};
    unsigned shift = (unsigned)(8 * curve->len) - curve->order_bits;
    unsigned above = 0;

    for (size_t at = 0; at < curve->len; at += g->hash->len) {
        size_t left = curve->len - at;

        if (!mac(g, NULL, none, none, g->v))
            return false;
        memcpy(out + at, g->v, left < g->hash->len ? left : g->hash->len);
    }
    for (size_t i = 0; i < curve->len; i++) {
        unsigned both = above << 8 | out[i];

        above = out[i];
        out[i] = (uint8_t)(both >> shift);
    }
    return true;
}

bool ecdsa_nonce(const struct ec_curve *curve, const uint8_t *order, const uint8_t *secret,
                 const uint8_t *digest, uint8_t *nonce)
{
    static const uint8_t zero[EC_LEN_MAX];
    const struct bytes none = {NULL, 0}, key = {secret, curve->len};
    uint8_t reduced[EC_LEN_MAX];
    struct generator g = {.hash = curve->hash};
    bool done;

    memset(g.v, 1, sizeof g.v); /* step b; step c is K = 0 */
    reduce_digest(curve, order, digest, reduced);
    done = update(&g, 0, key, (struct bytes){reduced, curve->len}) &&
           update(&g, 1, key, (struct bytes){reduced, curve->len}) && generate(&g, curve, nonce);
    while (done && (!below(nonce, order, curve->len) || !below(zero, nonce, curve->len)))
        done = update(&g, 0, none, none) && generate(&g, curve, nonce);
    wipe(&g, sizeof g);
    wipe(reduced, sizeof reduced);
    return done;
}
