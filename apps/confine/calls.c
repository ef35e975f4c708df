/* Which system calls the server can still make: a seccomp filter, seccomp(2), in handwritten BPF. A
 * call that is not on the list is reported and ends the process; a call on the list with an
 * argument that is not allowed fails with an error. */
#include "apps/confine/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0u /* its numbers have not been checked, so calls are not confined */
#endif

#ifndef SYS_newfstatat /* 32-bit machines */
#define SYS_newfstatat SYS_fstatat64
#endif

/* A system call that the server makes. With a mask: allowed when the argument's bits under the mask
 * equal `value`; otherwise it fails with `error`. */
struct call {
    int number;
    int error;
    uint8_t argument; /* 0 is the first; only its low 32 bits are checked */
    uint32_t mask, value;
    const char *why;
};

#define WRITING (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))
#define APPENDING (O_WRONLY | O_CREAT | O_APPEND) /* openat's, too, when there is a log file */
#define NEW_THREAD (CLONE_THREAD | CLONE_VM | CLONE_SIGHAND)
#define NEW_WORLD                                                                                  \
    (CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |     \
     CLONE_NEWCGROUP)
#define OWN_PROCESS UINT32_MAX /* as a value: this process's id */
#define NEVER .mask = 0, .value = 1

static const struct call calls[] = {
    /* The loop and its connections */
    {SYS_epoll_pwait, .why = "wait for events"},
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, .why = "the same, where the older call exists"},
#endif
    {SYS_epoll_ctl, .why = "watch a connection"},
    {SYS_recvfrom, .why = "bytes from a client"},
    {SYS_sendto, .why = "bytes to a client"},
    {SYS_accept4, .why = "a new connection"},
    {SYS_setsockopt, .why = "no delay, acknowledge at once, keep alive"},
    {SYS_getsockopt, .why = "the error of a connection"},
    {SYS_getsockname, .why = "the local address of a connection"},
    {SYS_getpeername, .why = "the client's address"},
    {SYS_ioctl, ENOTTY, 1, UINT32_MAX, SIOCGIFNAME,
     "the name of an interface, for a link-local address; stdio asks about terminals, in vain"},
    {SYS_shutdown, .why = "the end of output"},
    {SYS_close, .why = "the end of a connection"},
    {SYS_read, .why = "wake-ups by eventfd, the files that are read again"},
    {SYS_write, .why = "the log, wake-ups by eventfd"},
#ifdef SYS_poll
    {SYS_poll, .why = "wait for the log's reader, if standard error is non-blocking; the last "
                      "readers of metrics"},
#endif
    {SYS_ppoll, .why = "the same, where the older call does not exist"},
    {SYS_writev, .why = "the C library's last message before it aborts"},

    /* Files that are read again; Landlock (files.c) decides which */
    {SYS_openat, EACCES, 2, WRITING, O_RDONLY, "open a file, but not for writing"},
    {SYS_newfstatat, .why = "has the file changed?"},
    {SYS_fstat, .why = "who owns it?"},
    {SYS_statx, .why = "the same, in other C libraries"},
    {SYS_lseek, .why = "stdio"},
#ifdef SYS_readlink
    {SYS_readlink, .why = "which folders are on the way to the file?"},
#endif
    {SYS_readlinkat, .why = "the same, where the older call does not exist"},
    {SYS_fgetxattr, .why = "does an access control list let others write to the file?"},
    {SYS_lgetxattr, .why = "the same of a folder on the way"},
    {SYS_getdents64, .why = "which files match the wildcards of Include, on SIGHUP?"},
    {SYS_getcwd, .why = "the same, from the working folder"},

    /* Memory, never to be executed */
    {SYS_mmap, EPERM, 2, PROT_EXEC, 0, "malloc, stacks of threads, password hashes"},
    {SYS_mprotect, EPERM, 2, PROT_EXEC, 0, "malloc in other threads, guard pages"},
    {SYS_munmap, .why = "free"},
    {SYS_mremap, .why = "realloc"},
    {SYS_brk, .why = "malloc"},
    {SYS_madvise, .why = "release memory; keep keys out of dumps"},
    {SYS_mlock, .why = "keep keys out of swap"},
    {SYS_munlock, .why = "release locked memory"},

    /* Threads: workers and password hashing start after the filter, and inherit it */
    {SYS_futex, .why = "locks"},
    {SYS_clone, EPERM, 0, NEW_THREAD | NEW_WORLD, NEW_THREAD, "a thread, but no process"},
    {SYS_clone3, ENOSYS, NEVER,
     .why = "a filter cannot see its flags: the C library falls back on clone"},
    {SYS_set_robust_list, .why = "the start of a thread"},
    {SYS_rseq, .why = "the start of a thread"},
    {SYS_sched_yield, .why = "locks"},
    {SYS_sched_getaffinity, .why = "malloc: how many processors are there?"},
    {SYS_exit, .why = "the end of a thread"},
    {SYS_exit_group, .why = "exit"},

    /* Signals */
    {SYS_rt_sigaction, .why = "SIGTERM once there is a server to stop"},
    {SYS_rt_sigprocmask, .why = "threads block all of them"},
    {SYS_rt_sigreturn, .why = "return from SIGTERM"},
    {SYS_restart_syscall, .why = "after SIGSTOP and SIGCONT"},
    {SYS_tgkill, EPERM, 0, UINT32_MAX, OWN_PROCESS, "abort and raise: to this process only"},

    /* The clock and randomness, where reading them takes a call; the process's identity */
    {SYS_getrandom, .why = "keys, padding"},
    {SYS_clock_gettime, .why = "deadlines, the log"},
    {SYS_gettimeofday, .why = "the same"},
