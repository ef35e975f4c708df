#include "transport/packet.h"

#include "crypto/random.h"

enum { LENGTH = 4, PADDING_MIN = 4 };

void direction_init(struct direction *d)
{
    *d = (struct direction){.cipher = &cipher_none, .length_sealed = true};
}

static void drop_keys(const struct cipher_method *cipher, void *state, struct pool *pool)
{
    if (state == NULL)
        return;
    cipher->stop(state);
    pool_release(pool, state, cipher->state_size);
}

bool direction_rekey(struct direction *d, struct pool *pool, const struct cipher_method *cipher,
                     const struct cipher_keys *keys, bool seal)
{
    void *state = pool_allocate(pool, cipher->state_size);

    if (state == NULL)
        return false;
    if (!cipher->start(state, keys, seal)) {
        drop_keys(cipher, state, pool);
        return false;
    }
    drop_keys(d->cipher, d->state, pool);
    d->cipher = cipher;
    d->state = state;
    d->tag_len = cipher->aead ? cipher->tag_len : keys->mac->len;
    d->length_sealed = !cipher->aead && !keys->mac->encrypt_first;
    d->bytes = 0;
    d->packets = 0;
    return true;
}

void direction_clear(struct direction *d, struct pool *pool)
{
    drop_keys(d->cipher, d->state, pool);
    d->state = NULL;
    d->cipher = &cipher_none;
}

static size_t aligned_part(const struct direction *d, size_t packet_length)
{
    return packet_length + (d->length_sealed ? LENGTH : 0);
}

/* RFC 4253 section 6: at least 4 bytes of padding, and a multiple of the block size. */
static bool length_is_legal(const struct direction *d, uint32_t packet_length)
{
    uint32_t most = d->large ? PACKET_LENGTH_LARGE : PACKET_LENGTH_MAX;

    return packet_length >= 1 + PADDING_MIN && packet_length <= most &&
           aligned_part(d, packet_length) % d->cipher->block_len == 0;
}

static void count(struct direction *d, size_t size)
{
    d->seq++;
    d->packets++;
    d->bytes += size;
}

size_t packet_size(const struct direction *d)
{
    return d->length == 0 ? 0 : LENGTH + (size_t)d->length + d->tag_len;
}

size_t packet_head_size(const struct direction *d)
{
    return d->length_sealed && d->cipher->block_len > LENGTH ? d->cipher->block_len : LENGTH;
}

static enum packet_status measure(struct direction *d, struct buffer *in, size_t *size)
{
    size_t have = buffer_len(in);

    *size = packet_head_size(d);
    if (have < *size)
        return PACKET_PARTIAL;
    if (d->length == 0)
        d->length = d->cipher->open_length(d->state, d->seq, in->block + in->head);
    if (!length_is_legal(d, d->length))
        return PACKET_BAD_LENGTH;
    *size = packet_size(d);
    return have < *size ? PACKET_PARTIAL : PACKET_READY;
}

enum packet_status packet_measure(struct direction *d, struct buffer *in, size_t *size)
{
    return measure(d, in, size);
}

enum packet_status packet_open(struct direction *d, struct buffer *in, struct bytes *payload,
                               size_t *size)
{
    enum packet_status status = measure(d, in, size);
    uint8_t *packet = in->block + in->head;
    uint8_t padding;

    if (status != PACKET_READY)
        return status;
    if (!d->cipher->open(d->state, d->seq, packet, d->length))
        return PACKET_BAD_MAC;

    padding = packet[LENGTH];
    if (padding < PADDING_MIN || padding + 1U >= d->length)
        return PACKET_BAD_PADDING;
    *payload = (struct bytes){packet + PACKET_HEADER, d->length - padding - 1U};
    d->length = 0;
    count(d, *size);
    return PACKET_READY;
}

size_t packet_seal(struct direction *d, const struct random_source *source, uint8_t *packet,
                   size_t len)
{
    size_t block = d->cipher->block_len;
    size_t padding = block - aligned_part(d, 1 + len) % block;
    size_t size;

    if (padding < PADDING_MIN)
        padding += block;
    store_u32(packet, (uint32_t)(1 + len + padding));
    packet[LENGTH] = (uint8_t)padding;
    random_fill(source, packet + PACKET_HEADER + len, padding);
    if (!d->cipher->seal(d->state, d->seq, packet, (uint32_t)(1 + len + padding)))
        return 0;
    size = PACKET_HEADER + len + padding + d->tag_len;
    count(d, size);
    return size;
}
