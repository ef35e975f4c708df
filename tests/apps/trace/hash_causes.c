/* H and keys computed with one mistake each. */
#include "apps/trace/causes.h"
#include "apps/trace/derive.h"

#include "tests/support/scratch.h"
#include "tests/support/trace_exchange.h"
#include "tests/support/wiped.h"

#include <stdlib.h>
#include <string.h>

#define CURVE "curve25519-sha256"
#define GEX "diffie-hellman-group-exchange-sha256"

static struct exchanges traced;
static const struct exchange *x; /* the second exchange of a session with a rekey */
static uint8_t h[HASH_MAX];

static void start(const char *kex)
{
    traced = exchanges_run(&(struct exchange_session){.kex = kex, .rekeys = true});
    ck_assert_uint_eq(traced.count, 2);
    x = &traced.x[1];
    ck_assert(exchange_compute_hash(x, h));
}

/* ---- H ---- */

enum order { ALL, WITHOUT, FIRST, VALUES };

static void hash_fields(const struct hash_method *method, enum order order, unsigned ids,
                        uint8_t *out)
{
    struct exchange_pieces p = {.count = 0};
    struct hashed f;

    for (int round = order == FIRST ? 0 : 1; round < 2; round++)
        for (size_t i = 0; exchange_field(x, i, &f); i++) {
            bool named = (ids & 1U << f.id) != 0;

            if (order == VALUES)
                exchange_add_piece(&p, f.value);
            else if (order == ALL || (order == FIRST ? named == (round == 0) : !named))
                exchange_add_piece(&p, f.encoded);
        }
    ck_assert(exchange_hash_pieces(method, &p, out));
}

#define ID(name) (1U << HASHED_##name)

/* clang-format off */
static const struct slip {
    const char *kex;
    const struct hash_method *method;
    enum order order;
    unsigned ids;
    const char *says;
} slips[] = {
    {CURVE, &hash_sha1, ALL, 0, "it is the SHA-1 hash of the right fields"},
    {CURVE, &hash_sha384, ALL, 0, "it is the SHA-384 hash of the right fields"},
    {CURVE, &hash_sha512, ALL, 0, "it is the SHA-512 hash of the right fields"},
    {"sntrup761x25519-sha512", &hash_sha256, ALL, 0, "it is the SHA-256 hash of the right fields"},
    {CURVE, &hash_sha256, WITHOUT, ID(K), "K is not hashed"},
    {CURVE, &hash_sha256, FIRST, ID(K), "K is hashed first"},
    {CURVE, &hash_sha256, WITHOUT, ID(K_S), "K_S is not hashed"},
    {CURVE, &hash_sha256, WITHOUT, ID(V_C) | ID(V_S), "the identifications are not hashed"},
    {GEX, &hash_sha256, WITHOUT, ID(MIN) | ID(N) | ID(MAX), "min, n and max are not hashed"},
    {CURVE, &hash_sha256, VALUES, 0, "without their lengths"},
    {CURVE, &hash_sha256, WITHOUT, ID(I_C), "something is left out, added, or in another order"},
};
/* clang-format on */

START_TEST(a_wrong_hash_is_explained)
{
    const struct slip *s = &slips[_i];
    uint8_t got[HASH_MAX];

    start(s->kex);
    hash_fields(s->method, s->order, s->ids, got);
    assert_says(cause_of_hash(x, (struct bytes){got, s->method->len}), s->says);
    assert_says(cause_of_hash(x, (struct bytes){got, 7}), "another length");
    exchanges_free(&traced);
}
END_TEST

START_TEST(the_server_first_is_explained)
{
    static const size_t order[] = {1, 0, 3, 2, 4, 5, 6, 7};
    struct exchange_pieces p = {.count = 0};
    uint8_t got[HASH_MAX];
    struct hashed f;

    start(CURVE);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        ck_assert(exchange_field(x, order[i], &f));
        exchange_add_piece(&p, f.encoded);
    }
    ck_assert(exchange_hash_pieces(x->hash, &p, got));
    assert_says(cause_of_hash(x, (struct bytes){got, 32}), "the server's fields are before");
    exchanges_free(&traced);
}
END_TEST

