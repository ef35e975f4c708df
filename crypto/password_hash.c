#include "crypto/password_hash.h"

#include <sodium.h>
#include <stdlib.h>

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

enum { MEMORY_MIN = crypto_pwhash_MEMLIMIT_MIN / 1024 /* KiB */ };

/* A hash that libsodium can compute by itself: one lane and a salt of 16 bytes. */
struct parts {
    uint32_t memory, passes; /* KiB; number */
    uint8_t salt[crypto_pwhash_SALTBYTES], tag[PASSWORD_HASH_MAX];
    size_t tag_len;
};

/* The number after `name`, which is at *at; moves *at past it. */
static bool read_number(const char **at, const char *name, uint32_t *number)
{
    size_t len = strlen(name);
    uint64_t n = 0;

    if (strncmp(*at, name, len) != 0)
        return false;
    for (*at += len; **at >= '0' && **at <= '9' && n <= UINT32_MAX; (*at)++)
        n = 10 * n + (uint64_t)(**at - '0');
    *number = (uint32_t)n;
    return n > 0 && n <= UINT32_MAX;
}

/* Base64 without padding, up to `end`. */
static bool read_base64(const char **at, char end, uint8_t *out, size_t size, size_t *len)
{
    const char *from = *at, *dollar = strchr(from, '$');
    size_t text_len = dollar != NULL ? (size_t)(dollar - from) : strlen(from);

    return sodium_base642bin(out, size, from, text_len, NULL, len, at,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
           *(*at)++ == end;
}

static bool read_parts(const char *hash, struct parts *parts)
{
    const char *at = hash + sizeof prefix - 1;
    uint32_t version, lanes;
    size_t salt_len;

    return read_number(&at, "v=", &version) && version == 19 &&
           read_number(&at, "$m=", &parts->memory) && read_number(&at, ",t=", &parts->passes) &&
           read_number(&at, ",p=", &lanes) && lanes == 1 && *at++ == '$' &&
           read_base64(&at, '$', parts->salt, sizeof parts->salt, &salt_len) &&
           salt_len == sizeof parts->salt &&
           read_base64(&at, '\0', parts->tag, sizeof parts->tag, &parts->tag_len) &&
           parts->tag_len >= crypto_pwhash_BYTES_MIN && parts->memory >= MEMORY_MIN;
}

/* Compute the tag, and compare it. */
static bool verify_parts(const struct parts *parts, struct bytes password, bool *no_memory)
{
    uint8_t tag[PASSWORD_HASH_MAX];
    bool right;

    right = crypto_pwhash(tag, parts->tag_len, (const char *)password.at, password.len, parts->salt,
                          parts->passes, (size_t)parts->memory * 1024,
                          crypto_pwhash_ALG_ARGON2ID13) == 0;
    *no_memory = !right; /* nothing else can fail with these parameters */
    right = right && sodium_memcmp(tag, parts->tag, parts->tag_len) == 0;
    sodium_memzero(tag, sizeof tag);
    return right;
}

/* Could the memory of such a hash be allocated? */
static bool has_memory_for(const char *hash)
{
    const char *at = hash + sizeof prefix - 1;
    uint32_t version, memory;
    void *probe;

    if (!read_number(&at, "v=", &version) || !read_number(&at, "$m=", &memory))
        return true;
    probe = malloc((size_t)memory * 1024);
    free(probe);
    return probe != NULL;
}

/* Any hash: libsodium does not say whether it had the memory. So that is tried before and after a
 * refusal; on several threads at once a lack that lasts less than the hash is not noticed. */
static bool verify_text(const char *hash, struct bytes password, bool *no_memory)
{
    bool had_memory = has_memory_for(hash);
    bool right = crypto_pwhash_str_verify(hash, (const char *)password.at, password.len) == 0;

    *no_memory = !right && (!had_memory || !has_memory_for(hash));
    return right;
}

bool password_hash_verify(const char *hash, struct bytes password, bool *no_memory)
{
    struct parts parts;

    *no_memory = false;
    if (!password_hash_is(hash))
        return false;
    if (read_parts(hash, &parts))
        return verify_parts(&parts, password, no_memory);
    return verify_text(hash, password, no_memory);
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
