#include "auth/proved.h"

#include "auth/method.h"
#include "auth/parts.h"
#include "transport/hostkey.h"

#include <stdlib.h>
#include <string.h>

/* At a server a method succeeds once, so it has three at most. A client's server may want more of
 * them; the rest is left out. */
enum { FACTORS_MAX = 4 };

struct proved_key {
    const char *algorithm; /* static text */
    size_t len, comment_size;
    char fingerprint[FINGERPRINT_MAX];
    uint8_t bytes[]; /* the blob; then the comment with its NUL */
};

/* A method that has succeeded. Small, because an idle session keeps it. */
struct factor {
    struct factor *next;
    const char *method; /* static text */
    struct proved_key *key;
    void *attached;
    void (*release)(void *attached);
};

void claim_drop(struct claim *claim)
{
    if (claim->release != NULL)
        claim->release(claim->attached);
    free(claim->comment);
    *claim = (struct claim){.also = 0};
}

/* ---- adding ---- */

static size_t key_size(size_t len, size_t comment_size)
{
    return sizeof(struct proved_key) + len + comment_size;
}

static struct proved_key *make_key(struct pool *pool, const struct claim *claim)
{
    const char *comment = claim->comment != NULL ? claim->comment : "";
    size_t comment_size = strlen(comment) + 1;
    struct proved_key *key = pool_allocate(pool, key_size(claim->key.len, comment_size));

    if (key == NULL)
        return NULL;
    key->algorithm = claim->algorithm;
    key->len = claim->key.len;
    key->comment_size = comment_size;
    key_blob_fingerprint(claim->key, key->fingerprint);
    memcpy(key->bytes, claim->key.at, key->len);
    memcpy(key->bytes + key->len, comment, comment_size);
    return key;
}

/* The place after the last factor; NULL: there are as many as there may be. */
static struct factor **find_end(struct nacre_login *login)
{
    struct factor **end = &login->first;

    for (unsigned i = 0; *end != NULL; i++) {
        if (i + 1 == FACTORS_MAX)
            return NULL;
        end = &(*end)->next;
    }
    return end;
}

bool login_add(struct auth *a, struct claim *claim)
{
    struct pool *pool = transport_pool(a->transport);
    struct factor **end = find_end(&a->login), *factor;

    if (end == NULL)
        return true;
    factor = pool_allocate(pool, sizeof *factor);
    if (factor == NULL)
        return false;
    *end = factor;
    factor->method = auth_listed_name(a->method);
    if (claim->key.len > 0) {
        factor->key = make_key(pool, claim);
        if (factor->key == NULL)
            return false;
    }
    factor->attached = claim->attached;
    factor->release = claim->release;
    claim->attached = NULL;
    claim->release = NULL;
    return true;
}

void login_clear(struct auth *a)
{
    struct pool *pool = transport_pool(a->transport);
    struct factor *next;

    for (struct factor *factor = a->login.first; factor != NULL; factor = next) {
        next = factor->next;
        if (factor->release != NULL)
            factor->release(factor->attached);
        if (factor->key != NULL)
            pool_release(pool, factor->key, key_size(factor->key->len, factor->key->comment_size));
        pool_release(pool, factor, sizeof *factor);
    }
    a->login.first = NULL;
}

/* ---- reading ---- */

const char *nacre_login_user(const struct nacre_login *login)
{
    const char *auth = (const char *)login - offsetof(struct auth, login);

    return auth_user((const struct auth *)(const void *)auth);
}

const char *nacre_login_method(const struct nacre_login *login, size_t i)
{
    const struct factor *factor = login->first;

    for (; factor != NULL && i > 0; i--)
        factor = factor->next;
    return factor != NULL ? factor->method : NULL;
}

/* The last one. */
static const struct proved_key *key_of(const struct nacre_login *login)
{
    const struct proved_key *key = NULL;

    for (const struct factor *factor = login->first; factor != NULL; factor = factor->next)
        if (factor->key != NULL)
            key = factor->key;
    return key;
}

const uint8_t *nacre_login_key(const struct nacre_login *login, size_t *len)
{
    const struct proved_key *key = key_of(login);

    *len = key != NULL ? key->len : 0;
    return key != NULL ? key->bytes : NULL;
}

const char *nacre_login_key_algorithm(const struct nacre_login *login)
{
    const struct proved_key *key = key_of(login);

    return key != NULL ? key->algorithm : NULL;
}

const char *nacre_login_fingerprint(const struct nacre_login *login)
{
    const struct proved_key *key = key_of(login);

    return key != NULL ? key->fingerprint : NULL;
}

const char *nacre_login_key_comment(const struct nacre_login *login)
{
    const struct proved_key *key = key_of(login);

    return key != NULL ? (const char *)key->bytes + key->len : NULL;
}

void *nacre_login_attached(const struct nacre_login *login, const char *method)
{
    void *attached = NULL;

    for (const struct factor *factor = login->first; factor != NULL; factor = factor->next)
        if (factor->attached != NULL && (method == NULL || strcmp(factor->method, method) == 0))
            attached = factor->attached;
    return attached;
}
