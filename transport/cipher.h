/* A packet protection: what a cipher, with its MAC, does to one binary packet. RFC 4253
 * sections 6.3 and 6.4.
 *
 * Each protection has its own file, and the packet layer never asks which one it uses. They work in
 * place, in the I/O buffer:
 *
 *     uint32    packet_length                            } packet
 *     byte      padding_length, payload, random padding  } packet_length bytes
 *     byte      tag[tag_len]
 */
#ifndef NACRE_TRANSPORT_CIPHER_H
#define NACRE_TRANSPORT_CIPHER_H

#include "crypto/bytes.h"

#include <stdbool.h>

struct hash_method;

/* A MAC, for ciphers that need one. RFC 4253 section 6.4, RFC 6668. */
struct mac_method {
    const struct hash_method *hash;
    uint8_t len;        /* bytes of key, and of tag */
    bool encrypt_first; /* the -etm@openssh.com variants: MAC over the ciphertext */
};

/* The keys of one direction. Valid during the call. */
struct cipher_keys {
    const uint8_t *key, *iv, *mac_key;
    const struct mac_method *mac; /* NULL for an AEAD cipher */
};

struct cipher_method {
    uint8_t key_len, iv_len; /* bytes */
    uint8_t block_len;       /* what padding aligns to, bytes */
    bool aead;               /* the cipher authenticates too: no MAC is negotiated */
    uint8_t tag_len;         /* of an AEAD; otherwise the MAC's len */
    uint8_t rekey_log2; /* rekey after 2^this bytes: RFC 4344 section 3.2, RFC 4253 section 9 */
    size_t state_size;  /* bytes of one direction's state */

    /* Set the keys of a zeroed state, for sealing or for opening. False: out of memory. */
    bool (*start)(void *state, const struct cipher_keys *keys, bool seal);
    void (*stop)(void *state);

    /* The length of the packet that begins at `packet`; called once per packet. Its first block is
     * there if the cipher encrypts the length with the rest, otherwise only the length field. */
    uint32_t (*open_length)(void *state, uint32_t seq, uint8_t *packet);

    /* Verify and decrypt in place. False: the packet is not what the peer sent. */
    bool (*open)(void *state, uint32_t seq, uint8_t *packet, uint32_t packet_length);

    /* Encrypt in place and append the tag; the length field is already written. False: the crypto
     * library failed. */
    bool (*seal)(void *state, uint32_t seq, uint8_t *packet, uint32_t packet_length);
};

extern const struct cipher_method cipher_none; /* before the first NEWKEYS */
extern const struct cipher_method cipher_chacha20_poly1305;
extern const struct cipher_method cipher_aes256_gcm;
extern const struct cipher_method cipher_aes128_gcm;
extern const struct cipher_method cipher_aes256_ctr, cipher_aes192_ctr, cipher_aes128_ctr;

extern const struct mac_method mac_hmac_sha2_256_etm, mac_hmac_sha2_512_etm;
extern const struct mac_method mac_hmac_sha2_256, mac_hmac_sha2_512;
extern const struct mac_method mac_hmac_sha1_etm, mac_hmac_sha1;

#endif
