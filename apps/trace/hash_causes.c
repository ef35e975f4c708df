/* Causes for an H or a key that differs although everything that goes into it is right: it is
 * computed once more with each usual mistake. */
#include "apps/trace/causes.h"
#include "apps/trace/derive.h"

#include <string.h>

/* clang-format off */
static const struct {
    const struct hash_method *method;
    const char *says; /* when it is not the method's */
} hashes[] = {
    {&hash_sha1,   "it is the SHA-1 hash of the right fields, but this method uses another hash"},
    {&hash_sha256, "it is the SHA-256 hash of the right fields, but this method uses another hash"},
    {&hash_sha384, "it is the SHA-384 hash of the right fields, but this method uses another hash"},
    {&hash_sha512, "it is the SHA-512 hash of the right fields, but this method uses another hash"},
};
/* clang-format on */

enum { HASHES = sizeof hashes / sizeof hashes[0] };

static bool is_hash_of(const struct hash_method *method, const struct exchange_pieces *p,
                       struct bytes got)
{
    uint8_t h[HASH_MAX];

    return got.len == method->len && exchange_hash_pieces(method, p, h) &&
           memcmp(h, got.at, got.len) == 0;
}

/* ---- H ---- */

/* One thing that may be wrong with the list of fields. */
enum slip {
    SLIP_NONE,
    SLIP_NO_K,
    SLIP_K_FIRST,
    SLIP_NO_K_S,
    SLIP_NO_V,
    SLIP_NO_BOUNDS,
    SLIP_SERVER_FIRST,
    SLIP_VALUES,
    SLIPS,
};

static const char *const slips[SLIPS] = {
    [SLIP_NO_K] = "K is not hashed: it is the last field",
    [SLIP_K_FIRST] = "K is hashed first: it is the last field",
    [SLIP_NO_K_S] = "K_S is not hashed: the host key comes after I_S",
    [SLIP_NO_V] = "the identifications are not hashed: V_C and V_S come first",
    [SLIP_NO_BOUNDS] = "min, n and max are not hashed: they follow K_S (RFC 4419 section 3)",
    [SLIP_SERVER_FIRST] = "the server's fields are before the client's: V_C, V_S, I_C, I_S",
    [SLIP_VALUES] = "all fields are hashed without their lengths",
};

static bool is_left_out(enum slip slip, enum hashed_name id)
{
    switch (slip) {
    case SLIP_NO_K:
    case SLIP_K_FIRST:
        return id == HASHED_K;
    case SLIP_NO_K_S:
        return id == HASHED_K_S;
    case SLIP_NO_V:
        return id == HASHED_V_C || id == HASHED_V_S;
    case SLIP_NO_BOUNDS:
        return id == HASHED_MIN || id == HASHED_N || id == HASHED_MAX;
    default:
        return false;
    }
}

static void make_list(const struct exchange *x, enum slip slip, struct exchange_pieces *p)
{
    struct hashed f, other;

    p->count = 0;
    if (slip == SLIP_K_FIRST)
        exchange_add_piece(p, x->blobs[HASHED_K]);
    for (size_t i = 0; exchange_field(x, i, &f); i++) {
        if (is_left_out(slip, f.id))
            continue;
        if (slip == SLIP_SERVER_FIRST && f.id <= HASHED_I_S && exchange_field(x, i ^ 1, &other))
            f = other;
        exchange_add_piece(p, slip == SLIP_VALUES ? f.value : f.encoded);
    }
}

const char *cause_of_hash(const struct exchange *x, struct bytes got)
{
    struct exchange_pieces p;

    make_list(x, SLIP_NONE, &p);
    for (size_t i = 0; i < HASHES; i++)
        if (hashes[i].method != x->hash && is_hash_of(hashes[i].method, &p, got))
            return hashes[i].says;
    for (enum slip slip = SLIP_NONE + 1; slip < SLIPS; slip++) {
        make_list(x, slip, &p);
        if (is_hash_of(x->hash, &p, got))
            return slips[slip];
    }
    if (got.len != x->hash->len)
        return "it has another length than this method's hash";
    return "every field is right, but not what is hashed: something is left out, added, or in "
           "another order";
}

/* ---- keys ---- */

/* The beginning of a key, as much as somebody has. */
static bool gives(const struct derivation *d, struct bytes got)
{
    uint8_t key[EXCHANGE_KEY_MAX];
    bool same = got.len > 0 && got.len <= sizeof key && d->hash != NULL &&
                derive_key(d, key, got.len) && memcmp(key, got.at, got.len) == 0;

    wipe(key, sizeof key);
    return same;
}

static const char *letter_cause(const struct derivation *right, struct bytes got)
{
    static const char *const others[EXCHANGE_KEYS] = {"this is key A", "this is key B",
                                                      "this is key C", "this is key D",
                                                      "this is key E", "this is key F"};
    struct derivation d = *right;

    d.letter = (char)('A' + ((right->letter - 'A') ^ 1));
    if (gives(&d, got))
        return "client and server are swapped: A, C and E are for what the client sends, B, D and "
               "F for what the server sends";
    for (d.letter = 'A'; d.letter <= 'F'; d.letter++)
        if (gives(&d, got))
            return others[d.letter - 'A'];
    d.letter = (char)(right->letter - 'A' + 'a');
    if (gives(&d, got))
        return "the letter is in lower case: it is the byte 41 to 46 in hex";
    d.letter = (char)(right->letter - 'A' + 1);
    if (gives(&d, got))
        return "the letter is a number: it is the byte 41 to 46 in hex";
    d.letter = 0;
    if (gives(&d, got))
        return "the letter is not hashed: it goes between H and session_id";
    return NULL;
}

static const char *input_cause(const struct derivation *right, struct bytes got)
{
    struct derivation d = *right;

    d.session_id = right->h;
    if (gives(&d, got))
        return "H is used as session_id: that is H of the first key exchange, and a rekey does not "
               "change it";
    d.session_id = (struct bytes){NULL, 0};
    if (gives(&d, got))
        return "session_id is not hashed: it goes after the letter";
    d = *right;
    d.h = right->session_id;
    if (gives(&d, got))
        return "session_id is used as H: after a rekey, H is that key exchange's own";
    d = *right;
    d.k = bytes_from(right->k, 4);
    if (gives(&d, got))
        return "K is hashed without its length: here too it is encoded as in the exchange hash";
    for (size_t i = 0; i < HASHES; i++) {
        d = *right;
        d.hash = hashes[i].method;
        if (gives(&d, got))
            return "the hash is not this method's: keys are derived with the hash that makes H";
    }
    return NULL;
}

static const char *stream_cause(const struct derivation *right, struct bytes got)
{
    struct derivation d = *right;

    d.repeats = true;
    if (gives(&d, got))
        return "K2 is made like K1, with the letter: it is HASH(K || H || K1)";
    d = *right;
    d.forgets = true;
    if (gives(&d, got))
        return "K3 is made from K2 alone: it is HASH(K || H || K1 || K2)";
    if (got.len > right->hash->len && gives(right, (struct bytes){got.at, right->hash->len}))
        return "the first hash is right, and what follows is not: K2 is HASH(K || H || K1)";
    return NULL;
}

const char *cause_of_key(const struct exchange *x, struct bytes h, size_t i, struct bytes got)
{
    const struct derivation right = derivation_of(x, h, i);
    const char *cause = letter_cause(&right, got);

    if (cause == NULL)
        cause = stream_cause(&right, got);
    if (cause == NULL)
        cause = input_cause(&right, got);
    return cause != NULL ? cause : "none of the usual ones; K, H and session_id are right";
}
