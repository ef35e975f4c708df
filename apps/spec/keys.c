#include "apps/spec/keys.h"

#include "apps/spec/exchange.h"
#include "apps/spec/trace.h"

enum { KEY_LEN_MAX = 64, STREAM_MAX = 256 };

static void write_share(const struct peer *p, struct writer *w, struct bytes share)
{
    if (p->x.chosen.kex->share_is_mpint || p->x.gex != NULL)
        write_mpint(w, share);
    else
        write_string(w, share);
}

/* RFC 4253 section 8:
 *     string    V_C, V_S
 *     string    I_C, I_S
 *     string    K_S
 *     mpint     e, f; or string Q_C, Q_S (RFC 5656 section 4)
 *     mpint     K; or string (the hybrids)
 * RFC 4419 section 3 puts uint32 min, n, max and mpint p, g before e. */
bool compute_hash(struct peer *p, struct bytes theirs)
{
    struct writer w = write_to(p->scratch, SCRATCH_ROOM);
    const enum nacre_role order[] = {NACRE_CLIENT, NACRE_SERVER};

    for (int i = 0; i < 2; i++)
        write_string(&w,
                     (struct bytes){(const uint8_t *)p->ident[order[i]], p->ident_len[order[i]]});
    for (int i = 0; i < 2; i++)
        write_string(&w, p->x.payload[order[i]]);
    write_string(&w, p->x.host_key);
    if (p->x.gex != NULL)
        gex_write_hashed(p, &w);
    write_share(p, &w, p->role == NACRE_CLIENT ? p->x.own_share : theirs);
    write_share(p, &w, p->role == NACRE_CLIENT ? theirs : p->x.own_share);
    write_bytes(&w, (struct bytes){p->x.secret, p->x.secret_len});
    if (w.bad || !hash_of(p->x.chosen.kex->hash, written_bytes(&w), p->x.hash))
        return false;
    p->x.hash_len = p->x.chosen.kex->hash->len;
    trace_hash(p);
    trace_secret(p, 'K', (struct bytes){p->x.secret, p->x.secret_len});
    if (p->session_id_len == 0) {
        memcpy(p->session_id, p->x.hash, p->x.hash_len);
        p->session_id_len = p->x.hash_len;
    }
    return true;
}

/* RFC 4253 section 7.2: K1 = HASH(K || H || X || session_id), K2 = HASH(K || H || K1)... */
static bool derive(struct peer *p, char letter, uint8_t *out, size_t need)
{
    const struct hash_method *method = p->x.chosen.kex->hash;
    uint8_t text[KEX_SECRET_MAX + 8 + 2 * HASH_MAX + 1 + STREAM_MAX], stream[STREAM_MAX] = {0};
    bool good = true;

    for (size_t have = 0; good && have < need; have += method->len) {
        struct writer w = write_to(text, sizeof text);

        write_bytes(&w, (struct bytes){p->x.secret, p->x.secret_len});
        write_bytes(&w, (struct bytes){p->x.hash, p->x.hash_len});
        if (have == 0)
            write_u8(&w, (uint8_t)letter);
        write_bytes(&w, have == 0 ? (struct bytes){p->session_id, p->session_id_len}
                                  : (struct bytes){stream, have});
        good = !w.bad && hash_of(method, written_bytes(&w), stream + have);
    }
    memcpy(out, stream, need);
    trace_secret(p, letter, (struct bytes){out, need});
    wipe(text, sizeof text);
    wipe(stream, sizeof stream);
    return good;
}

/* RFC 4253 section 7.2: 'A' to 'F' are the IVs, keys and MAC keys, client to server first. */
bool take_keys(struct peer *p, bool sending)
{
    enum nacre_role sender = sending ? p->role : p->setting->tested;
    struct packet_way *way = sending ? &p->sending : &p->receiving;
    const struct cipher_method *cipher = p->x.chosen.cipher[sender];
    uint8_t iv[KEY_LEN_MAX], key[KEY_LEN_MAX], mac_key[KEY_LEN_MAX];
    struct cipher_keys keys = {key, iv, mac_key, p->x.chosen.mac[sender]};
    char first = sender == NACRE_CLIENT ? 'A' : 'B';
    bool good = cipher != NULL && p->x.hash_len > 0 && (cipher->aead || keys.mac != NULL) &&
                derive(p, first, iv, cipher->iv_len) &&
                derive(p, (char)(first + 2), key, cipher->key_len) &&
                derive(p, (char)(first + 4), mac_key, keys.mac == NULL ? 0 : keys.mac->len) &&
                packet_way_rekey(way, cipher, &keys, sending);

    wipe(iv, sizeof iv);
    wipe(key, sizeof key);
    wipe(mac_key, sizeof mac_key);
    if (good && p->strict)
        way->number = 0;
    return good;
}
