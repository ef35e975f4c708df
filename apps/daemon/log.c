#include "apps/daemon/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic enum log_level threshold = LOG_INFO;

static const char *const level_names[] = {"error", "warn", "info", "debug", "trace"};

/* The most that log_finish adds; the fields leave space for it. */
static const char cut_mark[] = " truncated=yes\n";
enum { FIELDS_MAX = LOG_LINE_MAX - (int)(sizeof cut_mark - 1) };

void log_threshold(enum log_level level)
{
    threshold = level;
}

bool log_wanted(enum log_level level)
{
    return level <= threshold;
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
    struct timespec now;
    struct tm utc;
    int n;

    l->off = !log_wanted(level);
    l->cut = false;
    l->len = 0;
    if (l->off)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    n = snprintf(l->text, sizeof l->text, "ts=%04d-%02d-%02dT%02d:%02d:%02d.%03dZ level=%s",
                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                 utc.tm_sec, (int)(now.tv_nsec / 1000000), level_names[level]);
    l->len = (size_t)n;
    log_text(l, "event", event);
}

/* A-Z a-z 0-9 . _ : / @ + , % - [ ], as bits: most bytes of a log go through here. */
static bool is_bare(uint8_t c)
{
    static const uint64_t bare[4] = {UINT64_C(0x07fff82000000000), UINT64_C(0x07fffffeafffffff), 0,
                                     0};

    return bare[c >> 6] >> (c & 63) & 1;
}

static bool all_bare(const uint8_t *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_bare(value[i]))
            return false;
    return len > 0;
}

/* Write a byte as it is printed in quotes; returns its length. */
static size_t escape(char out[4], uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "\"\"\\\\\nn\rr\tt"; /* pairs: the byte, the letter for it */

    for (size_t i = 0; letters[i] != '\0'; i += 2)
        if (c == (uint8_t)letters[i]) {
            out[0] = '\\';
            out[1] = letters[i + 1];
            return 2;
        }
    if (c >= 0x20 && c < 0x7f) {
        out[0] = (char)c;
        return 1;
    }
    memcpy(out, (const char[4]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
    return 4;
}

/* Write a value as it is printed, truncated if it is too long; returns its length. */
static size_t print_value(char out[LOG_VALUE_MAX + 2], const uint8_t *value, size_t len)
{
    bool bare = all_bare(value, len);
    size_t end = LOG_VALUE_MAX - 3; /* beyond this only if the whole value fits */
    size_t n = 0, cut_at = 0;

    if (bare && len <= LOG_VALUE_MAX) {
        memcpy(out, value, len);
        return len;
    }
    if (!bare)
        out[n++] = '"';
    end += n;
    for (size_t i = 0; i < len; i++) {
        char one[4];
        size_t one_len = escape(one, value[i]);

        if (n <= end)
            cut_at = n;
        if (n + one_len > end + 3) {
            n = cut_at;
            memcpy(out + n, "...", 3);
            n += 3;
            break;
        }
        memcpy(out + n, one, one_len);
        n += one_len;
    }
    if (!bare)
        out[n++] = '"';
    return n;
}

void log_bytes(struct log_line *l, const char *name, const void *value, size_t len)
{
    char printed[LOG_VALUE_MAX + 2];
    size_t name_len = strlen(name), printed_len;

    if (l->off || l->cut)
        return;
    printed_len = print_value(printed, value, len);
    if (1 + name_len + 1 + printed_len > FIELDS_MAX - l->len) {
        l->cut = true;
        return;
    }
    l->text[l->len++] = ' ';
    memcpy(l->text + l->len, name, name_len);
    l->len += name_len;
    l->text[l->len++] = '=';
    memcpy(l->text + l->len, printed, printed_len);
    l->len += printed_len;
}

void log_text(struct log_line *l, const char *name, const char *value)
{
    if (value == NULL)
        value = "";
    log_bytes(l, name, value, strlen(value));
}

void log_u64(struct log_line *l, const char *name, uint64_t value)
{
    char text[24];

    if (l->off)
        return;
    snprintf(text, sizeof text, "%" PRIu64, value);
    log_text(l, name, text);
}

void log_i64(struct log_line *l, const char *name, int64_t value)
{
    char text[24];

    if (l->off)
        return;
    snprintf(text, sizeof text, "%" PRId64, value);
    log_text(l, name, text);
}

void log_finish(struct log_line *l)
{
    const char *end = l->cut ? cut_mark : "\n";

    if (l->off)
        return;
    memcpy(l->text + l->len, end, strlen(end));
    l->len += strlen(end);
    l->off = true;
}
