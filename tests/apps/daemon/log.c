#include "apps/daemon/log.h"
#include "apps/daemon/log_value.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct log_line line;
static int before; /* standard error as it was */
static int ends[2];

static void capture(void)
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
}

static void release(void)
{
    dup2(before, STDERR_FILENO);
    close(before);
    close(ends[0]);
    close(ends[1]);
    log_threshold(LOG_INFO);
}

/* End the line and return what was written; "" for nothing. */
static const char *ended(void)
{
    static char out[2 * LOG_LINE_MAX];
    ssize_t n;

    log_end(&line);
    n = read(ends[0], out, sizeof out - 1);
    out[n > 0 ? n : 0] = '\0';
    return out;
}

/* End the line and return its fields after event=e. */
static const char *fields(void)
{
    const char *all = ended();
    const char *at = strstr(all, " event=e ");

    ck_assert_msg(at != NULL, "%s", all);
    return at + strlen(" event=e ");
}

START_TEST(a_line_begins_with_time_level_and_event)
{
    regex_t form;
    const char *out;

    capture();
    ck_assert_int_eq(regcomp(&form,
                             "^ts=20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9](:[0-5][0-9]){2}\\."
                             "[0-9]{3}Z level=info event=closed conn=7 chan=0 user=alice "
                             "reason=\"peer closed\"\n$",
                             REG_EXTENDED | REG_NOSUB),
                     0);
    log_begin(&line, LOG_INFO, "closed");
    log_u64(&line, "conn", 7);
    log_u64(&line, "chan", 0);
    log_text(&line, "user", "alice");
    log_text(&line, "reason", "peer closed");
    out = ended();
    ck_assert_msg(regexec(&form, out, 0, NULL, 0) == 0, "%s", out);
    regfree(&form);
    release();
}
END_TEST

static int64_t seconds_of(const char *begin)
{
    struct tm parts = {0};

    ck_assert_ptr_nonnull(strptime(begin, "ts=%Y-%m-%dT%H:%M:%S.", &parts));
    return timegm(&parts);
}

START_TEST(the_time_is_now_in_utc)
{
    int64_t earliest, logged;

    capture();
    ck_assert_int_eq(setenv("TZ", "XYZ-5:30", 1), 0);
    tzset();
    earliest = time(NULL) - 1; /* time(2) may be a tick ahead */
    log_begin(&line, LOG_INFO, "e");
    logged = seconds_of(ended());
    ck_assert_int_ge(logged, earliest);
    ck_assert_int_le(logged, time(NULL) + 1);
    release();
}
END_TEST

START_TEST(numbers_have_64_bits)
{
    capture();
    log_begin(&line, LOG_WARN, "e");
    log_u64(&line, "most", UINT64_MAX);
    log_i64(&line, "least", INT64_MIN);
    ck_assert_str_eq(fields(), "most=18446744073709551615 least=-9223372036854775808\n");
    release();
}
END_TEST

START_TEST(values_are_quoted_if_necessary)
{
    static const struct {
        const char *value, *printed;
    } rows[] = {
        {"alice", "v=alice\n"},
        {"[::1]:2022", "v=[::1]:2022\n"},
        {"a.b_c:d/e@f+g,h%i-j", "v=a.b_c:d/e@f+g,h%i-j\n"},
        {"", "v=\"\"\n"},
        {NULL, "v=\"\"\n"},
        {"a b", "v=\"a b\"\n"},
        {"a=b", "v=\"a=b\"\n"},
        {"say \"hi\"", "v=\"say \\\"hi\\\"\"\n"},
        {"\\", "v=\"\\\\\"\n"},
        {"\t\r\n", "v=\"\\t\\r\\n\"\n"},
        {"\x01\x1b\x7f\x9b\xff", "v=\"\\x01\\x1b\\x7f\\x9b\\xff\"\n"},
    };

    capture();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        log_begin(&line, LOG_INFO, "e");
        log_text(&line, "v", rows[i].value);
        ck_assert_str_eq(fields(), rows[i].printed);
    }
    release();
}
END_TEST