/* ---- keys ---- */

static struct derivation right(size_t i)
{
    return derivation_of(x, (struct bytes){h, x->hash->len}, i);
}

static void expect_key(size_t i, const struct derivation *d, const char *says)
{
    uint8_t got[EXCHANGE_KEY_MAX];

    ck_assert(derive_key(d, got, sizeof got));
    assert_says(
        cause_of_key(x, (struct bytes){h, x->hash->len}, i, (struct bytes){got, sizeof got}), says);
}

START_TEST(a_wrong_letter_is_explained)
{
    static const struct {
        char letter;
        const char *says;
    } letters[] = {{'D', "client and server are swapped"},
                   {'A', "this is key A"},
                   {'E', "this is key E"},
                   {'c', "the letter is in lower case"},
                   {3, "the letter is a number"},
                   {0, "the letter is not hashed"}};

    start(CURVE);
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        struct derivation d = right(2);

        d.letter = letters[i].letter;
        wiped_record();
        expect_key(2, &d, letters[i].says);
        ck_assert_uint_gt(wiped_times(EXCHANGE_KEY_MAX), 0); /* one for each guess, ... */
        assert_wiped(EXCHANGE_KEY_MAX + HASH_MAX, wiped_times(EXCHANGE_KEY_MAX) + 1);
    }
    exchanges_free(&traced);
}
END_TEST

START_TEST(wrong_inputs_are_explained)
{
    struct derivation d;

    start(CURVE);
    d = right(2);
    d.session_id = d.h;
    expect_key(2, &d, "H is used as session_id");
    d = right(2);
    d.session_id.len = 0;
    expect_key(2, &d, "session_id is not hashed");
    d = right(2);
    d.h = d.session_id;
    expect_key(2, &d, "session_id is used as H");
    d = right(2);
    d.k = bytes_from(d.k, 4);
    expect_key(2, &d, "K is hashed without its length");
    d = right(2);
    d.hash = &hash_sha512;
    expect_key(2, &d, "the hash is not this method's");
    d = right(2);
    d.k = d.h;
    expect_key(2, &d, "none of the usual ones");
    exchanges_free(&traced);
}
END_TEST

START_TEST(a_wrong_continuation_is_explained)
{
    uint8_t got[EXCHANGE_KEY_MAX];
    struct derivation d;

    start("diffie-hellman-group14-sha1"); /* 64 bytes take four hashes */
    d = right(2);
    d.repeats = true;
    expect_key(2, &d, "K2 is made like K1");
    d = right(2);
    d.forgets = true;
    expect_key(2, &d, "K3 is made from K2 alone");
    d = right(2);
    ck_assert(derive_key(&d, got, sizeof got));
    memset(got + x->hash->len, 0, sizeof got - x->hash->len);
    assert_says(cause_of_key(x, (struct bytes){h, x->hash->len}, 2, BYTES_OF_ARRAY(got)),
                "the first hash is right");
    exchanges_free(&traced);
}
END_TEST

START_TEST(keys_of_any_length_are_looked_at)
{
    uint8_t got[2 * EXCHANGE_KEY_MAX] = {0};

    start(CURVE);
    for (size_t len = 0; len <= sizeof got; len++)
        assert_says(cause_of_key(x, (struct bytes){h, x->hash->len}, 0, (struct bytes){got, len}),
                    "none of the usual ones");
    exchanges_free(&traced);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, a_wrong_hash_is_explained, 0, sizeof slips / sizeof slips[0]);
    add_test(suite, the_server_first_is_explained);
    add_test(suite, a_wrong_letter_is_explained);
    add_test(suite, wrong_inputs_are_explained);
    add_test(suite, a_wrong_continuation_is_explained);
    add_test(suite, keys_of_any_length_are_looked_at);
}
