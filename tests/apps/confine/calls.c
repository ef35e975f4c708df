/* The filter of system calls from inside. Each attempt is made in a process of its own, because the
 * filter cannot be removed. */
#include "apps/confine/parts.h"
#include "crypto/password_hash.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_newfstatat /* 32-bit machines */
#define SYS_newfstatat SYS_fstatat64
#endif

enum { MADE = 200 /* exit status: the call was made */, NO_FILTER = 201 };

static void report(int call)
{
    (void)fprintf(stderr, "forbidden call %d\n", call);
}

static bool confine_calls_now(void)
{
    const struct confinement c = {.forbidden = report};
    struct confine_note note = {0};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && confine_calls(&c, &note))
        return atoi(note.value) > 0; /* the number of calls on the list */
    (void)fprintf(stderr, "%s\n", note.reason);
    return false;
}

static long asked[7]; /* a system call: number, arguments */

/* The exit status: errno, or MADE. */
static int make_call(void)
{
    if (!confine_calls_now())
        return NO_FILTER;
    errno = 0;
    if (syscall(asked[0], asked[1], asked[2], asked[3], asked[4], asked[5], asked[6]) >= 0)
        return MADE;
    return errno;
}

static void assert_killed(int status, const char *name)
{
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s: status %x: %s", name,
                  (unsigned)status, child_said);
}

#define NEW_THREAD (CLONE_THREAD | CLONE_VM | CLONE_SIGHAND)
#define TEXT(text) ((long)(uintptr_t)(text))

static const struct {
    const char *name;
    long call[7];
} forbidden[] = {
    {"execve", {SYS_execve, TEXT("/bin/true"), 0, 0}},
    {"execveat", {SYS_execveat, AT_FDCWD, TEXT("/bin/true"), 0, 0, 0}},
    {"ptrace", {SYS_ptrace, 0, 0, 0, 0}},
    {"kill", {SYS_kill, 1, 0}},
    {"tkill", {SYS_tkill, 1, 0}},
    {"socket, TCP", {SYS_socket, AF_INET, SOCK_STREAM, 0}},
    {"socket, netlink", {SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}},
    {"connect", {SYS_connect, 0, 0, 0}},
    {"bind", {SYS_bind, 0, 0, 0}},
    {"unlinkat", {SYS_unlinkat, AT_FDCWD, TEXT("/nowhere/at/all"), 0}},
    {"renameat2", {SYS_renameat2, AT_FDCWD, TEXT("/nowhere"), AT_FDCWD, TEXT("/nowhere/b"), 0}},
    {"mkdirat", {SYS_mkdirat, AT_FDCWD, TEXT("/nowhere/at/all"), 0700}},
    {"fchmodat", {SYS_fchmodat, AT_FDCWD, TEXT("/nowhere/at/all"), 0700}},
    {"openat2", {SYS_openat2, AT_FDCWD, TEXT("/etc/passwd"), 0, 0}},
    {"mount", {SYS_mount, 0, 0, 0, 0, 0}},
    {"setresuid", {SYS_setresuid, 0, 0, 0}},
    {"setrlimit", {SYS_setrlimit, 0, 0}},
    {"process_vm_readv", {SYS_process_vm_readv, 1, 0, 0, 0, 0, 0}},
    {"pidfd_getfd", {SYS_pidfd_getfd, 0, 0, 0}},
    {"bpf", {SYS_bpf, 0, 0, 0}},
    {"io_uring_setup", {SYS_io_uring_setup, 1, 0}},
    {"userfaultfd", {SYS_userfaultfd, 0}},
    {"perf_event_open", {SYS_perf_event_open, 0, 0, 0, 0, 0}},
    {"keyctl", {SYS_keyctl, 0, 0, 0}},
    {"memfd_create", {SYS_memfd_create, TEXT("x"), 0}},
    {"unshare", {SYS_unshare, CLONE_NEWUSER}},
    {"seccomp", {SYS_seccomp, 0, 0, 0}},
    {"init_module", {SYS_init_module, 0, 0, 0}},
    {"shmget", {SYS_shmget, 0, 4096, 0600}},
    {"the newest one that is known", {450, 0, 0, 0, 0}},
#ifdef __x86_64__
    {"open, the old one", {SYS_open, TEXT("/etc/passwd"), O_RDONLY}},
    {"fork, the old one", {SYS_fork}},
    {"vfork, the old one", {SYS_vfork}},
    {"x32: another table of numbers", {0x40000000 | SYS_getpid}},
    {"x32: its first number", {0x40000000, -1, 0, 0}},
#endif
};

