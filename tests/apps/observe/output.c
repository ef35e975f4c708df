#include "apps/observe/output.h"

#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE = 1000, LINES = 20000, THREADS = 4 };

static char text[512];
static struct errbuf errors = {text, sizeof text};
static int troubles;
static int ends[2] = {-1, -1}; /* of a pipe */
static char *got;              /* what was read from it */
static size_t got_len;

/* What the thread writes is noted, and perhaps fails first. */
static bool notes_writes, is_blocked;
static struct {
    ssize_t result;
    int failure;
} results[4];
static size_t result_count, result_at;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);

OWN(ssize_t, write, int fd, const void *bytes, size_t len)
{
    if (!notes_writes)
        return __real_write(fd, bytes, len);
    if (result_at < result_count) {
        errno = results[result_at].failure;
        is_blocked = results[result_at].result == 0 || errno == EAGAIN;
        return results[result_at++].result;
    }
    note("%zu ", len);
    return fd == STDERR_FILENO ? (ssize_t)len : __real_write(fd, bytes, len);
}

int __real_pthread_join(pthread_t thread, void **result);

static unsigned joined;

OWN(int, pthread_join, pthread_t thread, void **result)
{
    joined++;
    return __real_pthread_join(thread, result);
}

OWN(int, poll, struct pollfd *fds, nfds_t count, int timeout)
{
    if (!notes_writes)
        return __real_poll(fds, count, timeout);
    ck_assert(is_blocked && count == 1 && fds->events == POLLOUT && timeout == -1);
    is_blocked = false;
    note("poll ");
    return 1;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void next_write(ssize_t result, int failure)
{
    results[result_count].result = result;
    results[result_count++].failure = failure;
}

static size_t put_gap(const struct output_gap *gap, char *out)
{
    return (size_t)snprintf(out, OUTPUT_GAP_MAX, "gap %llu %llu conn %llu\n",
                            (unsigned long long)gap->messages, (unsigned long long)gap->others,
                            (unsigned long long)gap->conn);
}

static bool signals_are_blocked; /* on the thread that reports a trouble */

static void on_trouble(const char *sentence)
{
    sigset_t mask;

    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    signals_are_blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGSYS) == 0;
    ck_assert_ptr_nonnull(strstr(sentence, "cannot write the trace"));
    troubles++;
}

static bool start(const char *file)
{
    const struct output_config config = {.file = file, .gap = put_gap, .trouble = on_trouble};

    if (!output_open(&config, &errors))
        return false;
    output_start();
    return true;
}

static void start_pipe(void)
{
    static char name[32];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
    ck_assert_msg(start(name), "%s", text);
    (void)close(ends[1]);
    got = calloc(1, 2 * (size_t)LINE * LINES);
    ck_assert_ptr_nonnull(got);
}

/* Read until `wanted` has come, or the end. */
static void read_until(const char *wanted)
{
    ssize_t n = 1;

    while (n > 0 && (wanted == NULL || strstr(got, wanted) == NULL)) {
        n = read(ends[0], got + got_len, 65536);
        ck_assert_int_ge(n, 0);
        got_len += (size_t)n;
    }
}

static void put_line(unsigned number, uint64_t conn)
{
    char line[LINE + 1];

    (void)snprintf(line, sizeof line, "%0*u\n", LINE - 1, number);
    output_put(line, LINE, conn, true);
}

