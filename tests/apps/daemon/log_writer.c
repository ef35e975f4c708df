#include "apps/daemon/log_writer.h"

#include "apps/daemon/log.h"
#include "tests/support/suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    PIPE_SIZE = 4096,
    MANY = 40000, /* lines: together more than the queue and the pipe hold */
    THREADS = 4,
    ALL_MAX = 16 << 20
};

static int ends[2] = {-1, -1};

/* Standard error becomes a pipe that is soon full. */
static void begin(int flags)
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | flags), 0);
    ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE), PIPE_SIZE);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
}

/* Lines of different lengths. */
static void put_line(unsigned thread, unsigned number)
{
    char line[300];
    int n = snprintf(
        line, sizeof line, "thread %u line %u %.*s\n", thread, number, (int)(number * 7 % 97),
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxx");

    log_put(line, (size_t)n);
}

static void put_lines(unsigned thread, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        put_line(thread, i);
}

/* ---- the reader ---- */

static char *all;
static size_t all_len;

static void *read_all(void *unused)
{
    ssize_t n;

    while ((n = read(ends[0], all + all_len, ALL_MAX - all_len)) > 0)
        all_len += (size_t)n;
    return unused;
}

static pthread_t start_reader(void)
{
    pthread_t reader;

    all = malloc(ALL_MAX);
    all_len = 0;
    ck_assert_ptr_nonnull(all);
    ck_assert_int_eq(pthread_create(&reader, NULL, read_all, NULL), 0);
    return reader;
}

/* Stop the log and read what it still writes. */
static void finish(pthread_t reader)
{
    log_stop();
    close(STDERR_FILENO);
    ck_assert_int_eq(pthread_join(reader, NULL), 0);
    ck_assert(all_len == 0 || all[all_len - 1] == '\n');
    all[all_len] = 0;
}

/* Each line is whole, and in its thread's order. Returns the number of those reported as dropped.
 */
static uint64_t check_lines(uint64_t *lines)
{
    unsigned next[THREADS] = {0}, thread, number;
    unsigned long dropped = 0, now;
    char *rest = NULL;

    *lines = 0;
    for (char *p = strtok_r(all, "\n", &rest); p != NULL; p = strtok_r(NULL, "\n", &rest)) {
        const char *report = strstr(p, " level=warn event=log_dropped lines=");

        if (report != NULL) {
            ck_assert_int_eq(sscanf(report, " level=warn event=log_dropped lines=%lu", &now), 1);
            dropped += now;
            continue;
        }
        ck_assert_msg(sscanf(p, "thread %u line %u ", &thread, &number) == 2, "%s", p);
        ck_assert_msg(thread < THREADS && number >= next[thread], "%s", p);
        ck_assert_uint_eq(strspn(strrchr(p, ' ') + 1, "x"), number * 7 % 97);
        next[thread] = number + 1;
        ++*lines;
    }
    return dropped;
}

static void check_sum(uint64_t expected)
{
    uint64_t lines, dropped = check_lines(&lines);

    ck_assert_uint_eq(dropped, log_dropped());
    ck_assert_uint_eq(lines + dropped, expected);
}

/* ---- tests ---- */

/* The oldest lines that wait are dropped, in one piece, where the report says so. */
static void check_full_pipe(int flags)
{
    pthread_t reader;
    char last[64];
    int before;

    begin(flags & ~O_NONBLOCK);
    ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, flags & O_NONBLOCK), 0);
    before = fcntl(STDERR_FILENO, F_GETFL);
    ck_assert(log_start());
    put_line(0, 0);
    ck_assert_int_eq(poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, -1), 1);
    for (unsigned i = 1; i < MANY; i++)
        put_line(0, i);
    ck_assert_uint_gt(log_dropped(), 0);
    reader = start_reader();
    ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL), before);
    finish(reader);
    (void)snprintf(last, sizeof last, "thread 0 line %d ", MANY - 1);
    ck_assert_ptr_nonnull(strstr(all, "thread 0 line 0 "));
    ck_assert_ptr_nonnull(strstr(all, last));
    check_sum(MANY);
    free(all);
}

START_TEST(a_full_pipe_blocks_nobody_and_what_is_dropped_is_reported)
{
    check_full_pipe(0);
}
END_TEST

START_TEST(a_descriptor_that_another_program_made_non_blocking_is_the_same)
{
    check_full_pipe(O_NONBLOCK);
}
END_TEST

START_TEST(without_a_thread_a_full_pipe_blocks_nobody_either)
{
    pthread_t reader;

    begin(0);
    errno = EINTR; /* an old one means nothing */
    put_lines(0, MANY);
    ck_assert_uint_gt(log_dropped(), 0);
    reader = start_reader();
    finish(reader);
    ck_assert_ptr_nonnull(strstr(all, "thread 0 line 0 "));
    free(all);
}
END_TEST

START_TEST(the_end_does_not_wait_for_a_reader_that_is_stuck)
{
    begin(0);
    ck_assert(log_start());
    put_lines(0, MANY);
    log_stop();
    put_lines(0, 1);
    log_stop();
}
END_TEST

