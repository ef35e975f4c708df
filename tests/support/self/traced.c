/* What the tests' own trace complains about. */
#include "tests/support/traced.h"

#include "tests/support/suite.h"

#define SENT(...)                                                                                  \
    traced_complaint(&context, NACRE_SENT, BYTES_OF_ARRAY(((const uint8_t[]){__VA_ARGS__})))
#define RECEIVED(...)                                                                              \
    traced_complaint(&context, NACRE_RECEIVED, BYTES_OF_ARRAY(((const uint8_t[]){__VA_ARGS__})))

static const struct message_context context;

START_TEST(a_message_with_a_row_and_its_fields_is_good)
{
    ck_assert_ptr_null(SENT(21));             /* NEWKEYS */
    ck_assert_ptr_null(SENT(96, 0, 0, 0, 7)); /* CHANNEL_EOF */
    ck_assert_ptr_null(SENT(94, 0, 0, 0, 7, 0, 0, 0, 2, 0xff, 'x'));
}
END_TEST

START_TEST(a_message_that_is_sent_without_a_row_is_noticed)
{
    ck_assert_ptr_nonnull(SENT(150));
    ck_assert_ptr_nonnull(SENT(30, 0, 0, 0, 0)); /* of no key exchange method */
}
END_TEST

START_TEST(a_message_that_is_sent_with_other_fields_is_noticed)
{
    ck_assert_ptr_nonnull(SENT(21, 0));
    ck_assert_ptr_nonnull(SENT(96, 0, 0, 7));
}
END_TEST

START_TEST(a_peer_may_send_anything)
{
    ck_assert_ptr_null(RECEIVED(150));
    ck_assert_ptr_null(RECEIVED(21, 0));
    ck_assert_ptr_null(RECEIVED(50, 0, 0, 0, 200, 1, 2, 3));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_message_with_a_row_and_its_fields_is_good);
    add_test(suite, a_message_that_is_sent_without_a_row_is_noticed);
    add_test(suite, a_message_that_is_sent_with_other_fields_is_noticed);
    add_test(suite, a_peer_may_send_anything);
}
