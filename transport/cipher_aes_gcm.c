/* aes128-gcm@openssh.com, aes256-gcm@openssh.com: RFC 5647 section 7, negotiated as
 * draft-miller-sshm-aes-gcm specifies: without a MAC name. */
#include "transport/cipher.h"

#include "crypto/aes_gcm.h"

#include <string.h>

enum { IV = 12, TAG = 16, LENGTH = 4, FIXED = 4 };

struct state {
    struct aes_gcm gcm;
    uint8_t iv[IV]; /* fixed field, then the invocation counter: RFC 5647 section 7.1 */
};

static void stop(void *at)
{
    struct state *s = at;

    aes_gcm_clear(&s->gcm);
}

static bool start(struct state *s, const struct cipher_keys *keys, size_t key_len, bool seal)
{
    memcpy(s->iv, keys->iv, IV);
    return aes_gcm_init(&s->gcm, (struct bytes){keys->key, key_len}, seal);
}

static bool start_128(void *at, const struct cipher_keys *keys, bool seal)
{
    return start(at, keys, 16, seal);
}

static bool start_256(void *at, const struct cipher_keys *keys, bool seal)
{
    return start(at, keys, 32, seal);
}

static uint32_t open_length(void *at, uint32_t seq, uint8_t *packet)
{
    (void)at;
    (void)seq;
    return load_u32(packet); /* not encrypted: it is the associated data, section 7.3 */
}

static void next_invocation(struct state *s)
{
    store_u64(s->iv + FIXED, load_u64(s->iv + FIXED) + 1);
}

static bool open_packet(void *at, uint32_t seq, uint8_t *packet, uint32_t packet_length)
{
    struct state *s = at;
    uint8_t *text = packet + LENGTH;
    bool good = aes_gcm_open(&s->gcm, s->iv, (struct bytes){packet, LENGTH}, text, packet_length,
                             text + packet_length);

    (void)seq;
    next_invocation(s);
    return good;
}

static bool seal_packet(void *at, uint32_t seq, uint8_t *packet, uint32_t packet_length)
{
    struct state *s = at;
    uint8_t *text = packet + LENGTH;
    bool good = aes_gcm_seal(&s->gcm, s->iv, (struct bytes){packet, LENGTH}, text, packet_length,
                             text + packet_length);

    (void)seq;
    next_invocation(s);
    return good;
}

#define AES_GCM(bits)                                                                              \
    .key_len = (bits) / 8, .iv_len = IV, .block_len = 16, .aead = true, .tag_len = TAG,            \
    .rekey_log2 = 36, /* RFC 4344 section 3.2: 2^(128/4) blocks of 16 bytes */                     \
        .state_size = sizeof(struct state), .start = start_##bits, .stop = stop,                   \
    .open_length = open_length, .open = open_packet, .seal = seal_packet

const struct cipher_method cipher_aes128_gcm = {AES_GCM(128)};
const struct cipher_method cipher_aes256_gcm = {AES_GCM(256)};