static uint64_t blocked_in(const char *task)
{
    char path[64], row[256];
    uint64_t mask = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/self/task/%s/status", task);
    file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    while (fgets(row, sizeof row, file) != NULL)
        if (strncmp(row, "SigBlk:", 7) == 0)
            mask = strtoull(row + 7, NULL, 16);
    (void)fclose(file);
    return mask;
}

static uint64_t bit_of(int number)
{
    return UINT64_C(1) << (number - 1);
}

/* The handler of SIGSYS, which the sandbox raises, is the only one that runs there. */
START_TEST(handlers_run_on_other_threads)
{
    const struct dirent *entry;
    DIR *tasks = opendir("/proc/self/task");
    unsigned others = 0;
    sigset_t own;
    char byte;

    begin(0);
    ck_assert(log_start());
    put_line(0, 0);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1); /* the thread runs */
    ck_assert_ptr_nonnull(tasks);
    while ((entry = readdir(tasks)) != NULL) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
            continue;
        others++;
        ck_assert_uint_eq(blocked_in(entry->d_name) & (bit_of(SIGTERM) | bit_of(SIGHUP)),
                          bit_of(SIGTERM) | bit_of(SIGHUP));
        ck_assert_uint_eq(blocked_in(entry->d_name) & bit_of(SIGSYS), 0);
    }
    (void)closedir(tasks);
    ck_assert_uint_ge(others, 1);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &own), 0);
    ck_assert_int_eq(sigismember(&own, SIGTERM), 0);
    log_stop();
}
END_TEST

/* A pipe in packet mode shows where each write begins and ends: pipe(2), O_DIRECT. */
START_TEST(every_write_consists_of_whole_lines)
{
    char packet[2 * PIPE_SIZE] = "";
    size_t packets = 0;
    ssize_t n;

    begin(O_DIRECT);
    ck_assert(log_start());
    put_lines(0, 2000);
    while (strstr(packet, "thread 0 line 1999 ") == NULL) {
        n = read(ends[0], packet, sizeof packet - 1);
        ck_assert_int_gt(n, 0);
        ck_assert_int_le(n, 4096);
        packet[n] = 0;
        ck_assert_int_eq(packet[n - 1], '\n');
        ck_assert_ptr_eq(strstr(packet, "thread 0 line "), packet);
        packets++;
    }
    ck_assert_uint_lt(packets, 2000);
    log_stop();
}
END_TEST

static void *log_from_thread(void *number)
{
    put_lines((unsigned)(uintptr_t)number, MANY / 8);
    return NULL;
}

START_TEST(several_threads_log_at_once)
{
    pthread_t reader, threads[THREADS];

    begin(0);
    ck_assert(log_start());
    reader = start_reader();
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, log_from_thread, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    finish(reader);
    check_sum(THREADS * (MANY / 8));
    free(all);
}
END_TEST

START_TEST(a_reader_that_has_gone_ends_nothing)
{
    begin(0);
    close(ends[0]);
    ends[0] = -1;
    ck_assert(log_start());
    put_lines(0, MANY);
    log_stop();
}
END_TEST

/* A full disk: the rest of a cut line is written before the next one. */
START_TEST(a_line_that_was_cut_by_an_error_is_completed)
{
    char path[] = "/tmp/nacre-log-XXXXXX", text[4096];
    int fd = mkstemp(path);
    struct rlimit limit;
    ssize_t n;

    ck_assert_int_ge(fd, 0);
    unlink(path);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    dup2(fd, STDERR_FILENO);
    ck_assert(log_start());
    (void)setrlimit(RLIMIT_FSIZE,
                    &(struct rlimit){10, limit.rlim_max}); /* Check writes a file too */
    log_put("a line of text\n", 15);
    while (lseek(fd, 0, SEEK_END) < 10)
        sched_yield();
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    log_put("the next line\n", 14);
    log_stop();
    n = pread(fd, text, sizeof text - 1, 0);
    ck_assert_int_ge(n, 0);
    text[n] = 0;
    ck_assert_str_eq(text, "a line of text\nthe next line\n");
    close(fd);
}
END_TEST

static void after(void)
{
    if (ends[0] >= 0)
        close(ends[0]);
    ends[0] = -1;
}

void add_tests(struct suite *suite)
{
    suite_fixture(suite, NULL, after);
    add_test(suite, a_full_pipe_blocks_nobody_and_what_is_dropped_is_reported);
    add_test(suite, a_descriptor_that_another_program_made_non_blocking_is_the_same);
    add_test(suite, without_a_thread_a_full_pipe_blocks_nobody_either);
    add_test(suite, the_end_does_not_wait_for_a_reader_that_is_stuck);
    add_test(suite, handlers_run_on_other_threads);
    add_test(suite, every_write_consists_of_whole_lines);
    add_test(suite, several_threads_log_at_once);
    add_test(suite, a_reader_that_has_gone_ends_nothing);
    add_test(suite, a_line_that_was_cut_by_an_error_is_completed);
}
