/* Everything that programs write survives a signal and a write that is cut short, and a write that
 * fails is reported. Calls of write for a file in the test's folder come here first. */
#include "apps/client/output.h"
#include "apps/daemon/log_output.h"
#include "apps/daemon/log_writer.h"
#include "apps/observe/output.h"
#include "apps/observe/spool.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum disturbance { SIGNALS, PIECES, NO_SPACE, BROKEN };

static enum disturbance disturbance;
static atomic_uint calls;
static char told[1024];
static unsigned troubles;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
ssize_t __real_write(int fd, const void *from, size_t len);
ssize_t __wrap_write(int fd, const void *from, size_t len);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static bool is_disturbed(int fd)
{
    char link[64], path[512] = "";

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return readlink(link, path, sizeof path - 1) > 0 && strcmp(path, scratch_path("out")) == 0;
}

/* write(2) returns 0 only where nothing says why. */
ssize_t __wrap_write(int fd, const void *from, size_t len)
{
    unsigned call;

    if (!is_disturbed(fd))
        return __real_write(fd, from, len);
    call = calls++;
    if (disturbance == PIECES)
        return __real_write(fd, from, len > 3 ? 3 : len);
    if (disturbance == SIGNALS && call % 2 == 1)
        return __real_write(fd, from, len);
    errno = disturbance == SIGNALS ? EINTR : EIO;
    return disturbance == NO_SPACE ? 0 : -1;
}

static void expect_file(const char *text)
{
    char *content = scratch_read(scratch_path("out"));

    ck_assert_str_eq(content, text);
    free(content);
}

static void on_failed(void *context, int failure)
{
    (void)context;
    troubles++;
    (void)snprintf(told, sizeof told, "%s", strerror(failure));
}

static void on_trouble(const char *sentence)
{
    troubles++;
    (void)snprintf(told, sizeof told, "%s", sentence);
}

static void write_spool(void)
{
    const struct spool_config config = {
        .fd = open(scratch_path("out"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600),
        .capacity = 1000,
        .failed = on_failed};
    struct spool *spool = spool_new(&config);
    const struct bytes part = bytes_of("one line\nanother\n");

    ck_assert_ptr_nonnull(spool);
    ck_assert(spool_add(spool, &part, 1));
    spool_free(spool);
}

static size_t put_gap(const struct output_gap *gap, char *out)
{
    (void)gap;
    (void)out;
    return 0;
}

static void write_trace(void)
{
    const char *file = scratch_path("out");
    const struct output_config config = {.file = file, .gap = put_gap, .trouble = on_trouble};

    ck_assert(output_open(&config, NULL));
    output_put("one line\n", 9, 1, true);
    output_put("another\n", 8, 1, true);
    output_start();
    output_close();
}

/* The client's own output. The loop calls again after a signal. */
static void write_peer(void)
{
    static const char text[] = "one line\nanother\n";
    struct output o;
    size_t done = 0, n;

    output_begin(&o, open(scratch_path("out"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    do {
        n = output_write(&o, (const uint8_t *)text + done, sizeof text - 1 - done);
        ck_assert_int_eq(o.blocked, done + n < sizeof text - 1);
        done += n;
    } while (done < sizeof text - 1);
    if (o.broken)
        on_trouble("");
    (void)close(o.fd);
}

static void write_log(void)
{
    const struct log_destination d = {.file = scratch_path("out"), .program = "x"};
    int fd = dup(STDERR_FILENO);

    (void)close(fd); /* it is the log's */
    ck_assert(log_open(&d, NULL));
    log_put("one line\n", 9);
    log_put("another\n", 8);
    log_stop();
    (void)close(fd);
}

static const struct {
    void (*write)(void);
    const char *no_space, *broken;
} writers[] = {
    {write_spool, "No space left on device", "Input/output error"},
    {write_trace, NULL, "cannot write the trace: Input/output error; it ends here"},
    {write_peer, "", ""},
    {write_log, NULL, NULL},
};

START_TEST(signals_and_short_writes_lose_nothing)
{
    for (disturbance = SIGNALS; disturbance <= PIECES; disturbance++) {
        (void)unlink(scratch_path("out"));
        calls = 0;
        writers[_i].write();
        expect_file("one line\nanother\n");
        ck_assert_uint_gt(calls, 1);
    }
    ck_assert_uint_eq(troubles, 0);
}
END_TEST

START_TEST(a_write_that_fails_is_reported_once)
{
    for (disturbance = NO_SPACE; disturbance <= BROKEN; disturbance++) {
        const char *says = disturbance == NO_SPACE ? writers[_i].no_space : writers[_i].broken;

        if (says == NULL)
            continue;
        (void)unlink(scratch_path("out"));
        troubles = 0;
        writers[_i].write();
        expect_file("");
        ck_assert_uint_eq(troubles, 1);
        assert_says(told, says);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, signals_and_short_writes_lose_nothing, 0, sizeof writers / sizeof writers[0]);
    add_loop(suite, a_write_that_fails_is_reported_once, 0, sizeof writers / sizeof writers[0]);
}
