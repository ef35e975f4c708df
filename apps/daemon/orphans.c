#include "apps/daemon/orphans.h"

#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_PROCESS = 1, STATUS_SIGNALLED = 128 /* a shell adds the signal's number to it */ };

static void take_statuses(pid_t server)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == server && WIFEXITED(status))
            _exit(WEXITSTATUS(status));
        else if (pid == server && WIFSIGNALED(status))
            _exit(STATUS_SIGNALLED + WTERMSIG(status));
}

/* A signal from the kernel, such as Control-C on a terminal, went to the whole process group. */
static _Noreturn void look_after(pid_t server, const sigset_t *signals)
{
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(signals, &info);

        if (number == SIGCHLD)
            take_statuses(server);
        else if (number > 0 && info.si_code != SI_KERNEL)
            (void)kill(server, number);
    }
}

void orphans_adopt(void)
{
    sigset_t all, before;
    pid_t server;

    if (getpid() != FIRST_PROCESS)
        return;
    (void)signal(SIGCHLD, SIG_DFL); /* if it is ignored, the server's status is lost */
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    server = fork();
    if (server > 0)
        look_after(server, &all);
    (void)sigprocmask(SIG_SETMASK, &before, NULL); /* also when there can be no child */
}
