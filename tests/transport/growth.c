/* A program's struct is read as the program's headers have it. */
#include "transport/growth.h"
#include "tests/support/suite.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* As of version 0.1; 0.2 put a member into the padding, and 0.3 made it longer. */
struct thing {
    uint64_t old;
    char letter;
    char padded;
    uint64_t newer, newest;
};

static const struct growth thing_growth = {
    sizeof(struct thing), {GROWN_BY(thing, padded, 0x000200), GROWN_BY(thing, newer, 0x000300)}};

static const struct thing whole = {1, 'a', 'b', 2, 3};

START_TEST(a_struct_of_the_newest_version_is_copied_whole)
{
    struct thing copy;

    growth_copy(&thing_growth, &copy, &whole, 0x000300);
    ck_assert(copy.old == 1 && copy.letter == 'a' && copy.padded == 'b');
    ck_assert(copy.newer == 2 && copy.newest == 3);
    growth_copy(&thing_growth, &copy, &whole, 0x000401);
    ck_assert(copy.newest == 3);
}
END_TEST

START_TEST(newer_members_are_zero)
{
    struct thing copy = whole;

    growth_copy(&thing_growth, &copy, &whole, 0x000200);
    ck_assert(copy.old == 1 && copy.letter == 'a' && copy.padded == 'b');
    ck_assert(copy.newer == 0 && copy.newest == 0);
}
END_TEST

/* What an older program has there is not even zero. */
START_TEST(padding_is_no_member)
{
    struct thing copy = whole;

    growth_copy(&thing_growth, &copy, &whole, 0x000100);
    ck_assert(copy.old == 1 && copy.letter == 'a' && copy.padded == 0);
    growth_copy(&thing_growth, &copy, &whole, 0x0001ff);
    ck_assert(copy.padded == 0);
}
END_TEST

/* The page after it cannot be read. */
START_TEST(nothing_is_read_beyond_the_version)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), old = offsetof(struct thing, padded);
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct thing copy;

    ck_assert(pages != MAP_FAILED);
    ck_assert_int_eq(mprotect(pages + page, page, PROT_NONE), 0);
    memcpy(pages + page - old, &whole, old);
    growth_copy(&thing_growth, &copy, pages + page - old, FIRST_VERSION);
    ck_assert(copy.old == 1 && copy.letter == 'a' && copy.newer == 0);
    ck_assert_int_eq(munmap(pages, 2 * page), 0);
}
END_TEST

START_TEST(a_struct_may_be_missing)
{
    struct thing copy = whole;

    ck_assert_ptr_null(growth_keep(&thing_growth, &copy, NULL, 0x000300));
    ck_assert(copy.old == 0 && copy.newest == 0);
    ck_assert_ptr_eq(growth_keep(&thing_growth, &copy, &whole, 0x000300), &copy);
    ck_assert(copy.newest == 3);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_struct_of_the_newest_version_is_copied_whole);
    add_test(suite, newer_members_are_zero);
    add_test(suite, padding_is_no_member);
    add_test(suite, nothing_is_read_beyond_the_version);
    add_test(suite, a_struct_may_be_missing);
}
