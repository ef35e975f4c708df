/* What the parent of --supervise does with its children, which are a script: every signal, notice
 * and end comes from a table. */
#include "apps/daemon/supervise.h"
#include "apps/daemon/log.h"
#include "apps/daemon/log_output.h"
#include "apps/daemon/metrics_listen.h"
#include "apps/daemon/notify.h"
#include "tests/support/child.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST = 101 /* process ID of the first child; the others follow */ };

struct event {
    enum { SIGNAL, TERMINAL, SAYS, SAYS_LESS, ENDS, INTERRUPTED, HALF_A_SIGNAL } kind;
    /* The signal; the child's place in the poll set, 1 or 2; or the child that ends */
    int who;
    uint32_t what, number; /* the notice and its number; or the wait status */
};

static const struct event *script; /* NULL: the system's own functions */
static size_t at, length;
static bool reported; /* the end of the child */
static pid_t forked;
static int fork_failure; /* -1, or 0 for the child's part */
static unsigned forks_that_work;
static const char *failing;
static struct inherited sockets;
static struct server_options options;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
pid_t __real_fork(void);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
ssize_t __real_read(int fd, void *out, size_t len);
pid_t __real_waitpid(pid_t pid, int *status, int flags);
int __real_kill(pid_t pid, int number);

OWN(pid_t, fork, void)
{
    if (script == NULL)
        return __real_fork();
    if (forks_that_work == 0) {
        errno = EAGAIN;
        return fork_failure;
    }
    forks_that_work--;
    note("fork %d;", forked);
    return forked++;
}

/* What signalfd reads is blocked, or nobody would be told. */
static void expect_blocked(void)
{
    static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t mask;

    ck_assert_int_eq(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        ck_assert(sigismember(&mask, numbers[i]));
}

OWN(int, poll, struct pollfd *fds, nfds_t count, int timeout)
{
    const struct event *now = &script[at];

    if (script == NULL)
        return __real_poll(fds, count, timeout);
    if (count != 3 || timeout != -1 || at == length)
        ck_abort_msg("it waits after event %zu", at);
    expect_blocked();
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = 0;
        ck_assert_int_eq(fds[i].events, POLLIN);
        ck_assert(fds[i].fd == -1 || fcntl(fds[i].fd, F_GETFD) >= 0); /* none that was closed */
    }
    if (now->kind == INTERRUPTED) {
        at++;
        return -1;
    }
    if (now->kind == SAYS || now->kind == SAYS_LESS) {
        ck_assert_int_ge(fds[now->who].fd, 0);
        fds[now->who].revents = POLLIN;
        return 1;
    }
    fds[0].revents = POLLIN;
    reported = false;
    return 1;
}

OWN(ssize_t, read, int fd, void *out, size_t len)
{
    struct signalfd_siginfo info = {.ssi_code = SI_USER};

    if (script == NULL)
        return __real_read(fd, out, len);
    ck_assert_uint_eq(len, sizeof info);
    info.ssi_signo = script[at].kind == ENDS ? SIGCHLD : (uint32_t)script[at].who;
    if (script[at].kind == TERMINAL)
        info.ssi_code = SI_KERNEL;
    memcpy(out, &info, sizeof info);
    return (ssize_t)sizeof info - (script[at++].kind == HALF_A_SIGNAL);
}

OWN(ssize_t, recv, int fd, void *out, size_t len, int flags)
{
    const struct notify_message message = {script[at].what, script[at].number};

    (void)fd;
    ck_assert(len == sizeof message && flags == MSG_DONTWAIT);
    memcpy(out, &message, sizeof message);
    return (ssize_t)sizeof message - (script[at++].kind == SAYS_LESS);
}

OWN(pid_t, waitpid, pid_t pid, int *status, int flags)
{
    if (script == NULL)
        return __real_waitpid(pid, status, flags);
    ck_assert(pid == -1 && flags == WNOHANG);
    if (reported)
        return 0;
    reported = true;
    *status = (int)script[at - 1].what;
    return script[at - 1].who;
}

OWN(int, kill, pid_t pid, int number)
{
    if (script == NULL)
        return __real_kill(pid, number);
    note("kill %d %s;", (int)pid, sigabbrev_np(number));
    return 0;
}

OWN(void, notify_say, enum notice notice, uint32_t number)
{
    note("say %d %u;", (int)notice, number);
}