START_TEST(a_forbidden_system_call_is_reported_and_ends_the_process)
{
    char call[64];

    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        memcpy(asked, forbidden[i].call, sizeof asked);
        assert_killed(in_child(make_call), forbidden[i].name);
        (void)snprintf(call, sizeof call, "forbidden call %d\n", (int)asked[0]);
        assert_says(child_said, call);
    }
}
END_TEST

/* ioctl number asked[0] of the socket asked[1]: the exit status is errno, or MADE. */
static int ask_ioctl(void)
{
    struct ifreq interface = {.ifr_ifindex = 1};

    if (!confine_calls_now())
        return NO_FILTER;
    errno = 0;
    return ioctl((int)asked[1], (unsigned long)asked[0], &interface) == 0 ? MADE : errno;
}

/* The zone of a link-local address: if_indextoname would open a socket. */
START_TEST(a_socket_tells_the_name_of_an_interface_and_nothing_else)
{
    int status;

    asked[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    asked[0] = SIOCGIFNAME;
    status = in_child(ask_ioctl);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == MADE, "%x", (unsigned)status);
    asked[0] = SIOCGIFFLAGS;
    status = in_child(ask_ioctl);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == ENOTTY, "%x", (unsigned)status);
    (void)close((int)asked[1]);
}
END_TEST

static int make_unreported_call(void)
{
    const struct confinement c = {0};
    struct confine_note note = {0};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !confine_calls(&c, &note))
        return NO_FILTER;
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) >= 0 ? MADE : errno;
}

START_TEST(the_report_may_be_left_out)
{
    assert_killed(in_child(make_unreported_call), "socket");
    ck_assert_str_eq(child_said, "");
}
END_TEST

#define WORLD "/tmp"

static const struct {
    const char *name;
    int error;
    long call[7];
} refused[] = {
    {"open for writing", EACCES, {SYS_openat, AT_FDCWD, TEXT("/dev/null"), O_WRONLY}},
    {"open for reading and writing",
     EACCES,
     {SYS_openat, AT_FDCWD, TEXT("/dev/null"), O_RDWR | O_CLOEXEC}},
    {"create a file", EACCES, {SYS_openat, AT_FDCWD, TEXT("/dev/null"), O_RDONLY | O_CREAT, 0600}},
    {"truncate a file", EACCES, {SYS_openat, AT_FDCWD, TEXT("/dev/null"), O_RDONLY | O_TRUNC}},
    {"create an unnamed file", EACCES, {SYS_openat, AT_FDCWD, TEXT(WORLD), O_RDWR | O_TMPFILE}},
    {"create an unnamed file to read", EACCES, {SYS_openat, AT_FDCWD, TEXT(WORLD), O_TMPFILE}},
    {"append to a file", EACCES, {SYS_openat, AT_FDCWD, TEXT("/dev/null"), O_RDONLY | O_APPEND}},
    {"map executable memory",
     EPERM,
     {SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
    {"make memory executable", EPERM, {SYS_mprotect, 0, 4096, PROT_READ | PROT_EXEC}},
    {"fork", EPERM, {SYS_clone, SIGCHLD, 0, 0, 0, 0}},
    {"vfork", EPERM, {SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD}},
    {"a process in this memory", EPERM, {SYS_clone, CLONE_VM | CLONE_SIGHAND}},
    {"a thread in other memory", EPERM, {SYS_clone, CLONE_THREAD | CLONE_SIGHAND}},
    {"a thread with other handlers", EPERM, {SYS_clone, CLONE_THREAD | CLONE_VM}},
    {"create a namespace of users", EPERM, {SYS_clone, NEW_THREAD | CLONE_NEWUSER}},
    {"create a namespace of mounts", EPERM, {SYS_clone, NEW_THREAD | CLONE_NEWNS}},
    {"create a namespace of processes", EPERM, {SYS_clone, NEW_THREAD | CLONE_NEWPID}},
    {"create a namespace of networks", EPERM, {SYS_clone, NEW_THREAD | CLONE_NEWNET}},
    {"create a namespace of messages", EPERM, {SYS_clone, NEW_THREAD | CLONE_NEWIPC}},
    {"create a namespace of host names", EPERM, {SYS_clone, NEW_THREAD | CLONE_NEWUTS}},
    {"create a namespace of cgroups", EPERM, {SYS_clone, NEW_THREAD | CLONE_NEWCGROUP}},
    {"clone3", ENOSYS, {SYS_clone3, 0, 0}},
    {"signal another process", EPERM, {SYS_tgkill, 1, 1, 0}},
    {"rename the thread", EINVAL, {SYS_prctl, 15 /* PR_SET_NAME */, TEXT("x")}},
    {"change a limit", EPERM, {SYS_prlimit64, 0, 7, 0, 0}},
    {"a call newer than the list", ENOSYS, {999}},
    {"the first call newer than the list", ENOSYS, {451, 0, 0, 0, 0}},
};

/* Libraries may try these calls, and cope with the error. */
START_TEST(a_call_with_a_forbidden_argument_fails)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        int status;

        memcpy(asked, refused[i].call, sizeof asked);
        status = in_child(make_call);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == refused[i].error,
                      "%s: status %x: %s", refused[i].name, (unsigned)status, child_said);
    }
}
END_TEST