START_TEST(lines_are_written_in_order_into_a_file_of_ones_own)
{
    const char *file = scratch_path("trace");
    char read[16] = "";
    struct stat status;
    int fd;

    (void)scratch_write("trace", "what was there before", 0600);
    ck_assert_msg(start(file), "%s", text);
    output_put("one\n", 4, 1, true);
    output_put("two\n", 4, 1, false);
    output_close();
    fd = open(file, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(fstat(fd, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
    ck_assert_int_eq(pread(fd, read, sizeof read - 1, 0), 8);
    ck_assert_str_eq(read, "one\ntwo\n");
    (void)close(fd);
    (void)unlink(file);
    ck_assert(start(file));
    output_close();
    ck_assert_int_eq(stat(file, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_file_that_others_may_open_is_refused)
{
    (void)scratch_write("trace", "", 0644);
    ck_assert(!start(scratch_path("trace")));
    ck_assert_ptr_nonnull(strstr(text, "may be opened by other users"));
    ck_assert_int_eq(mkfifo(scratch_path("pipe"), 0600), 0);
    ck_assert(!start(scratch_path("pipe")));
    ck_assert_ptr_nonnull(strstr(text, "nobody reads this pipe"));
    ck_assert(!start(scratch_path("missing/trace")));
}
END_TEST

START_TEST(a_reader_that_is_too_slow_finds_a_gap_and_its_size)
{
    unsigned missing, lines = 0;
    char *gap;

    start_pipe();
    for (unsigned i = 0; i < LINES; i++)
        put_line(i, 7); /* nobody reads: this must not wait */
    read_until("gap ");
    read_until("conn 7\n");
    output_put("after\n", 6, 7, true);
    output_close();
    read_until(NULL);
    gap = strstr(got, "gap ");
    ck_assert_int_eq(sscanf(gap, "gap %u 0 conn 7\nafter\n", &missing), 1);
    ck_assert_ptr_nonnull(strstr(gap, "conn 7\nafter\n"));
    for (const char *line = got; line < gap; line += LINE, lines++)
        ck_assert_uint_eq(strtoul(line, NULL, 10), lines); /* none is missing before it */
    ck_assert_uint_eq(lines + missing, LINES);
    ck_assert_uint_gt(missing, LINES / 4);
    ck_assert_uint_gt(lines, LINES / 4);
}
END_TEST

START_TEST(a_gap_names_its_connection_only_if_there_is_one)
{
    start_pipe();
    for (unsigned i = 0; i < LINES; i++)
        put_line(i, 1 + i % 2);
    output_put("other\n", 6, 1, false);
    read_until("conn 0\n");
    ck_assert_ptr_nonnull(strstr(got, " 1 conn 0\n"));
    output_close();
}
END_TEST

START_TEST(a_reader_that_never_reads_does_not_prevent_the_end)
{
    start_pipe();
    for (unsigned i = 0; i < 1000; i++)
        put_line(i, 1);
    output_close();
    ck_assert_int_eq(troubles, 0);
    (void)close(ends[0]);
    ends[0] = -1;
    output_close(); /* the thread has ended now */
}
END_TEST

START_TEST(a_reader_that_goes_away_is_reported_once)
{
    start_pipe();
    (void)close(ends[0]);
    ends[0] = -1;
    for (unsigned i = 0; i < LINES; i++)
        put_line(i, 1);
    output_close();
    ck_assert_int_eq(troubles, 1);
    ck_assert(signals_are_blocked);
}
END_TEST

START_TEST(each_line_is_written_soon)
{
    char expected[LINE + 1];

    start_pipe();
    for (unsigned i = 0; i < 20; i++) { /* the thread waits for each of them */
        put_line(i, 1);
        (void)snprintf(expected, sizeof expected, "%0*u\n", LINE - 1, i);
        read_until(expected);
    }
    output_close();
}
END_TEST

/* Opened a second time and never started, it ends as well. */
START_TEST(what_was_opened_can_be_closed)
{
    const struct output_config config = {
        .file = scratch_path("trace"), .gap = put_gap, .trouble = on_trouble};
    bool opened;

    joined = 0;
    ck_assert(start(config.file));
    output_close();
    ck_assert_uint_eq(joined, 1);
    ck_assert(output_open(&config, &errors));
    output_close(); /* no thread was started */
    ck_assert_uint_eq(joined, 1);
    leftovers_refuse(1);
    opened = output_open(&config, &errors);
    ck_assert(!opened);
    ck_assert_str_eq(text, "out of memory");
    output_close();
}
END_TEST

/* Open it, but let lines wait for their thread. */
static void open_only(const char *file)
{
    const struct output_config config = {.file = file, .gap = put_gap, .trouble = on_trouble};

    ck_assert_msg(output_open(&config, &errors), "%s", text);
}

/* Lines of these lengths, up to 0. */
static void put_lines(const size_t *lens)
{
    static char line[65536];

    for (; *lens != 0; lens++) {
        memset(line, 'x', *lens);
        line[*lens - 1] = '\n';
        output_put(line, *lens, 1, true);
    }
}

START_TEST(a_write_is_repeated_when_it_may_be)
{
    char *content;

    open_only(scratch_path("trace"));
    notes_writes = true;
    next_write(-1, EINTR);
    next_write(-1, EAGAIN);
    next_write(0, 0);
    output_put("one\n", 4, 1, true);
    output_start();
    output_close();
    expect_notes("poll poll 4 ");
    content = scratch_read(scratch_path("trace"));
    ck_assert_str_eq(content, "one\n");
    free(content);
    ck_assert_int_eq(troubles, 0);
}
END_TEST

START_TEST(after_a_write_that_fails_there_is_no_other_one)
{
    open_only(scratch_path("trace"));
    notes_writes = true;
    next_write(-1, EIO);
    put_lines((const size_t[]){65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536, 0});
    output_start();
    output_close();
    expect_notes("");
    ck_assert_int_eq(troubles, 1);
}
END_TEST

/* Many lines at once; to standard error no more than a pipe takes, but whole lines. */
START_TEST(lines_are_written_in_batches)
{
    static const struct {
        size_t lens[12];
        const char *shared, *own; /* writes */
    } rows[] = {
        {{1000, 1000, 1000, 1000, 1000, 1000, 0}, "4000 2000 ", "6000 "},
        {{1000, 3096, 0}, "4096 ", "4096 "},
        {{1000, 3097, 0}, "1000 3097 ", "4097 "},
        {{4096, 10, 0}, "4096 10 ", "4106 "},
        {{4097, 10, 0}, "4097 10 ", "4107 "},
        {{5000, 0}, "5000 ", "5000 "},
        {{65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536, 0},
         "65536 65536 65536 65536 65536 65536 65536 65536 ",
         "524288 "},
        {{65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536, 7, 0},
         "65536 65536 65536 65536 65536 65536 65536 65536 7 ",
         "524288 7 "},
    };

    notes_writes = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int shared = 0; shared < 2; shared++) {
            open_only(shared ? "-" : scratch_path("trace"));
            put_lines(rows[i].lens);
            output_start();
            output_close();
            expect_notes(shared ? rows[i].shared : rows[i].own);
            ck_assert_int_ge(fcntl(STDERR_FILENO, F_GETFD), 0); /* is still open */
        }
}
END_TEST

/* To the last byte. What comes then is left out. */
START_TEST(the_queue_takes_what_its_size_says)
{
    static const size_t one[] = {65536, 0};
    char *content;

    open_only(scratch_path("trace"));
    for (size_t i = 0; i < OUTPUT_QUEUE_SIZE / one[0]; i++)
        put_lines(one);
    if (_i > 0)
        output_put("\n", 1, 1, true);
    output_start();
    output_close();
    content = scratch_read(scratch_path("trace"));
    ck_assert_str_eq(content + OUTPUT_QUEUE_SIZE, _i > 0 ? "gap 1 0 conn 1\n" : "");
    free(content);
}
END_TEST

START_TEST(the_line_after_a_gap_follows_it)
{
    start_pipe();
    for (unsigned i = 0; i < LINES; i++)
        put_line(i, 7);
    while (got_len < OUTPUT_QUEUE_SIZE * 3 / 4) {
        ssize_t n = read(ends[0], got + got_len, 65536);

        ck_assert_int_gt(n, 0);
        got_len += (size_t)n;
    }
    output_put("after\n", 6, 7, true); /* the thread has more to write */
    read_until("after\n");
    output_close();
    read_until(NULL);
    ck_assert_ptr_nonnull(strstr(got, " 0 conn 7\nafter\n"));
    ck_assert_str_eq(strstr(got, "after\n"), "after\n");
}
END_TEST

static void *put_many(void *number)
{
    for (unsigned i = 0; i < LINES / 20; i++)
        put_line(*(unsigned *)number, 1);
    return NULL;
}

START_TEST(lines_of_several_threads_stay_whole)
{
    pthread_t threads[THREADS];
    unsigned numbers[THREADS], count[THREADS] = {0};

    start_pipe();
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, put_many, &numbers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    while (got_len < THREADS * LINES / 20 * LINE) {
        ssize_t n = read(ends[0], got + got_len, 65536);

        ck_assert_int_gt(n, 0);
        got_len += (size_t)n;
    }
    output_close();
    for (const char *line = got; *line != 0; line += LINE)
        count[strtoul(line, NULL, 10)]++;
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_uint_eq(count[i], LINES / 20);
}
END_TEST

static void before(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
}

static void after(void)
{
    free(got);
    if (ends[0] >= 0)
        (void)close(ends[0]);
}

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, before, after);
    add_test(suite, lines_are_written_in_order_into_a_file_of_ones_own);
    add_test(suite, a_file_that_others_may_open_is_refused);
    add_test(suite, a_reader_that_is_too_slow_finds_a_gap_and_its_size);
    add_test(suite, a_gap_names_its_connection_only_if_there_is_one);
    add_test(suite, a_reader_that_never_reads_does_not_prevent_the_end);
    add_test(suite, a_reader_that_goes_away_is_reported_once);
    add_test(suite, each_line_is_written_soon);
    add_test(suite, what_was_opened_can_be_closed);
    add_test(suite, a_write_is_repeated_when_it_may_be);
    add_test(suite, after_a_write_that_fails_there_is_no_other_one);
    add_test(suite, lines_are_written_in_batches);
    add_loop(suite, the_queue_takes_what_its_size_says, 0, 2);
    add_test(suite, the_line_after_a_gap_follows_it);
    add_test(suite, lines_of_several_threads_stay_whole);
}
