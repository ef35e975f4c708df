#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "transport/wire.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

START_TEST(integers_are_big_endian)
{
    const uint8_t message[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
                               0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d};
    uint8_t out[sizeof message];
    struct reader r = read_from(BYTES_OF_ARRAY(message));
    struct writer w = write_to(out, sizeof out);

    ck_assert_uint_eq(read_u8(&r), 0x01);
    ck_assert_uint_eq(read_u32(&r), 0x02030405);
    ck_assert(read_u64(&r) == UINT64_C(0x060708090a0b0c0d));
    ck_assert(read_done(&r));

    write_u8(&w, 0x01);
    write_u32(&w, 0x02030405);
    write_u64(&w, UINT64_C(0x060708090a0b0c0d));
    assert_bytes(written_bytes(&w), BYTES_OF_ARRAY(message));
}
END_TEST

/* RFC 4251 section 5: every non-zero value is TRUE, but only 0 and 1 are written. */
START_TEST(every_byte_but_zero_is_true)
{
    for (unsigned value = 0; value < 256; value++) {
        uint8_t byte = (uint8_t)value;
        struct reader r = read_from((struct bytes){&byte, 1});

        ck_assert(read_bool(&r) == (value != 0));
    }
}
END_TEST

START_TEST(booleans_are_written_as_0_and_1)
{
    uint8_t out[2];
    struct writer w = write_to(out, sizeof out);

    write_bool(&w, false);
    write_bool(&w, true);
    ck_assert_uint_eq(out[0], 0);
    ck_assert_uint_eq(out[1], 1);
}
END_TEST

/* One value of each type, read from a message that is too short. */
static void read_u8_(struct reader *r)
{
    ck_assert_uint_eq(read_u8(r), 0);
}

static void read_bool_(struct reader *r)
{
    ck_assert(!read_bool(r));
}

static void read_u32_(struct reader *r)
{
    ck_assert_uint_eq(read_u32(r), 0);
}

static void read_u64_(struct reader *r)
{
    ck_assert(read_u64(r) == 0);
}

static void read_string_(struct reader *r)
{
    ck_assert_uint_eq(read_string(r).len, 0);
}

static void read_name_list_(struct reader *r)
{
    ck_assert_uint_eq(read_name_list(r).len, 0);
}

static void read_mpint_(struct reader *r)
{
    ck_assert_uint_eq(read_mpint(r).len, 0);
}

static void read_bytes_(struct reader *r)
{
    ck_assert_uint_eq(read_bytes(r, 16).len, 0);
}

static const struct {
    void (*read)(struct reader *r);
    uint8_t message[12]; /* one value, */
    size_t len;          /* exactly */
} types[] = {
    {read_u8_, {0}, 1},
    {read_bool_, {0}, 1},
    {read_u32_, {0}, 4},
    {read_u64_, {0}, 8},
    {read_string_, {0, 0, 0, 2, 'h', 'i'}, 6},
    {read_name_list_, {0, 0, 0, 3, 'a', ',', 'b'}, 7},
    {read_mpint_, {0, 0, 0, 2, 0, 0x80}, 6},
    {read_bytes_, {0}, 12},
};

START_TEST(a_value_cut_anywhere_is_empty_and_bad)
{
    for (size_t i = 0; i < COUNT(types); i++)
        for (size_t len = 0; len < types[i].len; len++) {
            uint8_t *cut = malloc(len + 1); /* so that the sanitizer notices a read past the end */
            struct reader r = read_from((struct bytes){cut + 1, len});

            memcpy(cut + 1, types[i].message, len);
            types[i].read(&r);
            ck_assert(r.bad);
            ck_assert(!read_done(&r));
            free(cut);
        }
}
END_TEST

START_TEST(after_a_bad_read_every_read_is_empty)
{
    const uint8_t message[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 'x', 1, 1, 1, 1, 1, 1, 1, 1};
    struct reader r = read_from(BYTES_OF_ARRAY(message));

    ck_assert_uint_eq(read_string(&r).len, 0);
    for (size_t i = 0; i < COUNT(types); i++)
        types[i].read(&r);
    ck_assert_uint_eq(read_rest(&r).len, 0);
    ck_assert(!read_done(&r));
}
END_TEST

START_TEST(a_string_longer_than_its_message_is_bad)
{
    const uint32_t lengths[] = {3, 4, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff};

    for (size_t i = 0; i < COUNT(lengths); i++) {
        uint8_t message[] = {0, 0, 0, 0, 'h', 'i'};
        struct reader r = read_from(BYTES_OF_ARRAY(message));

        store_u32(message, lengths[i]);
        ck_assert_uint_eq(read_string(&r).len, 0);
        ck_assert(!read_done(&r));
    }
}
END_TEST

