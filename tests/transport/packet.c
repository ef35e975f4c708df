/* The binary packet under every cipher: every length, every fault. RFC 4253 section 6. */
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "tests/support/tables.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"
#include "transport/algorithms.h"
#include "transport/packet.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { LENGTH = 4 };

/* A protection by its number; 0: no keys yet, the others as protection_at has them. */
static const struct cipher_method *cipher_of(int which)
{
    return which == 0 ? NULL : protection_at(which - 1).cipher->method;
}

static const struct mac_method *mac_of(int which)
{
    const struct algorithm *mac = which == 0 ? NULL : protection_at(which - 1).mac;

    return mac == NULL ? NULL : mac->method;
}

/* What one end sends and the other receives, under the same keys. */
struct lane {
    struct pool pool;
    struct random_seeded seed;
    struct random_source random;
    struct direction sending, receiving;
    struct buffer in;
};

static void key_both(struct lane *lane, int which)
{
    const struct cipher_method *method = cipher_of(which);
    uint8_t key[64], iv[16], mac_key[64];
    const struct cipher_keys keys = {key, iv, mac_key, mac_of(which)};

    random_fill(&lane->random, key, sizeof key);
    random_fill(&lane->random, iv, sizeof iv);
    random_fill(&lane->random, mac_key, sizeof mac_key);
    ck_assert(direction_rekey(&lane->sending, &lane->pool, method, &keys, true));
    ck_assert(direction_rekey(&lane->receiving, &lane->pool, method, &keys, false));
}

/* which  of the protections */
static void lane_open(struct lane *lane, int which)
{
    static const uint8_t seed[32] = {42};

    memset(lane, 0, sizeof *lane);
    pool_init(&lane->pool, NULL);
    lane->random = random_from_seed(&lane->seed, seed);
    direction_init(&lane->sending);
    direction_init(&lane->receiving);
    if (cipher_of(which) != NULL)
        key_both(lane, which);
}

static void lane_close(struct lane *lane)
{
    direction_clear(&lane->sending, &lane->pool);
    direction_clear(&lane->receiving, &lane->pool);
    buffer_clear(&lane->in, &lane->pool);
    ck_assert_uint_eq(lane->pool.in_use, 0);
    pool_clear(&lane->pool);
}

static uint32_t block_len(int which)
{
    return cipher_of(which) == NULL ? 8 : cipher_of(which)->block_len;
}

/* Does the length field count for the alignment? It does where it is encrypted with the rest, and
 * without a cipher. */
static bool length_counts(int which)
{
    const struct mac_method *mac = mac_of(which);

    return cipher_of(which) == NULL || (mac != NULL && !mac->encrypt_first);
}

static void arrive(struct lane *lane, const uint8_t *bytes, size_t len)
{
    uint8_t *at = buffer_make_huge_room(&lane->in, &lane->pool, len);

    ck_assert_ptr_nonnull(at);
    memcpy(at, bytes, len);
    buffer_added(&lane->in, len);
}

static enum packet_status open_next(struct lane *lane, struct bytes *payload)
{
    size_t size = 0;
    enum packet_status status = packet_open(&lane->receiving, &lane->in, payload, &size);

    if (status == PACKET_READY)
        buffer_consumed(&lane->in, size);
    return status;
}

/* A packet from packet_seal, in memory of exactly its size, so that the sanitizer notices accesses
 * past its end. */
static uint8_t *seal(struct lane *lane, size_t len, size_t *size)
{
    uint8_t *packet = malloc(len + PACKET_OVERHEAD);

    for (size_t i = 0; i < len; i++)
        packet[PACKET_HEADER + i] = (uint8_t)(i * 7 + len);
    *size = packet_seal(&lane->sending, &lane->random, packet, len);
    ck_assert_uint_gt(*size, 0);
    ck_assert_uint_le(*size, len + PACKET_OVERHEAD);
    return packet;
}

