#include "apps/trace/derive.h"

#include <string.h>

struct derivation derivation_of(const struct exchange *x, struct bytes h, size_t i)
{
    struct bytes id = {x->session_id.at, x->session_id.len};

    return (struct derivation){
        .hash = x->hash,
        .k = x->blobs[HASHED_K],
        .h = h,
        .session_id = id.len > 0 || x->number > 1 ? id : h,
        .letter = (char)('A' + i),
    };
}

/* RFC 4253 section 7.2:
 *     K1 = HASH(K || H || X || session_id)     X is the letter
 *     K2 = HASH(K || H || K1)
 *     K3 = HASH(K || H || K1 || K2)                                           */
bool derive_key(const struct derivation *d, uint8_t *out, size_t need)
{
    uint8_t stream[EXCHANGE_KEY_MAX + HASH_MAX] = {0}, letter = (uint8_t)d->letter;
    size_t have = 0;
    bool good = true;

    while (good && have < need) {
        struct exchange_pieces p = {{d->k, d->h}, 2};
        size_t from = d->forgets && have > 0 ? have - d->hash->len : 0;

        if (have > 0 && !d->repeats) {
            exchange_add_piece(&p, (struct bytes){stream + from, have - from});
        } else {
            exchange_add_piece(&p, (struct bytes){&letter, letter != 0});
            exchange_add_piece(&p, d->session_id);
        }
        good = exchange_hash_pieces(d->hash, &p, stream + have);
        have += d->hash->len;
    }
    if (good)
        memcpy(out, stream, need);
    wipe(stream, sizeof stream);
    return good;
}

size_t derive_length(const struct exchange *x, size_t i)
{
    for (size_t other = 0; other < EXCHANGE_KEYS; other++)
        if (x->keys[other].len > 0)
            return x->keys[i].len;
    return EXCHANGE_KEY_MAX;
}

const char *derive_about(size_t i)
{
    static const char *const texts[EXCHANGE_KEYS] = {
        "initial IV, client to server",     "initial IV, server to client",
        "encryption key, client to server", "encryption key, server to client",
        "integrity key, client to server",  "integrity key, server to client",
    };

    return texts[i];
}