/* Made with arguments that let them do nothing, or fail. */
static const struct {
    const char *name;
    long call[7];
} allowed[] = {
    {"epoll_pwait", {SYS_epoll_pwait, -1, 0, 0, 0, 0, 0}},
    {"epoll_ctl", {SYS_epoll_ctl, -1, 0, 0, 0}},
    {"recvfrom", {SYS_recvfrom, -1, 0, 0, 0, 0, 0}},
    {"sendto", {SYS_sendto, -1, 0, 0, 0, 0, 0}},
    {"accept4", {SYS_accept4, -1, 0, 0, 0}},
    {"setsockopt", {SYS_setsockopt, -1, 0, 0, 0, 0}},
    {"getsockopt", {SYS_getsockopt, -1, 0, 0, 0, 0}},
    {"getsockname", {SYS_getsockname, -1, 0, 0}},
    {"getpeername", {SYS_getpeername, -1, 0, 0}},
    {"shutdown", {SYS_shutdown, -1, 0}},
    {"close", {SYS_close, -1}},
    {"read", {SYS_read, -1, 0, 0}},
    {"write", {SYS_write, -1, 0, 0}},
    {"ppoll", {SYS_ppoll, 0, 0, TEXT(&(struct timespec){0}), 0, 0}},
    {"writev", {SYS_writev, -1, 0, 0}},
    {"newfstatat", {SYS_newfstatat, -1, TEXT("x"), 0, 0}},
    {"fstat", {SYS_fstat, -1, 0}},
    {"statx", {SYS_statx, -1, TEXT("x"), 0, 0, 0}},
    {"lseek", {SYS_lseek, -1, 0, 0}},
    {"readlinkat", {SYS_readlinkat, -1, TEXT("x"), 0, 0}},
    {"getcwd", {SYS_getcwd, 0, 0}},
    {"munmap", {SYS_munmap, 1, 1}},
    {"mremap", {SYS_mremap, 1, 0, 0, 0, 0}},
    {"brk", {SYS_brk, 0}},
    {"madvise", {SYS_madvise, 1, 0, 0}},
    {"mlock", {SYS_mlock, 0, 0}},
    {"munlock", {SYS_munlock, 0, 0}},
    {"futex", {SYS_futex, 0, -1, 0, 0, 0, 0}},
    {"sched_yield", {SYS_sched_yield}},
    {"sched_getaffinity", {SYS_sched_getaffinity, 0, 0, 0}},
    {"set_robust_list", {SYS_set_robust_list, 0, 0}},
    {"rseq", {SYS_rseq, 0, 0, 0, 0}},
    {"rt_sigaction", {SYS_rt_sigaction, 0, 0, 0, 8}},
    {"rt_sigprocmask", {SYS_rt_sigprocmask, 0, 0, 0, 8}},
    {"restart_syscall", {SYS_restart_syscall}},
    {"getrandom", {SYS_getrandom, 0, 0, 0}},
    {"clock_gettime", {SYS_clock_gettime, CLOCK_MONOTONIC, 0}},
    {"gettimeofday", {SYS_gettimeofday, 0, 0}},
    {"clock_nanosleep", {SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, 0, 0}},
    {"nanosleep", {SYS_nanosleep, 0, 0}},
    {"getpid", {SYS_getpid}},
    {"gettid", {SYS_gettid}},
    {"geteuid", {SYS_geteuid}},
    {"getgroups", {SYS_getgroups, 0, 0}},
    {"getuid", {SYS_getuid}},
    {"getegid", {SYS_getegid}},
    {"getgid", {SYS_getgid}},
    {"prctl", {SYS_prctl, 0, 0, 0, 0, 0}},
    {"sysinfo", {SYS_sysinfo, 0}},
#ifdef __x86_64__
    {"epoll_wait", {SYS_epoll_wait, -1, 0, 0, 0}},
    {"poll", {SYS_poll, 0, 0, 0}},
    {"readlink", {SYS_readlink, TEXT(""), 0, 0}},
    {"time", {SYS_time, 0}},
#endif
};

