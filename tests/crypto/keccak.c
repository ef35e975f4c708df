#include "crypto/keccak.h"
#include "crypto/keccak4.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "tests/support/wiped.h"

static const struct {
    const char *name;
    const struct keccak_method *method;
} functions[] = {
    {"sha3-256", &keccak_sha3_256},
    {"sha3-512", &keccak_sha3_512},
    {"shake128", &keccak_shake128},
    {"shake256", &keccak_shake256},
};

enum {
    FUNCTIONS = sizeof functions / sizeof functions[0],
};

START_TEST(known_outputs_match)
{
    struct vectors *v = vectors_open("keccak.txt");
    uint8_t out[400];

    for (size_t i = 0; i < vectors_count(v, "message"); i++) {
        for (size_t f = 0; f < FUNCTIONS; f++) {
            struct bytes message = vectors_nth(v, "message", i);
            struct bytes expected = vectors_nth(v, functions[f].name, i);

            keccak_of(functions[f].method, &message, 1, out, expected.len);
            assert_bytes((struct bytes){out, expected.len}, expected);
        }
    }
    vectors_close(v);
}
END_TEST

START_TEST(the_output_does_not_depend_on_the_pieces)
{
    uint8_t message[400], whole[400], cut[400];
    const struct bytes all = BYTES_OF_ARRAY(message);
    struct keccak k;

    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * i);
    for (size_t f = 0; f < FUNCTIONS; f++) {
        keccak_of(functions[f].method, &all, 1, whole, sizeof whole);
        for (size_t at = 0; at <= sizeof message; at++) {
            keccak_start(&k, functions[f].method);
            keccak_absorb(&k, (struct bytes){message, at});
            keccak_absorb(&k, (struct bytes){message + at, sizeof message - at});
            keccak_squeeze(&k, cut, at);
            keccak_squeeze(&k, cut + at, sizeof cut - at);
            ck_assert_mem_eq(cut, whole, sizeof whole);
        }
    }
}
END_TEST

START_TEST(four_streams_equal_four_sponges)
{
    uint8_t in[KECCAK_WAYS][167], out[KECCAK_WAYS][2 * 168], expected[2 * 168];
    const uint8_t *const inputs[KECCAK_WAYS] = {in[0], in[1], in[2], in[3]};
    struct keccak4 k;

    for (size_t way = 0; way < KECCAK_WAYS; way++)
        for (size_t i = 0; i < sizeof in[0]; i++)
            in[way][i] = (uint8_t)(17 * way + i);
    for (size_t f = 2; f < FUNCTIONS; f++) {
        size_t rate = functions[f].method->rate;

        for (size_t len = 0; len < rate; len++) {
            keccak4_start(&k, functions[f].method, inputs, len);
            keccak4_squeeze(&k, (uint8_t *[]){out[0], out[1], out[2], out[3]});
            keccak4_squeeze(&k, (uint8_t *[]){out[0] + rate, out[1] + rate, NULL, out[3] + rate});
            for (size_t way = 0; way < KECCAK_WAYS; way++) {
                struct bytes part = {in[way], len};

                keccak_of(functions[f].method, &part, 1, expected, 2 * rate);
                ck_assert_mem_eq(out[way], expected, way == 2 ? rate : 2 * rate);
            }
        }
    }
}
END_TEST

/* 25 lanes of 8 bytes; of 32, where the CPU has vectors of four. */
START_TEST(what_was_absorbed_is_wiped)
{
    enum { STATE = 25 * 8, STATES = 25 * 32 };
    uint8_t in[32] = {1}, out[KECCAK_WAYS][SHAKE128_RATE];
    const uint8_t *const ins[] = {in, in, in, in};
    uint8_t *const outs[] = {out[0], out[1], out[2], out[3]};
    const struct bytes secret = BYTES_OF_ARRAY(in);
    struct keccak4 four;

    wiped_record();
    keccak_of(&keccak_sha3_256, &secret, 1, out[0], 32);
    assert_wiped(STATE, 1);
    assert_wiped(sizeof(struct keccak), 1);
    wiped_record();
    keccak4_start(&four, &keccak_shake128, ins, sizeof in);
    keccak4_squeeze(&four, outs);
    if (wiped_times(STATE) > 0) /* four permutations, and the copy of one state */
        assert_wiped(STATE, 4 + 1);
    else
        assert_wiped(STATES, 1 + 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test_any_cpu(suite, known_outputs_match);
    add_test_any_cpu(suite, the_output_does_not_depend_on_the_pieces);
    add_test_any_cpu(suite, four_streams_equal_four_sponges);
    add_test_any_cpu(suite, what_was_absorbed_is_wiped);
}
