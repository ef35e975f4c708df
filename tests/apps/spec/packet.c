/* nacre-spec's packets: legal ones in every form, and illegal ones exactly as asked for. */
#include "apps/spec/packet.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

#include <stdlib.h>

static const uint8_t secret[64] = {1, 2, 3, 4};
static const uint8_t filler[255] = {9, 9};

struct way_pair {
    struct packet_way out, in;
};

static const struct {
    const struct cipher_method *cipher;
    const struct mac_method *mac;
} protections[] = {
    {&cipher_chacha20_poly1305, NULL},
    {&cipher_aes128_gcm, NULL},
    {&cipher_aes256_ctr, &mac_hmac_sha2_256},
    {&cipher_aes128_ctr, &mac_hmac_sha2_512_etm},
};

enum { PROTECTIONS = sizeof protections / sizeof protections[0] };

static void open_pair(struct way_pair *pair, int i)
{
    const struct cipher_keys keys = {secret, secret, secret, protections[i].mac};

    packet_way_init(&pair->out);
    packet_way_init(&pair->in);
    ck_assert(packet_way_rekey(&pair->out, protections[i].cipher, &keys, true));
    ck_assert(packet_way_rekey(&pair->in, protections[i].cipher, &keys, false));
}

static void close_pair(struct way_pair *pair)
{
    packet_way_clear(&pair->out);
    packet_way_clear(&pair->in);
}

/* Write a payload of `len` bytes and read it back; the padding and the number must be the same. */
static void pass(struct way_pair *pair, size_t len, uint8_t padding)
{
    uint8_t *packet = calloc(1, PACKET_START + len + PACKET_ROOM);
    uint32_t number = pair->out.number;
    struct packet_seen seen;
    size_t size;

    memset(packet + PACKET_START, 'p', len);
    size = packet_write(&pair->out, packet, len, padding, filler);
    ck_assert_uint_eq(size, 4 + 1 + len + padding + pair->out.tag_len);
    for (size_t have = 0; have < size; have += 7)
        ck_assert_int_eq(packet_read_one(&pair->in, packet, have, &seen), PACKET_READ_MORE);
    ck_assert_int_eq(packet_read_one(&pair->in, packet, size, &seen), PACKET_READ_ONE);
    ck_assert_uint_eq(seen.payload.len, len);
    ck_assert_uint_eq(seen.padding.len, padding);
    ck_assert_uint_eq(seen.number, number);
    ck_assert_uint_eq(seen.size, size);
    ck_assert_uint_eq(seen.payload.at[len - 1], 'p');
    free(packet);
}

/* RFC 4253 section 6 */
START_TEST(legal_padding_is_aligned_and_at_least_four_bytes)
{
    struct way_pair pair;

    open_pair(&pair, _i);
    for (size_t len = 1; len < 70; len++) {
        size_t before = pair.out.length_included ? 4 : 0, block = packet_block(&pair.out);
        uint8_t least = packet_padding_least(&pair.out, len);
        uint8_t most = packet_padding_most(&pair.out, len);

        ck_assert_uint_ge(least, 4);
        ck_assert_uint_lt(least, 4 + block);
        ck_assert_uint_gt(most, 255 - block);
        ck_assert_uint_eq((before + 1 + len + least) % block, 0);
        ck_assert_uint_eq((before + 1 + len + most) % block, 0);
        pass(&pair, len, least);
        pass(&pair, len, most);
    }
    ck_assert_uint_eq(pair.in.number, 2 * 69);
    close_pair(&pair);
}
END_TEST

/* The reader judges neither padding nor alignment: the watches do. */
START_TEST(any_padding_can_be_sent)
{
    const int stream = 3; /* AES-CTR: its bytes need no alignment */
    struct way_pair pair;

    open_pair(&pair, stream);
    for (size_t len = 20; len < 40; len++)
        for (uint8_t padding = 0; padding < 20; padding++)
            pass(&pair, len, padding);
    close_pair(&pair);
}
END_TEST

START_TEST(a_packet_with_another_number_is_bad)
{
    uint8_t packet[PACKET_START + 3 + PACKET_ROOM] = {0};
    struct way_pair pair;
    struct packet_seen seen;
    size_t size;

    open_pair(&pair, 0);
    pair.out.number = 5;
    size = packet_write(&pair.out, packet, 3, packet_padding_least(&pair.out, 3), filler);
    ck_assert_int_eq(packet_read_one(&pair.in, packet, size, &seen), PACKET_READ_BAD);
    close_pair(&pair);
}
END_TEST

START_TEST(an_impossible_length_is_bad)
{
    const uint32_t lengths[] = {0, 1, PACKET_TAKEN + 1, UINT32_MAX};
    struct packet_seen seen;

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t in[64] = {0};
        struct packet_way way;

        packet_way_init(&way);
        store_u32(in, lengths[i]);
        ck_assert_int_eq(packet_read_one(&way, in, sizeof in, &seen), PACKET_READ_BAD);
    }
}
END_TEST

START_TEST(keys_are_wiped)
{
    struct way_pair pair;

    open_pair(&pair, 0);
    wiped_record();
    close_pair(&pair);
    assert_wiped(protections[0].cipher->state_size, 2);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, legal_padding_is_aligned_and_at_least_four_bytes, 0, PROTECTIONS);
    add_test(suite, any_padding_can_be_sent);
    add_test(suite, a_packet_with_another_number_is_bad);
    add_test(suite, an_impossible_length_is_bad);
    add_test(suite, keys_are_wiped);
}
