#include "tests/support/printed.h"

#include <check.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PRINTED_MAX = 1 << 20 /* bytes */ };

static char text[PRINTED_MAX];
static int stream, before, file;

void printed_begin(int fd)
{
    stream = fd;
    ck_assert_int_eq(fflush(NULL), 0);
    before = dup(fd);
    file = memfd_create("printed", MFD_CLOEXEC);
    ck_assert_int_ge(before, 0);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(dup2(file, fd), fd);
}

const char *printed_end(void)
{
    ssize_t n;

    ck_assert_int_eq(fflush(NULL), 0);
    n = pread(file, text, sizeof text - 1, 0);
    ck_assert_int_ge(n, 0);
    text[n] = 0;
    ck_assert_int_eq(dup2(before, stream), stream);
    (void)close(before);
    (void)close(file);
    return text;
}

void expect_printed(const char *expected)
{
    ck_assert_str_eq(printed_end(), expected);
}