START_TEST(a_string_is_a_view_into_the_message)
{
    const uint8_t message[] = {0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0};
    struct reader r = read_from(BYTES_OF_ARRAY(message));
    struct bytes hi = read_string(&r);

    ck_assert_ptr_eq(hi.at, message + 4);
    ck_assert_uint_eq(hi.len, 2);
    ck_assert_uint_eq(read_string(&r).len, 0); /* empty is good */
    ck_assert(read_done(&r));
}
END_TEST

START_TEST(bytes_left_over_are_not_done)
{
    const uint8_t message[] = {1, 2, 3};
    struct reader r = read_from(BYTES_OF_ARRAY(message));

    (void)read_u8(&r);
    ck_assert(!read_done(&r));
    ck_assert_uint_eq(read_rest(&r).len, 2);
    ck_assert(read_done(&r));
    ck_assert_uint_eq(read_rest(&r).len, 0);
    ck_assert(read_done(&r));
}
END_TEST

START_TEST(an_empty_message_may_be_null)
{
    struct reader r = read_from((struct bytes){NULL, 0});

    ck_assert(read_done(&r));
    ck_assert_uint_eq(read_rest(&r).len, 0);
    ck_assert_uint_eq(read_bytes(&r, 0).len, 0);
    ck_assert(read_done(&r));
    (void)read_u8(&r);
    ck_assert(!read_done(&r));
}
END_TEST

START_TEST(mpints_of_rfc_4251_read_as_their_magnitude)
{
    struct vectors *v = vectors_open("wire.txt");

    for (size_t i = 0; i < vectors_count(v, "mpint"); i++) {
        struct reader r = read_from(vectors_nth(v, "mpint", i));

        assert_bytes(read_mpint(&r), bytes_without_zeros(vectors_nth(v, "magnitude", i)));
        ck_assert(read_done(&r));
    }
    vectors_close(v);
}
END_TEST

/* 4251/5/3, 4251/5/4, 4251/5/5 */
START_TEST(mpints_are_written_as_in_rfc_4251_whatever_leading_zeros)
{
    struct vectors *v = vectors_open("wire.txt");
    uint8_t magnitude[64] = {0}, out[64];

    for (size_t i = 0; i < vectors_count(v, "mpint"); i++)
        for (size_t zeros = 0; zeros < 3; zeros++) {
            struct bytes value = vectors_nth(v, "magnitude", i);
            struct writer w = write_to(out, sizeof out);

            memset(magnitude, 0, zeros);
            memcpy(magnitude + zeros, value.at, value.len);
            write_mpint(&w, (struct bytes){magnitude, zeros + value.len});
            ck_assert(!w.bad);
            assert_bytes(written_bytes(&w), vectors_nth(v, "mpint", i));
        }
    vectors_close(v);
}
END_TEST

START_TEST(negative_padded_and_cut_mpints_are_bad)
{
    struct vectors *v = vectors_open("wire.txt");

    ck_assert_uint_ge(vectors_count(v, "mpint_bad"), 10);
    for (size_t i = 0; i < vectors_count(v, "mpint_bad"); i++) {
        struct reader r = read_from(vectors_nth(v, "mpint_bad", i));

        ck_assert_uint_eq(read_mpint(&r).len, 0);
        ck_assert(!read_done(&r));
    }
    vectors_close(v);
}
END_TEST

START_TEST(padded_mpints_lose_their_zeros)
{
    static const struct {
        const char *encoding;
        size_t len, magnitude; /* bytes */
    } rows[] = {{"\0\0\0\0", 4, 0},       {"\0\0\0\3\0\0\0", 7, 0}, {"\0\0\0\1\x7f", 5, 1},
                {"\0\0\0\2\0\xff", 6, 1}, {"\0\0\0\3\0\0\1", 7, 1}, {"\0\0\0\4\0\0\x80\0", 8, 2}};
    struct reader r = read_from((struct bytes){(const uint8_t *)"\0\0\0\1\x80", 5});

    ck_assert_uint_eq(read_padded_mpint(&r).len, 0);
    ck_assert(r.bad); /* negative */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes all = {(const uint8_t *)rows[i].encoding, rows[i].len};

        r = read_from(all);
        assert_bytes(read_padded_mpint(&r), bytes_from(all, all.len - rows[i].magnitude));
        ck_assert(read_done(&r));
    }
}
END_TEST

