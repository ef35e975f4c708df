#include "crypto/hmac.h"

/* Start a digest over one block: `block` is the key padded with zeros; each byte is xored with
 * `pad`.
 */
static bool start_keyed(struct hash *h, const struct hash_method *method, const uint8_t *block,
                        uint8_t pad)
{
    uint8_t padded[HASH_BLOCK_MAX];

    for (size_t i = 0; i < method->block_len; i++)
        padded[i] = block[i] ^ pad;
    hash_start(h, method);
    hash_update(h, (struct bytes){padded, method->block_len});
    wipe(padded, sizeof padded);
    return !h->failed;
}

bool hmac_init(struct hmac *m, const struct hash_method *method, struct bytes key)
{
    uint8_t block[HASH_BLOCK_MAX] = {0};
    bool done = true;

    if (key.len > method->block_len)
        done = hash_of(method, key, block);
    else if (key.len > 0)
        memcpy(block, key.at, key.len);
    done = start_keyed(&m->inner, method, block, 0x36) && done;
    done = start_keyed(&m->outer, method, block, 0x5c) && done;
    wipe(block, sizeof block);
    if (!done)
        hmac_clear(m);
    return done;
}

bool hmac_compute(const struct hmac *m, const struct bytes *parts, size_t n, uint8_t *out)
{
    struct hash h;
    bool done;

    hash_copy(&h, &m->inner);
    for (size_t i = 0; i < n; i++)
        hash_update(&h, parts[i]);
    done = hash_finish(&h, out);
    hash_copy(&h, &m->outer);
    hash_update(&h, (struct bytes){out, m->outer.method->len});
    return hash_finish(&h, out) && done;
}

void hmac_clear(struct hmac *m)
{
    hash_abandon(&m->inner);
    hash_abandon(&m->outer);
}