OWN(void, log_end, struct log_line *l)
{
    const char *event = memmem(l->text, l->len, "event=", 6);

    note("[%.*s];", (int)(l->text + l->len - event) - 6, event + 6);
}

OWN(bool, log_reopen, const struct errbuf *p)
{
    note("reopen;");
    return failing == NULL || strcmp(failing, "reopen") != 0 || errbuf_say(p, "no log");
}

OWN(void, inherited_close, const struct inherited *which)
{
    ck_assert_ptr_eq(which, &sockets);
    note("close %zu;", which->count);
}

OWN(size_t, nacre_server_listen_all, const char *const *addresses, int *out, size_t room,
    char *errbuf, size_t size)
{
    const struct errbuf p = {errbuf, size};

    ck_assert_uint_eq(room, INHERITED_MAX);
    note("listen %s;", addresses[0]);
    out[0] = 99;
    if (failing == NULL || strcmp(failing, "listen") != 0)
        return 1;
    (void)errbuf_say(&p, "cannot listen");
    return 0;
}

OWN(int, metrics_listen, const char *address, const struct errbuf *p)
{
    note("metrics %s;", address);
    if (failing == NULL || strcmp(failing, "metrics") != 0)
        return 0;
    (void)errbuf_say(p, "no metrics");
    return -1;
}

OWN(void, notify_through, int fd)
{
    note("through %d;", fd);
}

static _Noreturn void check_child(const char *path, char *const *arguments);

