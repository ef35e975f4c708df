#include "apps/files/public_key.h"

#include "crypto/base64.h"
#include "transport/algorithms.h"

static bool is_type_of(struct bytes name, struct bytes type)
{
    const struct algorithm *row;
    const struct signature_algorithm *a;

    if (bytes_equal(name, type))
        return true;
    row = algorithm_find(ALGORITHM_PUBLIC_KEY, name);
    if (row == NULL)
        return false;
    a = row->method;
    return bytes_are(type, a->key_type);
}

const char *public_key_read(struct bytes type, struct bytes base64, uint8_t out[KEY_BLOB_MAX],
                            struct bytes *key)
{
    struct bytes inside;

    *key = (struct bytes){out, 0};
    while (base64.len > 0 && base64.at[base64.len - 1] == '\r')
        base64.len--;
    if (!base64_decode(out, KEY_BLOB_MAX, &key->len, base64))
        return base64.len > KEY_BLOB_MAX / 3 * 4 ? "the key is too long" : "the key is not base64";
    inside = key_blob_type(*key);
    if (inside.len > 0 && is_type_of(type, inside))
        return NULL;
    key->len = 0;
    return "the key is malformed or of another type";
}

const char *public_key_type(struct bytes blob)
{
    const struct algorithm *row = algorithms_of(ALGORITHM_PUBLIC_KEY);

    for (; row->name != NULL; row++) {
        const struct signature_algorithm *s = row->method;

        if (key_blob_fits(s, blob))
            return s->key_type;
    }
    return NULL;
}