START_TEST(well_formed_name_lists_are_read)
{
    struct vectors *v = vectors_open("wire.txt");

    for (size_t i = 0; i < vectors_count(v, "name_list"); i++) {
        struct bytes encoding = vectors_nth(v, "name_list", i);
        struct reader r = read_from(encoding);

        ck_assert_uint_eq(read_name_list(&r).len, encoding.len - 4);
        ck_assert(read_done(&r));
    }
    vectors_close(v);
}
END_TEST

/* 4251/5/7, 4251/5/8: no NUL, nothing but printable US-ASCII. */
START_TEST(malformed_name_lists_are_bad)
{
    struct vectors *v = vectors_open("wire.txt");

    for (size_t i = 0; i < vectors_count(v, "name_list_bad"); i++) {
        struct reader r = read_from(vectors_nth(v, "name_list_bad", i));

        ck_assert_uint_eq(read_name_list(&r).len, 0);
        ck_assert(!read_done(&r));
    }
    vectors_close(v);
}
END_TEST

START_TEST(a_name_is_printable_ascii)
{
    for (unsigned value = 0; value < 256; value++) {
        uint8_t message[] = {0, 0, 0, 3, 'a', (uint8_t)value, 'b'};
        struct reader r = read_from(BYTES_OF_ARRAY(message));

        (void)read_name_list(&r);
        ck_assert(read_done(&r) == (value > 0x20 && value < 0x7f));
        ck_assert(is_name((struct bytes){message + 4, 3}) == (value > 0x20 && value < 0x7f));
    }
}
END_TEST

START_TEST(names_are_read_one_by_one)
{
    const char *const expected[] = {"zlib@openssh.com", "a", "none"};
    static const char *const lists[] = {"zlib@openssh.com,a,none", "zlib@openssh.com,a,none,",
                                        ",zlib@openssh.com,a,none", "zlib@openssh.com,a,,,none,,"};

    /* 4251/5/6: no empty names; those that a peer sends are skipped. */
    for (size_t l = 0; l < COUNT(lists); l++) {
        struct bytes list = bytes_of(lists[l]), name;

        for (size_t i = 0; i < COUNT(expected); i++) {
            ck_assert(next_name(&list, &name));
            assert_bytes(name, bytes_of(expected[i]));
        }
        ck_assert(!next_name(&list, &name));
        ck_assert(!next_name(&list, &name));
    }
}
END_TEST

