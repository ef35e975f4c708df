/* Known packets, sealed and opened again. RFC 4253 section 6. */
#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "transport/algorithms.h"
#include "transport/packet.h"

#include <stdlib.h>

enum { LENGTH = 4 /* bytes of the length field */ };

/* What one end sends and the other receives, under the same keys. */
struct lane {
    struct pool pool;
    struct direction sending, receiving;
    struct buffer in;
};

static void lane_open(struct lane *lane)
{
    memset(lane, 0, sizeof *lane);
    pool_init(&lane->pool, NULL);
    direction_init(&lane->sending);
    direction_init(&lane->receiving);
}

static void lane_close(struct lane *lane)
{
    direction_clear(&lane->sending, &lane->pool);
    direction_clear(&lane->receiving, &lane->pool);
    buffer_clear(&lane->in, &lane->pool);
    pool_clear(&lane->pool);
}

static void open_known(struct lane *lane, struct bytes wire, struct bytes expected)
{
    size_t size = 0;
    struct bytes payload;
    uint8_t *at = buffer_make_huge_room(&lane->in, &lane->pool, wire.len);

    ck_assert_ptr_nonnull(at);
    memcpy(at, wire.at, wire.len);
    buffer_added(&lane->in, wire.len);
    ck_assert_int_eq(packet_open(&lane->receiving, &lane->in, &payload, &size), PACKET_READY);
    assert_bytes(payload, expected);
    buffer_consumed(&lane->in, size);
}

/* Seal a known packet and open it again. It prescribes its padding, so this calls the cipher
 * directly. */
static void check_known(struct lane *lane, struct bytes packet, struct bytes wire)
{
    struct direction *d = &lane->sending;
    uint8_t *sealed = malloc(wire.len);

    memcpy(sealed, packet.at, packet.len);
    ck_assert(d->cipher->seal(d->state, d->seq, sealed, (uint32_t)packet.len - LENGTH));
    assert_bytes((struct bytes){sealed, wire.len}, wire);
    free(sealed);

    open_known(
        lane, wire,
        (struct bytes){packet.at + PACKET_HEADER, packet.len - PACKET_HEADER - packet.at[LENGTH]});
}

static void key_known(struct lane *lane, const struct cipher_method *method, const uint8_t *key,
                      const uint8_t *iv)
{
    const struct cipher_keys keys = {.key = key, .iv = iv};

    ck_assert(direction_rekey(&lane->sending, &lane->pool, method, &keys, true));
    ck_assert(direction_rekey(&lane->receiving, &lane->pool, method, &keys, false));
}

/* cc20/6/1: including appendix A of the draft. */
START_TEST(known_packets_of_chacha20_poly1305)
{
    struct vectors *v = vectors_open("packet.txt");

    ck_assert_uint_eq(vectors_count(v, "chacha20_key"), 4);
    for (size_t i = 0; i < vectors_count(v, "chacha20_key"); i++) {
        struct lane lane;

        lane_open(&lane);
        key_known(&lane, &cipher_chacha20_poly1305, vectors_nth(v, "chacha20_key", i).at, NULL);
        lane.sending.seq = lane.receiving.seq = load_u32(vectors_nth(v, "chacha20_seq", i).at);
        check_known(&lane, vectors_nth(v, "chacha20_packet", i),
                    vectors_nth(v, "chacha20_wire", i));
        lane_close(&lane);
    }
    vectors_close(v);
}
END_TEST

/* 5647/7.1/1: two packets in a row, with any initial counter. */
static void check_known_gcm(const struct cipher_method *method, const char *key, const char *iv,
                            const char *packet, const char *wire)
{
    struct vectors *v = vectors_open("packet.txt");

    ck_assert_uint_eq(vectors_count(v, key), 3);
    for (size_t i = 0; i < vectors_count(v, key); i++) {
        struct lane lane;

        lane_open(&lane);
        key_known(&lane, method, vectors_nth(v, key, i).at, vectors_nth(v, iv, i).at);
        for (size_t p = 2 * i; p < 2 * i + 2; p++)
            check_known(&lane, vectors_nth(v, packet, p), vectors_nth(v, wire, p));
        lane_close(&lane);
    }
    vectors_close(v);
}

START_TEST(known_packets_of_aes128_gcm)
{
    check_known_gcm(&cipher_aes128_gcm, "aes128_gcm_key", "aes128_gcm_iv", "aes128_gcm_packet",
                    "aes128_gcm_wire");
}
END_TEST

START_TEST(known_packets_of_aes256_gcm)
{
    check_known_gcm(&cipher_aes256_gcm, "aes256_gcm_key", "aes256_gcm_iv", "aes256_gcm_packet",
                    "aes256_gcm_wire");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_packets_of_chacha20_poly1305);
    add_test(suite, known_packets_of_aes128_gcm);
    add_test(suite, known_packets_of_aes256_gcm);
}
