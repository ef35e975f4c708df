/* The exchange hash and the keys. RFC 4253 sections 7.2 and 8, RFC 5656 section 4. */
#include "transport/keys.h"

#include "transport/kex_state.h"
#include "transport/version.h"

#include <string.h>

enum { KEY_MAX = 64, IV_MAX = 16 };

/* K enters H and the derivation of keys as an mpint, or as a string for the hybrids. */
bool keys_set_secret(struct kex *kex, const struct kex_method *method, struct bytes secret)
{
    struct writer w = write_to(kex->secret, sizeof kex->secret);

    if (method->secret_is_string)
        write_string(&w, secret);
    else
        write_mpint(&w, secret);
    kex->secret_len = written(&w);
    return !w.bad;
}

static void hash_string(struct hash *h, struct bytes value)
{
    uint8_t len[4];

    store_u32(len, (uint32_t)value.len);
    hash_update(h, (struct bytes){len, sizeof len});
    hash_update(h, value);
}

static struct bytes kept_bytes(struct kex_kept k)
{
    return (struct bytes){k.at, k.len};
}

void keys_observe(const struct transport *t, char label, struct bytes secret)
{
    const struct nacre_observer *o = t->config->observer;

    if (o != NULL && o->secret != NULL)
        o->secret(t->context, label, secret.at, secret.len);
}

/* RFC 4253 section 8, RFC 5656 section 4: H is the hash of
 *     string    V_C, the client's identification string without CR LF
 *     string    V_S, the server's
 *     string    I_C, the payload of the client's KEXINIT
 *     string    I_S, the server's
 *     string    K_S, the host key
 *     ...       the shares
 *     mpint     K, the shared secret (hybrids: string)                        */
bool keys_compute_hash(struct transport *t, struct bytes host_key_blob, struct bytes shares)
{
    struct kex *k = t->kex;
    const struct kex_method *method = kex_method_of(t);
    struct bytes ours = bytes_of(version_ours);
    struct bytes theirs = bytes_of(t->peer.version);
    bool server = t->config->role == NACRE_SERVER;
    struct hash h;

    if (!hash_start(&h, method->hash))
        return false;
    hash_string(&h, server ? theirs : ours);
    hash_string(&h, server ? ours : theirs);
    hash_string(&h, kept_bytes(k->kexinit[NACRE_CLIENT]));
    hash_string(&h, kept_bytes(k->kexinit[NACRE_SERVER]));
    hash_string(&h, host_key_blob);
    hash_update(&h, shares);
    hash_update(&h, (struct bytes){k->secret, k->secret_len});
    if (!hash_finish(&h, k->hash))
        return false;
    if (k->first) {
        memcpy(t->session_id, k->hash, method->hash->len);
        t->session_id_len = (uint8_t)method->hash->len;
    }
    keys_observe(t, 'K', (struct bytes){k->secret, k->secret_len});
    keys_observe(t, 'H', (struct bytes){k->hash, method->hash->len});
    return true;
}

/* RFC 4253 section 7.2: HASH(K || H || first || second). */
static bool hash_with_secret(const struct kex *k, const struct hash_method *method,
                             struct bytes first, struct bytes second, uint8_t *out)
{
    struct hash h;

    if (!hash_start(&h, method))
        return false;
    hash_update(&h, (struct bytes){k->secret, k->secret_len});
    hash_update(&h, (struct bytes){k->hash, method->len});
    hash_update(&h, first);
    hash_update(&h, second);
    return hash_finish(&h, out);
}

/* RFC 4253 section 7.2: the first `need` bytes of K1 || K2 || ..., where
 *     K1 = HASH(K || H || X || session_id)     X is the letter
 *     K2 = HASH(K || H || K1)
 *     K3 = HASH(K || H || K1 || K2)                                           */
static bool derive(const struct transport *t, char letter, uint8_t *out, size_t need)
{
    const struct hash_method *method = kex_method_of(t)->hash;
    uint8_t stream[KEY_MAX + HASH_MAX];
    const uint8_t x = (uint8_t)letter;
    bool good =
        hash_with_secret(t->kex, method, (struct bytes){&x, 1}, transport_session_id(t), stream);

    for (size_t have = method->len; good && have < need; have += method->len)
        good = hash_with_secret(t->kex, method, (struct bytes){stream, have},
                                (struct bytes){NULL, 0}, stream + have);
    if (good)
        memcpy(out, stream, need);
    wipe(stream, sizeof stream);
    if (need > 0)
        keys_observe(t, letter, (struct bytes){out, need});
    return good;
}

bool keys_take(struct transport *t, bool sending)
{
    enum nacre_role sender = sending ? t->config->role : transport_peer_role(t);
    char first =
        sender == NACRE_CLIENT ? 'A' : 'B'; /* IV; the key is two letters on, then the MAC key */
    const struct cipher_method *cipher = t->kex->chosen.cipher[sender]->method;
    const struct algorithm *mac = t->kex->chosen.mac[sender];
    uint8_t iv[IV_MAX], key[KEY_MAX], mac_key[KEY_MAX];
    struct cipher_keys keys = {key, iv, mac_key, mac == NULL ? NULL : mac->method};
    bool good =
        derive(t, first, iv, cipher->iv_len) &&
        derive(t, (char)(first + 2), key, cipher->key_len) &&
        derive(t, (char)(first + 4), mac_key, keys.mac == NULL ? 0 : keys.mac->len) &&
        direction_rekey(sending ? &t->sending : &t->receiving, t->pool, cipher, &keys, sending);

    wipe(iv, sizeof iv);
    wipe(key, sizeof key);
    wipe(mac_key, sizeof mac_key);
    return good;
}
