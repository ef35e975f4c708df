#include "apps/files/password_entry.h"

#include "apps/files/base64.h"
#include "apps/files/line.h"
#include "apps/session/number.h"

static const char hash_start[] = "$argon2";
static const char hash_prefix[] = "$argon2id$v=19$";

enum {
    MEMORY_MAX = 1 << 20, /* KiB */
    PASSES_MAX = 16,
    LANES_MAX = 255,
    SALT_MIN = 11, /* characters: 8 bytes */
    TAG_MIN = 22,  /* characters: 16 bytes */
};

/* The cost parameters of a hash: `m=65536,t=2,p=1`. */
struct cost {
    unsigned memory; /* KiB */
    unsigned passes;
    unsigned lanes;
};

/* A number after `name`, from 1 to `max`, without leading zeros; moves *at past it. */
static bool read_cost(const char **at, const char *name, unsigned max, unsigned *value)
{
    uint64_t n;

    if (strncmp(*at, name, strlen(name)) != 0)
        return false;
    *at += strlen(name);
    if (**at == '0' || !number_read(at, 1, max, &n))
        return false;
    *value = (unsigned)n;
    return true;
}

static size_t base64_run(const char *text)
{
    size_t n = 0;

    while (base64_has((uint8_t)text[n]))
        n++;
    return n;
}

/* False: malformed, or too costly. */
static bool read_hash(const char *hash, struct cost *cost)
{
    const char *at = hash + sizeof hash_prefix - 1;
    size_t salt;

    if (strncmp(hash, hash_prefix, sizeof hash_prefix - 1) != 0 ||
        !read_cost(&at, "m=", MEMORY_MAX, &cost->memory) ||
        !read_cost(&at, ",t=", PASSES_MAX, &cost->passes) ||
        !read_cost(&at, ",p=", LANES_MAX, &cost->lanes) || *at++ != '$')
        return false;
    salt = base64_run(at);
    if (salt < SALT_MIN || at[salt] != '$')
        return false;
    at += salt + 1;
    return base64_run(at) >= TAG_MIN && at[base64_run(at)] == '\0' &&
           cost->memory >= 8 * cost->lanes;
}

uint64_t password_cost(const char *hash)
{
    struct cost cost;

    return read_hash(hash, &cost) ? (uint64_t)cost.memory * cost.passes : 0;
}

bool password_costs_equal(const char *a, const char *b)
{
    struct cost of_a, of_b;

    return read_hash(a, &of_a) && read_hash(b, &of_b) && of_a.memory == of_b.memory &&
           of_a.passes == of_b.passes && of_a.lanes == of_b.lanes;
}

/* As Python's bytes.rstrip() does. */
static struct bytes without_trailing_space(struct bytes line)
{
    while (line.len > 0 && line.at[line.len - 1] != '\0' &&
           strchr(" \t\n\r\v\f", line.at[line.len - 1]) != NULL)
        line.len--;
    return line;
}

static enum password_kind kind_of(struct password_entry *entry)
{
    struct cost cost;

    if (entry->password.len < sizeof hash_start - 1 ||
        memcmp(entry->password.at, hash_start, sizeof hash_start - 1) != 0)
        return PASSWORD_PLAIN;
    if (entry->password.len >= sizeof entry->hash)
        return PASSWORD_UNUSABLE;
    memcpy(entry->hash, entry->password.at, entry->password.len);
    entry->hash[entry->password.len] = '\0';
    /* a NUL would hide the rest from the hash function */
    return strlen(entry->hash) == entry->password.len && read_hash(entry->hash, &cost)
               ? PASSWORD_HASHED
               : PASSWORD_UNUSABLE;
}

/* Cut the text up to the next colon off the front, with the colon; *line is NULL when there is
 * none. */
static struct bytes up_to_colon(struct bytes *line)
{
    const uint8_t *colon = line->len > 0 ? memchr(line->at, ':', line->len) : NULL;
    struct bytes field = *line;

    *line = (struct bytes){NULL, 0};
    if (colon != NULL) {
        size_t len = (size_t)(colon - field.at);

        *line = (struct bytes){colon + 1, field.len - len - 1};
        field.len = len;
    }
    return field;
}

bool password_entry_next(struct bytes *text, struct password_entry *entry)
{
    while (text->len > 0) {
        struct bytes line = without_trailing_space(line_next(text));

        entry->line++;
        entry->user = up_to_colon(&line);
        if (line.at == NULL)
            continue;
        entry->password = up_to_colon(&line);
        entry->kind = kind_of(entry);
        return true;
    }
    return false;
}
