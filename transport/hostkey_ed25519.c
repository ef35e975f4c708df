/* ssh-ed25519. RFC 8709. */
#include "transport/key_pair.h"

#include "crypto/ed25519.h"

#include <string.h>

enum { KEY = 32, SIGNATURE = 64 };

/* RFC 8709 section 4: string "ssh-ed25519", string key */
bool private_key_ed25519(struct nacre_key *key, const uint8_t seed[32])
{
    uint8_t point[KEY];
    struct writer w = write_to(key->blob, sizeof key->blob);

    ed25519_public(point, seed);
    private_key_begin(key, signature_ed25519.key_type, NULL);
    memcpy(key->secret.ed25519_seed, seed, KEY);
    write_text(&w, key->type);
    write_string(&w, (struct bytes){point, sizeof point});
    key->blob_len = (uint16_t)written(&w);
    return true;
}

bool ed25519_blob_verify(struct reader *blob, struct bytes signature, struct bytes data)
{
    struct bytes point = read_string(blob);

    return point.len == KEY && signature.len == SIGNATURE &&
           ed25519_verify(signature.at, point.at, data);
}

/* RFC 8709 section 6: string "ssh-ed25519", string signature */
static bool verify(const struct signature_algorithm *algorithm, struct bytes key_blob,
                   struct reader *r, struct bytes data)
{
    struct reader blob = read_from(key_blob);
    struct bytes signature = read_string(r);

    (void)algorithm;
    (void)read_string(&blob); /* its type */
    return read_done(r) && ed25519_blob_verify(&blob, signature, data) && read_done(&blob);
}

static bool sign(const struct signature_algorithm *algorithm, const struct nacre_key *key,
                 struct bytes data, struct writer *w)
{
    const uint8_t *point = key->blob + key->blob_len - KEY; /* the blob's last field */
    uint8_t signature[SIGNATURE];

    (void)algorithm;
    if (!ed25519_sign(signature, key->secret.ed25519_seed, point, data))
        return false;
    write_string(w, (struct bytes){signature, sizeof signature});
    return true;
}

const struct signature_algorithm signature_ed25519 = {
    .name = "ssh-ed25519",
    .key_type = "ssh-ed25519",
    .verify = verify,
    .sign = sign,
};
