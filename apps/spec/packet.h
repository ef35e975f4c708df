/* The binary packet protocol, from RFC 4253 section 6 once more: any padding, any sequence number
 * and any alignment can be sent. Only the encryption of one packet comes from the library. */
#ifndef NACRE_APPS_SPEC_PACKET_H
#define NACRE_APPS_SPEC_PACKET_H

#include "transport/cipher.h"

enum {
    PACKET_START = 5,        /* bytes before the payload: packet_length, padding_length */
    PACKET_ROOM = 255 + 64,  /* bytes after it: padding and the longest tag */
    PACKET_TAKEN = 16 << 20, /* the longest packet_length that we read */
};

/* One direction. */
struct packet_way {
    const struct cipher_method *cipher;
    void *state;          /* of the cipher; NULL before the first NEWKEYS */
    uint8_t tag_len;      /* bytes */
    bool length_included; /* the length field counts for the alignment: RFC 4253 section 6 */
    uint32_t number;      /* sequence number of the next packet */
    uint64_t packets;     /* since the last NEWKEYS */
    uint32_t length;      /* receiving: packet_length of the packet that is arriving; 0: unknown */
};

void packet_way_init(struct packet_way *way);
void packet_way_clear(struct packet_way *way);

/* Begin to use keys. The sequence number continues. */
bool packet_way_rekey(struct packet_way *way, const struct cipher_method *cipher,
                      const struct cipher_keys *keys, bool seal);

/* The size that the padded part must be a multiple of: max(8, block size). */
size_t packet_block(const struct packet_way *way);

/* The least legal padding of a payload, and the most. */
uint8_t packet_padding_least(const struct packet_way *way, size_t len);
uint8_t packet_padding_most(const struct packet_way *way, size_t len);

/* Make a packet in place: the payload of `len` bytes is at packet + PACKET_START, with room for
 * PACKET_ROOM bytes after it. `filler` is the padding's bytes. Returns the size on the wire. */
size_t packet_write(struct packet_way *way, uint8_t *packet, size_t len, uint8_t padding,
                    const uint8_t *filler);

enum packet_read {
    PACKET_READ_MORE, /* more bytes must arrive */
    PACKET_READ_ONE,
    PACKET_READ_BAD, /* its tag is wrong, or its length impossible */
};

/* What is checked of a packet that the peer sent. */
struct packet_seen {
    struct bytes payload, padding; /* views into the input */
    uint32_t packet_length;
    uint32_t number; /* its sequence number */
    size_t size;     /* bytes on the wire */
};

/* Read a packet from the `len` bytes at `in`, in place. */
enum packet_read packet_read_one(struct packet_way *way, uint8_t *in, size_t len,
                                 struct packet_seen *seen);

#endif