/* A packet with this length field, padding length and real length. */
static size_t seal_forged(struct lane *lane, uint8_t *packet, uint32_t claimed, uint32_t real,
                          unsigned padding)
{
    struct direction *d = &lane->sending;

    memset(packet, 'x', LENGTH + real);
    store_u32(packet, claimed);
    packet[LENGTH] = (uint8_t)padding;
    ck_assert(d->cipher->seal(d->state, d->seq++, packet, real));
    return LENGTH + real + d->tag_len;
}

static void check_payload(struct bytes payload, size_t len)
{
    bool same = payload.len == len;

    for (size_t i = 0; i < len && same; i++) /* an assertion per byte would take minutes */
        same = payload.at[i] == (uint8_t)(i * 7 + len);
    ck_assert(same);
}

START_TEST(every_payload_length_comes_back)
{
    struct lane lane;

    lane_open(&lane, _i);
    for (size_t len = 1; len < PACKET_LENGTH_MAX - 40; len += len < 600 ? 1 : 3271) {
        struct bytes payload;
        size_t size;
        uint8_t *packet = seal(&lane, len, &size);

        arrive(&lane, packet, size);
        ck_assert_int_eq(open_next(&lane, &payload), PACKET_READY);
        check_payload(payload, len);
        ck_assert_uint_eq(buffer_len(&lane.in), 0);
        free(packet);
    }
    ck_assert_uint_eq(lane.sending.seq, lane.receiving.seq);
    ck_assert_uint_eq(lane.sending.packets, lane.receiving.packets);
    ck_assert(lane.sending.bytes == lane.receiving.bytes);
    lane_close(&lane);
}
END_TEST

/* 4253/6/1, 4253/6/4, 5647/7.2/1, cc20/7/3: the length field counts for the alignment only where it
 * is encrypted with the rest. */
START_TEST(packets_are_aligned_and_padded_by_at_least_4_bytes)
{
    size_t block = block_len(_i);
    struct lane lane;

    lane_open(&lane, _i);
    for (size_t len = 1; len < 100; len++) {
        struct bytes payload;
        size_t size, padding;
        uint8_t *packet = seal(&lane, len, &size);

        arrive(&lane, packet, size);
        ck_assert_int_eq(open_next(&lane, &payload), PACKET_READY);
        padding = payload.at[-1];
        ck_assert_uint_ge(padding, 4);
        ck_assert_uint_lt(padding, 4 + block);
        ck_assert_uint_eq(size, PACKET_HEADER + len + padding + lane.sending.tag_len);
        ck_assert_uint_eq((1 + len + padding + (length_counts(_i) ? LENGTH : 0)) % block, 0);
        free(packet);
    }
    lane_close(&lane);
}
END_TEST

/* 4253/6/3 */
START_TEST(padding_is_random)
{
    struct lane lane;
    uint8_t *first, *second;
    size_t size;

    lane_open(&lane, 0);
    first = seal(&lane, 1, &size);
    second = seal(&lane, 1, &size);
    ck_assert_int_ne(memcmp(first + PACKET_HEADER + 1, second + PACKET_HEADER + 1, 10), 0);
    free(first);
    free(second);
    lane_close(&lane);
}
END_TEST

START_TEST(a_packet_is_partial_until_its_last_byte_is_there)
{
    struct lane lane;
    struct bytes payload;
    size_t size, needed = 0;
    uint8_t *packet;

    lane_open(&lane, _i);
    for (int round = 0; round < 3; round++) {
        packet = seal(&lane, 100, &size);
        for (size_t i = 0; i + 1 < size; i++) {
            arrive(&lane, packet + i, 1);
            ck_assert_int_eq(packet_open(&lane.receiving, &lane.in, &payload, &needed),
                             PACKET_PARTIAL);
            ck_assert_uint_gt(needed, i + 1);
            ck_assert_uint_le(needed, size);
        }
        ck_assert_uint_eq(needed, size);
        arrive(&lane, packet + size - 1, 1);
        ck_assert_int_eq(open_next(&lane, &payload), PACKET_READY);
        check_payload(payload, 100);
        free(packet);
    }
    lane_close(&lane);
}
END_TEST

