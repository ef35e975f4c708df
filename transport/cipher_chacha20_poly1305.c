/* chacha20-poly1305@openssh.com: draft-ietf-sshm-chacha20-poly1305, PROTOCOL.chacha20poly1305.
 *
 * The nonce is the packet sequence number. K_1 encrypts only the length, so that the length can be
 * read before the tag is checked without an oracle on the payload's key. */
#include "transport/cipher.h"

#include "crypto/chacha20.h"
#include "crypto/poly1305.h"

enum { KEY = 32, TAG = 16, LENGTH = 4 };

struct state {
    struct chacha20 payload; /* K_2: the first 32 bytes of the derived key */
    struct chacha20 length;  /* K_1: the other 32 */
    struct poly1305 mac;
};

static void stop(void *at)
{
    struct state *s = at;

    chacha20_clear(&s->payload);
    chacha20_clear(&s->length);
    poly1305_clear(&s->mac);
}

static bool start(void *at, const struct cipher_keys *keys, bool seal)
{
    struct state *s = at;

    (void)seal;
    return chacha20_init(&s->payload, keys->key) && chacha20_init(&s->length, keys->key + KEY) &&
           poly1305_init(&s->mac);
}

static uint32_t open_length(void *at, uint32_t seq, uint8_t *packet)
{
    struct state *s = at;
    uint8_t length[LENGTH] = {packet[0], packet[1], packet[2], packet[3]};

    /* The ciphertext stays, as the tag covers it. A failure yields 0, which is not a legal length.
     */
    return chacha20_xor(&s->length, seq, 0, length, sizeof length) ? load_u32(length) : 0;
}

/* The tag over the encrypted length and payload, with block 0 of K_2 as its one-time key. */
static bool compute_tag(struct state *s, uint32_t seq, uint8_t tag[TAG], struct bytes ciphertext)
{
    uint8_t key[KEY] = {0};
    bool good = chacha20_xor(&s->payload, seq, 0, key, sizeof key) &&
                poly1305(&s->mac, tag, key, ciphertext);

    wipe(key, sizeof key);
    return good;
}

static bool open_packet(void *at, uint32_t seq, uint8_t *packet, uint32_t packet_length)
{
    struct state *s = at;
    size_t sealed = LENGTH + (size_t)packet_length;
    uint8_t tag[TAG];

    if (!compute_tag(s, seq, tag, (struct bytes){packet, sealed}) ||
        !secrets_equal(tag, packet + sealed, TAG))
        return false;
    return chacha20_xor(&s->payload, seq, 1, packet + LENGTH, packet_length);
}

static bool seal_packet(void *at, uint32_t seq, uint8_t *packet, uint32_t packet_length)
{
    struct state *s = at;
    size_t sealed = LENGTH + (size_t)packet_length;

    return chacha20_xor(&s->length, seq, 0, packet, LENGTH) &&
           chacha20_xor(&s->payload, seq, 1, packet + LENGTH, packet_length) &&
           compute_tag(s, seq, packet + sealed, (struct bytes){packet, sealed});
}

const struct cipher_method cipher_chacha20_poly1305 = {
    .key_len = 2 * KEY,
    .block_len = 8,
    .aead = true,
    .tag_len = TAG,
    .rekey_log2 = 30, /* RFC 4253 section 9: 1 GiB */
    .state_size = sizeof(struct state),
    .start = start,
    .stop = stop,
    .open_length = open_length,
    .open = open_packet,
    .seal = seal_packet,
};
