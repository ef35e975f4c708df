#include "apps/client/probe_read.h"
#include "tests/support/suite.h"

#include <string.h>

/* RFC 4253 section 7.1, with one or two names in each list */
static const char text[] = "\x14"
                           "0123456789abcdef"
                           "\0\0\0\5kex,b\0\0\0\4host\0\0\0\2c1\0\0\0\2c2\0\0\0\2m1\0\0\0\2m2"
                           "\0\0\0\4none\0\0\0\4zlib\0\0\0\0\0\0\0\1l"
                           "\1\0\0\0\0";
static struct field lists[KEXINIT_LISTS];

/* The first `len` bytes of it; none is at the end of what may be read. */
static bool read_kexinit(size_t len)
{
    static uint8_t copy[sizeof text];
    uint8_t *end = copy + sizeof copy;

    memcpy(end - len, text, len);
    return kexinit_read(&(struct probe_bytes){end - len, len}, lists);
}

static void assert_list(size_t i, const char *expected)
{
    assert_bytes((struct bytes){lists[i].at, lists[i].len}, bytes_of(expected));
}

START_TEST(kexinit_has_ten_lists_and_a_boolean)
{
    static const char *const expected[] = {"kex,b", "host", "c1",   "c2", "m1",
                                           "m2",    "none", "zlib", "",   "l"};

    ck_assert(read_kexinit(sizeof text - 1));
    for (size_t i = 0; i < KEXINIT_LISTS; i++)
        assert_list(i, expected[i]);
    ck_assert(read_kexinit(sizeof text - 1 - 4)); /* the boolean is the last byte */
}
END_TEST

START_TEST(a_short_kexinit_has_empty_lists_at_its_end)
{
    for (size_t len = 0; len < sizeof text - 1 - 5; len++) {
        ck_assert(!read_kexinit(len));
        assert_list(KEXINIT_LISTS - 1, "");
    }
    ck_assert(!read_kexinit(30));
    assert_list(0, "kex,b");
    assert_list(1, "");
}
END_TEST

START_TEST(a_length_beyond_the_message_ends_it)
{
    static const uint8_t message[] = {1, 0xff, 0xff, 0xff, 0xff, 'a', 0, 0, 0, 1, 'b'};
    struct field_reader r =
        field_reader(&(struct probe_bytes){(uint8_t *)(uintptr_t)message, sizeof message});

    ck_assert_uint_eq(field_string(&r).len, 0);
    ck_assert_uint_eq(field_string(&r).len, 0);
    ck_assert_uint_eq(field_u32(&r), 0);
    ck_assert_uint_eq(field_u8(&r), 0);
}
END_TEST

START_TEST(a_string_may_end_the_message)
{
    static const uint8_t message[] = {1, 0, 0, 0, 1, 'b'};
    struct field_reader r =
        field_reader(&(struct probe_bytes){(uint8_t *)(uintptr_t)message, sizeof message});
    struct field found = field_string(&r);

    assert_bytes((struct bytes){found.at, found.len}, bytes_of("b"));
    ck_assert_uint_eq(r.len, 0);
}
END_TEST

START_TEST(names_are_cut_at_commas)
{
    struct field list = {(const uint8_t *)"a,,bc", 5}, name;

    ck_assert(field_name(&list, &name));
    assert_bytes((struct bytes){name.at, name.len}, bytes_of("a"));
    ck_assert(field_name(&list, &name));
    ck_assert_uint_eq(name.len, 0);
    ck_assert(field_name(&list, &name));
    assert_bytes((struct bytes){name.at, name.len}, bytes_of("bc"));
    ck_assert(!field_name(&list, &name));
}
END_TEST

START_TEST(text_is_printable_and_cut)
{
    const struct field field = {(const uint8_t *)"a\x1b\0\xc3\xa4~", 6};
    char out[16];

    field_text(out, sizeof out, &field);
    ck_assert_str_eq(out, "a????~");
    field_text(out, 3, &field);
    ck_assert_str_eq(out, "a?");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, kexinit_has_ten_lists_and_a_boolean);
    add_test(suite, a_short_kexinit_has_empty_lists_at_its_end);
    add_test(suite, a_length_beyond_the_message_ends_it);
    add_test(suite, a_string_may_end_the_message);
    add_test(suite, names_are_cut_at_commas);
    add_test(suite, text_is_printable_and_cut);
}
