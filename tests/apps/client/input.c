#include "apps/client/input.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct input in;
static int ends[2];

static void begin(void)
{
    in = (struct input){.at = 0};
    ck_assert_int_eq(pipe(ends), 0);
}

static void end(void)
{
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void type(const char *text)
{
    ck_assert_int_eq(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(a_piece_must_be_sent_before_the_next_is_read)
{
    ck_assert(input_wants_more(&in));
    type("\n~.");
    ck_assert_uint_eq(input_read(&in, ends[0]), 0);
    assert_bytes((struct bytes){in.bytes, in.len}, bytes_of("\n~."));
    ck_assert(!input_wants_more(&in));
    in.at = in.len;
    ck_assert(input_wants_more(&in));
}
END_TEST

START_TEST(the_end_comes_once)
{
    (void)close(ends[1]);
    ends[1] = -1;
    errno = EINTR; /* of a call before */
    ck_assert_uint_eq(input_read(&in, ends[0]), 0);
    ck_assert(in.ended);
    ck_assert(!input_wants_more(&in));
}
END_TEST

START_TEST(nothing_to_read_is_not_the_end)
{
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    ck_assert_uint_eq(input_read(&in, ends[0]), 0);
    ck_assert(!in.ended);
    ck_assert(input_wants_more(&in));
}
END_TEST

START_TEST(orders_are_taken_out_when_a_person_types)
{
    in.escapes = true;
    type("a\r~?b");
    ck_assert_uint_eq(input_read(&in, ends[0]), ESCAPE_HELP);
    assert_bytes((struct bytes){in.bytes, in.len}, bytes_of("a\rb"));
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, begin, end);
    add_test(suite, a_piece_must_be_sent_before_the_next_is_read);
    add_test(suite, the_end_comes_once);
    add_test(suite, nothing_to_read_is_not_the_end);
    add_test(suite, orders_are_taken_out_when_a_person_types);
}
