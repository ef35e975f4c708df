#include "apps/daemon/supervise.h"

#include "apps/daemon/events.h"
#include "apps/daemon/log_output.h"
#include "apps/daemon/metrics_listen.h"
#include "apps/daemon/notify.h"
#include "apps/session/number.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define VARIABLE "NACRE_SUPERVISOR" /* the parent's process ID, and the child's end of a socket */

enum {
    STATUS_FAILED = 1,
    STATUS_SIGNALLED = 128,
    SENTENCE_MAX = 1024,
    OLD_MAX = 64, /* children that drain at the same time */
};

struct child {
    pid_t pid;   /* 0: none */
    int notices; /* where it says what becomes of it: notify.h; -1: it says nothing more */
};

struct supervisor {
    char program[PATH_MAX];
    char **argv;
    const struct inherited *sockets;
    sigset_t mask; /* of signals, as this process had it */
    struct child current, next;
    pid_t old[OLD_MAX]; /* these drain */
    size_t old_count;
    bool stopping;
    int status;
};

/* ---- in the child ---- */

bool supervise_is_child(void)
{
    const char *text = getenv(VARIABLE);
    uint64_t parent, fd;

    if (text == NULL || !number_read(&text, 1, INT32_MAX, &parent) || *text++ != ':' ||
        !number_whole(text, INHERITED_FIRST, INT32_MAX, &fd) || (pid_t)parent != getppid())
        return false;
    (void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    notify_through((int)fd);
    (void)unsetenv(VARIABLE);
    return true;
}

/* ---- starting a child ---- */

static int count_sockets(const struct supervisor *s)
{
    return (int)s->sockets->count + (s->sockets->metrics >= 0);
}

/* The sockets become the descriptors from 3 on, that of the metrics the last of them, and the
 * child's end the next one. */
static void place_descriptors(const struct supervisor *s, int notices)
{
    int last = INHERITED_FIRST + count_sockets(s), above[INHERITED_MAX + 2];
    size_t count = s->sockets->count;

    for (size_t i = 0; i < count; i++)
        above[i] = fcntl(s->sockets->sockets[i], F_DUPFD_CLOEXEC, last + 1);
    if (s->sockets->metrics >= 0)
        above[count++] = fcntl(s->sockets->metrics, F_DUPFD_CLOEXEC, last + 1);
    above[count] = fcntl(notices, F_DUPFD_CLOEXEC, last + 1);
    for (int fd = INHERITED_FIRST; fd <= last; fd++)
        (void)dup2(above[fd - INHERITED_FIRST], fd);
}

static void set_names(const struct supervisor *s)
{
    char names[(INHERITED_MAX + 1) * sizeof INHERITED_METRICS] = "";
    size_t len = 0;

    for (size_t i = 0; i < s->sockets->count; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s" INHERITED_SSH,
                                i == 0 ? "" : ":");
    if (s->sockets->metrics >= 0)
        (void)snprintf(names + len, sizeof names - len, ":" INHERITED_METRICS);
    (void)setenv("LISTEN_FDNAMES", names, 1);
}

static void set_number(const char *name, int number)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%d", number);
    (void)setenv(name, text, 1);
}

/* The process that supervises, and the descriptor for notices. */
static void set_supervisor(pid_t parent, int notices)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%d:%d", (int)parent, notices);
    (void)setenv(VARIABLE, text, 1);
}

static _Noreturn void become_child(const struct supervisor *s, int notices)
{
    pid_t parent = getppid();

    place_descriptors(s, notices);
    notify_pass_on_watchdog();
    set_number("LISTEN_PID", getpid());
    set_number("LISTEN_FDS", count_sockets(s));
    set_names(s);
    set_supervisor(parent, INHERITED_FIRST + count_sockets(s));
    (void)sigprocmask(SIG_SETMASK, &s->mask, NULL);
    (void)execv(s->program, s->argv);
    (void)fprintf(stderr, "%s: cannot be started: %s\n", s->program, strerror(errno));
    _exit(STATUS_FAILED);
}

static struct child start_child(const struct supervisor *s)
{
    struct child child = {.notices = -1};
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return child;
    child.pid = fork();
    if (child.pid == 0)
        become_child(s, ends[1]);
    (void)close(ends[1]);
    child.notices = ends[0];
    if (child.pid > 0)
        return child;
    (void)close(ends[0]);
    return (struct child){.notices = -1};
}

static void log_upgrade(const char *answer, const char *reason, pid_t pid)
{
    struct log_line l;

    log_begin(&l, reason != NULL ? LOG_ERROR : LOG_INFO, "upgrade");
    log_text(&l, "answer", answer);
    if (pid > 0)
        log_i64(&l, "pid", pid);
    if (reason != NULL)
        log_text(&l, "reason", reason);
    log_end(&l);
}

static void upgrade(struct supervisor *s)
{
    if (s->stopping || s->next.pid > 0 || s->old_count == OLD_MAX) {
        log_upgrade("refused", "another upgrade has not ended, or the server is stopping", 0);
        return;
    }
    s->next = start_child(s);
    if (s->next.pid > 0)
        log_upgrade("started", NULL, s->next.pid);
    else
        log_upgrade("failed", strerror(errno), 0);
}

/* ---- what happens to children ---- */

static void close_notices(struct child *child)
{
    if (child->notices >= 0)
        (void)close(child->notices);
    child->notices = -1;
}