OWN(int, execv, const char *path, char *const *arguments)
{
    if (failing == NULL)
        check_child(path, arguments);
    errno = ENOENT;
    return -1;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static char name[] = "program", argument[] = "--supervise";
static char *arguments[] = {name, argument, NULL};

static sigset_t mask;

static void set_up(void)
{
    (void)sigprocmask(SIG_SETMASK, NULL, &mask);
    options.listen.items[0] = "localhost:22";
    sockets = (struct inherited){.sockets = {77}, .count = 1, .metrics = -1};
    forked = FIRST;
    forks_that_work = 1000;
}

static void tear_down(void)
{
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
}

/* Supervise until the script ends; returns the status. */
static int play(const struct event *events, size_t count)
{
    const struct server_program program = {.name = name, .argv = arguments};
    int status;

    forked = FIRST;
    script = events;
    length = count;
    at = 0;
    status = supervise(&program, &options, &sockets);
    script = NULL;
    ck_assert_uint_eq(at, count);
    return status;
}

#define PLAY(...)                                                                                  \
    play((const struct event[]){__VA_ARGS__},                                                      \
         sizeof((const struct event[]){__VA_ARGS__}) / sizeof(struct event))

#define EXITS(pid, status) ENDS, (pid), (uint32_t)(status) << 8, 0
#define READY(place) SAYS, (place), NOTIFY_READY, 0
#define SENT(number) SIGNAL, (number), 0, 0

START_TEST(the_status_is_that_of_the_last_child)
{
    ck_assert_int_eq(PLAY({EXITS(101, 3)}), 3);
    expect_notes("fork 101;");
    ck_assert_int_eq(PLAY({ENDS, 101, SIGKILL, 0}), 128 + SIGKILL);
    ck_assert_int_eq(PLAY({INTERRUPTED, 0, 0, 0}, {HALF_A_SIGNAL, SIGTERM, 0, 0}, {EXITS(7, 9)},
                          {EXITS(101, 0)}),
                     0);
    expect_notes("fork 101;fork 101;");
}
END_TEST

START_TEST(what_the_child_says_is_passed_on)
{
    (void)PLAY({READY(1)}, {SAYS, 1, NOTIFY_DRAINING, 5}, {SAYS, 1, NOTIFY_ALIVE, 0},
               {EXITS(101, 0)});
    expect_notes("fork 101;say 0 0;say 4 5;say 5 0;");
    (void)PLAY({SAYS, 1, NOTICES, 0}, {EXITS(101, 0)});           /* no notice, */
    (void)PLAY({SAYS_LESS, 1, NOTIFY_READY, 0}, {EXITS(101, 0)}); /* half of one */
    expect_notes("fork 101;fork 101;");
}
END_TEST

START_TEST(a_child_that_accepts_connections_replaces_the_one_before)
{
    ck_assert_int_eq(PLAY({READY(1)}, {SENT(SIGUSR2)}, {SAYS, 2, NOTIFY_ALIVE, 0}, {READY(2)},
                          {SAYS, 1, NOTIFY_STOPPING, 0}, {EXITS(101, 3)}, {SENT(SIGUSR1)},
                          {EXITS(102, 4)}),
                     4);
    expect_notes("fork 101;say 0 0;fork 102;[upgrade answer=started pid=102];say 5 0;say 0 0;"
                 "kill 101 USR2;[upgrade answer=done pid=102];say 3 0;kill 102 USR1;");
}
END_TEST

#define REFUSED                                                                                    \
    "[upgrade answer=refused reason=\"another upgrade has not ended, or the server is "            \
    "stopping\"];"

START_TEST(one_upgrade_at_a_time_and_none_at_the_end)
{
    (void)PLAY({SENT(SIGUSR2)}, {SENT(SIGUSR2)}, {READY(2)}, {EXITS(101, 0)}, {SENT(SIGTERM)},
               {SENT(SIGUSR2)}, {EXITS(102, 0)});
    expect_notes("fork 101;fork 102;[upgrade answer=started pid=102];" REFUSED
                 "say 0 0;kill 101 USR2;[upgrade answer=done pid=102];"
                 "close 1;kill 102 TERM;" REFUSED);
}
END_TEST

START_TEST(an_upgrade_may_fail)
{
    (void)PLAY({SENT(SIGUSR2)}, {EXITS(102, 1)}, {EXITS(101, 0)});
    expect_notes("fork 101;fork 102;[upgrade answer=started pid=102];"
                 "[upgrade answer=failed pid=102 reason=\"the new process ended before it accepted "
                 "connections\"];");
    forks_that_work = 1;
    fork_failure = -1;
    (void)PLAY({SENT(SIGUSR2)}, {EXITS(101, 0)});
    expect_notes("fork 101;[upgrade answer=failed reason=\"Resource temporarily unavailable\"];");
}
END_TEST

/* 64 may drain at the same time. */
START_TEST(children_that_drain_are_counted)
{
    enum { OLD = 64 };
    struct event events[2 * OLD + 4 + OLD + 1];
    size_t n = 0;

    for (int i = 0; i < OLD; i++) {
        events[n++] = (struct event){SENT(SIGUSR2)};
        events[n++] = (struct event){READY(2)};
    }
    events[n++] = (struct event){SENT(SIGUSR2)}; /* refused */
    events[n++] = (struct event){EXITS(101, 0)};
    events[n++] = (struct event){SENT(SIGUSR2)};
    events[n++] = (struct event){READY(2)};
    for (int i = 0; i < OLD; i++)
        events[n++] = (struct event){EXITS(102 + i, 0)};
    events[n++] = (struct event){EXITS(166, 5)};
    ck_assert_int_eq(play(events, n), 5);
    ck_assert_int_eq(forked, 167);
}
END_TEST

START_TEST(all_children_are_told_to_stop)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    char expected[512];

    for (size_t i = 0; i < 2; i++) {
        const char *s = sigabbrev_np(numbers[i]);

        sockets.metrics = open("/dev/null", O_RDONLY | O_CLOEXEC);
        (void)PLAY({SENT(SIGUSR2)}, {READY(2)}, {SENT(SIGUSR2)}, {READY(2)}, {SENT(SIGUSR2)},
                   {SENT(numbers[i])}, {SENT(numbers[i])}, {EXITS(101, 0)}, {SENT(numbers[i])},
                   {EXITS(103, 0)}, {EXITS(104, 0)}, {EXITS(102, 0)});
        (void)snprintf(expected, sizeof expected,
                       "close 1;kill 103 %s;kill 104 %s;kill 101 %s;kill 102 %s;"
                       "kill 103 %s;kill 104 %s;kill 101 %s;kill 102 %s;"
                       "kill 103 %s;kill 104 %s;kill 102 %s;"
                       "[upgrade answer=failed pid=104 reason=\"the new process ended before it "
                       "accepted connections\"];",
                       s, s, s, s, s, s, s, s, s, s, s);
        ck_assert_str_eq(strstr(noted, "close 1;"), expected);
        noted[0] = 0;
    }
}
END_TEST

START_TEST(signals_of_the_terminal_have_reached_the_children)
{
    (void)PLAY({TERMINAL, SIGHUP, 0, 0}, {TERMINAL, SIGINT, 0, 0}, {EXITS(101, 0)});
    expect_notes("fork 101;reopen;close 1;");
}
END_TEST

