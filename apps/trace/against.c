#include "apps/trace/against.h"

#include "apps/trace/causes.h"
#include "apps/trace/derive.h"
#include "apps/trace/worksheet.h"
#include "transport/wire.h"

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

/* Does this K give the H that the trace has? */
static bool gives_hash(const struct exchange *x, struct bytes k)
{
    struct exchange with = *x;
    uint8_t h[HASH_MAX];

    with.blobs[HASHED_K] = k;
    return x->h.len > 0 && exchange_compute_hash(&with, h) && x->h.len == x->hash->len &&
           memcmp(h, x->h.at, x->h.len) == 0;
}

/* The K that gives the H of the trace: somebody's own, or the same bytes encoded in another way.
 * False: none of them. *k is in `room`. */
static bool find_secret(const struct exchange *x, struct bytes own, struct writer *room,
                        struct bytes *k)
{
    struct bytes content =
        own.len >= 4 && load_u32(own.at) == own.len - 4 ? bytes_from(own, 4) : own;

    for (int form = 0; form < 4; form++) {
        room->at = room->start;
        if (form == 0)
            write_bytes(room, own);
        else if (form == 1)
            write_string(room, content);
        else if (form == 2)
            write_mpint(room, content);
        else {
            write_u32(room, (uint32_t)content.len);
            for (size_t i = content.len; i > 0; i--)
                write_u8(room, content.at[i - 1]);
        }
        *k = written_bytes(room);
        if (!room->bad && gives_hash(x, *k))
            return true;
    }
    return false;
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
    else if (got.len < right.len && bytes_equal((struct bytes){right.at, got.len}, got))
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

/* The fields before K, or K. */
static bool compare_fields(FILE *out, const struct exchange *x, const struct log_file *log,
                           bool before_k)
{
    struct hashed f;

    for (size_t i = 0; exchange_field(x, i, &f); i++)
        if ((f.id != HASHED_K) == before_k && !compare_field(out, x, &f, log))
            return false;
    return true;
}

/* What comes after the fields before K. */
static bool compare(FILE *out, const struct exchange *x, const struct log_file *log)
{
    uint8_t digest[HASH_MAX];
    struct bytes h = {digest, worksheet_hash(x, digest)};

    if (!compare_fields(out, x, log, false) || !compare_names(out, x, log) ||
        !compare_order(out, x, log) || !compare_hash(out, x, log, h) ||
        !compare_session_id(out, x, log, h))
        return false;
    return x->hash == NULL || h.len == 0 || x->blobs[HASHED_K].len == 0 ||
           compare_keys(out, x, log, h);
}

/* The trace has no K. What somebody has is used instead, if the H of the trace proves it. */
static bool borrow_secret(FILE *out, struct exchange *x, const struct log_file *log,
                          struct writer *room)
{
    const struct log_line *own = log_find(log, "K");
    uint8_t h[HASH_MAX] = {0};
    struct bytes k;

    if (own == NULL || x->blobs[HASHED_K].len > 0)
        return true;
    if (x->h.len == 0) {
        (void)fputs("The trace has neither K nor H: whether yours are right is not checked.\n",
                    out);
        x->blobs[HASHED_K] = own->value;
        return true;
    }
    if (find_secret(x, own->value, room, &k)) {
        (void)fputs("The trace has no K: its H proves what K is.\n", out);
        x->blobs[HASHED_K] = k;
        return true;
    }
    x->blobs[HASHED_K] = own->value;
    if (!exchange_compute_hash(x, h)) /* other fields are missing too */
        return true;
    (void)fputs("K          is wrong: with it, H is ", out);
    worksheet_print_hex(out, (struct bytes){h, x->h.len}, false);
    (void)fputs("\n           and the trace has        ", out);
    worksheet_print_hex(out, (struct bytes){x->h.at, x->h.len}, false);
    (void)fputs("\n    usual cause: it is another secret: if both shares are right, the private "
                "number or the arithmetic is not\n",
                out);
    return false;
}

bool against_print(FILE *out, const struct exchange *x, const struct log_file *log)
{
    uint8_t bytes[4096];
    struct writer room = write_to(bytes, sizeof bytes);
    struct exchange with_secret = *x;
    bool good;

    worksheet_print_title(out, x);
    (void)fputc('\n', out);
    good = compare_fields(out, &with_secret, log, true) &&
           borrow_secret(out, &with_secret, log, &room) && compare(out, &with_secret, log);
    wipe(bytes, sizeof bytes);
    if (good)
        (void)fputs("Nothing differs.\n", out);
    return good;
}
