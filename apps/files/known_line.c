#include "apps/files/known_line.h"

#include "crypto/base64.h"
#include "apps/files/line.h"
#include "apps/files/public_key.h"
#include "crypto/hmac.h"
#include "crypto/random.h"

#include <stdio.h>
#include <string.h>

enum { SHA1 = 20 }; /* bytes */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* Cut the next word off the front; empty at the end. */
static struct bytes next_word(struct bytes *rest)
{
    struct bytes word;

    while (rest->len > 0 && is_blank(*rest->at))
        *rest = bytes_from(*rest, 1);
    word = *rest;
    word.len = 0;
    while (word.len < rest->len && !is_blank(rest->at[word.len]))
        word.len++;
    *rest = bytes_from(*rest, word.len);
    return word;
}

static void read_fields(struct known_line *line, struct bytes rest)
{
    struct bytes word = next_word(&rest);

    if (word.len == 0 || word.at[0] == '#')
        return;
    if (bytes_are(word, "@revoked"))
        line->marker = KNOWN_REVOKED;
    else if (bytes_are(word, "@cert-authority"))
        line->marker = KNOWN_CERT_AUTHORITY;
    else if (word.at[0] == '@')
        line->wrong = "unknown marker; @revoked and @cert-authority are known";
    line->hosts = line->marker == KNOWN_PLAIN ? word : next_word(&rest);
    line->type = next_word(&rest);
    line->key = next_word(&rest);
    if (line->wrong == NULL && line->key.len == 0)
        line->wrong = "not HOSTS TYPE KEY";
}

bool known_line_next(struct bytes *text, struct known_line *line)
{
    const uint8_t *nul;
    struct bytes whole;

    *line = (struct known_line){.marker = KNOWN_PLAIN};
    if (text->len == 0)
        return false;
    whole = line_next(text);
    nul = whole.len > 0 ? memchr(whole.at, 0, whole.len) : NULL;
    if (nul != NULL)
        whole.len = (size_t)(nul - whole.at); /* as ssh reads it: nothing hides a revoked key */
    if (whole.len > 0 && whole.at[whole.len - 1] == '\r')
        whole.len--;
    read_fields(line, whole);
    return true;
}

/* ---- names ---- */

/* Comma-separated patterns; one with a leading '!' that matches overrules all others. */
static bool is_listed(struct bytes list, const char *name)
{
    struct bytes pattern;
    bool found = false;

    while (next_name(&list, &pattern)) {
        bool negated = pattern.at[0] == '!';

        if (!bytes_match(bytes_from(pattern, negated), bytes_of(name), true))
            continue;
        if (negated)
            return false;
        found = true;
    }
    return found;
}

static bool hash_name(const char *name, struct bytes salt, uint8_t out[SHA1])
{
    struct bytes text = bytes_of(name);
    struct hmac m;
    bool good = hmac_init(&m, &hash_sha1, salt) && hmac_compute(&m, &text, 1, out);

    hmac_clear(&m);
    return good;
}

/* "|1|salt|hash" */
static bool is_hash_of(struct bytes field, const char *name, const char **wrong)
{
    uint8_t salt[SHA1 + 4], hash[SHA1 + 4], ours[SHA1];
    struct bytes rest = bytes_from(field, field.len < 3 ? field.len : 3);
    const uint8_t *bar = rest.len > 0 ? memchr(rest.at, '|', rest.len) : NULL;
    size_t salt_len = 0, hash_len = 0, first = bar == NULL ? 0 : (size_t)(bar - rest.at);

    if (bar == NULL || memcmp(field.at, "|1|", 3) != 0 ||
        !base64_decode(salt, sizeof salt, &salt_len, (struct bytes){rest.at, first}) ||
        !base64_decode(hash, sizeof hash, &hash_len, bytes_from(rest, first + 1)) ||
        salt_len != SHA1 || hash_len != SHA1) {
        *wrong = "the hashed host is not |1|SALT|HASH";
        return false;
    }
    return hash_name(name, (struct bytes){salt, SHA1}, ours) && memcmp(ours, hash, SHA1) == 0;
}

bool known_line_is_for(const struct known_line *line, const char *name, const char **wrong)
{
    *wrong = NULL;
    if (line->hosts.len > 0 && line->hosts.at[0] == '|')
        return is_hash_of(line->hosts, name, wrong);
    return is_listed(line->hosts, name);
}

bool known_line_hash(const char *name, char out[KNOWN_HASHED_MAX])
{
    char salt_text[BASE64_MAX(SHA1)], hash_text[BASE64_MAX(SHA1)];
    uint8_t salt[SHA1], hash[SHA1];

    random_fill(&random_system, salt, sizeof salt);
    if (!hash_name(name, (struct bytes){salt, SHA1}, hash))
        return false;
    (void)base64_encode(salt_text, (struct bytes){salt, SHA1});
    (void)base64_encode(hash_text, (struct bytes){hash, SHA1});
    (void)snprintf(out, KNOWN_HASHED_MAX, "|1|%s|%s", salt_text, hash_text);
    return true;
}

/* ---- the key ---- */

struct bytes known_line_key(const struct known_line *line, uint8_t out[KEY_BLOB_MAX],
                            const char **wrong)
{
    struct bytes blob;

    *wrong = public_key_read(line->type, line->key, out, &blob);
    return *wrong == NULL ? blob : (struct bytes){NULL, 0};
}
