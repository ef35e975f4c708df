/* The log of a program: one line per event, as logfmt or JSON.
 *
 *     ts=2026-01-02T03:04:05.678Z level=info event=closed conn=7 chan=0 reason="peer closed"
 *
 *     struct log_line l;
 *     log_begin(&l, LOG_INFO, "closed");
 *     log_u64(&l, "conn", 7);
 *     log_text(&l, "reason", "peer closed");
 *     log_end(&l);
 *
 * A value that comes from a peer cannot forge a field or a line, and a long value cannot displace
 * the fields after it (log_value.h). Any thread may log, and none waits for the log's reader
 * (log_writer.h). */
#ifndef NACRE_APPS_DAEMON_LOG_H
#define NACRE_APPS_DAEMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX 2048 /* bytes of a line, its prefix and its newline included */

enum log_level {
    LOG_ERROR,
    LOG_WARN,
    LOG_INFO, /* the default threshold */
    LOG_DEBUG,
    LOG_TRACE,
};

/* A line that is being built. There is nothing to free. */
struct log_line {
    bool off; /* below the threshold: nothing is built or written */
    bool cut; /* a field did not fit: the line ends in truncated=yes */
    size_t len;
    char text[LOG_LINE_MAX];
};

/* Write lines of this level and of all more important ones. */
void log_threshold(enum log_level level);

enum log_format { LOG_LOGFMT, LOG_JSON };

enum { LOG_PREFIX_MAX = 128 /* bytes */ };

/* Writes what comes before a line, for whoever reads the log (log_output.h); returns its length.
 * From any thread. */
typedef size_t log_prefix(char out[LOG_PREFIX_MAX], enum log_level level);

/* The form of all lines; prefix NULL: none. Call this before there are other threads. Without it:
 * logfmt without a prefix. */
void log_form(enum log_format format, log_prefix *prefix);

/* Would a line of this level be written? */
bool log_wanted(enum log_level level);

/* Begin a line with time, level and event. Names of events and fields consist of letters and `_`.
 */
void log_begin(struct log_line *l, enum log_level level, const char *event);

/* Add a field. */
void log_u64(struct log_line *l, const char *name, uint64_t value);
void log_i64(struct log_line *l, const char *name, int64_t value);
void log_text(struct log_line *l, const char *name, const char *value); /* NULL is "" */
void log_bytes(struct log_line *l, const char *name, const void *value, size_t len);

/* Complete the text with its newline. */
void log_finish(struct log_line *l);

/* Complete the line and queue it to be written. */
void log_end(struct log_line *l);

/* Write "NAME: SENTENCE" and a newline, with the prefix, for a person who has started the program.
 * Returns the length. */
size_t log_sentence(char out[LOG_LINE_MAX], enum log_level level, const char *name,
                    const char *sentence);

#endif
