#include "apps/trace/exchange.h"

#include <stdlib.h>
#include <string.h>

#define IS(when) (1U << WHEN_##when)

/* The fields in the order of the hash. RFC 4253 section 8, RFC 4419 section 3, RFC 5656 section 4,
 * RFC 9941 section 3, draft-ietf-sshm-mlkem-hybrid-kex section 2.4 */
/* clang-format off */
static const struct row {
    enum hashed_name id;
    const char *name;
    enum field_type type;
    unsigned methods; /* by enum message_when; 0: all */
    const char *about;
} rows[] = {
    {HASHED_V_C, "V_C", FIELD_STRING, 0, "the client's identification, without CR LF"},
    {HASHED_V_S, "V_S", FIELD_STRING, 0, "the server's identification, without CR LF"},
    {HASHED_I_C, "I_C", FIELD_STRING, 0, "the payload of the client's KEXINIT, which begins with its number, 20"},
    {HASHED_I_S, "I_S", FIELD_STRING, 0, "the payload of the server's KEXINIT"},
    {HASHED_K_S, "K_S", FIELD_STRING, 0, "the host key: its algorithm's name, then the key"},
    {HASHED_MIN, "min", FIELD_UINT32, IS(GEX), "the smallest group that the client accepts, in bits"},
    {HASHED_N, "n", FIELD_UINT32, IS(GEX), "the group that it prefers"},
    {HASHED_MAX, "max", FIELD_UINT32, IS(GEX), "the largest"},
    {HASHED_P, "p", FIELD_MPINT, IS(GEX), "the group's prime"},
    {HASHED_G, "g", FIELD_MPINT, IS(GEX), "its generator"},
    {HASHED_SHARE_C, "e", FIELD_MPINT, IS(DH) | IS(GEX), "the client's share"},
    {HASHED_SHARE_C, "Q_C", FIELD_STRING, IS(ECDH) | IS(CURVE25519) | IS(SNTRUP761), "the client's share"},
    {HASHED_SHARE_C, "C_INIT", FIELD_STRING, IS(MLKEM768), "the client's share: ML-KEM's key, then X25519's"},
    {HASHED_SHARE_S, "f", FIELD_MPINT, IS(DH) | IS(GEX), "the server's share"},
    {HASHED_SHARE_S, "Q_S", FIELD_STRING, IS(ECDH) | IS(CURVE25519) | IS(SNTRUP761), "the server's share"},
    {HASHED_SHARE_S, "S_REPLY", FIELD_STRING, IS(MLKEM768), "the server's share: ML-KEM's ciphertext, then X25519's key"},
    {HASHED_K, "K", FIELD_MPINT, 0, "the shared secret"},
};
/* clang-format on */

enum { ROWS = sizeof rows / sizeof rows[0] };

/* An old client sends only n: RFC 4419 section 5. */
static bool is_hashed(const struct exchange *x, const struct row *row)
{
    bool old = x->blobs[HASHED_N].len > 0 && x->blobs[HASHED_MIN].len == 0;

    if (row->methods == 0)
        return true;
    if (x->kex == NULL || (row->methods & 1U << x->kex->when) == 0)
        return false;
    return !(old && (row->id == HASHED_MIN || row->id == HASHED_MAX));
}

bool exchange_field(const struct exchange *x, size_t i, struct hashed *field)
{
    for (size_t r = 0; r < ROWS; r++) {
        const struct row *row = &rows[r];
        struct bytes blob = x->blobs[row->id];
        bool is_string = row->id == HASHED_K && x->kex != NULL && x->kex->secret_is_string;

        if (!is_hashed(x, row) || i-- > 0)
            continue;
        *field = (struct hashed){row->id,    row->name, is_string ? FIELD_STRING : row->type,
                                 row->about, blob,      blob};
        if (blob.len >= 4 && row->type != FIELD_UINT32)
            field->value = bytes_from(blob, 4);
        return true;
    }
    return false;
}

void exchange_add_piece(struct exchange_pieces *p, struct bytes piece)
{
    p->at[p->count++] = piece;
}

bool exchange_hash_pieces(const struct hash_method *method, const struct exchange_pieces *p,
                          uint8_t *out)
{
    struct hash h;

    if (!hash_start(&h, method))
        return false;
    for (size_t i = 0; i < p->count; i++)
        hash_update(&h, p->at[i]);
    return hash_finish(&h, out);
}

bool exchange_compute_hash(const struct exchange *x, uint8_t *h)
{
    struct exchange_pieces pieces = {.count = 0};
    struct hashed field;

    for (size_t i = 0; exchange_field(x, i, &field); i++) {
        if (field.encoded.len == 0)
            return false;
        exchange_add_piece(&pieces, field.encoded);
    }
    return x->hash != NULL && exchange_hash_pieces(x->hash, &pieces, h);
}
