/* Uses libcrypto's plain SHA calls: like its EVP calls they use the CPU's SHA instructions, but
 * they work on our state, without allocation, lock or fetch. OpenSSL 3 marks them as deprecated in
 * favour of EVP; README.md has the figures that justify them. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/hash.h"

#include <openssl/md5.h>
#include <openssl/sha.h>

_Static_assert(sizeof(SHA512_CTX) <= sizeof(((struct hash *)0)->state), "state too small");
_Static_assert(sizeof(SHA256_CTX) <= sizeof(((struct hash *)0)->state), "state too small");
_Static_assert(sizeof(SHA_CTX) <= sizeof(((struct hash *)0)->state), "state too small");
_Static_assert(sizeof(MD5_CTX) <= sizeof(((struct hash *)0)->state), "state too small");

static bool md5_start(void *state)
{
    return MD5_Init(state) == 1;
}

static bool md5_update(void *state, const uint8_t *data, size_t len)
{
    return MD5_Update(state, data, len) == 1;
}

static bool md5_finish(void *state, uint8_t *digest)
{
    return MD5_Final(digest, state) == 1;
}

const struct hash_method hash_md5 = {
    .name = "md5",
    .len = MD5_DIGEST_LENGTH,
    .block_len = MD5_CBLOCK,
    .state_len = sizeof(MD5_CTX),
    .start = md5_start,
    .update = md5_update,
    .finish = md5_finish,
};

static bool sha1_start(void *state)
{
    return SHA1_Init(state) == 1;
}

static bool sha1_update(void *state, const uint8_t *data, size_t len)
{
    return SHA1_Update(state, data, len) == 1;
}

static bool sha1_finish(void *state, uint8_t *digest)
{
    return SHA1_Final(digest, state) == 1;
}

const struct hash_method hash_sha1 = {
    .name = "sha1",
    .len = SHA_DIGEST_LENGTH,
    .block_len = SHA_CBLOCK,
    .state_len = sizeof(SHA_CTX),
    .start = sha1_start,
    .update = sha1_update,
    .finish = sha1_finish,
};

static bool sha256_start(void *state)
{
    return SHA256_Init(state) == 1;
}

static bool sha256_update(void *state, const uint8_t *data, size_t len)
{
    return SHA256_Update(state, data, len) == 1;
}

static bool sha256_finish(void *state, uint8_t *digest)
{
    return SHA256_Final(digest, state) == 1;
}

const struct hash_method hash_sha256 = {
    .name = "sha256",
    .len = SHA256_DIGEST_LENGTH,
    .block_len = SHA256_CBLOCK,
    .state_len = sizeof(SHA256_CTX),
    .start = sha256_start,
    .update = sha256_update,
    .finish = sha256_finish,
};

static bool sha384_start(void *state)
{
    return SHA384_Init(state) == 1;
}

/* SHA-384 is SHA-512 with another initial value and a truncated result. */
static bool sha512_start(void *state)
{
    return SHA512_Init(state) == 1;
}

static bool sha512_update(void *state, const uint8_t *data, size_t len)
{
    return SHA512_Update(state, data, len) == 1;
}

static bool sha512_finish(void *state, uint8_t *digest)
{
    return SHA512_Final(digest, state) == 1;
}

const struct hash_method hash_sha384 = {
    .name = "sha384",
    .len = SHA384_DIGEST_LENGTH,
    .block_len = SHA512_CBLOCK,
    .state_len = sizeof(SHA512_CTX),
    .start = sha384_start,
    .update = sha512_update,
    .finish = sha512_finish, /* the state contains the digest's length */
};

const struct hash_method hash_sha512 = {
    .name = "sha512",
    .len = SHA512_DIGEST_LENGTH,
    .block_len = SHA512_CBLOCK,
    .state_len = sizeof(SHA512_CTX),
    .start = sha512_start,
    .update = sha512_update,
    .finish = sha512_finish,
};

bool hash_start(struct hash *h, const struct hash_method *method)
{
    h->method = method;
    h->failed = !method->start(h->state);
    return !h->failed;
}

void hash_update(struct hash *h, struct bytes data)
{
    if (!h->failed && data.len > 0)
        h->failed = !h->method->update(h->state, data.at, data.len);
}

bool hash_finish(struct hash *h, uint8_t *out)
{
    bool done = !h->failed && h->method->finish(h->state, out);

    if (!done)
        memset(out, 0, h->method->len);
    hash_abandon(h);
    return done;
}

void hash_abandon(struct hash *h)
{
    wipe(h->state, sizeof h->state);
    h->failed = true;
}

bool hash_copy(struct hash *to, const struct hash *from)
{
    to->method = from->method;
    to->failed = from->failed;
    memcpy(to->state, from->state, from->method->state_len);
    return !to->failed;
}

bool hash_of(const struct hash_method *method, struct bytes data, uint8_t *out)
{
    struct hash h;

    hash_start(&h, method);
    hash_update(&h, data);
    return hash_finish(&h, out);
}
