#include "apps/spec/packet.h"

#include <stdlib.h>

enum { LENGTH_FIELD = 4, PADDING_LEAST = 4, PADDING_MOST = 255, STATE_ALIGNMENT = 64 };

void packet_way_init(struct packet_way *way)
{
    *way = (struct packet_way){.cipher = &cipher_none, .length_included = true};
}

void packet_way_clear(struct packet_way *way)
{
    if (way->state != NULL) {
        way->cipher->stop(way->state);
        wipe(way->state, way->cipher->state_size);
        free(way->state);
    }
    way->state = NULL;
    way->cipher = &cipher_none;
}

bool packet_way_rekey(struct packet_way *way, const struct cipher_method *cipher,
                      const struct cipher_keys *keys, bool seal)
{
    size_t size = (cipher->state_size + STATE_ALIGNMENT - 1) / STATE_ALIGNMENT * STATE_ALIGNMENT;
    void *state = aligned_alloc(STATE_ALIGNMENT, size);

    if (state == NULL)
        return false;
    memset(state, 0, size);
    if (!cipher->start(state, keys, seal)) {
        free(state);
        return false;
    }
    packet_way_clear(way);
    way->cipher = cipher;
    way->state = state;
    way->tag_len = cipher->aead ? cipher->tag_len : keys->mac->len;
    way->length_included = !cipher->aead && !keys->mac->encrypt_first;
    way->packets = 0;
    return true;
}

/* RFC 4253 section 6: a multiple of the cipher block size or 8, whichever is larger. */
size_t packet_block(const struct packet_way *way)
{
    return way->cipher->block_len < 8 ? 8 : way->cipher->block_len;
}

/* Bytes before padding_length that count for the alignment. */
static size_t aligned_before(const struct packet_way *way)
{
    return way->length_included ? LENGTH_FIELD : 0;
}

uint8_t packet_padding_least(const struct packet_way *way, size_t len)
{
    size_t block = packet_block(way);
    size_t padding = block - (aligned_before(way) + 1 + len) % block;

    return (uint8_t)(padding < PADDING_LEAST ? padding + block : padding);
}

uint8_t packet_padding_most(const struct packet_way *way, size_t len)
{
    size_t least = packet_padding_least(way, len), block = packet_block(way);

    return (uint8_t)(least + (PADDING_MOST - least) / block * block);
}

/* RFC 4253 section 6:
 *     uint32    packet_length
 *     byte      padding_length
 *     byte[n1]  payload
 *     byte[n2]  random padding
 *     byte[m]   mac                                                          */
size_t packet_write(struct packet_way *way, uint8_t *packet, size_t len, uint8_t padding,
                    const uint8_t *filler)
{
    uint32_t packet_length = (uint32_t)(1 + len + padding);

    store_u32(packet, packet_length);
    packet[LENGTH_FIELD] = padding;
    memcpy(packet + PACKET_START + len, filler, padding);
    if (!way->cipher->seal(way->state, way->number, packet, packet_length))
        return 0;
    way->number++;
    way->packets++;
    return LENGTH_FIELD + (size_t)packet_length + way->tag_len;
}

enum packet_read packet_read_one(struct packet_way *way, uint8_t *in, size_t len,
                                 struct packet_seen *seen)
{
    size_t first = way->cipher->block_len < LENGTH_FIELD ? LENGTH_FIELD : way->cipher->block_len;
    uint8_t padding;

    if (len < first)
        return PACKET_READ_MORE;
    if (way->length == 0)
        way->length = way->cipher->open_length(way->state, way->number, in);
    if (way->length < 2 || way->length > PACKET_TAKEN || LENGTH_FIELD + (size_t)way->length < first)
        return PACKET_READ_BAD;
    *seen = (struct packet_seen){.packet_length = way->length, .number = way->number};
    seen->size = LENGTH_FIELD + (size_t)way->length + way->tag_len;
    if (len < seen->size)
        return PACKET_READ_MORE;
    if (!way->cipher->open(way->state, way->number, in, way->length))
        return PACKET_READ_BAD;
    padding = in[LENGTH_FIELD];
    if (padding + 1U >= way->length)
        return PACKET_READ_BAD;
    seen->payload = (struct bytes){in + PACKET_START, way->length - 1 - padding};
    seen->padding = (struct bytes){in + PACKET_START + seen->payload.len, padding};
    way->length = 0;
    way->number++;
    way->packets++;
    return PACKET_READ_ONE;
}
