#include "apps/files/password_entry.h"

#include "crypto/base64.h"
#include "apps/files/line.h"
#include "apps/session/number.h"

static const char hash_start[] = "$argon2";
static const char hash_prefix[] = "$argon2id$v=19$";

enum {
    MEMORY_MAX = 1 << 20, /* KiB */
    PASSES_MAX = 16,
    LANES_MAX = 255,
    SALT_MIN = 11,        /* characters: 8 bytes */
    TAG_MIN = 22,         /* characters: 16 bytes */
    SCHEME_HASH_MIN = 13, /* characters of the shortest hash after a `{SCHEME}`: DES */
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

/* Is the hash a complete Argon2id hash? Copies it to entry->hash. */
static bool is_good_hash(struct password_entry *entry)
{
    struct cost cost;

    if (entry->password.len >= sizeof entry->hash)
        return false;
    memcpy(entry->hash, entry->password.at, entry->password.len);
    entry->hash[entry->password.len] = '\0';
    /* a NUL would hide the rest from the hash function */
    return strlen(entry->hash) == entry->password.len && read_hash(entry->hash, &cost);
}

static bool is_one_of(uint8_t c, const char *others)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr(others, c) != NULL);
}

/* How many bytes at the front are letters, digits or one of `others`? */
static size_t run_of(struct bytes text, const char *others)
{
    size_t n = 0;

    while (n < text.len && is_one_of(text.at[n], others))
        n++;
    return n;
}

/* `$id$...`, as crypt(5) has it, or the beginning of an Argon2 hash. */
static bool looks_like_crypt(struct bytes password)
{
    size_t id;

    if (password.len >= sizeof hash_start - 1 &&
        memcmp(password.at, hash_start, sizeof hash_start - 1) == 0)
        return true;
    if (password.len == 0 || password.at[0] != '$')
        return false;
    id = run_of(bytes_from(password, 1), ",.=_/+-");
    return id > 0 && id + 1 < password.len && password.at[id + 1] == '$';
}

/* `{SCHEME}` and a hash, as in LDAP (RFC 2307) and in htpasswd's files. */
static bool looks_like_scheme(struct bytes password)
{
    size_t name;

    if (password.len == 0 || password.at[0] != '{')
        return false;
    name = run_of(bytes_from(password, 1), "._-");
    if (name == 0 || name + 1 >= password.len || password.at[name + 1] != '}')
        return false;
    password = bytes_from(password, name + 2);
    return password.len >= SCHEME_HASH_MIN && run_of(password, "$./+=,_-") == password.len;
}

static enum password_kind kind_of(struct password_entry *entry, bool has_end)
{
    struct bytes password = entry->password;

    if (password.len == 0)
        return PASSWORD_EMPTY;
    if (password.at[0] == '*' || password.at[0] == '!')
        return PASSWORD_LOCKED;
    if (looks_like_crypt(password))
        return is_good_hash(entry) ? PASSWORD_HASHED : PASSWORD_UNUSABLE;
    if (looks_like_scheme(password))
        return PASSWORD_UNUSABLE;
    return has_end ? PASSWORD_PLAIN : PASSWORD_UNFINISHED;
}

bool password_entry_counts(const struct password_entry *entry)
{
    return entry->kind == PASSWORD_PLAIN || entry->kind == PASSWORD_HASHED;
}

const char *password_entry_problem(const struct password_entry *entry)
{
    static const char *const problems[] = {
        [PASSWORD_UNUSABLE] =
            "unusable password hash, so this user cannot log in; it must be a complete "
            "$argon2id$v=19$... of at most 1 GiB: set the password with nacre-passwd",
        [PASSWORD_EMPTY] = "empty password, so this user cannot log in; set one with nacre-passwd, "
                           "or remove the line",
        [PASSWORD_LOCKED] = "the password begins with '*' or '!', which mean no login, so this "
                            "user cannot log in; set another one with nacre-passwd, or remove the "
                            "line",
        [PASSWORD_UNFINISHED] = "the last line has no line end and may be incomplete, so this user "
                                "cannot log in; end the line with a newline",
    };

    if (entry->kind == PASSWORD_PLAIN && entry->cut)
        return "the password ends at the second colon, and what follows is ignored; to use a "
               "password that contains ':', set it with nacre-passwd";
    return problems[entry->kind];
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
        const uint8_t *end = text->at + text->len;
        struct bytes whole = line_next(text);
        struct bytes line = without_trailing_space(whole);

        entry->line++;
        entry->user = up_to_colon(&line);
        if (line.at == NULL)
            continue;
        entry->password = up_to_colon(&line);
        entry->cut = line.at != NULL;
        entry->kind = kind_of(entry, whole.at + whole.len < end);
        return true;
    }
    return false;
}
