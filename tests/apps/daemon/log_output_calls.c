/* Where the log goes, call by call: files, the daemon at /dev/log and the clock are the test's. */
#include "apps/daemon/log_output.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { FIRST = 1000 /* descriptor; the others follow */ };

static int opened, failure; /* 0: calls succeed */
static int interruptions;   /* calls that a signal ends first */
static ssize_t accepted;    /* bytes of a write */
static int ready;           /* what poll returns */
static char errbuf[256];
static const struct errbuf p = {errbuf, sizeof errbuf};

/* True: this call is interrupted, or fails. */
static bool fails(void)
{
    errno = interruptions > 0 ? EINTR : failure;
    return interruptions > 0 ? interruptions-- > 0 : failure != 0;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_open64(const char *path, int flags, ...);
int __real_close(int fd);
ssize_t __real_write(int fd, const void *data, size_t len);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);

OWN(int, open64, const char *path, int flags, ...)
{
    const int expected = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

    if (strcmp(path, "log") != 0)
        return __real_open64(path, flags, 0600);
    note("open%s;", flags == expected ? "" : " otherwise");
    errno = failure;
    return failure != 0 ? -1 : FIRST + opened++;
}

OWN(int, socket, int domain, int type, int protocol)
{
    bool same = domain == AF_UNIX && type == (SOCK_DGRAM | SOCK_CLOEXEC) && protocol == 0;

    note("socket%s;", same ? "" : " otherwise");
    errno = failure;
    return failure != 0 ? -1 : FIRST + opened++;
}

OWN(int, close, int fd)
{
    if (fd < FIRST)
        return __real_close(fd);
    note("close %d;", fd - FIRST);
    return 0;
}

OWN(ssize_t, write, int fd, const void *data, size_t len)
{
    if (fd < FIRST)
        return __real_write(fd, data, len);
    note("write %d %.*s;", fd - FIRST, (int)len, (const char *)data);
    return fails() ? -1 : accepted;
}

OWN(ssize_t, sendto, int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
    socklen_t size)
{
    const struct sockaddr_un *address = (const void *)to;

    ck_assert(size == sizeof *address && strcmp(address->sun_path, "/dev/log") == 0);
    note("send %d '%.*s'%s%s;", fd - FIRST, (int)len, (const char *)data,
         flags & MSG_DONTWAIT ? "" : " waits", flags & MSG_NOSIGNAL ? "" : " with a signal");
    return fails() ? -1 : (ssize_t)len;
}

OWN(int, poll, struct pollfd *fds, nfds_t count, int timeout)
{
    if (fds[0].fd < FIRST)
        return __real_poll(fds, count, timeout);
    note("poll %d%s %d;", fds[0].fd - FIRST, fds[0].events == POLLOUT ? "" : " otherwise", timeout);
    return fails() ? -1 : ready;
}

/* 2026-01-02 03:04:05 UTC */
OWN(time_t, time, time_t *out)
{
    (void)out;
    return 1767323045;
}