START_TEST(hangup_opens_the_log_again_and_is_passed_on)
{
    (void)PLAY({SENT(SIGHUP)}, {SENT(SIGUSR1)}, {EXITS(101, 0)});
    expect_notes("fork 101;reopen;kill 101 HUP;kill 101 USR1;");
    failing = "reopen";
    (void)PLAY({SENT(SIGHUP)}, {EXITS(101, 0)});
    expect_notes("fork 101;reopen;[log reason=\"no log\"];kill 101 HUP;");
}
END_TEST

/* kill(0, ...) would reach the whole process group. */
START_TEST(a_child_that_has_ended_gets_no_signal)
{
    ck_assert_int_eq(PLAY({SENT(SIGUSR2)}, {EXITS(101, 0)}, {SENT(SIGHUP)}, {SENT(SIGTERM)},
                          {READY(2)}, {EXITS(102, 6)}),
                     6);
    expect_notes("fork 101;fork 102;[upgrade answer=started pid=102];reopen;"
                 "close 1;kill 102 TERM;say 0 0;[upgrade answer=done pid=102];");
}
END_TEST

START_TEST(it_listens_unless_the_sockets_are_inherited)
{
    sockets.count = 0;
    options.metrics = "localhost:9";
    (void)PLAY({EXITS(101, 0)});
    expect_notes("listen localhost:22;metrics localhost:9;fork 101;");
    ck_assert_uint_eq(sockets.count, 1);
    ck_assert_int_eq(sockets.metrics, 0);
    (void)PLAY({EXITS(101, 0)});
    expect_notes("fork 101;");
}
END_TEST

/* ---- what fails ---- */

static int start(void)
{
    sockets.count = 0;
    options.metrics = "localhost:9";
    return play((const struct event[]){{SENT(0)}}, 0);
}

START_TEST(what_fails_at_the_start_is_said)
{
    static const char *const rows[][2] = {
        {"listen", "program: cannot listen\n"},
        {"metrics", "program: no metrics\n"},
        {"fork", "program: Resource temporarily unavailable\n"},
    };

    fork_failure = -1;
    forks_that_work = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        failing = rows[i][0];
        ck_assert_int_eq(WEXITSTATUS(in_child(start)), 1);
        ck_assert_str_eq(child_said, rows[i][1]);
    }
}
END_TEST

/* ---- the child ---- */

static bool is_file(int fd, const char *file)
{
    struct stat one, other;

    return fstat(fd, &one) == 0 && stat(scratch_path(file), &other) == 0 &&
           one.st_ino == other.st_ino && fcntl(fd, F_GETFD) == 0;
}

static bool is_set(const char *variable, const char *value)
{
    const char *text = getenv(variable);

    return text != NULL && strcmp(text, value) == 0;
}

/* In the child, in place of the program */
static void check_child(const char *path, char *const *given)
{
    char self[512] = "", pid[32], parent[32];
    sigset_t now;

    (void)!readlink("/proc/self/exe", self, sizeof self - 1);
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    (void)snprintf(parent, sizeof parent, "%d:6", (int)getppid());
    if (strcmp(path, self) != 0 || given != arguments)
        _exit(11);
    if (!is_file(3, "one") || !is_file(4, "two") || !is_file(5, "metrics"))
        _exit(12);
    if (fcntl(6, F_GETFD) != 0 || send(6, "x", 1, MSG_NOSIGNAL) != 1)
        _exit(13);
    for (int fd = 7; fd < 40; fd++)
        if (fcntl(fd, F_GETFD) == 0)
            _exit(14); /* it would be inherited */
    if (!is_set("LISTEN_PID", pid) || !is_set("LISTEN_FDS", "3") ||
        !is_set("LISTEN_FDNAMES", "ssh:ssh:metrics") || !is_set("NACRE_SUPERVISOR", parent))
        _exit(15);
    if (!is_set("WATCHDOG_USEC", "7000") || !is_set("WATCHDOG_PID", pid))
        _exit(16);
    (void)sigprocmask(SIG_SETMASK, NULL, &now);
    _exit(sigismember(&now, SIGWINCH) == 1 && sigismember(&now, SIGCHLD) == 0 ? 0 : 17);
}

