#include "crypto/password_hash.h"

#include <sodium.h>

_Static_assert(PASSWORD_HASH_MAX == crypto_pwhash_STRBYTES, "the length of libsodium's text");

static const char prefix[] = "$argon2id$";

/* What password_hash_create writes before the salt: version, then INTERACTIVE memory in KiB, passes
 * and lanes. */
static const char new_parameters[] = "$argon2id$v=19$m=65536,t=2,p=1$";

/* A salt of 16 zero bytes and a tag of 32, in base64 without padding: finding a password with this
 * tag would take 2^256 tries. */
static const char no_password[] =
    "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

bool password_hash_is(const char *text)
{
    return strncmp(text, prefix, sizeof prefix - 1) == 0 && strlen(text) < PASSWORD_HASH_MAX;
}

bool password_hash_verify(const char *hash, struct bytes password)
{
    return password_hash_is(hash) &&
           crypto_pwhash_str_verify(hash, (const char *)password.at, password.len) == 0;
}

bool password_hash_create(char out[PASSWORD_HASH_MAX], struct bytes password)
{
    if (crypto_pwhash_str_alg(
            out, (const char *)password.at, password.len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) == 0)
        return true;
    out[0] = '\0';
    return false;
}

/* The length of `$argon2id$v=...$m=...$`, the part that determines the cost; 0 when malformed. */
static size_t parameters_len(const char *hash)
{
    size_t dollars = 0;

    for (size_t i = 0; hash[i] != '\0'; i++)
        if (hash[i] == '$' && ++dollars == 4)
            return i + 1;
    return 0;
}

void password_hash_dummy(char out[PASSWORD_HASH_MAX], const char *like)
{
    size_t len = like != NULL && password_hash_is(like) ? parameters_len(like) : 0;

    if (len == 0 || len + sizeof no_password > PASSWORD_HASH_MAX) {
        like = new_parameters;
        len = sizeof new_parameters - 1;
    }
    memcpy(out, like, len);
    memcpy(out + len, no_password, sizeof no_password);
}
