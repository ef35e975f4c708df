#include "apps/serve/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
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
    (void)close(pair[0]);
    (void)close(pair[1]);
}

/* Pipes for standard input, output and error: one end of [i] becomes the child's descriptor i. */
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

static int start_on_terminal(struct child *child, const struct spawn *program, struct terminal *t,
                             struct child_streams *streams)
{
    struct spawn s = *program;
    int failure;

    s.terminal = t->name;
    failure = spawn(&s, &child->pid, &child->pidfd);
    if (failure != 0) {
        terminal_close(t);
        return failure;
    }
    *streams = (struct child_streams){t->master, t->master, -1};
    t->master = -1;
    terminal_close(t); /* the slave, which the child has opened */
    return 0;
}

static int start_on_pipes(struct child *child, const struct spawn *program,
                          struct child_streams *streams)
{
    struct spawn s = *program;
    int pipes[3][2];
    int failure;

    if (!open_pipes(pipes))
        return errno;
    for (int i = 0; i < 3; i++)
        s.streams[i] = pipes[i][i == 0 ? 0 : 1];
    failure = spawn(&s, &child->pid, &child->pidfd);
    if (failure != 0) {
        for (int i = 0; i < 3; i++)
            close_both(pipes[i]);
        return failure;
    }
    for (int i = 0; i < 3; i++)
        (void)close(s.streams[i]);
    *streams = (struct child_streams){pipes[0][1], pipes[1][0], pipes[2][0]};
    return 0;
}

bool child_start(struct child *child, const struct spawn *program, struct terminal *terminal,
                 struct child_streams *streams)
{
    int failure = terminal->master >= 0 ? start_on_terminal(child, program, terminal, streams)
                                        : start_on_pipes(child, program, streams);

    if (failure != 0)
        *child = (struct child){0, -1};
    errno = failure;
    return failure == 0;
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
