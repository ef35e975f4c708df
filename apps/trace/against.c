#include "apps/trace/against.h"

#include "apps/trace/causes.h"
#include "apps/trace/derive.h"
#include "apps/trace/worksheet.h"

#include <string.h>

enum { SHOWN = 16, /* bytes of each side */ SHOWN_BEFORE = 4 /* the first difference */ };

static size_t first_difference(struct bytes a, struct bytes b)
{
    size_t i = 0;

    while (i < a.len && i < b.len && a.at[i] == b.at[i])
        i++;
    return i;
}

static void print_part(FILE *out, const char *whose, struct bytes b, size_t from)
{
    (void)fprintf(out, "    %-7s %zu bytes: %s", whose, b.len, from > 0 ? "... " : "");
    for (size_t i = from; i < b.len && i < from + SHOWN; i++)
        (void)fprintf(out, "%02x ", b.at[i]);
    (void)fputs(from + SHOWN < b.len ? "...\n" : "\n", out);
}

static bool differs(FILE *out, const char *name, struct bytes right, struct bytes got,
                    const char *cause)
{
    size_t at = first_difference(right, got);
    size_t from = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;

    (void)fprintf(out, "%-10s differs from byte %zu on\n", name, at);
    print_part(out, "right", right, from);
    print_part(out, "yours", got, from);
    (void)fprintf(out, "    usual cause: %s\n", cause);
    return false;
}

static bool same(FILE *out, const char *name, struct bytes got)
{
    (void)fprintf(out, "%-10s same, %zu bytes\n", name, got.len);
    return true;
}

static bool compare_field(FILE *out, const struct exchange *x, const struct hashed *f,
                          const struct log_file *log)
{
    const struct log_line *line = log_find(log, f->name);

    if (line == NULL || f->encoded.len == 0) {
        (void)fprintf(out, "%-10s not compared: it is not in the %s\n", f->name,
                      line == NULL ? "LOG" : "trace");
        return true;
    }
    if (bytes_equal(f->encoded, line->value))
        return same(out, f->name, line->value);
    return differs(out, f->name, f->encoded, line->value, cause_of_field(x, f, line->value));
}

/* Fields that the LOG has are hashed in the order of its lines. */
static bool compare_order(FILE *out, const struct exchange *x, const struct log_file *log)
{
    const struct log_line *before = NULL;
    struct hashed f;

    for (size_t i = 0; exchange_field(x, i, &f); i++) {
        const struct log_line *line = log_find(log, f.name);

        if (line == NULL)
            continue;
        if (before != NULL && line->number < before->number) {
            (void)fprintf(out,
                          "%-10s comes before %s in the LOG\n"
                          "    usual cause: the fields are hashed in another order; %s goes "
                          "first\n",
                          f.name, before->name, before->name);
            return false;
        }
        before = line;
    }
    return true;
}

/* A field of another method, or a name that no worksheet has. */
static bool compare_names(FILE *out, const struct exchange *x, const struct log_file *log)
{
    for (size_t i = 0; i < log->count; i++) {
        const char *name = log->lines[i].name;
        bool known = strcmp(name, "H") == 0 || strcmp(name, "session_id") == 0 ||
                     (name[0] >= 'A' && name[0] < 'A' + EXCHANGE_KEYS && name[1] == 0);
        struct hashed f;

        for (size_t j = 0; !known && exchange_field(x, j, &f); j++)
            known = strcmp(name, f.name) == 0;
        if (!known) {
            (void)fprintf(out, "%-10s is hashed in line %u of the LOG, but not by this method\n",
                          name, log->lines[i].number);
            return false;
        }
    }
    return true;
}

/* A LOG may have its K where the trace has none: then H says whether it is right. */
static struct bytes find_secret(const struct exchange *x, const struct log_file *log)
{
    const struct log_line *k = log_find(log, "K");

    return x->blobs[HASHED_K].len > 0 || k == NULL ? x->blobs[HASHED_K] : k->value;
}

static bool compare_hash(FILE *out, const struct exchange *x, const struct log_file *log,
                         struct bytes h)
{
    const struct log_line *line = log_find(log, "H");

    if (line == NULL || h.len == 0)
        return true;
    if (bytes_equal(h, line->value))
        return same(out, "H", line->value);
    return differs(out, "H", h, line->value,
                   x->hash == NULL ? "the method is not known" : cause_of_hash(x, line->value));
}

static bool compare_session_id(FILE *out, const struct exchange *x, const struct log_file *log,
                               struct bytes h)
{
    const struct log_line *line = log_find(log, "session_id");
    struct bytes right = derivation_of(x, h, 0).session_id;

    if (line == NULL || right.len == 0)
        return true;
    if (bytes_equal(right, line->value))
        return same(out, "session_id", line->value);
    return differs(out, "session_id", right, line->value,
                   bytes_equal(h, line->value)
                       ? "it is this key exchange's H: it is H of the connection's first one, and "
                         "a rekey does not change it"
                       : "it is H of the connection's first key exchange");
}

static bool compare_key(FILE *out, const struct exchange *x, const struct log_file *log,
                        struct bytes h, size_t i)
{
    const char name[] = {(char)('A' + i), 0};
    const struct log_line *line = log_find(log, name);
    struct derivation d = derivation_of(x, h, i);
    uint8_t key[EXCHANGE_KEY_MAX];
    struct bytes right = {key, derive_length(x, i)}, got;
    bool good = true;

    if (line == NULL || line->value.len == 0 || !derive_key(&d, key, EXCHANGE_KEY_MAX))
        return true;
    got = line->value;
    if (x->keys[i].len == 0)
        right.len = got.len < EXCHANGE_KEY_MAX ? got.len : EXCHANGE_KEY_MAX;
    if (bytes_equal(right, got))
        good = same(out, name, got);
    else if (bytes_equal((struct bytes){right.at, got.len}, got) && got.len < right.len)
        good = differs(out, name, right, got,
                       "it is too short: K1 || K2 || ... gives as many bytes as the cipher needs");
    else
        good = differs(out, name, right, got, cause_of_key(x, h, i, got));
    wipe(key, sizeof key);
    return good;
}

static bool compare_keys(FILE *out, const struct exchange *x, const struct log_file *log,
                         struct bytes h)
{
    for (size_t i = 0; i < EXCHANGE_KEYS; i++)
        if (!compare_key(out, x, log, h, i))
            return false;
    return true;
}

static bool compare(FILE *out, const struct exchange *x, const struct log_file *log)
{
    uint8_t digest[HASH_MAX];
    struct bytes h = {digest, worksheet_hash(x, digest)};
    struct hashed f;

    for (size_t i = 0; exchange_field(x, i, &f); i++)
        if (!compare_field(out, x, &f, log))
            return false;
    if (!compare_names(out, x, log) || !compare_order(out, x, log) ||
        !compare_hash(out, x, log, h) || !compare_session_id(out, x, log, h))
        return false;
    return x->hash == NULL || h.len == 0 || x->blobs[HASHED_K].len == 0 ||
           compare_keys(out, x, log, h);
}

bool against_print(FILE *out, const struct exchange *x, const struct log_file *log)
{
    struct exchange with_secret = *x;
    bool good;

    worksheet_print_title(out, x);
    (void)fputc('\n', out);
    with_secret.blobs[HASHED_K] = find_secret(x, log);
    if (x->blobs[HASHED_K].len == 0 && with_secret.blobs[HASHED_K].len > 0)
        (void)fputs("The trace has no K: yours is used, and H tells whether it is right.\n", out);
    good = compare(out, &with_secret, log);
    if (good)
        (void)fputs("Nothing differs.\n", out);
    return good;
}