/* Say to the service manager what this child says. Returns the notice; NOTICES: there is none. */
static uint32_t pass_on(struct child *child)
{
    struct notify_message m;
    ssize_t n = recv(child->notices, &m, sizeof m, MSG_DONTWAIT);

    if (n == (ssize_t)sizeof m && m.notice < NOTICES) {
        notify_say((enum notice)m.notice, m.number);
        return m.notice;
    }
    close_notices(child); /* it ends: SIGCHLD follows */
    return NOTICES;
}

/* The next child accepts connections: the current one drains. */
static void replace(struct supervisor *s)
{
    if (s->current.pid > 0) {
        (void)kill(s->current.pid, SIGUSR2);
        s->old[s->old_count++] = s->current.pid;
    }
    close_notices(&s->current); /* it only drains now, and reports nothing */
    s->current = s->next;
    s->next = (struct child){.notices = -1};
    log_upgrade("done", NULL, s->current.pid);
}

static void forget_old(struct supervisor *s, pid_t pid)
{
    for (size_t i = 0; i < s->old_count; i++)
        if (s->old[i] == pid) {
            s->old[i] = s->old[--s->old_count];
            return;
        }
}

static void take_statuses(struct supervisor *s)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == s->current.pid) {
            s->status =
                WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_SIGNALLED + WTERMSIG(status);
            close_notices(&s->current);
            s->current.pid = 0;
        } else if (pid == s->next.pid) {
            close_notices(&s->next);
            s->next.pid = 0;
            log_upgrade("failed", "the new process ended before it accepted connections", pid);
        } else {
            forget_old(s, pid);
        }
}

static void signal_all(const struct supervisor *s, int number)
{
    if (s->current.pid > 0)
        (void)kill(s->current.pid, number);
    if (s->next.pid > 0)
        (void)kill(s->next.pid, number);
    for (size_t i = 0; i < s->old_count; i++)
        (void)kill(s->old[i], number);
}

/* Clients are refused from here on, rather than left waiting for nobody. */
static void close_sockets(const struct supervisor *s)
{
    if (s->stopping)
        return;
    inherited_close(s->sockets);
    if (s->sockets->metrics >= 0)
        (void)close(s->sockets->metrics);
}

/* The child does the same with its own. */
static void reopen_log(void)
{
    char text[SENTENCE_MAX];
    const struct errbuf p = errbuf_in(text, sizeof text);

    if (!log_reopen(&p))
        log_trouble("log", text);
}

/* A signal of the terminal went to the children too. */
static void on_signal(struct supervisor *s, const struct signalfd_siginfo *info)
{
    int number = (int)info->ssi_signo;
    bool from_terminal = info->ssi_code == SI_KERNEL;

    if (number == SIGCHLD) {
        take_statuses(s);
    } else if (number == SIGUSR2) {
        upgrade(s);
    } else if (number == SIGTERM || number == SIGINT) {
        close_sockets(s);
        s->stopping = true;
        if (!from_terminal)
            signal_all(s, number);
    } else {
        if (number == SIGHUP)
            reopen_log();
        if (s->current.pid > 0 && !from_terminal)
            (void)kill(s->current.pid, number);
    }
}

/* ---- the parent ---- */

static void look_after(struct supervisor *s, int signals)
{
    while (s->current.pid > 0 || s->next.pid > 0 || s->old_count > 0) {
        struct pollfd ready[] = {{.fd = signals, .events = POLLIN},
                                 {.fd = s->current.notices, .events = POLLIN},
                                 {.fd = s->next.notices, .events = POLLIN}};
        struct signalfd_siginfo info;

        if (poll(ready, 3, -1) < 0)
            continue;
        if (ready[1].revents != 0)
            (void)pass_on(&s->current);
        if (ready[2].revents != 0 && pass_on(&s->next) == NOTIFY_READY)
            replace(s);
        if (ready[0].revents != 0 && read(signals, &info, sizeof info) == (ssize_t)sizeof info)
            on_signal(s, &info);
    }
}

/* Those that this process has not inherited */
static bool open_sockets(struct inherited *sockets, const struct server_options *o,
                         const struct errbuf *p)
{
    if (sockets->count == 0)
        sockets->count = nacre_server_listen_all(o->listen.items, sockets->sockets, INHERITED_MAX,
                                                 p->text, p->size);
    if (sockets->count > 0 && sockets->metrics < 0 && o->metrics != NULL) {
        sockets->metrics = metrics_listen(o->metrics, p);
        return sockets->metrics >= 0;
    }
    return sockets->count > 0;
}

/* Signals are blocked before there is a child whose end could be missed. */
static int block_signals(struct supervisor *s)
{
    static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)sigaddset(&set, numbers[i]);
    (void)sigprocmask(SIG_BLOCK, &set, &s->mask);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static int failed(const struct server_program *program, const char *sentence)
{
    (void)fprintf(stderr, "%s: %s\n", program->name, sentence);
    return STATUS_FAILED;
}

int supervise(const struct server_program *program, const struct server_options *options,
              struct inherited *sockets)
{
    struct supervisor s = {.argv = program->argv,
                           .sockets = sockets,
                           .current.notices = -1,
                           .next.notices = -1,
                           .status = STATUS_FAILED};
    char errbuf[SENTENCE_MAX];
    const struct errbuf p = errbuf_in(errbuf, sizeof errbuf);
    int signals;

    if (readlink("/proc/self/exe", s.program, sizeof s.program - 1) < 0)
        return failed(program, "/proc/self/exe cannot be read, so --supervise does not work");
    if (!open_sockets(sockets, options, &p))
        return failed(program, errbuf);
    signals = block_signals(&s);
    s.current = start_child(&s);
    if (signals < 0 || s.current.pid <= 0)
        return failed(program, strerror(errno));
    look_after(&s, signals);
    (void)close(signals);
    return s.status;
}
