/* The binary packet protocol: length, padding, sequence number. RFC 4253 section 6.
 * The cipher encrypts and authenticates: transport/cipher.h. */
#ifndef NACRE_TRANSPORT_PACKET_H
#define NACRE_TRANSPORT_PACKET_H

#include "transport/buffer.h"
#include "transport/cipher.h"

struct random_source;

enum {
    PACKET_LENGTH_MAX = 65536, /* packet_length we accept; section 6.1 requires 35000 in all */
    PACKET_LENGTH_LARGE = 256 * 1024, /* ... once the peer has logged in: as in OpenSSH */
    PACKET_HEADER = 5,                /* uint32 packet_length, byte padding_length */
    PACKET_MESSAGE_LARGE =
        PACKET_LENGTH_LARGE - 9,       /* bytes of a message that fits with any cipher */
    PACKET_OVERHEAD = 5 + 4 + 31 + 64, /* largest header, padding and tag: RFC 4253 section 5.3 */
};

/* One direction of a connection under one set of keys. */
struct direction {
    const struct cipher_method *cipher;
    void *state;      /* the cipher's, of cipher->state_size bytes */
    uint64_t bytes;   /* under these keys */
    uint32_t packets; /* under these keys */
    uint32_t seq;     /* of the next packet; wraps at 2^32: RFC 4253 section 6.4 */
    uint32_t length;  /* packet_length of the packet being received; 0: not known yet */
    uint8_t tag_len;
    bool length_sealed; /* the length is encrypted with the rest, so it counts for alignment */
    bool large;         /* the peer has logged in: up to PACKET_LENGTH_LARGE is accepted */
};

/* No keys yet: the state of a new connection. Sequence number 0. */
void direction_init(struct direction *d);

/* Take new keys into use; the sequence number continues. False: out of memory; the old keys stay.
 */
bool direction_rekey(struct direction *d, struct pool *pool, const struct cipher_method *cipher,
                     const struct cipher_keys *keys, bool seal);

/* Wipe and release the keys. */
void direction_clear(struct direction *d, struct pool *pool);

enum packet_status {
    PACKET_READY,
    PACKET_PARTIAL,    /* more bytes are needed */
    PACKET_BAD_LENGTH, /* too long, too short or not aligned */
    PACKET_BAD_MAC,
    PACKET_BAD_PADDING, /* too short, or it leaves no message */
};

/* Bytes of a packet that tell its length: the first block if the length is encrypted with the rest,
 * otherwise the length field. packet_measure changes no others. */
size_t packet_head_size(const struct direction *d);

/* Find out how long the packet at the head of `in` is; packet_open does the same first.
 * READY: all `size` bytes of it are there. PARTIAL, BAD_LENGTH: as from packet_open. */
enum packet_status packet_measure(struct direction *d, struct buffer *in, size_t *size);

/* Open the packet at the head of `in`, in place.
 * payload  READY: the message, a view into `in`
 * size     READY: bytes to consume after the message was handled; PARTIAL: bytes needed in all */
enum packet_status packet_open(struct direction *d, struct buffer *in, struct bytes *payload,
                               size_t *size);

/* Bytes in all of the packet at the head of `in`, whose length packet_open has read; 0: it has not.
 */
size_t packet_size(const struct direction *d);

/* Seal the message of `len` bytes at packet + PACKET_HEADER, in place: pad, encrypt, append the
 * tag. source  provides the padding bytes Needs PACKET_OVERHEAD - PACKET_HEADER bytes of space
 * after it. Returns the packet's size in bytes, or 0 when the crypto library failed. */
size_t packet_seal(struct direction *d, const struct random_source *source, uint8_t *packet,
                   size_t len);

#endif
