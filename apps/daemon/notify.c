#include "apps/daemon/notify.h"

#include "apps/runtime/watch.h"
#include "apps/session/number.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    TEXT_MAX = 128,
    WAIT_US = 100 * 1000, /* for a manager that is slow to read: its queue is short */
};

static struct {
    int fd;      /* to the manager, or to the parent; -1: nobody listens */
    bool parent; /* it is the parent's */
    uint64_t us; /* of the watchdog; 0: there is none */
    struct nacre_timer *timer;
    struct nacre_watch *watch; /* of the parent's end */
    void (*orphaned)(void);
} out = {.fd = -1};

/* ---- the variables ---- */

/* "/path", or "@name" in the abstract namespace: unix(7). False: it is neither. */
static bool read_address(const char *text, struct sockaddr_un *address, socklen_t *len)
{
    size_t n = strlen(text);

    if ((text[0] != '/' && text[0] != '@') || n < 2 || n >= sizeof address->sun_path)
        return false;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, text, n);
    if (text[0] == '@')
        address->sun_path[0] = '\0';
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return true;
}

/* A connected socket needs neither the path nor a call that the sandbox forbids. */
static bool open_socket(const char *name, const struct errbuf *p)
{
    const struct timeval wait = {.tv_usec = WAIT_US};
    struct sockaddr_un address;
    socklen_t len;

    if (!read_address(name, &address, &len))
        return errbuf_say(p, "NOTIFY_SOCKET: '%s' is neither a path nor @ and a name", name);
    out.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (out.fd >= 0 && connect(out.fd, (const struct sockaddr *)&address, len) == 0) {
        (void)setsockopt(out.fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
        return true;
    }
    (void)errbuf_say(p, "NOTIFY_SOCKET: cannot connect to '%s': %s", name, strerror(errno));
    if (out.fd >= 0)
        (void)close(out.fd);
    out.fd = -1;
    return false;
}

/* sd_watchdog_enabled(3): without WATCHDOG_PID it is meant for whoever reads it. */
static uint64_t read_watchdog(void)
{
    const char *interval = getenv("WATCHDOG_USEC"), *meant_for = getenv("WATCHDOG_PID");
    uint64_t us, pid = 0;

    if (interval == NULL || !number_whole(interval, 1, INT64_MAX, &us))
        return 0;
    if (meant_for != NULL &&
        (!number_whole(meant_for, 1, INT32_MAX, &pid) || (pid_t)pid != getpid()))
        return 0;
    return us;
}

bool notify_open(const struct errbuf *p)
{
    const char *name = getenv("NOTIFY_SOCKET");
    bool good = name == NULL || name[0] == '\0' || open_socket(name, p);

    out.us = read_watchdog();
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    return good;
}

void notify_through(int fd)
{
    const struct timeval wait = {.tv_usec = WAIT_US};

    if (out.fd >= 0)
        (void)close(out.fd);
    out.fd = fd;
    out.parent = true;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

void notify_pass_on_watchdog(void)
{
    char us[32], pid[32];

    if (out.us == 0)
        return;
    (void)snprintf(us, sizeof us, "%" PRIu64, out.us);
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    (void)setenv("WATCHDOG_USEC", us, 1);
    (void)setenv("WATCHDOG_PID", pid, 1);
}

/* ---- notices ---- */

/* A manager that does not listen any more is no reason to do anything else. */
static void deliver(const void *bytes, size_t len)
{
    int before = errno; /* a signal handler leaves it as it was */
    ssize_t n = send(out.fd, bytes, len, MSG_NOSIGNAL);

    (void)n;
    errno = before;
}

static const char *const texts[NOTICES] = {
    [NOTIFY_READY] = "READY=1\nSTATUS=Accepting connections",
    [NOTIFY_RELOAD_FAILED] =
        "READY=1\nSTATUS=Accepting connections; the last reload failed, as the log says",
    [NOTIFY_STOPPING] = "STOPPING=1\nSTATUS=Stopping",
    [NOTIFY_ALIVE] = "WATCHDOG=1",
};

/* The time lets the manager tell this reload from one before: sd_notify(3). */
static uint64_t monotonic_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void say_text(enum notice notice, uint32_t number)
{
    char text[TEXT_MAX];
    int n;

    if (notice == NOTIFY_RELOADING)
        n = snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=Reloading",
                     monotonic_us());
    else if (notice == NOTIFY_DRAINING)
        n = snprintf(text, sizeof text, "STATUS=Draining; connections left: %" PRIu32, number);
    else
        n = snprintf(text, sizeof text, "%s", texts[notice]);
    deliver(text, (size_t)n);
}

void notify_say(enum notice notice, uint32_t number)
{
    const struct notify_message message = {(uint32_t)notice, number};

    if (out.fd < 0)
        return;
    if (out.parent)
        deliver(&message, sizeof message);
    else
        say_text(notice, number);
}

void notify_stopping(void)
{
    const struct notify_message message = {NOTIFY_STOPPING, 0};

    if (out.fd < 0)
        return;
    if (out.parent)
        deliver(&message, sizeof message);
    else
        deliver(texts[NOTIFY_STOPPING], strlen(texts[NOTIFY_STOPPING]));
}

/* ---- the watchdog ---- */

static uint32_t half_interval_ms(void)
{
    uint64_t ms = out.us / 2000;

    return ms == 0 ? 1 : ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX - 1;
}

static void on_due(void *context)
{
    (void)context;
    notify_say(NOTIFY_ALIVE, 0);
    (void)nacre_timer_set(out.timer, half_interval_ms()); /* it has its place */
}

/* The parent sends nothing: this is the end. */
static void on_parent(void *context)
{
    (void)context;
    nacre_watch_free(out.watch);
    out.watch = NULL;
    out.orphaned();
}

static bool watch_parent(struct nacre_loop *loop, void (*orphaned)(void))
{
    if (!out.parent)
        return true;
    out.orphaned = orphaned;
    out.watch = nacre_watch_new(loop, out.fd, on_parent, NULL);
    return out.watch != NULL;
}

bool notify_watch(struct nacre_loop *loop, void (*orphaned)(void))
{
    if (!watch_parent(loop, orphaned))
        return false;
    if (out.us == 0 || out.fd < 0)
        return true;
    out.timer = nacre_timer_new(loop, on_due, NULL);
    return out.timer != NULL && nacre_timer_set(out.timer, half_interval_ms());
}

void notify_unwatch(void)
{
    nacre_timer_free(out.timer);
    nacre_watch_free(out.watch);
    out.timer = NULL;
    out.watch = NULL;
}
