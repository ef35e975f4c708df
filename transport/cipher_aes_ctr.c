/* aes128-ctr, aes192-ctr, aes256-ctr with an HMAC: RFC 4344 section 4, RFC 4253 section 6.4, RFC
 * 6668; the -etm@openssh.com MACs: PROTOCOL section 1.5.
 *
 * Encrypt-and-MAC: the MAC is over sequence number and plaintext, and the length is encrypted, so
 * the first block must be decrypted to learn it. Encrypt-then-MAC: over sequence number, plaintext
 * length and ciphertext. */
#include "transport/cipher.h"

#include "crypto/aes_ctr.h"
#include "crypto/hmac.h"

enum { BLOCK = 16, LENGTH = 4 };

struct state {
    struct aes_ctr ctr;
    struct hmac hmac;
    uint8_t mac_len;
    bool encrypt_first; /* encrypt-then-MAC */
};

static void stop(void *at)
{
    struct state *s = at;

    aes_ctr_clear(&s->ctr);
    hmac_clear(&s->hmac);
}

static bool start(struct state *s, const struct cipher_keys *keys, size_t key_len)
{
    s->mac_len = keys->mac->len;
    s->encrypt_first = keys->mac->encrypt_first;
    return hmac_init(&s->hmac, keys->mac->hash, (struct bytes){keys->mac_key, keys->mac->len}) &&
           aes_ctr_init(&s->ctr, (struct bytes){keys->key, key_len}, keys->iv);
}

static bool start_128(void *at, const struct cipher_keys *keys, bool seal)
{
    (void)seal;
    return start(at, keys, 16);
}

static bool start_192(void *at, const struct cipher_keys *keys, bool seal)
{
    (void)seal;
    return start(at, keys, 24);
}

static bool start_256(void *at, const struct cipher_keys *keys, bool seal)
{
    (void)seal;
    return start(at, keys, 32);
}

/* RFC 4253 section 6.4: mac = MAC(key, sequence_number || packet) */
static bool compute_mac(const struct state *s, uint32_t seq, struct bytes packet, uint8_t *mac)
{
    uint8_t number[4];
    const struct bytes parts[] = {{number, sizeof number}, packet};

    store_u32(number, seq);
    return hmac_compute(&s->hmac, parts, 2, mac);
}

static bool mac_is_right(const struct state *s, uint32_t seq, struct bytes packet)
{
    uint8_t mac[HASH_MAX];
    bool good =
        compute_mac(s, seq, packet, mac) && secrets_equal(mac, packet.at + packet.len, s->mac_len);

    wipe(mac, sizeof mac);
    return good;
}

/* A failure yields 0, which is not a legal length. */
static uint32_t open_length(void *at, uint32_t seq, uint8_t *packet)
{
    struct state *s = at;

    (void)seq;
    if (!s->encrypt_first && !aes_ctr_xor(&s->ctr, packet, BLOCK))
        return 0;
    return load_u32(packet);
}

static bool open_packet(void *at, uint32_t seq, uint8_t *packet, uint32_t packet_length)
{
    struct state *s = at;
    struct bytes whole = {packet, LENGTH + (size_t)packet_length};

    if (s->encrypt_first)
        return mac_is_right(s, seq, whole) && aes_ctr_xor(&s->ctr, packet + LENGTH, packet_length);
    return aes_ctr_xor(&s->ctr, packet + BLOCK, whole.len - BLOCK) && mac_is_right(s, seq, whole);
}

static bool seal_packet(void *at, uint32_t seq, uint8_t *packet, uint32_t packet_length)
{
    struct state *s = at;
    struct bytes whole = {packet, LENGTH + (size_t)packet_length};
    uint8_t *mac = packet + whole.len;

    if (s->encrypt_first)
        return aes_ctr_xor(&s->ctr, packet + LENGTH, packet_length) &&
               compute_mac(s, seq, whole, mac);
    return compute_mac(s, seq, whole, mac) && aes_ctr_xor(&s->ctr, packet, whole.len);
}

#define AES_CTR(bits)                                                                              \
    .key_len = (bits) / 8, .iv_len = BLOCK, .block_len = BLOCK,                                    \
    .rekey_log2 = 36, /* RFC 4344 section 3.2: 2^(128/4) blocks of 16 bytes */                     \
        .state_size = sizeof(struct state), .start = start_##bits, .stop = stop,                   \
    .open_length = open_length, .open = open_packet, .seal = seal_packet

const struct cipher_method cipher_aes128_ctr = {AES_CTR(128)};
const struct cipher_method cipher_aes192_ctr = {AES_CTR(192)};
const struct cipher_method cipher_aes256_ctr = {AES_CTR(256)};

const struct mac_method mac_hmac_sha1 = {&hash_sha1, 20, false};
const struct mac_method mac_hmac_sha2_256 = {&hash_sha256, 32, false};
const struct mac_method mac_hmac_sha2_512 = {&hash_sha512, 64, false};
const struct mac_method mac_hmac_sha1_etm = {&hash_sha1, 20, true};
const struct mac_method mac_hmac_sha2_256_etm = {&hash_sha256, 32, true};
const struct mac_method mac_hmac_sha2_512_etm = {&hash_sha512, 64, true};
