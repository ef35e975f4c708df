/* The binary packet protocol: length, padding, sequence number. RFC 4253 section 6.
 * Encryption and authentication are the cipher's (transport/cipher.h). */
#ifndef NACRE_TRANSPORT_PACKET_H
#define NACRE_TRANSPORT_PACKET_H

#include "transport/buffer.h"
#include "transport/cipher.h"

struct random_source;

enum {
    PACKET_LENGTH_MAX = 65536, /* packet_length we accept; section 6.1 asks for 35000 in all */
    PACKET_HEADER = 5,         /* uint32 packet_length, byte padding_length */
    PACKET_OVERHEAD = 5 + 4 + 31 + 64, /* header, padding and tag at their largest */
};

/* One direction of a connection under one set of keys. */
struct direction {
    const struct cipher_method *cipher;
    void *state; /* the cipher's; of cipher->state_size bytes */
    uint8_t tag_len;
    bool length_sealed; /* the length counts for the alignment: encrypted with the rest */
    uint32_t seq;       /* of the next packet; wraps at 2^32 */
    uint32_t length;    /* packet_length of the packet being received; 0: not known yet */
    uint64_t bytes;     /* since the keys were taken into use */
    uint32_t packets;
};

/* Under no keys: the state of a new connection. Sequence number 0. */
void direction_init(struct direction *d);

/* Take new keys into use; the sequence number goes on. False: out of memory, the old keys stay. */
bool direction_rekey(struct direction *d, struct pool *pool, const struct cipher_method *cipher,
                     const struct cipher_keys *keys, bool seal);

/* Wipe and give back the keys. */
void direction_clear(struct direction *d, struct pool *pool);

enum packet_status {
    PACKET_READY,
    PACKET_PARTIAL,    /* more bytes are needed */
    PACKET_BAD_LENGTH, /* too long, too short or not aligned */
    PACKET_BAD_MAC,
    PACKET_BAD_PADDING, /* padding that leaves no message */
};

/* Open the packet at the head of `in`, in place.
 * payload  READY: the message, a view into `in` until packet_done
 * size     READY: bytes to consume when the message is done with; PARTIAL: bytes needed in all */
enum packet_status packet_open(struct direction *d, struct buffer *in, struct bytes *payload,
                               size_t *size);

/* Seal the message of `len` bytes that stands at packet + PACKET_HEADER, in place.
 * source  where its padding bytes come from
 * Needs PACKET_OVERHEAD - PACKET_HEADER bytes of room behind it. Returns the packet's size in
 * bytes, or 0 when the crypto library failed. */
size_t packet_seal(struct direction *d, const struct random_source *source, uint8_t *packet,
                   size_t len);

#endif
