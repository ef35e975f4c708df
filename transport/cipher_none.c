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

/* RFC 4253 section 6.3: "none" has a block size of 8 for padding. It is there before there are keys
 * and never with any: nothing starts or stops. */
const struct cipher_method cipher_none = {
    .block_len = 8,
    .rekey_log2 = 63,
    .open_length = open_length,
    .open = leave,
    .seal = leave,
};
