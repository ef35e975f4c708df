#include "apps/serve/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STACK = 64 * 1024, /* bytes, of the child until it runs the program */
    SIGNALS_END = 65,  /* above the last one */
    MASK_BYTES = 8,    /* of a set of signals, as the kernel has it */
    SWEEP_END = 65536, /* descriptors that are closed one by one, where close_range is missing */
};

struct start {
    const struct spawn *spawn;
    int failure; /* an errno */
};

/* The child runs in the memory of the server, whose thread waits until it has executed the program.
 * Therefore it makes system calls only, directly: the C library and the sanitizers would note for
 * the server what is done for the child. */
#define IN_CHILD                                                                                   \
    __attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))

/* ThreadSanitizer of gcc 14 takes every clone for a fork, and aborts in a child that shares its
 * memory. What such a server cannot learn is that a program could not be executed. */
#ifdef __SANITIZE_THREAD__
#define SHARE_MEMORY 0
#else
#define SHARE_MEMORY CLONE_VM
#endif

/* The first terminal that a session leader opens becomes its controlling terminal. */
IN_CHILD static bool take_streams(const struct spawn *s)
{
    long terminal = s->terminal != NULL ? syscall(SYS_openat, AT_FDCWD, s->terminal, O_RDWR, 0) : 0;

    if (terminal < 0)
        return false;
    for (int i = 0; i < 3; i++) {
        long from = s->terminal != NULL ? terminal : s->streams[i];

        if (from != i && syscall(SYS_dup3, from, i, 0) < 0)
            return false;
    }
    return true;
}

IN_CHILD static void close_others(void)
{
    if (syscall(SYS_close_range, 3, UINT_MAX, 0) == 0)
        return;
    for (int fd = 3; fd < SWEEP_END; fd++)
        (void)syscall(SYS_close, fd);
}

/* SIG_DFL without flags and an empty mask are zeros. Some numbers are no signals or cannot be set.
 */
IN_CHILD static void reset_signals(void)
{
    static const uint64_t nothing[8];

    for (int i = 1; i < SIGNALS_END; i++)
        (void)syscall(SYS_rt_sigaction, i, nothing, NULL, MASK_BYTES);
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, nothing, NULL, MASK_BYTES);
}

IN_CHILD static void enter_folder(const char *folder)
{
    if (folder != NULL && syscall(SYS_chdir, folder) != 0)
        (void)syscall(SYS_chdir, "/");
}

IN_CHILD static int run(void *at)
{
    struct start *start = at;
    const struct spawn *s = start->spawn;

    if (syscall(SYS_setsid) >= 0 && take_streams(s)) {
        close_others();
        enter_folder(s->folder);
        if (s->descriptors != NULL)
            (void)syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, s->descriptors, NULL);
        reset_signals();
        (void)syscall(SYS_execve, s->argv[0], s->argv, s->environment);
    }
    start->failure = errno;
    return start->failure; /* which ends the process; nobody reads its status */
}

/* A signal that came now would run the server's handler in the child. */
static int start(struct start *job, void *stack, pid_t *pid, int *pidfd)
{
    const int flags = SHARE_MEMORY | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
    sigset_t all, before;
    int failure = 0;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    *pid = clone(run, (char *)stack + STACK, flags, job, pidfd);
    if (*pid < 0)
        failure = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

int spawn(const struct spawn *s, pid_t *pid, int *pidfd)
{
    struct start job = {s, 0};
    void *stack =
        mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    int failure;

    if (stack == MAP_FAILED)
        return errno;
    failure = start(&job, stack, pid, pidfd);
    (void)munmap(stack, STACK);
    if (failure == 0 && job.failure != 0) {
        (void)waitpid(*pid, NULL, 0);
        (void)close(*pidfd);
        failure = job.failure;
    }
    return failure;
}
