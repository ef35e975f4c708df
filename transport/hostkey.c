#include "transport/key_pair.h"

#include <string.h>

struct bytes private_key_blob(const struct nacre_key *key)
{
    return (struct bytes){key->blob, key->blob_len};
}

void private_key_clear(struct nacre_key *key)
{
    if (key->clear != NULL)
        key->clear(key);
    wipe(key, sizeof *key);
}

struct bytes key_blob_type(struct bytes blob)
{
    struct reader r = read_from(blob);

    return read_string(&r);
}

bool key_blob_fits(const struct signature_algorithm *algorithm, struct bytes blob)
{
    return blob.len <= KEY_BLOB_MAX && bytes_are(key_blob_type(blob), algorithm->key_type);
}

bool key_can_sign(const struct nacre_key *key, const struct signature_algorithm *algorithm)
{
    return strcmp(key->type, algorithm->key_type) == 0 &&
           (key->sign != NULL || algorithm->sign != NULL);
}

bool key_sign(const struct nacre_key *key, const struct signature_algorithm *algorithm,
              struct bytes data, struct writer *w)
{
    if (!key_can_sign(key, algorithm))
        return false;
    if (key->sign != NULL)
        return key->sign(key, algorithm, data, w) && !w->bad;
    write_text(w, algorithm->name);
    return algorithm->sign(algorithm, key, data, w) && !w->bad;
}

bool key_verify(const struct signature_algorithm *algorithm, struct bytes key_blob,
                struct bytes signature_blob, struct bytes data)
{
    struct reader r = read_from(signature_blob);
    struct bytes name = read_string(&r);

    return !r.bad && bytes_are(name, algorithm->name) && key_blob_fits(algorithm, key_blob) &&
           algorithm->verify(algorithm, key_blob, &r, data);
}