/* 4251/6/1: names are case-sensitive. */
START_TEST(a_name_is_on_a_list_only_as_a_whole)
{
    static const struct {
        const char *list, *name;
        bool has;
    } cases[] = {
        {"", "a", false},        {"a", "a", true},        {"a,b", "b", true},
        {"ab,b", "a", false},    {"a,bc", "b", false},    {"cb,a", "b", false},
        {"none", "NONE", false}, {"a,b,c", "a,b", false}, {"aa,a", "a", true},
        {",,a", "a", true},      {"a,", "", false},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_msg(name_list_has(bytes_of(cases[i].list), cases[i].name) == cases[i].has,
                      "%s in %s", cases[i].name, cases[i].list);
}
END_TEST

/* One value of each type, written where there is no space for it. */
static void write_u8_(struct writer *w)
{
    write_u8(w, 0xee);
}

static void write_u32_(struct writer *w)
{
    write_u32(w, 0xeeeeeeee);
}

static void write_u64_(struct writer *w)
{
    write_u64(w, UINT64_MAX);
}

static void write_text_(struct writer *w)
{
    write_text(w, "text");
}

static void write_mpint_(struct writer *w)
{
    const uint8_t magnitude[] = {0x80, 0, 1};

    write_mpint(w, BYTES_OF_ARRAY(magnitude));
}

static void write_nested_(struct writer *w)
{
    uint8_t *begin = write_string_begin(w);

    write_bytes(w, bytes_of("text"));
    write_string_end(w, begin);
}

START_TEST(what_does_not_fit_is_bad_and_nothing_follows_it)
{
    static const struct {
        void (*write)(struct writer *w);
        size_t len;
    } values[] = {
        {write_u8_, 1},   {write_u32_, 4},   {write_u64_, 8},
        {write_text_, 8}, {write_mpint_, 8}, {write_nested_, 8},
    };

    for (size_t i = 0; i < COUNT(values); i++)
        for (size_t room = 0; room <= values[i].len; room++) {
            uint8_t *out =
                malloc(room + 1); /* so that the sanitizer notices a write past the end */
            struct writer w = write_to(out + 1, room);

            values[i].write(&w);
            ck_assert(w.bad == (room < values[i].len));
            ck_assert_uint_le(written(&w), room);
            if (w.bad) {
                size_t before = written(&w);

                write_bytes(&w, (struct bytes){NULL, 0});
                write_u8(&w, 0);
                ck_assert_uint_eq(written(&w), before);
            }
            free(out);
        }
}
END_TEST

START_TEST(a_string_written_in_parts_begins_with_its_length)
{
    const uint8_t expected[] = {9, 0, 0, 0, 3, 'a', ',', 'b', 0, 0, 0, 0};
    uint8_t out[16];
    struct writer w = write_to(out, sizeof out);
    uint8_t *begin;

    write_u8(&w, 9);
    begin = write_string_begin(&w);
    write_bytes(&w, bytes_of("a,"));
    write_bytes(&w, bytes_of("b"));
    write_string_end(&w, begin);
    begin = write_string_begin(&w);
    write_string_end(&w, begin);
    assert_bytes(written_bytes(&w), BYTES_OF_ARRAY(expected));
}
END_TEST

START_TEST(text_has_no_nul_inside_and_fits)
{
    static const struct {
        const uint8_t message[8];
        size_t len;
        const char *text; /* NULL: bad */
    } cases[] = {
        {{0, 0, 0, 0}, 4, ""},
        {{0, 0, 0, 3, 'a', 'b', 'c'}, 7, "abc"},
        {{0, 0, 0, 4, 'a', 'b', 'c', 'd'}, 8, NULL}, /* there is space for three */
        {{0, 0, 0, 3, 'a', 0, 'c'}, 7, NULL},
        {{0, 0, 0, 1, 0}, 5, NULL},
        {{0, 0, 0, 3, 'a', 'b'}, 6, NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reader r = read_from((struct bytes){cases[i].message, cases[i].len});
        char out[4];

        ck_assert(read_text(&r, out, sizeof out) == (cases[i].text != NULL));
        ck_assert(read_done(&r) == (cases[i].text != NULL));
        if (cases[i].text != NULL)
            ck_assert_str_eq(out, cases[i].text);
    }
}
END_TEST

START_TEST(names_are_written_with_a_comma_between_two)
{
    uint8_t out[16];
    struct writer w = write_to(out, sizeof out);
    bool first = true;

    write_name(&w, &first, bytes_of("one"));
    assert_bytes(written_bytes(&w), bytes_of("one"));
    write_name(&w, &first, bytes_of("two"));
    write_name(&w, &first, bytes_of("three"));
    assert_bytes(written_bytes(&w), bytes_of("one,two,three"));
}
END_TEST

START_TEST(what_is_written_reads_back)
{
    uint8_t out[64];
    struct writer w = write_to(out, sizeof out);
    struct reader r;

    write_u8(&w, 94);
    write_bool(&w, true);
    write_string(&w, (struct bytes){(const uint8_t *)"\0\xff", 2});
    write_text(&w, "none,zlib");
    write_u64(&w, 1);
    r = read_from(written_bytes(&w));
    ck_assert_uint_eq(read_u8(&r), 94);
    ck_assert(read_bool(&r));
    ck_assert_mem_eq(read_string(&r).at, "\0\xff", 2);
    assert_bytes(read_name_list(&r), bytes_of("none,zlib"));
    ck_assert(read_u64(&r) == 1);
    ck_assert(read_done(&r));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, integers_are_big_endian);
    add_test(suite, every_byte_but_zero_is_true);
    add_test(suite, booleans_are_written_as_0_and_1);
    add_test(suite, a_value_cut_anywhere_is_empty_and_bad);
    add_test(suite, after_a_bad_read_every_read_is_empty);
    add_test(suite, a_string_longer_than_its_message_is_bad);
    add_test(suite, a_string_is_a_view_into_the_message);
    add_test(suite, bytes_left_over_are_not_done);
    add_test(suite, an_empty_message_may_be_null);
    add_test(suite, mpints_of_rfc_4251_read_as_their_magnitude);
    add_test(suite, mpints_are_written_as_in_rfc_4251_whatever_leading_zeros);
    add_test(suite, negative_padded_and_cut_mpints_are_bad);
    add_test(suite, padded_mpints_lose_their_zeros);
    add_test(suite, well_formed_name_lists_are_read);
    add_test(suite, malformed_name_lists_are_bad);
    add_test(suite, a_name_is_printable_ascii);
    add_test(suite, names_are_read_one_by_one);
    add_test(suite, a_name_is_on_a_list_only_as_a_whole);
    add_test(suite, what_does_not_fit_is_bad_and_nothing_follows_it);
    add_test(suite, a_string_written_in_parts_begins_with_its_length);
    add_test(suite, text_has_no_nul_inside_and_fits);
    add_test(suite, names_are_written_with_a_comma_between_two);
    add_test(suite, what_is_written_reads_back);
}