START_TEST(packets_received_together_are_opened_in_order)
{
    struct lane lane;
    struct bytes payload;

    lane_open(&lane, _i);
    for (size_t len = 1; len < 40; len++) {
        size_t size;
        uint8_t *packet = seal(&lane, len, &size);

        arrive(&lane, packet, size);
        free(packet);
    }
    for (size_t len = 1; len < 40; len++) {
        ck_assert_int_eq(open_next(&lane, &payload), PACKET_READY);
        check_payload(payload, len);
    }
    ck_assert_int_eq(open_next(&lane, &payload), PACKET_PARTIAL);
    lane_close(&lane);
}
END_TEST

/* 4253/6.4/2, 5647/7.3/1, cc20/7/1, cc20/7/2: whichever bit is wrong, and whatever follows, no
 * message results. */
START_TEST(every_flipped_bit_is_noticed)
{
    static const uint8_t more[PACKET_LENGTH_MAX];
    const size_t len = 30;
    size_t bits = 8 * (PACKET_HEADER + len);

    for (size_t bit = 0; bit < bits; bit++) {
        struct lane lane;
        struct bytes payload;
        size_t size;
        uint8_t *packet;

        lane_open(&lane, _i);
        packet = seal(&lane, len, &size);
        bits = 8 * size;
        packet[bit / 8] ^= (uint8_t)(1U << bit % 8);
        arrive(&lane, packet, size);
        arrive(&lane, more, sizeof more - size);
        ck_assert_int_ne(open_next(&lane, &payload), PACKET_READY);
        free(packet);
        lane_close(&lane);
    }
}
END_TEST

/* 4253/6/5, 4253/6/7, 4253/6/9, 4253/6.1/2, cc20/7/2: judged by the first block, or by the length
 * field where it can be read alone, before more is waited for. */
START_TEST(illegal_lengths_are_refused_as_soon_as_they_can_be_read)
{
    uint32_t aligned = length_counts(_i) ? 12 : block_len(_i); /* the shortest legal one */
    const uint32_t lengths[] = {0,           1,           3,           4,
                                aligned + 1, aligned + 4, aligned - 1, PACKET_LENGTH_MAX + aligned,
                                0x7fffffff,  0x80000000,  0xfffffff8,  0xffffffff,
                                0xfffffffc,  1U << 20,    1U << 28,    0x10000010,
                                0x53534800};

    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct lane lane;
        struct bytes payload;
        uint8_t packet[256];

        lane_open(&lane, _i);
        seal_forged(&lane, packet, lengths[i], 64, 10);
        arrive(&lane, packet, length_counts(_i) ? block_len(_i) : LENGTH);
        ck_assert_msg(open_next(&lane, &payload) == PACKET_BAD_LENGTH, "length %x", lengths[i]);
        lane_close(&lane);
    }
}
END_TEST

/* 4253/6.1/1 requires 35000 bytes in all; we accept more, up to a bound, and OpenSSH's bound from
 * peers that have logged in. Our longest message keeps to the latter with any cipher. */
START_TEST(the_longest_packet_is_accepted_and_a_longer_one_is_not)
{
    static uint8_t packet[PACKET_LENGTH_LARGE + 256];
    uint32_t block = block_len(_i);

    for (int large = 0; large < 2; large++) {
        uint32_t most = large ? PACKET_LENGTH_LARGE : PACKET_LENGTH_MAX;
        uint32_t longest = length_counts(_i) ? most - 4 : most;
        struct bytes payload;
        struct lane lane;

        lane_open(&lane, _i);
        lane.receiving.large = large;
        if (large)
            arrive(&lane, packet,
                   packet_seal(&lane.sending, &lane.random, packet, PACKET_MESSAGE_LARGE));
        else
            arrive(&lane, packet, seal_forged(&lane, packet, longest, longest, 4));
        ck_assert_int_eq(open_next(&lane, &payload), PACKET_READY);
        ck_assert_uint_eq(payload.len, large ? PACKET_MESSAGE_LARGE : longest - 5);
        arrive(&lane, packet, seal_forged(&lane, packet, longest + block, longest + block, 4));
        ck_assert_int_eq(open_next(&lane, &payload), PACKET_BAD_LENGTH);
        lane_close(&lane);
    }
}
END_TEST

