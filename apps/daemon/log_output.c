#include "apps/daemon/log_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    FILE_MODE = 0640,
    FACILITY_AUTH = 4 << 3, /* syslog(3): as sshd's, in a message's priority */
};

static struct {
    int fd;           /* what the writer writes to */
    _Atomic int next; /* what it writes to from now on; -1: the same */
    const char *file; /* or NULL */
    bool datagrams;   /* fd is a socket, and each line a message to the daemon */
    const char *program;
} out = {.fd = STDERR_FILENO, .next = -1};

static const struct sockaddr_un syslog_address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

/* ---- prefixes ---- */

/* sd-daemon(3), syslog(3): from 0, emergency, to 7, debug. */
static int priority(enum log_level level)
{
    static const int priorities[] = {
        [LOG_ERROR] = 3, [LOG_WARN] = 4, [LOG_INFO] = 6, [LOG_DEBUG] = 7, [LOG_TRACE] = 7};

    return priorities[level];
}

static size_t journal_prefix(char prefix[LOG_PREFIX_MAX], enum log_level level)
{
    return (size_t)snprintf(prefix, LOG_PREFIX_MAX, "<%d>", priority(level));
}

/* "<38>Jan  2 03:04:05 nacre-echo[7]: ", as the C library's syslog() writes it */
static size_t syslog_prefix(char prefix[LOG_PREFIX_MAX], enum log_level level)
{
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm local;

    (void)localtime_r(&now, &local);
    return (size_t)snprintf(prefix, LOG_PREFIX_MAX, "<%d>%s %2d %02d:%02d:%02d %.32s[%d]: ",
                            FACILITY_AUTH | priority(level), months[local.tm_mon], local.tm_mday,
                            local.tm_hour, local.tm_min, local.tm_sec, out.program, (int)getpid());
}

/* Is standard error the journal's? $JOURNAL_STREAM has device and inode. */
static bool is_journal(void)
{
    const char *text = getenv("JOURNAL_STREAM");
    struct stat status;
    char own[64];

    if (text == NULL || fstat(STDERR_FILENO, &status) != 0)
        return false;
    (void)snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)status.st_dev,
                   (unsigned long long)status.st_ino);
    return strcmp(text, own) == 0;
}

/* ---- opening ---- */

/* A FIFO that nobody reads is an error rather than something to wait for. */
static int open_file(const char *file, const struct errbuf *p)
{
    int fd =
        open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, FILE_MODE);

    if (fd < 0)
        (void)errbuf_say(p, "cannot open the log file %s: %s", file, strerror(errno));
    return fd;
}

/* The socket is not connected: each message finds the daemon that listens then. */
static int open_socket(const struct errbuf *p)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        (void)errbuf_say(p, "cannot log to %s: %s", syslog_address.sun_path, strerror(errno));
    tzset(); /* reads a file, which the sandbox would not allow later */
    return fd;
}

bool log_open(const struct log_destination *d, const struct errbuf *p)
{
    int fd = STDERR_FILENO;

    if (d->file != NULL)
        fd = open_file(d->file, p);
    else if (d->syslog)
        fd = open_socket(p);
    if (fd < 0)
        return false;
    out.fd = fd;
    out.file = d->file;
    out.datagrams = d->file == NULL && d->syslog;
    out.program = d->program;
    log_form(d->format, out.datagrams                     ? syslog_prefix
                        : d->file == NULL && is_journal() ? journal_prefix
                                                          : NULL);
    return true;
}

bool log_reopen(const struct errbuf *p)
{
    int fd, unused;

    if (out.file == NULL)
        return true;
    fd = open_file(out.file, p);
    if (fd < 0)
        return false;
    unused = atomic_exchange(&out.next, fd);
    if (unused >= 0)
        (void)close(unused);
    return true;
}

bool log_is_standard_error(void)
{
    return out.fd == STDERR_FILENO;
}

/* ---- writing ---- */

static void take_next(void)
{
    int fd = atomic_exchange(&out.next, -1);

    if (fd < 0)
        return;
    (void)close(out.fd);
    out.fd = fd;
}

/* One line, without its newline, is a message. */
static ssize_t send_line(const char *text, size_t len, bool waits)
{
    const char *end = memchr(text, '\n', len);
    size_t line = end != NULL ? (size_t)(end - text) : len;
    ssize_t n = sendto(out.fd, text, line, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT),
                       (const struct sockaddr *)&syslog_address, sizeof syslog_address);

    return n < 0 ? n : (ssize_t)(line + (end != NULL));
}

enum log_progress log_output_write(const char *text, size_t len, bool waits, size_t *n)
{
    ssize_t result;

    take_next();
    do
        result = out.datagrams ? send_line(text, len, waits) : write(out.fd, text, len);
    while (result < 0 && errno == EINTR);
    *n = result > 0 ? (size_t)result : 0;
    if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return LOG_FULL; /* another program made it non-blocking, or it is a FIFO */
    return result > 0 ? LOG_WRITTEN : LOG_NO_READER;
}

bool log_output_wait(int timeout_ms)
{
    struct pollfd at = {.fd = out.fd, .events = POLLOUT};
    int n;

    do
        n = poll(&at, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    return n != 0;
}
