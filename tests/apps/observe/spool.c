/* A file written by a thread: nobody waits, records are whole, and nothing that was accepted is
 * lost. */
#include "apps/observe/spool.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CAPACITY = 1000, RECORD = 100 };

static atomic_int failures, last_failure;

static unsigned interruptions; /* of writes, by signals */
static bool writes_nothing;

ssize_t __real_write(int fd, const void *bytes, size_t len); /* NOLINT: the linker's name */

OWN(ssize_t, write, int fd, const void *bytes, size_t len)
{
    if (interruptions > 0) {
        interruptions--;
        errno = EINTR;
        return -1;
    }
    return writes_nothing ? 0 : __real_write(fd, bytes, len);
}

static atomic_bool blocks_signals; /* the thread that reports a failure */

static void on_failed(void *context, int failure)
{
    sigset_t mask;

    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    blocks_signals = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGSYS) == 0;
    ck_assert_ptr_eq(context, &failures);
    failures++;
    last_failure = failure;
}

static struct spool *spool_on(int fd)
{
    const struct spool_config config = {fd, CAPACITY, on_failed, &failures};
    struct spool *spool = spool_new(&config);

    failures = 0;
    ck_assert_ptr_nonnull(spool);
    return spool;
}

static int create(const char *name)
{
    int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    return fd;
}

/* A record of two parts, 100 times the same letter. */
static bool add(struct spool *spool, char letter)
{
    char text[RECORD];
    const struct bytes parts[] = {{(const uint8_t *)text, 60},
                                  {(const uint8_t *)text, RECORD - 60}};

    memset(text, letter, sizeof text);
    return spool_add(spool, parts, 2);
}

/* The letters of the records, which must be whole. */
static void expect_file(const char *name, const char *letters)
{
    char *content = scratch_read(scratch_path(name));

    ck_assert_uint_eq(strlen(content), strlen(letters) * RECORD);
    for (size_t i = 0; content[i] != 0; i++)
        ck_assert_int_eq(content[i], letters[i / RECORD]);
    free(content);
}

/* Before the start, what fits waits; the thread writes it. */
START_TEST(what_was_added_is_in_the_file)
{
    struct spool *spool = spool_on(create("file"));

    for (int c = 'a'; c < 'a' + 10; c++)
        ck_assert(add(spool, (char)c));
    ck_assert(!add(spool, 'x'));
    if (_i == 1)
        ck_assert(spool_start(spool));
    spool_free(spool);
    expect_file("file", "abcdefghij");
    ck_assert_int_eq(failures, 0);
}
END_TEST

START_TEST(the_last_byte_is_in_the_file)
{
    const struct bytes parts[] = {{(const uint8_t *)"x", 1}, {NULL, 0}};
    struct spool *spool = spool_on(create("file"));
    char *content;

    ck_assert(spool_add(spool, parts, 2));
    if (_i == 1)
        ck_assert(spool_start(spool));
    spool_free(spool);
    content = scratch_read(scratch_path("file"));
    ck_assert_str_eq(content, "x");
    free(content);
}
END_TEST

/* A pipe that is full takes the place of a slow disk. */
START_TEST(a_slow_disk_makes_nobody_wait)
{
    static char bulk[1 << 20];
    struct spool *spool;
    int ends[2], added = 0;
    size_t len = 0;
    ssize_t n;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
    spool = spool_on(ends[1]);
    ck_assert(spool_start(spool));
    while (added < 100000 && add(spool, (char)('a' + added % 26)))
        added++; /* until both the pipe and the ring are full */
    ck_assert_int_lt(added, 100000);
    while (len < (size_t)added * RECORD && (n = read(ends[0], bulk + len, sizeof bulk - len)) > 0)
        len += (size_t)n;
    ck_assert_uint_eq(len, (size_t)added * RECORD);
    for (size_t i = 0; i < len; i++)
        ck_assert_int_eq(bulk[i], 'a' + (char)(i / RECORD % 26));
    while (!add(spool, 'y'))
        (void)sched_yield(); /* the thread has not noticed yet that there is space */
    spool_free(spool);
    ck_assert_int_eq(read(ends[0], bulk, sizeof bulk), RECORD);
    ck_assert_int_eq(bulk[0], 'y');
    ck_assert_int_eq(read(ends[0], bulk, sizeof bulk), 0); /* it was closed */
    (void)close(ends[0]);
}
END_TEST

START_TEST(a_failure_is_reported_once_and_what_follows_is_dropped)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct spool *spool = spool_on(fd);

    ck_assert(add(spool, 'a'));
    ck_assert(add(spool, 'b'));
    if (_i == 1) {
        ck_assert(spool_start(spool));
        while (add(spool, 'c'))
            ; /* until the thread has failed */
        ck_assert(!add(spool, 'd'));
    }
    spool_free(spool);
    ck_assert_int_eq(failures, 1);
    ck_assert_int_eq(last_failure, ENOSPC);
    ck_assert_int_eq(blocks_signals, _i == 1);
}
END_TEST

START_TEST(a_write_may_be_interrupted_but_not_write_nothing)
{
    struct spool *spool = spool_on(create("file"));

    ck_assert(add(spool, 'a'));
    interruptions = 2;
    spool_free(spool);
    expect_file("file", "a");
    ck_assert_int_eq(failures, 0);
    spool = spool_on(create("file"));
    ck_assert(add(spool, 'a'));
    writes_nothing = true;
    spool_free(spool);
    writes_nothing = false;
    ck_assert_int_eq(failures, 1);
    ck_assert_int_eq(last_failure, ENOSPC);
}
END_TEST

/* Whether the thread waits already or not yet. */
START_TEST(what_is_added_is_written_at_once)
{
    struct spool *spool;
    char record[RECORD];
    sigset_t before, after;
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    spool = spool_on(ends[1]);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    ck_assert(spool_start(spool));
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    ck_assert_int_eq(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    for (int i = 0; i < 1000; i++) {
        ck_assert(add(spool, (char)('a' + i % 26)));
        for (ssize_t got = 0; got < RECORD;) {
            ssize_t n = read(ends[0], record, sizeof record - (size_t)got);

            ck_assert_int_gt(n, 0);
            got += n;
        }
        ck_assert_int_eq(record[0], 'a' + i % 26);
    }
    spool_free(spool);
    (void)close(ends[0]);
}
END_TEST

START_TEST(without_memory_the_descriptor_is_closed)
{
    struct spool_config config = {-1, CAPACITY, on_failed, &failures};

    for (unsigned n = 1; n <= 2; n++) {
        struct spool *spool;

        config.fd = create("file");
        leftovers_refuse(n);
        spool = spool_new(&config);
        ck_assert_ptr_null(spool);
        ck_assert_int_eq(fcntl(config.fd, F_GETFD), -1);
    }
}
END_TEST

START_TEST(no_spool_can_be_freed)
{
    spool_free(NULL);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, what_was_added_is_in_the_file, 0, 2);
    add_loop(suite, the_last_byte_is_in_the_file, 0, 2);
    add_test(suite, a_slow_disk_makes_nobody_wait);
    add_loop(suite, a_failure_is_reported_once_and_what_follows_is_dropped, 0, 2);
    add_test(suite, a_write_may_be_interrupted_but_not_write_nothing);
    add_test(suite, what_is_added_is_written_at_once);
    add_test(suite, without_memory_the_descriptor_is_closed);
    add_test(suite, no_spool_can_be_freed);
}