static int open_at(const char *file, int fd)
{
    int opened = open(scratch_write(file, "", 0600), O_RDONLY | O_CLOEXEC);

    return dup3(opened, fd, O_CLOEXEC);
}

static int metrics_at;

/* The child's part, whose sockets are in the way of each other */
static int become(void)
{
    sigset_t some;

    (void)sigemptyset(&some);
    (void)sigaddset(&some, SIGWINCH);
    (void)sigprocmask(SIG_SETMASK, &some, NULL);
    (void)setenv("WATCHDOG_USEC", "7000", 1);
    (void)notify_open(&(struct errbuf){NULL, 0});
    (void)dup2(STDERR_FILENO, STDIN_FILENO);
    for (int fd = 7; fd < 40; fd++)
        (void)close(fd);
    sockets = (struct inherited){.sockets = {open_at("one", 4), open_at("two", 3)},
                                 .count = 2,
                                 .metrics = open_at("metrics", metrics_at)};
    for (int fd = 7; fd < 40; fd++)
        (void)close(fd);
    fork_failure = 0;
    forks_that_work = 0;
    return play((const struct event[]){{SENT(0)}}, 0);
}

START_TEST(a_child_gets_the_sockets_and_learns_its_parent)
{
    int status;

    metrics_at = _i == 0 ? 5 : 0;
    status = in_child(become);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x: %s", (unsigned)status,
                  child_said);
}
END_TEST

START_TEST(a_program_that_is_gone_is_named)
{
    char program[256] = "", expected[320];

    ck_assert_int_gt(readlink("/proc/self/exe", program, sizeof program - 1), 0);
    (void)snprintf(expected, sizeof expected, "%s: cannot be started: No such file or directory\n",
                   program);
    failing = "exec";
    ck_assert_int_eq(WEXITSTATUS(in_child(become)), 1);
    assert_says(child_said, expected);
}
END_TEST

/* $NACRE_SUPERVISOR; %d is the parent's process ID. */
static bool is_child(const char *format, pid_t parent)
{
    char text[64];

    (void)snprintf(text, sizeof text, format, (int)parent);
    (void)setenv("NACRE_SUPERVISOR", text, 1);
    return supervise_is_child();
}

START_TEST(a_child_knows_itself_by_its_parent)
{
    static const char *const wrong[] = {"",    "%d",    "%d:", "%d:2",          "%d;3", ":3",
                                        "x:3", "%d:3x", "%d3", "%d:4294967296", "0:3",  "%d:x"};
    int fd = fcntl(STDERR_FILENO, F_DUPFD, 3);
    char good[32];

    (void)unsetenv("NACRE_SUPERVISOR");
    ck_assert(!supervise_is_child());
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(!is_child(wrong[i], getppid()), "%s", wrong[i]);
    (void)snprintf(good, sizeof good, "%%d:%d", fd);
    ck_assert(!is_child(good, getpid()));
    ck_assert(is_set("NACRE_SUPERVISOR", getenv("NACRE_SUPERVISOR")));
    expect_notes("");
    ck_assert(is_child(good, getppid()));
    (void)snprintf(good, sizeof good, "through %d;", fd);
    expect_notes(good);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_ptr_null(getenv("NACRE_SUPERVISOR"));
    (void)close(fd);
    ck_assert(is_child("%d:3", getppid())); /* the first that can be inherited */
    noted[0] = 0;
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, set_up, tear_down);
    add_test(suite, the_status_is_that_of_the_last_child);
    add_test(suite, what_the_child_says_is_passed_on);
    add_test(suite, a_child_that_accepts_connections_replaces_the_one_before);
    add_test(suite, one_upgrade_at_a_time_and_none_at_the_end);
    add_test(suite, an_upgrade_may_fail);
    add_test(suite, children_that_drain_are_counted);
    add_test(suite, all_children_are_told_to_stop);
    add_test(suite, signals_of_the_terminal_have_reached_the_children);
    add_test(suite, hangup_opens_the_log_again_and_is_passed_on);
    add_test(suite, a_child_that_has_ended_gets_no_signal);
    add_test(suite, it_listens_unless_the_sockets_are_inherited);
    add_test(suite, what_fails_at_the_start_is_said);
    add_loop(suite, a_child_gets_the_sockets_and_learns_its_parent, 0, 2);
    add_test(suite, a_program_that_is_gone_is_named);
    add_test(suite, a_child_knows_itself_by_its_parent);
}
