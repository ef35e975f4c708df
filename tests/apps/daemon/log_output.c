/* Where the log goes, and what its lines begin with there. */
#include "apps/daemon/log_output.h"
#include "apps/daemon/log_writer.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char errbuf[512], text[8192];

static struct errbuf reason(void)
{
    errbuf[0] = 0;
    return (struct errbuf){errbuf, sizeof errbuf};
}

/* The log keeps its file until the program ends. */
static int logs[2];
static size_t log_count;

static void note_next(void)
{
    logs[log_count] = dup(STDERR_FILENO);
    ck_assert_int_ge(logs[log_count], 0);
    ck_assert_int_eq(close(logs[log_count++]), 0);
}

static void close_logs(void)
{
    while (log_count > 0)
        ck_assert_int_eq(close(logs[--log_count]), 0);
}

static void open_log(struct log_destination d)
{
    const struct errbuf p = reason();

    if (d.file != NULL)
        note_next();
    d.program = "nacre-echo";
    ck_assert_msg(log_open(&d, &p), "%s", errbuf);
}

static void say(const char *event, const char *value)
{
    struct log_line l;

    log_begin(&l, LOG_WARN, event);
    log_u64(&l, "number", 7);
    log_text(&l, "text", value);
    log_end(&l);
}

/* The whole file; "" if there is none. */
static const char *contents(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

    ck_assert_int_ge(n, 0);
    text[n] = 0;
    if (fd >= 0)
        close(fd);
    return text;
}

/* After its time, which is different each time. */
static const char *after_time(const char *line, const char *begin)
{
    ck_assert_msg(strncmp(line, begin, strlen(begin)) == 0, "%s", line);
    return strchr(line + strlen(begin), 'Z');
}

START_TEST(a_file_is_appended_to)
{
    const char *path = scratch_path("log");
    struct stat status;

    open_log((struct log_destination){.file = path});
    ck_assert(!log_is_standard_error());
    say("one", "a b");
    open_log((struct log_destination){.file = path});
    say("two", "c");
    (void)contents(path);
    ck_assert_ptr_nonnull(strstr(text, "Z level=warn event=one number=7 text=\"a b\"\nts="));
    ck_assert_ptr_nonnull(strstr(text, "Z level=warn event=two number=7 text=c\n"));
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0137, 0);
}
END_TEST

START_TEST(a_line_may_be_a_json_object)
{
    const char *path = scratch_path("log");

    open_log((struct log_destination){.file = path, .format = LOG_JSON});
    say("one", "\"}\n{\"event\":\"forged\"");
    ck_assert_str_eq(after_time(contents(path), "{\"ts\":\"20"),
                     "Z\",\"level\":\"warn\",\"event\":\"one\",\"number\":7,"
                     "\"text\":\"\\\"}\\n{\\\"event\\\":\\\"forged\\\"\"}\n");
}
END_TEST

START_TEST(a_long_json_line_is_still_an_object)
{
    const char *path = scratch_path("log");
    char value[LOG_LINE_MAX];
    struct log_line l;

    memset(value, 'x', sizeof value);
    open_log((struct log_destination){.file = path, .format = LOG_JSON});
    log_begin(&l, LOG_WARN, "long");
    for (int i = 0; i < 10; i++)
        log_bytes(&l, "v", value, sizeof value);
    log_end(&l);
    (void)contents(path);
    ck_assert_uint_le(strlen(text), LOG_LINE_MAX);
    ck_assert_str_eq(text + strlen(text) - 26, "xx...\",\"truncated\":\"yes\"}\n");
}
END_TEST

START_TEST(a_renamed_file_is_opened_again)
{
    const char *path = scratch_path("log");
    const struct errbuf p = reason();
    char before[256];

    (void)snprintf(before, sizeof before, "%s.1", path);
    open_log((struct log_destination){.file = path});
    say("one", "");
    ck_assert_int_eq(rename(path, before), 0);
    say("two", ""); /* still to the old one */
    ck_assert(log_reopen(&p));
    log_count = 0;
    note_next();
    ck_assert(log_reopen(&p)); /* before anything was written to it */
    say("three", "");
    (void)contents(before);
    ck_assert_ptr_nonnull(strstr(text, "event=one"));
    ck_assert_ptr_nonnull(strstr(text, "event=two"));
    ck_assert_ptr_null(strstr(text, "event=three"));
    ck_assert_ptr_nonnull(strstr(contents(path), "event=three"));
    ck_assert_ptr_null(strstr(text, "event=two"));
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_changes_nothing)
{
    const struct log_destination missing = {.file = "/nowhere/log"};
    const char *path = scratch_path("log");
    const struct errbuf p = reason();
    struct log_destination nobody = {.file = scratch_path("fifo")};

    ck_assert(!log_open(&missing, &p));
    ck_assert_str_eq(errbuf, "cannot open the log file /nowhere/log: No such file or directory");
    ck_assert(log_is_standard_error());
    ck_assert_int_eq(mkfifo(nobody.file, 0600), 0);
    ck_assert(!log_open(&nobody, &p)); /* rather than waiting for a reader */
    open_log((struct log_destination){.file = path});
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert(!log_reopen(&p));
    ck_assert_ptr_nonnull(strstr(errbuf, "Is a directory"));
    say("one", ""); /* to the old file */
    ck_assert_uint_eq(log_dropped(), 0);
}
END_TEST

/* Standard error into a file, and its lines. */
static const char *through_standard_error(const char *journal)
{
    const char *path = scratch_path("stderr");
    int before = dup(STDERR_FILENO), fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat status;
    char stream[64];

    ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
    ck_assert_int_eq(fstat(fd, &status), 0);
    (void)snprintf(stream, sizeof stream, journal, (unsigned long long)status.st_dev,
                   (unsigned long long)status.st_ino);
    ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
    open_log((struct log_destination){0});
    say("one", "");
    dup2(before, STDERR_FILENO);
    close(before);
    close(fd);
    return contents(path);
}

START_TEST(the_journal_gets_priorities)
{
    char line[LOG_LINE_MAX];

    (void)after_time(through_standard_error("%llu:%llu"), "<4>ts=20");
    ck_assert_uint_eq(log_sentence(line, LOG_ERROR, "nacre-echo", "no"), 18);
    ck_assert_int_eq(strncmp(line, "<3>nacre-echo: no\n", 18), 0);
    (void)after_time(through_standard_error("%llu:1%llu"), "ts=20");
    (void)after_time(through_standard_error("no:numbers"), "ts=20");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, NULL, close_logs);
    add_test(suite, a_file_is_appended_to);
    add_test(suite, a_line_may_be_a_json_object);
    add_test(suite, a_long_json_line_is_still_an_object);
    add_test(suite, a_renamed_file_is_opened_again);
    add_test(suite, a_file_that_cannot_be_opened_changes_nothing);
    add_test(suite, the_journal_gets_priorities);
}
