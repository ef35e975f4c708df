#include "apps/client/output.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { MUCH = 300 * 1000 /* bytes: more than a pipe holds */ };

static uint8_t bytes[MUCH];

/* Read everything that is there. */
static size_t drain(int fd)
{
    static uint8_t unused[MUCH];
    ssize_t n = read(fd, unused, sizeof unused);

    ck_assert_int_gt(n, 0);
    return (size_t)n;
}

START_TEST(a_full_pipe_accepts_a_part_and_never_waits)
{
    struct output o;
    size_t written, in_pipe;
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    output_begin(&o, ends[1]);
    ck_assert_uint_eq(o.piece, PIPE_BUF);
    written = output_write(&o, bytes, sizeof bytes);
    ck_assert(o.blocked && !o.broken);
    ck_assert_uint_gt(written, 0);
    ck_assert_uint_lt(written, sizeof bytes);
    ck_assert_uint_eq(output_write(&o, bytes, 1), 0);
    in_pipe = drain(ends[0]);
    ck_assert_uint_eq(in_pipe, written);
    ck_assert_uint_eq(output_write(&o, bytes, 1), 1);
    ck_assert(!o.blocked);
    ck_assert_int_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
}
END_TEST

START_TEST(without_a_reader_everything_is_dropped)
{
    struct output o;
    int ends[2];

    (void)signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pipe(ends), 0);
    (void)close(ends[0]);
    output_begin(&o, ends[1]);
    ck_assert_uint_eq(output_write(&o, bytes, sizeof bytes), sizeof bytes);
    ck_assert(o.broken);
    ck_assert_uint_eq(output_write(&o, bytes, sizeof bytes), sizeof bytes);
    (void)close(ends[1]);
}
END_TEST

START_TEST(a_file_accepts_everything)
{
    const char *path = scratch_path("file");
    struct output o;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    output_begin(&o, fd);
    ck_assert_uint_ge(o.piece, sizeof bytes); /* in one write */
    ck_assert_uint_eq(output_write(&o, bytes, sizeof bytes), sizeof bytes);
    ck_assert_int_eq(lseek(fd, 0, SEEK_END), MUCH);
    (void)close(fd);
}
END_TEST

START_TEST(a_reader_sees_the_end)
{
    struct output o;
    int ends[2];
    char c;

    ck_assert_int_eq(pipe(ends), 0);
    output_begin(&o, ends[1]);
    ck_assert_uint_eq(output_write(&o, bytes, 1), 1);
    output_end(&o);
    ck_assert_int_eq(read(ends[0], &c, 1), 1);
    ck_assert_int_eq(read(ends[0], &c, 1), 0);
    ck_assert_uint_eq(output_write(&o, bytes, 5), 5);
    (void)close(ends[0]);
    (void)close(ends[1]);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_full_pipe_accepts_a_part_and_never_waits);
    add_test(suite, without_a_reader_everything_is_dropped);
    add_test(suite, a_file_accepts_everything);
    add_test(suite, a_reader_sees_the_end);
}