/* 4253/6/1, 4253/6/2, 4253/6/6, 4253/6/8, 5647/7.2/2 */
START_TEST(padding_must_be_4_to_255_bytes_and_leave_a_message)
{
    static const struct {
        uint32_t length;
        unsigned padding;
        enum packet_status status;
    } cases[] = {
        {28 + 16, 0, PACKET_BAD_PADDING},
        {28 + 16, 1, PACKET_BAD_PADDING},
        {28 + 16, 3, PACKET_BAD_PADDING},
        {28 + 16, 4, PACKET_READY},
        {28 + 16, 42, PACKET_READY},
        {28 + 16, 43, PACKET_BAD_PADDING}, /* no message is left */
        {28 + 16, 44, PACKET_BAD_PADDING},
        {28 + 16, 45, PACKET_BAD_PADDING},
        {28 + 16, 255, PACKET_BAD_PADDING},
        {268, 254, PACKET_READY},
        {268, 255, PACKET_READY},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        /* where the length does not count, 4 bytes more and 4 bytes more padding */
        uint32_t length = cases[i].length + (length_counts(_i) ? 0 : 4);
        unsigned padding = cases[i].padding;
        uint8_t packet[512];
        struct bytes payload;
        struct lane lane;
        size_t size;

        if (!length_counts(_i) && padding >= 42 && padding <= 45)
            padding += 4;
        lane_open(&lane, _i);
        size = seal_forged(&lane, packet, length, length, padding);
        arrive(&lane, packet, size);
        ck_assert_msg(open_next(&lane, &payload) == cases[i].status, "padding %u of %u", padding,
                      length);
        if (cases[i].status == PACKET_READY)
            ck_assert_uint_eq(payload.len, length - padding - 1);
        lane_close(&lane);
    }
}
END_TEST

/* 4253/6.4/8, 4253/7.3/2 */
START_TEST(replayed_swapped_and_missing_packets_are_refused)
{
    static const int orders[][2] = {
        {0, 0}, {1, 0}, {0, 2}, {2, 1}}; /* 0, then 1 would be correct */

    for (size_t i = 0; i < COUNT(orders); i++) {
        uint8_t *packets[3];
        size_t sizes[3];
        struct bytes payload;
        struct lane lane;
        bool all = true;

        lane_open(&lane, _i);
        for (size_t p = 0; p < 3; p++)
            packets[p] = seal(&lane, 20, &sizes[p]);
        for (size_t p = 0; p < 2 && all; p++) {
            arrive(&lane, packets[orders[i][p]], sizes[orders[i][p]]);
            all = open_next(&lane, &payload) == PACKET_READY;
        }
        ck_assert(!all);
        for (size_t p = 0; p < 3; p++)
            free(packets[p]);
        lane_close(&lane);
    }
}
END_TEST

/* 4253/6.4/4 */
START_TEST(the_sequence_number_wraps_to_zero)
{
    struct lane lane;
    struct bytes payload;

    lane_open(&lane, _i);
    lane.sending.seq = lane.receiving.seq = UINT32_MAX - 1;
    for (size_t i = 0; i < 4; i++) {
        size_t size;
        uint8_t *packet = seal(&lane, 20, &size);

        arrive(&lane, packet, size);
        ck_assert_int_eq(open_next(&lane, &payload), PACKET_READY);
        free(packet);
    }
    ck_assert_uint_eq(lane.sending.seq, 2);
    ck_assert_uint_eq(lane.receiving.seq, 2);
    lane_close(&lane);
}
END_TEST

