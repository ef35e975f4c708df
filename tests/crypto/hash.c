#include "crypto/hash.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "tests/support/wiped.h"

static const struct hash_method *const methods[] = {&hash_md5, &hash_sha1, &hash_sha256,
                                                    &hash_sha384, &hash_sha512};

enum {
    METHODS = sizeof methods / sizeof methods[0],
};

START_TEST(known_digests_match)
{
    struct vectors *v = vectors_open("sha.txt");
    uint8_t out[HASH_MAX];

    for (size_t i = 0; i < vectors_count(v, "message"); i++) {
        for (size_t m = 0; m < METHODS; m++) {
            ck_assert(hash_of(methods[m], vectors_nth(v, "message", i), out));
            assert_bytes((struct bytes){out, methods[m]->len}, vectors_nth(v, methods[m]->name, i));
        }
    }
    vectors_close(v);
}
END_TEST

static void assert_million(struct vectors *v, const struct hash_method *method, const char *name)
{
    uint8_t chunk[997], out[HASH_MAX];
    struct hash h;

    memset(chunk, 'a', sizeof chunk);
    ck_assert(hash_start(&h, method));
    for (size_t left = 1000000, n; left > 0; left -= n) {
        n = left < sizeof chunk ? left : sizeof chunk;
        hash_update(&h, (struct bytes){chunk, n});
    }
    ck_assert(hash_finish(&h, out));
    assert_bytes((struct bytes){out, method->len}, vectors_get(v, name));
}

START_TEST(a_million_letters_in_uneven_pieces_give_the_known_digests)
{
    struct vectors *v = vectors_open("sha.txt");

    assert_million(v, &hash_md5, "million md5");
    assert_million(v, &hash_sha1, "million sha1");
    assert_million(v, &hash_sha256, "million sha256");
    assert_million(v, &hash_sha384, "million sha384");
    assert_million(v, &hash_sha512, "million sha512");
    vectors_close(v);
}
END_TEST

START_TEST(the_digest_does_not_depend_on_the_pieces)
{
    uint8_t message[300], whole[HASH_MAX], cut[HASH_MAX];
    struct hash h;

    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)i;
    for (size_t m = 0; m < METHODS; m++) {
        hash_of(methods[m], BYTES_OF_ARRAY(message), whole);
        for (size_t at = 0; at <= sizeof message; at++) {
            hash_start(&h, methods[m]);
            hash_update(&h, (struct bytes){message, at});
            hash_update(&h, (struct bytes){NULL, 0});
            hash_update(&h, (struct bytes){message + at, sizeof message - at});
            ck_assert(hash_finish(&h, cut));
            ck_assert_mem_eq(cut, whole, methods[m]->len);
        }
    }
}
END_TEST

START_TEST(copies_of_a_prefix_continue_separately)
{
    uint8_t expected[HASH_MAX], out[HASH_MAX];
    struct hash prefix, a, b;

    for (size_t m = 0; m < METHODS; m++) {
        hash_start(&prefix, methods[m]);
        hash_update(&prefix, bytes_of("common "));
        ck_assert(hash_copy(&a, &prefix));
        ck_assert(hash_copy(&b, &prefix));
        hash_update(&a, bytes_of("A"));
        hash_update(&b, bytes_of("B"));
        ck_assert(hash_finish(&a, out));
        hash_of(methods[m], bytes_of("common A"), expected);
        ck_assert_mem_eq(out, expected, methods[m]->len);
        ck_assert(hash_finish(&b, out));
        hash_of(methods[m], bytes_of("common B"), expected);
        ck_assert_mem_eq(out, expected, methods[m]->len);
        hash_abandon(&prefix);
    }
}
END_TEST

/* A method that fails. */
static bool refuse_update(void *state, const uint8_t *data, size_t len)
{
    (void)state;
    (void)data;
    (void)len;
    return false;
}

START_TEST(a_failure_is_sticky_and_gives_zeros)
{
    static const uint8_t zeros[32] = {0};
    struct hash_method broken = hash_sha256;
    uint8_t out[HASH_MAX];
    struct hash h, copy;

    broken.update = refuse_update;
    ck_assert(hash_start(&h, &broken));
    hash_update(&h, bytes_of("x"));
    broken.update = hash_sha256.update;
    hash_update(&h, bytes_of("y"));
    ck_assert(!hash_copy(&copy, &h));
    ck_assert(!hash_finish(&h, out));
    ck_assert_mem_eq(out, zeros, sizeof zeros);
    ck_assert(!hash_finish(&copy, out));
}
END_TEST

START_TEST(a_finished_digest_is_wiped_and_gives_no_second_one)
{
    static const struct hash empty;
    uint8_t out[HASH_MAX];
    struct hash h;

    hash_start(&h, &hash_sha512);
    hash_update(&h, bytes_of("secret"));
    ck_assert(hash_finish(&h, out));
    ck_assert_mem_eq(h.state, empty.state, sizeof h.state);
    ck_assert(!hash_finish(&h, out));
    hash_start(&h, &hash_sha512);
    hash_update(&h, bytes_of("secret"));
    hash_abandon(&h);
    ck_assert_mem_eq(h.state, empty.state, sizeof h.state);
    ck_assert(!hash_finish(&h, out));
}
END_TEST

START_TEST(the_state_is_wiped_and_nothing_else)
{
    uint8_t out[HASH_MAX];
    struct hash h;

    for (int finish = 0; finish < 2; finish++) {
        hash_start(&h, &hash_sha256);
        hash_update(&h, bytes_of("secret"));
        wiped_record();
        if (finish)
            ck_assert(hash_finish(&h, out));
        else
            hash_abandon(&h);
        assert_wiped(sizeof h.state, 1);
        ck_assert_ptr_eq(h.method, &hash_sha256);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_digests_match);
    add_test(suite, a_million_letters_in_uneven_pieces_give_the_known_digests);
    add_test(suite, the_digest_does_not_depend_on_the_pieces);
    add_test(suite, copies_of_a_prefix_continue_separately);
    add_test(suite, a_failure_is_sticky_and_gives_zeros);
    add_test(suite, a_finished_digest_is_wiped_and_gives_no_second_one);
    add_test(suite, the_state_is_wiped_and_nothing_else);
}
