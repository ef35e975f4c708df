#include "crypto/short_hash.h"
#include "tests/support/suite.h"

/* The example in appendix A of "SipHash: a fast short-input PRF": key 00 01 ... 0f, message 00 01
 * ... 0e. */
START_TEST(the_example_of_the_paper_matches)
{
    uint8_t key[SHORT_HASH_KEY] = {0}, message[15];

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    memcpy(message, key, sizeof message);
    ck_assert_uint_eq(short_hash(key, BYTES_OF_ARRAY(message)), UINT64_C(0xa129ca6149be45e5));
}
END_TEST

START_TEST(another_key_gives_another_hash)
{
    const uint8_t one[SHORT_HASH_KEY] = {1}, two[SHORT_HASH_KEY] = {2};

    ck_assert_uint_ne(short_hash(one, bytes_of("alice")), short_hash(two, bytes_of("alice")));
    ck_assert_uint_ne(short_hash(one, bytes_of("alice")), short_hash(one, bytes_of("alicf")));
    ck_assert_uint_eq(short_hash(one, bytes_of("")), short_hash(one, (struct bytes){NULL, 0}));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_example_of_the_paper_matches);
    add_test(suite, another_key_gives_another_hash);
}
