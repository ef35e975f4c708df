#include "transport/cipher.h"

static uint32_t open_length(void *state, uint32_t seq, uint8_t *packet)
{
    (void)state;
    (void)seq;
    return load_u32(packet);
}

static bool leave(void *state, uint32_t seq, uint8_t *packet, uint32_t packet_length)
{
    (void)state;
    (void)seq;
    (void)packet;
    (void)packet_length;
    return true;
}

/* RFC 4253 section 6.3: "none" pads to blocks of 8 bytes. It is used before the first keys and
 * never with keys, so it has no start and no stop. */
const struct cipher_method cipher_none = {
    .block_len = 8,
    .rekey_log2 = 63,
    .open_length = open_length,
    .open = leave,
    .seal = leave,
};
