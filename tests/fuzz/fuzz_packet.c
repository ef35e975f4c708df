/* Packets from a peer that has the keys and may send anything, or changed by an attacker in
 * between. First byte: the cipher, second byte: the MAC; then, repeated:
 *
 *     byte      0: unchanged; otherwise the byte to change, modulo the packet's length
 *     byte      the packet's padding_length
 *     uint16    number of bytes that follow: the payload and the padding              */
#include "tests/fuzz/fuzz.h"

#include "crypto/random.h"
#include "tests/support/tables.h"
#include "transport/packet.h"
#include "transport/wire.h"

#include <string.h>

enum {
    CONTENT_MAX = PACKET_LENGTH_MAX + 64,
    KEY = 64,
    SIZE_MAX_OF_PACKET = 4 + 1 + CONTENT_MAX + 64
};

/* The method that the next byte chooses: a row of the table, or `other` after the last row, unless
 * it is NULL. */
static const void *some_method(struct reader *r, enum algorithm_kind kind, const void *other)
{
    int count = algorithm_count(kind), i = read_u8(r) % (count + (other != NULL));

    return i == count ? other : algorithms_of(kind)[i].method;
}

static void key(struct direction *d, struct pool *pool, const struct cipher_method *cipher,
                const struct mac_method *mac, bool seal)
{
    static const uint8_t zeros[KEY];
    const struct cipher_keys keys = {zeros, zeros, zeros, cipher->aead ? NULL : mac};

    direction_init(d);
    if (cipher != &cipher_none)
        require(direction_rekey(d, pool, cipher, &keys, seal));
}

static bool is_legal(const struct direction *d, size_t packet_length)
{
    size_t aligned = packet_length + (d->length_sealed ? 4 : 0);

    return packet_length >= 5 && packet_length <= PACKET_LENGTH_MAX &&
           aligned % d->cipher->block_len == 0;
}

/* The required result, if nothing was changed. */
static enum packet_status expected(const struct direction *d, size_t packet_length, uint8_t padding)
{
    if (!is_legal(d, packet_length))
        return PACKET_BAD_LENGTH;
    return padding < 4 || padding + 1U >= packet_length ? PACKET_BAD_PADDING : PACKET_READY;
}

static void put(struct buffer *in, struct pool *pool, struct bytes bytes)
{
    uint8_t *at = buffer_make_room(in, pool, bytes.len);

    require(at != NULL);
    memcpy(at, bytes.at, bytes.len);
    buffer_added(in, bytes.len);
}

/* One packet. Returns whether the connection would continue. */
static bool pass(struct direction *out, struct direction *in, struct pool *pool, struct reader *r,
                 uint8_t *packet)
{
    uint8_t change = read_u8(r), padding = read_u8(r);
    size_t high = read_u8(r), len = high << 8 | read_u8(r);
    struct bytes content = read_bytes(r, len), payload = {NULL, 0};
    struct buffer buffer = {.block = NULL};
    size_t size = 4 + 1 + len + out->tag_len, needed = 0;
    enum packet_status status, wanted = expected(in, 1 + len, padding);

    if (r->bad)
        return false;
    memset(packet, 0, size);
    store_u32(packet, (uint32_t)(1 + len));
    packet[4] = padding;
    if (len > 0)
        memcpy(packet + 5, content.at, len);
    require(out->cipher->seal(out->state, out->seq++, packet, (uint32_t)(1 + len)));
    if (change != 0)
        packet[change % size] ^= change;
    put(&buffer, pool, (struct bytes){packet, size});
    status = packet_open(in, &buffer, &payload, &needed);
    if (change != 0 && in->cipher != &cipher_none)
        require(status != PACKET_READY && status != PACKET_BAD_PADDING);
    else if (change == 0 && size >= in->cipher->block_len)
        require(status == wanted);
    if (status == PACKET_READY && change == 0) {
        require(needed == size && payload.len == len - padding);
        require(memcmp(payload.at, content.at, payload.len) == 0);
    }
    buffer_clear(&buffer, pool);
    return status == PACKET_READY;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t packet[SIZE_MAX_OF_PACKET];
    struct reader r = read_from((struct bytes){data, len});
    const struct cipher_method *cipher = some_method(&r, ALGORITHM_CIPHER, &cipher_none);
    const struct mac_method *mac = some_method(&r, ALGORITHM_MAC, NULL);
    struct direction out, in;
    struct pool pool;

    pool_init(&pool, NULL);
    key(&out, &pool, cipher, mac, true);
    key(&in, &pool, cipher, mac, false);
    while (!r.bad && r.at < r.end && pass(&out, &in, &pool, &r, packet))
        ;
    direction_clear(&out, &pool);
    direction_clear(&in, &pool);
    require(pool.in_use == 0);
    pool_clear(&pool);
    return 0;
}