START_TEST(every_byte_is_bare_or_quoted)
{
    static const char bare[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@+,%-[]";

    capture();
    for (int c = 0; c < 256; c++) {
        uint8_t byte = (uint8_t)c;
        bool is_bare = c != 0 && strchr(bare, c) != NULL;

        log_begin(&line, LOG_INFO, "e");
        log_bytes(&line, "v", &byte, 1);
        ck_assert_int_eq(fields()[2] != '"', is_bare);
    }
    release();
}
END_TEST

START_TEST(no_value_forges_a_line_or_a_field)
{
    capture();
    log_begin(&line, LOG_INFO, "e");
    log_text(&line, "user", "x\" event=auth answer=granted\nts=0 level=info");
    ck_assert_str_eq(fields(), "user=\"x\\\" event=auth answer=granted\\nts=0 level=info\"\n");
    log_begin(&line, LOG_INFO, "e");
    log_bytes(&line, "user", "a\0b", 3);
    ck_assert_str_eq(fields(), "user=\"a\\x00b\"\n");
    release();
}
END_TEST

/* Whatever the bytes are, the value is printable ASCII and has its closing quote. */
START_TEST(a_long_value_is_truncated_and_marked)
{
    static const char *const kinds[] = {"a", " ", "\"", "\x01"};

    capture();
    for (size_t k = 0; k < 4; k++)
        for (size_t len = LOG_VALUE_MAX / 4 - 4; len < LOG_VALUE_MAX + 8; len++) {
            uint8_t value[LOG_VALUE_MAX + 8];
            size_t one = k < 2 ? 1 : k == 2 ? 2 : 4;
            const char *out;

            memset(value, kinds[k][0], len);
            log_begin(&line, LOG_INFO, "e");
            log_bytes(&line, "v", value, len);
            log_u64(&line, "after", 1);
            out = fields();
            ck_assert(strlen(out) <= strlen("v=\"\" after=1\n") + LOG_VALUE_MAX);
            ck_assert_str_eq(strstr(out, " after"), " after=1\n");
            ck_assert_int_eq(k > 0, strstr(out, "\" after") != NULL);
            ck_assert_int_eq(len * one > LOG_VALUE_MAX, strstr(out, "...") != NULL);
        }
    release();
}
END_TEST

START_TEST(a_long_line_ends_in_truncated)
{
    char value[LOG_VALUE_MAX];
    const char *out;

    capture();
    memset(value, 'x', sizeof value);
    log_begin(&line, LOG_INFO, "e");
    for (int i = 0; i < 10; i++)
        log_bytes(&line, "v", value, sizeof value);
    log_u64(&line, "late", 1);
    out = ended();
    ck_assert_uint_le(strlen(out), LOG_LINE_MAX);
    ck_assert_str_eq(out + strlen(out) - 17, "xx truncated=yes\n");
    ck_assert_ptr_null(strstr(out, "late"));
    release();
}
END_TEST

/* Begin a line and fill it up to `len` bytes, the last of them in the field w. */
static const char *filled(size_t len)
{
    char value[LOG_VALUE_MAX];
    size_t rest;

    memset(value, 'x', sizeof value);
    log_begin(&line, LOG_INFO, "e");
    log_bytes(&line, "v", value, sizeof value);
    log_bytes(&line, "v", value, sizeof value);
    rest = len - line.len - strlen(" w=");
    ck_assert_uint_le(rest, sizeof value);
    log_bytes(&line, "w", value, rest);
    return ended();
}

/* The mark that a line was cut always has space: 15 bytes, of which a whole line uses the last one.
 */
START_TEST(a_line_may_reach_the_bound)
{
    enum { MARK = 15, FIELDS = LOG_LINE_MAX - MARK };
    const char *out;

    capture();
    out = filled(FIELDS);
    ck_assert_uint_eq(strlen(out), FIELDS + 1);
    ck_assert_str_eq(out + strlen(out) - 3, "xx\n");
    ck_assert_ptr_eq(strchr(out, '\n'), out + strlen(out) - 1);
    out = filled(FIELDS + 1);
    ck_assert_ptr_null(strstr(out, " w="));
    ck_assert_str_eq(out + strlen(out) - MARK - 2, "xx truncated=yes\n");
    release();
}
END_TEST

/* The longest line: the mark follows fields that leave no more than its space. */
START_TEST(the_longest_line_is_cut_and_whole)
{
    enum { MARK = 15, FIELDS = LOG_LINE_MAX - MARK };
    const char *out;

    capture();
    log_begin(&line, LOG_INFO, "e");
    line.len = FIELDS; /* as if fields had filled it */
    memset(line.text, 'x', FIELDS);
    log_bytes(&line, "w", "x", 1);
    out = ended();
    ck_assert_uint_eq(strlen(out), LOG_LINE_MAX);
    ck_assert_str_eq(out + FIELDS, " truncated=yes\n");
    release();
}
END_TEST

START_TEST(lines_below_the_threshold_are_not_written)
{
    capture();
    ck_assert(log_wanted(LOG_INFO) && !log_wanted(LOG_DEBUG));
    log_begin(&line, LOG_DEBUG, "e");
    log_text(&line, "v", "x");
    ck_assert_str_eq(ended(), "");
    log_threshold(LOG_TRACE);
    log_begin(&line, LOG_TRACE, "e");
    log_text(&line, "v", "x");
    ck_assert_ptr_nonnull(strstr(ended(), "level=trace event=e v=x\n"));
    log_threshold(LOG_WARN);
    log_begin(&line, LOG_INFO, "e");
    ck_assert_str_eq(ended(), "");
    log_begin(&line, LOG_ERROR, "e");
    ck_assert_ptr_nonnull(strstr(ended(), "level=error event=e\n"));
    release();
}
END_TEST

START_TEST(a_line_is_written_once)
{
    capture();
    log_begin(&line, LOG_INFO, "e");
    ck_assert_str_ne(ended(), "");
    ck_assert_str_eq(ended(), "");
    release();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_line_begins_with_time_level_and_event);
    add_test(suite, the_time_is_now_in_utc);
    add_test(suite, numbers_have_64_bits);
    add_test(suite, values_are_quoted_if_necessary);
    add_test(suite, every_byte_is_bare_or_quoted);
    add_test(suite, no_value_forges_a_line_or_a_field);
    add_test(suite, a_long_value_is_truncated_and_marked);
    add_test(suite, a_long_line_ends_in_truncated);
    add_test(suite, a_line_may_reach_the_bound);
    add_test(suite, the_longest_line_is_cut_and_whole);
    add_test(suite, lines_below_the_threshold_are_not_written);
    add_test(suite, a_line_is_written_once);
}