/* The same on 32-bit machines */
OWN(time_t, __time64, time_t *out)
{
    return __wrap_time(out);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static const struct log_destination file = {.file = "log", .program = "p"};
static const struct log_destination daemon_log = {.syslog = true, .program = "program"};

static void open_log(const struct log_destination *to)
{
    opened = failure = 0;
    ck_assert(log_open(to, &p));
    noted[0] = 0;
}

static enum log_progress put(const char *text, bool waits, size_t *n)
{
    *n = 99;
    return log_output_write(text, strlen(text), waits, n);
}

START_TEST(a_destination_is_opened_or_the_log_stays_where_it_is)
{
    ck_assert(log_open(&file, &p));
    expect_notes("open;");
    ck_assert(!log_is_standard_error());
    failure = ENOSPC;
    ck_assert(!log_open(&daemon_log, &p));
    expect_notes("socket;");
    ck_assert_str_eq(errbuf, "cannot log to /dev/log: No space left on device");
    ck_assert(!log_open(&file, &p));
    ck_assert_str_eq(errbuf, "cannot open the log file log: No space left on device");
    noted[0] = 0;
    failure = 0;
    ck_assert(log_open(&daemon_log, &p));
    expect_notes("socket;");
}
END_TEST

START_TEST(each_line_is_a_message_to_the_daemon)
{
    size_t n;

    open_log(&daemon_log);
    ck_assert_int_eq(put("one\ntwo\n", true, &n), LOG_WRITTEN);
    ck_assert_uint_eq(n, 4);
    ck_assert_int_eq(put("two", false, &n), LOG_WRITTEN);
    ck_assert_uint_eq(n, 3);
    expect_notes("send 0 'one' waits;send 0 'two';");
    interruptions = 2;
    ck_assert_int_eq(put("a\n", false, &n), LOG_WRITTEN);
    expect_notes("send 0 'a';send 0 'a';send 0 'a';");
}
END_TEST

START_TEST(the_daemon_gets_a_prefix)
{
    char line[LOG_LINE_MAX], expected[128];
    static const int priorities[] = {35, 36, 38, 39, 39}; /* 32: auth */

    (void)setenv("TZ", "UTC", 1);
    open_log(&daemon_log);
    for (int level = LOG_ERROR; level <= LOG_TRACE; level++) {
        size_t len = log_sentence(line, (enum log_level)level, "p", "yes");

        (void)snprintf(expected, sizeof expected, "<%d>Jan  2 03:04:05 program[%d]: p: yes\n",
                       priorities[level], (int)getpid());
        ck_assert_uint_eq(len, strlen(expected));
        ck_assert_int_eq(strncmp(line, expected, len), 0);
    }
}
END_TEST

START_TEST(a_write_ends_in_one_of_three_ways)
{
    static const struct {
        int failure;
        ssize_t accepted;
        enum log_progress progress;
        size_t n;
    } rows[] = {
        {0, 3, LOG_WRITTEN, 3},       {0, 0, LOG_NO_READER, 0},      {EAGAIN, 0, LOG_FULL, 0},
        {EPIPE, 0, LOG_NO_READER, 0}, {ENOSPC, 0, LOG_NO_READER, 0},
    };
    size_t n;

    open_log(&file);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        failure = rows[i].failure;
        accepted = rows[i].accepted;
        interruptions = 1;
        ck_assert_int_eq(put("abc", true, &n), rows[i].progress);
        ck_assert_uint_eq(n, rows[i].n);
        expect_notes("write 0 abc;write 0 abc;");
    }
}
END_TEST

START_TEST(a_file_that_is_opened_again_takes_effect_with_the_next_line)
{
    size_t n;

    open_log(&file);
    accepted = 1;
    ck_assert(log_reopen(&p));
    ck_assert(log_reopen(&p)); /* the one between them is not used */
    expect_notes("open;open;close 1;");
    (void)put("a", true, &n);
    (void)put("b", true, &n);
    expect_notes("close 0;write 2 a;write 2 b;");
    failure = EACCES;
    ck_assert(!log_reopen(&p));
    ck_assert_str_eq(errbuf, "cannot open the log file log: Permission denied");
    failure = 0;
    (void)put("c", true, &n);
    expect_notes("open;write 2 c;");
    open_log(&daemon_log);
    ck_assert(log_reopen(&p)); /* it is no file */
    expect_notes("");
}
END_TEST

START_TEST(waiting_goes_on_after_a_signal)
{
    open_log(&file);
    interruptions = 2;
    ready = 1;
    ck_assert(log_output_wait(5));
    expect_notes("poll 0 5;poll 0 5;poll 0 5;");
    ready = 0;
    ck_assert(!log_output_wait(5));
    failure = ENOMEM;
    ck_assert(log_output_wait(5)); /* writing will tell */
    expect_notes("poll 0 5;poll 0 5;");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_destination_is_opened_or_the_log_stays_where_it_is);
    add_test(suite, each_line_is_a_message_to_the_daemon);
    add_test(suite, the_daemon_gets_a_prefix);
    add_test(suite, a_write_ends_in_one_of_three_ways);
    add_test(suite, a_file_that_is_opened_again_takes_effect_with_the_next_line);
    add_test(suite, waiting_goes_on_after_a_signal);
}