#ifdef SYS_time
    {SYS_time, .why = "the same"},
#endif
    {SYS_clock_nanosleep, .why = "sleep in the C library"},
    {SYS_nanosleep, .why = "the same"},
    {SYS_getpid, .why = "OpenSSL: has the process forked?"},
    {SYS_gettid, .why = "abort and raise"},
    {SYS_geteuid, .why = "does the server own the file?"},
    {SYS_getgroups, .why = "is the file's group one of the server's?"},
    {SYS_getuid, .why = "the C library: is the program set-uid?"},
    {SYS_getegid, .why = "the same; is the file's group the server's?"},
    {SYS_getgid, .why = "the same"},

    /* Calls that libraries try but do not need */
    {SYS_prctl, EINVAL, NEVER, .why = "names for memory and threads"},
    {SYS_prlimit64, EPERM, NEVER, .why = "how large is the stack?"},
    {SYS_sysinfo, EPERM, NEVER, .why = "qsort: how much memory is there?"},
};

enum {
    CALLS = sizeof calls / sizeof calls[0],
    NEWEST = 450,     /* the last number whose call is known here: set_mempolicy_home_node */
    X32 = 0x40000000, /* x86-64: numbers from here on belong to another table */
    FILTER_MAX = 8 + 7 * CALLS,
};

struct filter {
    struct sock_filter code[FILTER_MAX];
    unsigned short len;
};

static void put(struct filter *f, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    f->code[f->len++] = (struct sock_filter){code, yes, no, k};
}

static void load(struct filter *f, size_t offset)
{
    put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(struct filter *f, uint32_t action)
{
    put(f, BPF_RET | BPF_K, action, 0, 0);
}

/* Expects the call's number to be loaded, and leaves it loaded when the call is not this one. */
static void put_call(struct filter *f, const struct call *call, bool appends)
{
    uint32_t value = call->value == OWN_PROCESS ? (uint32_t)getpid() : call->value;
    uint32_t refuse = SECCOMP_RET_ERRNO | (uint32_t)call->error;
    bool always = call->mask == 0, also = appends && call->number == SYS_openat;

    put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->number, 0, always ? 1 : also ? 6 : 5);
    if (always) {
        answer(f, call->value == 0 ? SECCOMP_RET_ALLOW : refuse);
        return;
    }
    load(f, offsetof(struct seccomp_data, args) + call->argument * sizeof(uint64_t));
    put(f, BPF_ALU | BPF_AND | BPF_K, call->mask, 0, 0);
    if (also)
        put(f, BPF_JMP | BPF_JEQ | BPF_K, APPENDING, 1, 0);
    put(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    answer(f, SECCOMP_RET_ALLOW);
    answer(f, refuse);
}

/* Calls newer than this list fail as on a kernel without them, so that a newer C library falls back
 * on known calls. */
static void build(struct filter *f, bool appends)
{
    f->len = 0;
    load(f, offsetof(struct seccomp_data, arch));
    put(f, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    answer(f, SECCOMP_RET_KILL_PROCESS);
    load(f, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < CALLS; i++)
        put_call(f, &calls[i], appends);
    put(f, BPF_JMP | BPF_JGE | BPF_K, X32, 2, 0);
    put(f, BPF_JMP | BPF_JGT | BPF_K, NEWEST, 0, 1);
    answer(f, SECCOMP_RET_ERRNO | ENOSYS);
    answer(f, SECCOMP_RET_TRAP);
}

static void (*report)(int call); /* set once, before the filter is in force */

/* The call was not carried out. Reporting it is safe: the signal is raised by the call itself, and
 * no code that makes a forbidden call holds a lock that `report` needs. The kernel resets the
 * handler on entry, so raising the signal again ends the process with SIGSYS. */
static void on_forbidden(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (report != NULL)
        report(info->si_syscall);
    (void)raise(number);
}

static bool not_done(struct confine_note *note, const char *why)
{
    return confine_say(note->reason, sizeof note->reason,
                       "system calls are not confined: %s (seccomp)", why);
}

/* SPEC_ALLOW: by default, some kernels turn on slow mitigations for processes with a filter. */
bool confine_calls(const struct confinement *c, struct confine_note *note)
{
    const struct sigaction action = {.sa_sigaction = on_forbidden,
                                     .sa_flags = (int)(SA_SIGINFO | SA_RESETHAND | SA_NODEFER)};
    struct filter f;
    struct sock_fprog program = {.filter = f.code};
    long failed;

    report = c->forbidden;
    if (ARCHITECTURE == 0)
        return not_done(note, "no list exists for this processor");
    build(&f, c->appends != NULL);
    program.len = f.len;
    (void)sigaction(SIGSYS, &action, NULL);
    failed = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                     SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
    if (failed != 0)
        return not_done(note, failed < 0 ? strerror(errno) : "another thread already has a filter");
    (void)snprintf(note->value, sizeof note->value, "%d", (int)CALLS);
    return true;
}
