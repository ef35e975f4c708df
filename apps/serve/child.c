#include "apps/serve/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* RFC 4254 section 6.10, and after its names the other signals that can end a program. */
static const struct {
    const char *name;
    int number;
} signals[] = {
    {"ABRT", SIGABRT},       {"ALRM", SIGALRM},       {"FPE", SIGFPE},
    {"HUP", SIGHUP},         {"ILL", SIGILL},         {"INT", SIGINT},
    {"KILL", SIGKILL},       {"PIPE", SIGPIPE},       {"QUIT", SIGQUIT},
    {"SEGV", SIGSEGV},       {"TERM", SIGTERM},       {"USR1", SIGUSR1},
    {"USR2", SIGUSR2},       {"BUS@nacre", SIGBUS},   {"TRAP@nacre", SIGTRAP},
    {"SYS@nacre", SIGSYS},   {"XCPU@nacre", SIGXCPU}, {"XFSZ@nacre", SIGXFSZ},
    {"PROF@nacre", SIGPROF}, {"IO@nacre", SIGIO},     {"VTALRM@nacre", SIGVTALRM},
};

enum { STATUS_LOST = 255 /* it is not known how the child ended */ };

int signal_number(const char *name)
{
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (strcmp(signals[i].name, name) == 0)
            return signals[i].number;
    return -1;
}

const char *signal_name(int number)
{
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (signals[i].number == number)
            return signals[i].name;
    return "OTHER@nacre";
}

static void close_both(const int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            (void)close(pair[i]);
}

/* Pipes for standard input, output and error: [i] becomes the child's descriptor i. */
static bool open_pipes(int pipes[3][2])
{
    for (int i = 0; i < 3; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) == 0)
            continue;
        while (i > 0)
            close_both(pipes[--i]);
        return false;
    }
    return true;
}

/* A new session; no signal is blocked, ignored or caught. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawnattr_setsigmask(attributes, &none);
    (void)posix_spawnattr_setsigdefault(attributes, &all);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
}

/* The first terminal that a session leader opens becomes the controlling terminal. */
static int use_terminal(posix_spawn_file_actions_t *actions, const char *name)
{
    int failure = posix_spawn_file_actions_addopen(actions, 0, name, O_RDWR, 0);

    for (int i = 1; failure == 0 && i < 3; i++)
        failure = posix_spawn_file_actions_adddup2(actions, 0, i);
    return failure;
}

static int use_pipes(posix_spawn_file_actions_t *actions, int pipes[3][2])
{
    int failure = 0;

    for (int i = 0; failure == 0 && i < 3; i++)
        failure = posix_spawn_file_actions_adddup2(actions, pipes[i][i == 0 ? 0 : 1], i);
    return failure;
}

/* The program gets no descriptors but its standard ones. */
#ifdef __GLIBC__
static int close_others(posix_spawn_file_actions_t *actions)
{
    return posix_spawn_file_actions_addclosefrom_np(actions, 3);
}
#else
static int close_others(posix_spawn_file_actions_t *actions)
{
    (void)actions; /* musl has no such action */
    return syscall(SYS_close_range, 3, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0 ? 0 : errno;
}
#endif

/* pipes: NULL for a terminal. Returns 0, or an error number. */
static int spawn(pid_t *pid, char *const argv[], char *const environment[], const char *terminal,
                 int pipes[3][2])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&actions);

    if (failure != 0)
        return failure;
    failure = posix_spawnattr_init(&attributes);
    if (failure == 0) {
        failure = set_attributes(&attributes);
        if (failure == 0)
            failure = pipes != NULL ? use_pipes(&actions, pipes) : use_terminal(&actions, terminal);
        if (failure == 0)
            failure = close_others(&actions);
        if (failure == 0)
            failure = posix_spawn(pid, argv[0], &actions, &attributes, argv, environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return failure;
}

/* Without a pidfd the end of the child would go unnoticed: kill it. */
static int watch(struct child *child)
{
    int failure;

    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->pidfd >= 0)
        return 0;
    failure = errno;
    (void)kill(-child->pid, SIGKILL);
    (void)waitpid(child->pid, NULL, 0);
    child->pid = 0;
    return failure;
}

static int start_on_terminal(struct child *child, char *const argv[], char *const environment[],
                             struct terminal *t, struct child_streams *streams)
{
    int failure = spawn(&child->pid, argv, environment, t->name, NULL);

    if (failure == 0)
        failure = watch(child);
    if (failure != 0) {
        terminal_close(t);
        return failure;
    }
    *streams = (struct child_streams){t->master, t->master, -1};
    t->master = -1;
    terminal_close(t); /* the slave, which the child has opened */
    return 0;
}

static int start_on_pipes(struct child *child, char *const argv[], char *const environment[],
                          struct child_streams *streams)
{
    int pipes[3][2];
    int failure;

    if (!open_pipes(pipes))
        return errno;
    failure = spawn(&child->pid, argv, environment, NULL, pipes);
    if (failure == 0)
        failure = watch(child);
    if (failure != 0) {
        for (int i = 0; i < 3; i++)
            close_both(pipes[i]);
        return failure;
    }
    (void)close(pipes[0][0]);
    (void)close(pipes[1][1]);
    (void)close(pipes[2][1]);
    *streams = (struct child_streams){pipes[0][1], pipes[1][0], pipes[2][0]};
    return 0;
}

bool child_start(struct child *child, char *const argv[], char *const environment[],
                 struct terminal *terminal, struct child_streams *streams)
{
    errno = terminal->master >= 0 ? start_on_terminal(child, argv, environment, terminal, streams)
                                  : start_on_pipes(child, argv, environment, streams);
    return errno == 0;
}

/* If the status was taken elsewhere (ECHILD), the child has ended all the same. */
bool child_reap(struct child *child, struct child_end *end)
{
    siginfo_t info = {0};
    bool lost =
        waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) != 0 && errno == ECHILD;

    if (!lost && info.si_pid == 0)
        return false;
    end->by_signal = !lost && info.si_code != CLD_EXITED;
    end->core_dumped = !lost && info.si_code == CLD_DUMPED;
    end->status = lost ? STATUS_LOST : info.si_status;
    (void)close(child->pidfd);
    *child = (struct child){0, -1};
    return true;
}

void child_signal(const struct child *child, int number)
{
    if (child->pid > 0)
        (void)kill(-child->pid, number);
}
