#include "apps/files/key_cipher.h"

#include "crypto/aes_ctr.h"
#include "crypto/aes_gcm.h"
#include "crypto/cbc.h"
#include "crypto/chacha20.h"
#include "crypto/poly1305.h"

#include <stdlib.h>

static bool run_ctr(const struct key_cipher *c, const uint8_t *secret, uint8_t *data, size_t len,
                    bool encrypt)
{
    struct aes_ctr ctr = {0};
    bool done = aes_ctr_init(&ctr, (struct bytes){secret, c->key_len}, secret + c->key_len) &&
                aes_ctr_xor(&ctr, data, len);

    (void)encrypt; /* the same */
    aes_ctr_clear(&ctr);
    return done;
}

static bool run_gcm(const struct key_cipher *c, const uint8_t *secret, uint8_t *data, size_t len,
                    bool encrypt)
{
    const struct bytes none = {NULL, 0};
    const uint8_t *iv = secret + c->key_len;
    struct aes_gcm gcm = {0};
    bool done = aes_gcm_init(&gcm, (struct bytes){secret, c->key_len}, encrypt);

    if (done && encrypt)
        done = aes_gcm_seal(&gcm, iv, none, data, len, data + len);
    else if (done)
        done = aes_gcm_open(&gcm, iv, none, data, len, data + len);
    aes_gcm_clear(&gcm);
    return done;
}

static bool run_cbc(const struct key_cipher *c, const uint8_t *secret, uint8_t *data, size_t len,
                    bool encrypt)
{
    return cbc_aes((struct bytes){secret, c->key_len}, secret + c->key_len, data, len, encrypt);
}

static bool run_3des(const struct key_cipher *c, const uint8_t *secret, uint8_t *data, size_t len,
                     bool encrypt)
{
    return cbc_3des((struct bytes){secret, c->key_len}, secret + c->key_len, data, len, encrypt);
}

static void tag_of(uint8_t tag[POLY1305_TAG_LEN], const uint8_t key[POLY1305_KEY_LEN],
                   struct bytes ciphertext)
{
    struct poly1305 mac;

    poly1305_init(&mac);
    poly1305(&mac, tag, key, ciphertext);
    poly1305_clear(&mac);
}

/* PROTOCOL.chacha20poly1305, for a packet with sequence number 0 and no length field. The second
 * half of the key, which encrypts that field, is not used. */
static bool run_chacha20(const struct key_cipher *c, const uint8_t *secret, uint8_t *data,
                         size_t len, bool encrypt)
{
    uint8_t mac_key[POLY1305_KEY_LEN] = {0}, tag[POLY1305_TAG_LEN];
    struct chacha20 cipher;
    bool done = true;

    chacha20_init(&cipher, secret);
    chacha20_xor(&cipher, 0, 0, mac_key, sizeof mac_key);
    if (!encrypt) {
        tag_of(tag, mac_key, (struct bytes){data, len});
        done = secrets_equal(tag, data + len, c->tag_len);
    }
    if (done)
        chacha20_xor(&cipher, 0, 1, data, len);
    if (encrypt)
        tag_of(data + len, mac_key, (struct bytes){data, len});
    chacha20_clear(&cipher);
    wipe(mac_key, sizeof mac_key);
    return done;
}

/* clang-format off */
static const struct key_cipher ciphers[] = {
    {"aes256-ctr",                     16, 32, 16,  0, run_ctr},
    {"aes192-ctr",                     16, 24, 16,  0, run_ctr},
    {"aes128-ctr",                     16, 16, 16,  0, run_ctr},
    {"aes256-gcm@openssh.com",         16, 32, 12, 16, run_gcm},
    {"aes128-gcm@openssh.com",         16, 16, 12, 16, run_gcm},
    {"chacha20-poly1305@openssh.com",   8, 64,  0, 16, run_chacha20},
    {"aes256-cbc",                     16, 32, 16,  0, run_cbc},
    {"aes192-cbc",                     16, 24, 16,  0, run_cbc},
    {"aes128-cbc",                     16, 16, 16,  0, run_cbc},
    {"3des-cbc",                        8, 24,  8,  0, run_3des},
};
/* clang-format on */

const struct key_cipher *const key_cipher_default = &ciphers[0];

const struct key_cipher *key_cipher_find(struct bytes name)
{
    for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++)
        if (bytes_are(name, ciphers[i].name))
            return &ciphers[i];
    return NULL;
}

uint8_t *key_cipher_decrypt(const struct key_cipher *c, const uint8_t *secret, struct bytes text,
                            size_t *len)
{
    uint8_t *plain;

    *len = text.len < c->tag_len ? 0 : text.len - c->tag_len;
    if (*len == 0 || *len % c->block != 0)
        return NULL;
    plain = malloc(text.len);
    if (plain == NULL)
        return NULL;
    memcpy(plain, text.at, text.len);
    if (c->run(c, secret, plain, *len, false))
        return plain;
    wipe(plain, text.len);
    free(plain);
    return NULL;
}