START_TEST(a_call_on_the_list_does_not_end_the_process)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        int status;

        memcpy(asked, allowed[i].call, sizeof asked);
        status = in_child(make_call);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) != NO_FILTER, "%s: status %x: %s",
                      allowed[i].name, (unsigned)status, child_said);
    }
}
END_TEST

#ifdef __x86_64__
static int call_as_32_bits(void)
{
    long number = 20; /* getpid on i386 */

    if (!confine_calls_now())
        return NO_FILTER;
    __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
    return MADE;
}

START_TEST(a_call_of_another_architecture_ends_the_process)
{
    int status = in_child(call_as_32_bits);

    ck_assert_msg(WIFSIGNALED(status), "status %x: %s", (unsigned)status, child_said);
}
END_TEST
#endif

/* What a worker needs: threads, much memory, a password hash, a file, the clock. */
static void *work(void *file)
{
    static const char hash[] = "$argon2id$v=19$m=8192,t=1,p=1$aR5sWh1RLQLSPVm+Uvm+XQ$"
                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    char *memory = malloc(64u << 20), *more, byte = 0;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    time_t now = time(NULL);
    struct tm parts;
    bool good, no_memory;

    if (memory == NULL)
        return NULL;
    memset(memory, 1, 1 << 20);
    more = realloc(memory, 100u << 20);
    if (more == NULL) {
        free(memory);
        return NULL;
    }
    good = more[0] == 1 && read(fd, &byte, 1) == 1 && byte == 'x' &&
           !password_hash_verify(hash, bytes_of("wrong"), &no_memory) &&
           localtime_r(&now, &parts) != NULL && fprintf(stderr, "said") == 4;
    free(more);
    (void)close(fd);
    return good ? file : NULL;
}

static const char *work_file;

static int work_on_two_threads(void)
{
    pthread_t threads[2];
    void *results[2] = {NULL, NULL};
    char name[256];

    (void)snprintf(name, sizeof name, "%s", work_file);
    tzset();
    if (!confine_calls_now())
        return NO_FILTER;
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, work, name) != 0)
            return 1;
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], &results[i]);
    return results[0] == name && results[1] == name ? 0 : 2;
}

START_TEST(what_a_server_needs_still_works)
{
    work_file = scratch_write("file", "x", 0600);
    succeeds_in_child(work_on_two_threads);
}
END_TEST

static int go[2];

static void *call_when_signalled(void *context)
{
    char byte;

    if (read(go[0], &byte, 1) == 1)
        (void)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    return context;
}

static int confine_beside_a_thread(void)
{
    pthread_t thread;

    if (pipe(go) != 0 || pthread_create(&thread, NULL, call_when_signalled, NULL) != 0)
        return 1;
    if (!confine_calls_now())
        return NO_FILTER;
    (void)!write(go[1], "x", 1);
    (void)pthread_join(thread, NULL);
    return MADE;
}

START_TEST(a_thread_that_already_runs_is_confined_too)
{
    assert_killed(in_child(confine_beside_a_thread), "socket");
    assert_says(child_said, "forbidden call ");
}
END_TEST

static int abort_confined(void)
{
    if (!confine_calls_now())
        return NO_FILTER;
    (void)signal(SIGABRT, SIG_DFL);
    (void)raise(SIGABRT);
    return MADE;
}

START_TEST(abort_still_ends_the_process_with_SIGABRT)
{
    int status = in_child(abort_confined);

    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %x: %s",
                  (unsigned)status, child_said);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_forbidden_system_call_is_reported_and_ends_the_process);
    add_test(suite, a_socket_tells_the_name_of_an_interface_and_nothing_else);
    add_test(suite, the_report_may_be_left_out);
    add_test(suite, a_call_with_a_forbidden_argument_fails);
    add_test(suite, a_call_on_the_list_does_not_end_the_process);
    add_test(suite, what_a_server_needs_still_works);
    add_test(suite, a_thread_that_already_runs_is_confined_too);
    add_test(suite, abort_still_ends_the_process_with_SIGABRT);
#ifdef __x86_64__
    add_test(suite, a_call_of_another_architecture_ends_the_process);
#endif
}