/* 4253/6.4/3 */
START_TEST(new_keys_keep_the_sequence_number_and_reset_the_counts)
{
    struct lane lane;
    struct bytes payload;
    size_t size;
    uint8_t *packet;

    lane_open(&lane, _i);
    for (int i = 0; i <= protection_count(); i++) {
        packet = seal(&lane, 20, &size);
        arrive(&lane, packet, size);
        ck_assert_int_eq(open_next(&lane, &payload), PACKET_READY);
        free(packet);
        ck_assert_uint_eq(lane.sending.packets, 1);
        ck_assert(lane.sending.bytes == size);
        key_both(&lane, protection_count() - i % protection_count());
        ck_assert_uint_eq(lane.receiving.seq, (unsigned)i + 1);
        ck_assert(lane.sending.bytes == 0);
    }
    lane_close(&lane);
}
END_TEST

static void *no_memory(void *context, size_t size)
{
    (void)context;
    (void)size;
    return NULL;
}

START_TEST(without_memory_the_old_keys_stay)
{
    const struct cipher_keys keys = {(const uint8_t[64]){1}, (const uint8_t[16]){2}, NULL, NULL};
    struct lane lane;
    struct bytes payload;
    size_t size;
    uint8_t *packet;
    struct nacre_memory memory;

    lane_open(&lane, _i);
    memory = lane.pool.secrets;
    lane.pool.secrets.allocate = no_memory;
    ck_assert(!direction_rekey(&lane.sending, &lane.pool, &cipher_aes256_gcm, &keys, true));
    lane.pool.secrets = memory;
    packet = seal(&lane, 20, &size);
    arrive(&lane, packet, size);
    ck_assert_int_eq(open_next(&lane, &payload), PACKET_READY);
    free(packet);
    lane_close(&lane);
}
END_TEST

enum { ALL = 0, WITH_KEYS = 1 }; /* the first of the protections that a test is for */

/* ... that the peer's tag is compared with, and the key that authenticates one packet. */
START_TEST(expected_tags_and_keys_of_a_packet_are_wiped)
{
    enum { POLY1305_KEY = 32 };
    bool chacha20 = strncmp(protection_at(_i - 1).cipher->name, "chacha20", 8) == 0;
    struct lane lane;
    struct bytes payload;
    uint8_t *packet;
    size_t size;

    lane_open(&lane, _i);
    wiped_record();
    packet = seal(&lane, 100, &size);
    assert_wiped(POLY1305_KEY, chacha20 ? 1 : 0);
    arrive(&lane, packet, size);
    wiped_record();
    ck_assert_int_eq(open_next(&lane, &payload), PACKET_READY);
    assert_wiped(POLY1305_KEY, chacha20 ? 1 : 0);
    assert_wiped(HASH_MAX, mac_of(_i) != NULL ? 1 : 0);
    free(packet);
    lane_close(&lane);
}
END_TEST

void add_tests(struct suite *suite)
{
    int count = 1 + protection_count();

    add_loop(suite, every_payload_length_comes_back, ALL, count);
    add_loop(suite, packets_are_aligned_and_padded_by_at_least_4_bytes, ALL, count);
    add_loop(suite, a_packet_is_partial_until_its_last_byte_is_there, ALL, count);
    add_loop(suite, packets_received_together_are_opened_in_order, ALL, count);
    add_loop(suite, every_flipped_bit_is_noticed, WITH_KEYS, count);
    add_loop(suite, illegal_lengths_are_refused_as_soon_as_they_can_be_read, ALL, count);
    add_loop(suite, the_longest_packet_is_accepted_and_a_longer_one_is_not, ALL, count);
    add_loop(suite, padding_must_be_4_to_255_bytes_and_leave_a_message, ALL, count);
    add_loop(suite, replayed_swapped_and_missing_packets_are_refused, WITH_KEYS, count);
    add_loop(suite, the_sequence_number_wraps_to_zero, ALL, count);
    add_loop(suite, new_keys_keep_the_sequence_number_and_reset_the_counts, ALL, count);
    add_loop(suite, without_memory_the_old_keys_stay, ALL, count);
    add_test(suite, padding_is_random);
    add_loop(suite, expected_tags_and_keys_of_a_packet_are_wiped, WITH_KEYS, count);
}
