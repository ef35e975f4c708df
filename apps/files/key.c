#include "apps/files/key.h"

#include "apps/files/key_cipher.h"
#include "apps/files/key_format.h"
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "transport/algorithms.h"
#include "transport/text.h"
#include "apps/session/version.h"
#include "transport/growth.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert(NACRE_KEY_TEXT_MAX == KEY_TEXT_MAX && NACRE_SIGNATURE_MAX == SIGNATURE_BLOB_MAX,
               "public and internal names of the same sizes");
_Static_assert((int)NACRE_FINGERPRINT_MAX >= (int)FINGERPRINT_MAX, "room for SHA-256's");

/* ---- facts ---- */

const char *nacre_key_type(const struct nacre_key *key)
{
    return key->type;
}

const uint8_t *nacre_key_blob(const struct nacre_key *key, size_t *len)
{
    struct bytes blob = private_key_blob(key);

    *len = blob.len;
    return blob.at;
}

const char *nacre_key_comment(const struct nacre_key *key)
{
    return key->comment;
}

void nacre_key_set_comment(struct nacre_key *key, const char *comment)
{
    (void)clean_text(key->comment, sizeof key->comment, bytes_of(comment));
}

bool nacre_key_can_sign(const struct nacre_key *key)
{
    return !key_is_public(key);
}

void nacre_key_fingerprint(const struct nacre_key *key, char out[NACRE_FINGERPRINT_MAX])
{
    nacre_blob_fingerprint(key->blob, key->blob_len, out);
}

void nacre_blob_fingerprint(const uint8_t *blob, size_t len, char out[NACRE_FINGERPRINT_MAX])
{
    key_blob_fingerprint((struct bytes){blob, len}, out);
}

void nacre_key_fingerprint_md5(const struct nacre_key *key, char out[NACRE_FINGERPRINT_MAX])
{
    uint8_t digest[16];

    hash_of(&hash_md5, private_key_blob(key), digest);
    memcpy(out, "MD5", 4);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 3 + 3 * i, NACRE_FINGERPRINT_MAX - 3 - 3 * i, ":%02x", digest[i]);
}

/* ---- signatures ---- */

size_t nacre_key_sign(const struct nacre_key *key, const char *algorithm, const void *data,
                      size_t len, uint8_t *out)
{
    const struct algorithm *row = algorithm_find(ALGORITHM_PUBLIC_KEY, bytes_of(algorithm));
    struct writer w = write_to(out, NACRE_SIGNATURE_MAX);

    if (row == NULL || !key_sign(key, row->method, (struct bytes){data, len}, &w) || w.bad)
        return 0;
    return written(&w);
}

/* ---- to text ---- */

static const struct growth protection_growth = {sizeof(struct nacre_key_protection), {{0}}};

static bool protect(struct key_printing *how, const struct nacre_key_protection *given,
                    const struct errbuf *p)
{
    struct nacre_key_protection protection;

    if (!version_check("struct nacre_key_protection", given->version, p))
        return false;
    growth_copy(&protection_growth, &protection, given, given->version);
    if (protection.passphrase == NULL)
        return true;
    how->passphrase = protection.passphrase;
    how->rounds = protection.rounds;
    random_fill(&random_system, how->salt, sizeof how->salt);
    if (protection.cipher != NULL)
        how->cipher = key_cipher_find(bytes_of(protection.cipher));
    return protection.cipher == NULL || how->cipher != NULL ||
           errbuf_say(p, "'%.64s' is not a cipher for keys: see ssh-keygen -Z", protection.cipher);
}

bool nacre_key_print_private(const struct nacre_key *key,
                             const struct nacre_key_protection *protection, char *out, size_t size,
                             char *errbuf, size_t errbuf_size)
{
    struct key_printing how = {.comment = key->comment};
    struct errbuf p = errbuf_in(errbuf, errbuf_size);
    uint8_t check[4];

    random_fill(&random_system, check, sizeof check);
    how.check = load_u32(check);
    if (protection == NULL || protect(&how, protection, &p)) {
        if (size > 0 && key_print_private(key, &how, out, size))
            return true;
        errbuf_say(&p,
                   "the key cannot be printed: its secret is not here, %zu bytes are too few, "
                   "or memory is out",
                   size);
    }
    if (size > 0)
        out[0] = 0;
    return false;
}

bool nacre_key_print_public(const struct nacre_key *key, char *out, size_t size)
{
    if (key_print_public(key, key->comment, out, size))
        return true;
    if (size > 0)
        out[0] = 0;
    return false;
}
