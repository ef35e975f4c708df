/* Where the lines of the log go: a bounded buffer, and a thread that writes it to the log's
 * destination (log_output.h).
 *
 * Only that thread waits for the reader of the log. When the buffer is full the oldest lines are
 * dropped, counted, and reported in their place by event=log_dropped. The descriptor's flags are
 * not changed, because other programs may share it. A line is written whole, with one call where
 * the system allows it, so that it does not mix with lines of other programs.
 *
 * Before log_start and after log_stop there is no thread: the caller writes, but only as long as
 * the descriptor takes bytes. */
#ifndef NACRE_APPS_DAEMON_LOG_WRITER_H
#define NACRE_APPS_DAEMON_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_QUEUE_SIZE (1u << 20) /* bytes of lines that wait for the reader */

/* Start the thread. Call it after confinement, which the thread inherits. False: the system has no
 * thread left, so callers still write. */
bool log_start(void);

/* Write what waits, for as long as the reader takes something every second, and 5 seconds at most.
 * Then the thread ends, unless the reader still blocks it. */
void log_stop(void);

/* Queue a text of at most LOG_LINE_MAX bytes that ends in a newline. Never waits for the reader.
 * From any thread. */
void log_put(const char *line, size_t len);

/* The lines that were dropped since the start. */
uint64_t log_dropped(void);

#endif
