/* Where the log goes: standard error, a file, or the system's log daemon. Only the writer's thread
 * (log_writer.h) writes here. */
#ifndef NACRE_APPS_DAEMON_LOG_OUTPUT_H
#define NACRE_APPS_DAEMON_LOG_OUTPUT_H

#include "apps/daemon/log.h"
#include "apps/session/errbuf.h"

struct log_destination {
    enum log_format format;
    const char *file;    /* lines are appended to it; NULL: standard error */
    bool syslog;         /* or to the daemon that listens on /dev/log */
    const char *program; /* its name, for that daemon */
};

/* Open the destination and set the form of all lines, before there is one. A line for the journal,
 * or for /dev/log, begins with its priority: on standard error if $JOURNAL_STREAM names that
 * descriptor, see systemd.exec(5). False, with a sentence: the log stays on standard error. */
bool log_open(const struct log_destination *destination, const struct errbuf *p);

/* Open the file again, which may have been renamed. Lines that wait go to the new one. False, with
 * a sentence: the old one stays. Without a file it does nothing. From any thread. */
bool log_reopen(const struct errbuf *p);

/* Does the log go to standard error? */
bool log_is_standard_error(void);

/* What became of a write. */
enum log_progress {
    LOG_WRITTEN,  /* some bytes were */
    LOG_FULL,     /* the reader has to read first */
    LOG_NO_READER /* an error: there is no use in waiting */
};

/* Write some of the text, which consists of whole lines, or what an earlier call left of one. *n is
 * set to the bytes that need not be written again. May block, except on a socket if it is not to
 * wait; poll(2) cannot tell whether the daemon at /dev/log has room. */
enum log_progress log_output_write(const char *text, size_t len, bool waits, size_t *n);

/* Wait until the destination takes bytes, has an error, or the time is over: false. */
bool log_output_wait(int timeout_ms);

#endif
