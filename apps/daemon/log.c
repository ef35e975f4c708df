#include "apps/daemon/log.h"

#include "apps/daemon/log_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic enum log_level threshold = LOG_INFO;
static enum log_format format = LOG_LOGFMT;
static log_prefix *put_prefix;

/* What differs between the formats. `end_cut` is the most that log_finish adds: the fields leave
 * space for it. */
static const struct {
    const char *begin, *level, *after_level; /* around the time and the level */
    const char *before_name, *after_name;    /* around the name of each further field */
    const char *end, *end_cut;
    size_t (*value)(char out[LOG_PRINTED_MAX], const uint8_t *value, size_t len);
} formats[] = {
    [LOG_LOGFMT] = {"ts=", " level=", "", " ", "=", "\n", " truncated=yes\n", log_value_logfmt},
    [LOG_JSON] = {"{\"ts\":\"", "\",\"level\":\"", "\"", ",\"", "\":", "}\n",
                  ",\"truncated\":\"yes\"}\n", log_value_json},
};

static const char *const level_names[] = {"error", "warn", "info", "debug", "trace"};

void log_threshold(enum log_level level)
{
    threshold = level;
}

void log_form(enum log_format chosen, log_prefix *prefix)
{
    format = chosen;
    put_prefix = prefix;
}

bool log_wanted(enum log_level level)
{
    return level <= threshold;
}

static void put(struct log_line *l, const char *text)
{
    size_t len = strlen(text);

    memcpy(l->text + l->len, text, len);
    l->len += len;
}

static void put_time(struct log_line *l)
{
    struct timespec now;
    struct tm utc;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len,
                               "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                               utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                               (int)(now.tv_nsec / 1000000));
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
    l->off = !log_wanted(level);
    l->cut = false;
    l->len = 0;
    if (l->off)
        return;
    if (put_prefix != NULL)
        l->len = put_prefix(l->text, level);
    put(l, formats[format].begin);
    put_time(l);
    put(l, formats[format].level);
    put(l, level_names[level]);
    put(l, formats[format].after_level);
    log_text(l, "event", event);
}

/* A value that is printed already. */
static void put_field(struct log_line *l, const char *name, const char *value, size_t len)
{
    const char *before = formats[format].before_name, *after = formats[format].after_name;
    size_t end = LOG_LINE_MAX - strlen(formats[format].end_cut);

    if (strlen(before) + strlen(name) + strlen(after) + len > end - l->len) {
        l->cut = true;
        return;
    }
    put(l, before);
    put(l, name);
    put(l, after);
    memcpy(l->text + l->len, value, len);
    l->len += len;
}

void log_bytes(struct log_line *l, const char *name, const void *value, size_t len)
{
    char printed[LOG_PRINTED_MAX];

    if (l->off || l->cut)
        return;
    put_field(l, name, printed, formats[format].value(printed, value, len));
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

    if (l->off || l->cut)
        return;
    put_field(l, name, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, value));
}

void log_i64(struct log_line *l, const char *name, int64_t value)
{
    char text[24];

    if (l->off || l->cut)
        return;
    put_field(l, name, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

void log_finish(struct log_line *l)
{
    if (l->off)
        return;
    put(l, l->cut ? formats[format].end_cut : formats[format].end);
    l->off = true;
}

size_t log_sentence(char out[LOG_LINE_MAX], enum log_level level, const char *name,
                    const char *sentence)
{
    size_t len = put_prefix != NULL ? put_prefix(out, level) : 0;
    int n = snprintf(out + len, LOG_LINE_MAX - 1 - len, "%s: %s", name, sentence);

    len += (size_t)n < LOG_LINE_MAX - 1 - len ? (size_t)n : LOG_LINE_MAX - 2 - len;
    out[len++] = '\n';
    return len;
}
