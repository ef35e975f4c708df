/* The index of a file's lines. */
#include "apps/files/line_index.h"

#include "tests/support/suite.h"

#include <stdio.h>

static struct line_index index_of_names;

static bool finds(const char *name, uint32_t number)
{
    const struct indexed_line *line = line_index_find(&index_of_names, bytes_of(name));

    return number == 0 ? line == NULL : line != NULL && line->number == number;
}

START_TEST(lines_are_found_by_their_names_in_order)
{
    static const char *const names[] = {"alice", "bob", "alice", "", "carol", "alice"};
    const struct indexed_line *line;

    ck_assert(line_index_begin(&index_of_names, bytes_of("1\n2\n3\n4\n5\n6\n")));
    ck_assert(finds("alice", 0));
    for (uint32_t i = 0; i < 6; i++)
        line_index_add(&index_of_names, bytes_of(names[i]), 100 + i, i + 1);
    line = line_index_find(&index_of_names, bytes_of("alice"));
    for (uint32_t i = 0; i < 6; i++) {
        if (strcmp(names[i], "alice") != 0)
            continue;
        ck_assert_uint_eq(line->number, i + 1);
        ck_assert_uint_eq(line->offset, 100 + i);
        line = line_index_next(&index_of_names, line);
    }
    ck_assert_ptr_null(line);
    ck_assert(finds("bob", 2) && finds("", 4) && finds("carol", 5));
    ck_assert(finds("dave", 0) && finds("alic", 0) && finds("alicee", 0));
    line_index_clear(&index_of_names);
    ck_assert(finds("alice", 0));
}
END_TEST

/* Of 100,000 lines, and with 100,000 of the same name: neither takes longer for more lines. */
START_TEST(many_lines_and_many_of_one_name_are_found)
{
    enum { LINES = 100 * 1000 };
    static char text[LINES];
    char name[16];

    memset(text, '\n', sizeof text);
    ck_assert(
        line_index_begin(&index_of_names, ((struct bytes){(const uint8_t *)text, sizeof text})));
    for (uint32_t i = 0; i < LINES; i++) {
        (void)snprintf(name, sizeof name, "user%u", i);
        line_index_add(&index_of_names, bytes_of(_i == 0 ? name : "alice"), i, i + 1);
    }
    ck_assert(_i == 0 ? finds("user0", 1) && finds("user99999", LINES) : finds("alice", 1));
    ck_assert(finds("user100000", 0));
    if (_i == 1) {
        const struct indexed_line *line = line_index_find(&index_of_names, bytes_of("alice"));
        uint32_t n = 0;

        for (; line != NULL; line = line_index_next(&index_of_names, line))
            ck_assert_uint_eq(line->number, ++n);
        ck_assert_uint_eq(n, LINES);
    }
    line_index_clear(&index_of_names);
}
END_TEST

START_TEST(any_line_is_one_of_them)
{
    bool any[2] = {false};

    ck_assert_ptr_null(line_index_any(&index_of_names, bytes_of("alice")));
    ck_assert(line_index_begin(&index_of_names, bytes_of("1\n2")));
    ck_assert_ptr_null(line_index_any(&index_of_names, bytes_of("alice")));
    line_index_add(&index_of_names, bytes_of("bob"), 7, 1);
    line_index_add(&index_of_names, bytes_of("carol"), 8, 2);
    for (int i = 0; i < 100; i++) {
        const char name[] = {(char)(1 + i), 0};
        uint32_t offset = line_index_any(&index_of_names, bytes_of(name))->offset;

        ck_assert(offset == 7 || offset == 8);
        any[offset - 7] = true;
    }
    ck_assert(any[0] && any[1]);
    line_index_add(&index_of_names, bytes_of("dave"), 9, 3); /* no space: ignored */
    ck_assert(finds("dave", 0));
    line_index_clear(&index_of_names);
}
END_TEST

START_TEST(an_index_is_made_again_with_another_key)
{
    uint64_t key[sizeof index_of_names.key / 8];

    ck_assert(line_index_begin(&index_of_names, bytes_of("1\n2")));
    line_index_add(&index_of_names, bytes_of("alice"), 7, 1);
    memcpy(key, index_of_names.key, sizeof key);
    ck_assert(line_index_begin(&index_of_names, bytes_of("1\n2")));
    ck_assert(finds("alice", 0));
    ck_assert_mem_ne(key, index_of_names.key, sizeof key);
    line_index_clear(&index_of_names);
}
END_TEST

/* Otherwise the search for another name would never end. */
START_TEST(a_full_index_has_free_slots)
{
    char name[16], text[32] = "";

    memset(text, '\n', sizeof text - 1); /* 32 lines */
    ck_assert(line_index_begin(&index_of_names, bytes_of(text)));
    for (uint32_t i = 0; i < 32; i++) {
        (void)snprintf(name, sizeof name, "user%u", i);
        line_index_add(&index_of_names, bytes_of(name), i, i + 1);
    }
    ck_assert(finds("user31", 32) && finds("user32", 0));
    line_index_clear(&index_of_names);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, lines_are_found_by_their_names_in_order);
    add_loop(suite, many_lines_and_many_of_one_name_are_found, 0, 2);
    add_test(suite, any_line_is_one_of_them);
    add_test(suite, an_index_is_made_again_with_another_key);
    add_test(suite, a_full_index_has_free_slots);
}
