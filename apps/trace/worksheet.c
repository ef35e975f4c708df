#include "apps/trace/worksheet.h"

#include "apps/trace/derive.h"

#include <string.h>

void worksheet_print_hex(FILE *out, struct bytes b, bool has_length)
{
    for (size_t i = 0; i < b.len; i++)
        (void)fprintf(out, "%s%02x", has_length && i == 4 ? " " : "", b.at[i]);
}

void worksheet_print_title(FILE *out, const struct exchange *x)
{
    (void)fprintf(out, "connection %llu, key exchange %u: %s", (unsigned long long)x->conn,
                  x->number, x->kex == NULL ? "unknown method" : x->kex->name);
    if (x->kex != NULL)
        (void)fprintf(out, " with %s", x->kex->hash);
}

/* "string", "mpint", "uint32" */
static void print_field(FILE *out, const struct hashed *f)
{
    if (f->encoded.len == 0) {
        (void)fprintf(out, "# %s: %s, %s: not in this trace%s\n", f->name, field_type_name(f->type),
                      f->about,
                      f->id == HASHED_K ? "; record it with --unsafe-keylog or --study" : "");
        return;
    }
    (void)fprintf(out, "# %s: %s of %zu bytes, %s\n%s = ", f->name, field_type_name(f->type),
                  f->value.len, f->about, f->name);
    worksheet_print_hex(out, f->encoded, f->type != FIELD_UINT32);
    (void)fputc('\n', out);
}

size_t worksheet_hash(const struct exchange *x, uint8_t *h)
{
    if (exchange_compute_hash(x, h))
        return x->hash->len;
    memcpy(h, x->h.at, x->h.len);
    return x->h.len;
}

static void print_hash(FILE *out, const struct exchange *x, struct bytes h)
{
    uint8_t computed[HASH_MAX];
    bool all = exchange_compute_hash(x, computed);

    if (h.len == 0) {
        (void)fprintf(out, "# H: not in this trace, and it cannot be computed\n");
        return;
    }
    if (!all)
        (void)fprintf(out, "# H, from the trace: it cannot be computed without the fields that "
                           "are missing above\n");
    else if (x->h.len == 0)
        (void)fprintf(out, "# H = %s of all of the above\n", x->kex->hash);
    else if (bytes_equal(h, (struct bytes){x->h.at, x->h.len}))
        (void)fprintf(out, "# H = %s of all of the above; the trace has the same\n", x->kex->hash);
    else
        (void)fprintf(out, "# H = %s of all of the above; the trace DIFFERS\n", x->kex->hash);
    (void)fputs("H = ", out);
    worksheet_print_hex(out, h, false);
    (void)fputs("\n# session_id: H of the connection's first key exchange\n", out);
    if (x->session_id.len > 0 || x->number == 1) {
        (void)fputs("session_id = ", out);
        worksheet_print_hex(out, derivation_of(x, h, 0).session_id, false);
        (void)fputc('\n', out);
    } else {
        (void)fputs("# it is not in this trace\n", out);
    }
}

static void print_key(FILE *out, const struct exchange *x, struct bytes h, size_t i)
{
    struct derivation d = derivation_of(x, h, i);
    const struct exchange_digest *known = &x->keys[i];
    uint8_t key[EXCHANGE_KEY_MAX];
    size_t len = derive_length(x, i);

    (void)fprintf(out, "# %c: %s", d.letter, derive_about(i));
    if (len == 0)
        (void)fputs(": this cipher takes none\n", out);
    if (len == 0 || !derive_key(&d, key, len))
        return;
    if (known->len == 0)
        (void)fputs("; how many bytes the cipher takes is not in this trace\n", out);
    else
        (void)fprintf(out, ", %zu bytes; the trace %s\n", len,
                      memcmp(known->at, key, len) == 0 ? "has the same" : "DIFFERS");
    (void)fprintf(out, "%c = ", d.letter);
    worksheet_print_hex(out, (struct bytes){key, len}, false);
    (void)fputc('\n', out);
    wipe(key, sizeof key);
}

static void print_keys(FILE *out, const struct exchange *x, struct bytes h)
{
    bool possible = x->hash != NULL && h.len > 0 && x->blobs[HASHED_K].len > 0 &&
                    derivation_of(x, h, 0).session_id.len > 0;

    if (!possible) {
        (void)fprintf(out, "# A to F: they cannot be derived without K, H and session_id\n");
        return;
    }
    (void)fprintf(out,
                  "# K1 = %s(K || H || letter || session_id), K2 = %s(K || H || K1), and so on;\n"
                  "# a key is the beginning of K1 || K2 || ... (RFC 4253 section 7.2)\n",
                  x->kex->hash, x->kex->hash);
    for (size_t i = 0; i < EXCHANGE_KEYS; i++)
        print_key(out, x, h, i);
}

void worksheet_print(FILE *out, const struct exchange *x)
{
    uint8_t h[HASH_MAX];
    struct hashed field;
    size_t len = worksheet_hash(x, h);

    (void)fputs("# ", out);
    worksheet_print_title(out, x);
    (void)fputs("\n# What is hashed, in this order; the first 4 bytes of a string or an mpint are "
                "its length\n",
                out);
    for (size_t i = 0; exchange_field(x, i, &field); i++)
        print_field(out, &field);
    if (x->kex == NULL)
        (void)fputs("# the shares: the method is not in this trace, or nacre does not know it\n",
                    out);
    print_hash(out, x, (struct bytes){h, len});
    print_keys(out, x, (struct bytes){h, len});
    wipe(h, sizeof h);
}
