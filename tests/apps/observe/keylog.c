/* The key log: whole lines, in the file before anybody needs them. */
#include "apps/observe/keylog.h"
#include "tests/support/child.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, EXCHANGES = 200, COOKIE = 16 };

/* What the next writes return; 0: as many bytes as they are given. */
static struct {
    ssize_t result;
    int failure;
} results[4];
static size_t result_count;

ssize_t __real_write(int fd, const void *bytes, size_t len); /* NOLINT: the linker's name */

/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's name */
OWN(ssize_t, write, int fd, const void *bytes, size_t len)
{
    ssize_t result;

    if (result_count == 0)
        return __real_write(fd, bytes, len);
    result = results[0].result;
    errno = results[0].failure;
    result_count--;
    memmove(results, results + 1, result_count * sizeof results[0]);
    return result > 0 ? __real_write(fd, bytes, (size_t)result) : result;
}

static void next_write(ssize_t result, int failure)
{
    results[result_count].result = result;
    results[result_count++].failure = failure;
}

static int troubles;
static char told[1024];

static void on_trouble(const char *sentence)
{
    troubles++;
    (void)snprintf(told, sizeof told, "%s", sentence);
}

static void open_log(const char *name)
{
    char text[1024];
    const struct errbuf p = {text, sizeof text};

    troubles = 0;
    ck_assert_msg(keylog_open(scratch_path(name), on_trouble, &p), "%s", text);
}

/* One key exchange of a connection: a line of 32 + 15 + 2 * len + 1 characters, and without x no
 * other. */
static void exchange(void *state, uint8_t cookie, size_t len)
{
    uint8_t kexinit[1 + COOKIE] = {20};
    uint8_t secret[4 + 256] = {0};

    memset(kexinit + 1, cookie, COOKIE);
    memset(secret + 4, cookie, len);
    keylog_part.sees.message(state, NACRE_SENT, 0, "kexinit", kexinit, sizeof kexinit);
    keylog_part.sees.secret(state, 'K', secret, 4 + len);
}

static void *connect_once(void)
{
    const struct observed connection = {.id = 1};
    void *state = keylog_part.open(&connection);

    ck_assert_ptr_nonnull(state);
    return state;
}

static void disconnect(void *state)
{
    const struct nacre_end why = {0};

    keylog_part.closed(state, &why);
}

static void *run_thread(void *argument)
{
    uint8_t cookie = *(const uint8_t *)argument;
    void *state = connect_once();

    for (size_t i = 0; i < EXCHANGES; i++)
        exchange(state, cookie, 1 + i % 200);
    disconnect(state);
    return NULL;
}

/* Is it a cookie of equal bytes, and a secret of the same? */
static bool is_whole(const char *line, size_t len)
{
    if (len < 32 + 15 + 2 || strncmp(line + 32, " SHARED_SECRET ", 15) != 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((i < 32 || i >= 32 + 15) && line[i] != line[(i < 32 ? i : i - 47) % 2])
            return false;
    return true;
}

START_TEST(lines_of_many_threads_stay_whole)
{
    static const uint8_t cookies[THREADS] = {0x12, 0x34, 0x56, 0x78};
    pthread_t threads[THREADS];
    char *content, *rest = NULL;
    size_t count = 0;

    open_log("keys");
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, run_thread, (void *)(uintptr_t)&cookies[i]), 0);
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    keylog_close();
    content = scratch_read(scratch_path("keys"));
    for (char *line = strtok_r(content, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest), count++)
        ck_assert_msg(is_whole(line, strlen(line)), "%s", line);
    ck_assert_uint_eq(count, THREADS * EXCHANGES);
    ck_assert_int_eq(troubles, 0);
    free(content);
}
END_TEST

/* The lowest descriptor that is free. */
static int next_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    return fd;
}

START_TEST(a_closed_log_holds_no_descriptor)
{
    int before = next_descriptor();

    open_log("keys");
    ck_assert_int_ne(next_descriptor(), before);
    keylog_close();
    ck_assert_int_eq(next_descriptor(), before);
    ck_assert_int_eq(open("/dev/null", O_RDONLY | O_CLOEXEC), before);
    keylog_close(); /* does nothing */
    ck_assert_int_eq(fcntl(before, F_GETFD), FD_CLOEXEC);
    (void)close(before);
}
END_TEST

START_TEST(a_later_run_appends)
{
    char *content;

    for (uint8_t run = 1; run <= 2; run++) {
        void *state;

        open_log("keys");
        state = connect_once();
        exchange(state, run, 1);
        disconnect(state);
        keylog_close();
    }
    content = scratch_read(scratch_path("keys"));
    ck_assert_str_eq(content, "01010101010101010101010101010101 SHARED_SECRET 01\n"
                              "02020202020202020202020202020202 SHARED_SECRET 02\n");
    free(content);
}
END_TEST

static void ignore_signal(int number)
{
    (void)number;
}

/* The file may have 70 bytes: one line of 50, and a part of the next. */
static int with_little_space(void)
{
    const struct rlimit little = {70, RLIM_INFINITY}, more = {1000, RLIM_INFINITY};
    void *state;

    (void)signal(SIGXFSZ, ignore_signal);
    open_log("keys");
    state = connect_once();
    (void)setrlimit(RLIMIT_FSIZE, &little);
    for (uint8_t i = 1; i <= 4; i++)
        exchange(state, i, 1);
    (void)setrlimit(RLIMIT_FSIZE, &more);
    exchange(state, 5, 1);
    disconnect(state);
    keylog_close();
    return troubles == 1 && strstr(told, "keys: cannot write keys: ") != NULL ? 0 : 1;
}

/* ... is reported once, and lines that fit again are whole. */
START_TEST(a_full_disk_is_reported_once)
{
    char *content;

    succeeds_in_child(with_little_space);
    content = scratch_read(scratch_path("keys"));
    ck_assert_str_eq(content, "01010101010101010101010101010101 SHARED_SECRET 01\n"
                              "02020202020202020202\n"
                              "05050505050505050505050505050505 SHARED_SECRET 05\n");
    free(content);
}
END_TEST

#define LINE_1 "01010101010101010101010101010101 SHARED_SECRET 01\n"
#define LINE_2 "02020202020202020202020202020202 SHARED_SECRET 02\n"

static void expect_log(const char *expected)
{
    char *content = scratch_read(scratch_path("keys"));

    ck_assert_str_eq(content, expected);
    free(content);
}

START_TEST(a_line_may_need_several_writes)
{
    void *state;

    open_log("keys");
    state = connect_once();
    next_write(-1, EINTR);
    next_write(10, 0);
    next_write(-1, EINTR);
    exchange(state, 1, 1);
    expect_log(LINE_1);
    next_write(10, 0);
    next_write(0, EINTR); /* nothing, and no reason: it is full */
    exchange(state, 2, 1);
    ck_assert_int_eq(troubles, 1);
    assert_says(told, "No space left");
    next_write(-1, ENOSPC); /* the newline after the torn line, */
    next_write(0, 0);       /* ... then nothing of the next one */
    exchange(state, 2, 1);
    exchange(state, 2, 1);
    expect_log(LINE_1 "0202020202\n" LINE_2);
    exchange(state, 1, 1);
    expect_log(LINE_1 "0202020202\n" LINE_2 LINE_1);
    ck_assert_int_eq(troubles, 1);
    disconnect(state);
    keylog_close();
}
END_TEST

/* The next log begins as if nothing had happened. */
START_TEST(a_log_that_failed_can_be_opened_again)
{
    void *state;

    open_log("keys");
    state = connect_once();
    next_write(10, 0);
    next_write(-1, EIO);
    exchange(state, 1, 1);
    ck_assert_int_eq(troubles, 1);
    assert_says(told, "Input/output error");
    keylog_close();
    (void)unlink(scratch_path("keys"));
    open_log("keys");
    exchange(state, 2, 1);
    expect_log(LINE_2);
    next_write(-1, EIO);
    exchange(state, 1, 1);
    ck_assert_int_eq(troubles, 1);
    disconnect(state);
    keylog_close();
}
END_TEST

/* The private number waits for K, which may never come. */
START_TEST(a_connection_leaves_no_secret)
{
    static const uint8_t kexinit[1 + COOKIE] = {20};
    static const char number[] = "a private number";
    void *state;

    open_log("keys");
    state = connect_once();
    leftovers_secret(number, strlen(number));
    keylog_part.sees.message(state, NACRE_SENT, 0, "kexinit", kexinit, sizeof kexinit);
    keylog_part.sees.secret(state, 'x', (const uint8_t *)number, strlen(number));
    disconnect(state);
    keylog_close();
}
END_TEST

START_TEST(without_a_file_or_memory_nothing_is_logged)
{
    const struct observed connection = {.id = 1};
    char text[1024];
    const struct errbuf p = {text, sizeof text};
    void *state;

    ck_assert(!keylog_open(scratch_path("missing/keys"), on_trouble, &p));
    assert_says(text, "missing/keys: No such file");
    leftovers_refuse(1);
    state = keylog_part.open(&connection);
    ck_assert_ptr_null(state);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, lines_of_many_threads_stay_whole);
    add_test(suite, a_closed_log_holds_no_descriptor);
    add_test(suite, a_later_run_appends);
    add_test(suite, a_full_disk_is_reported_once);
    add_test(suite, a_line_may_need_several_writes);
    add_test(suite, a_log_that_failed_can_be_opened_again);
    add_test(suite, a_connection_leaves_no_secret);
    add_test(suite, without_a_file_or_memory_nothing_is_logged);
}
