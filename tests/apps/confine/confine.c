/* Confinement from inside: what was given up fails, what is needed works. Each attempt is made in a
 * process of its own, which cannot come back from there. */
#include "apps/confine/parts.h"
#include "apps/daemon/log.h"
#include "crypto/password_hash.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAID_MAX = 4096, MADE = 200 /* exit status: the call was made */, NO_FILTER = 201 };

static char said[SAID_MAX]; /* by the child, on standard error */

/* Run it in a child; its wait status. */
static int in_child(int (*attempt)(void))
{
    int status, pair[2];
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    ck_assert_int_eq(pipe(pair), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)dup2(pair[1], STDERR_FILENO);
        _exit(attempt());
    }
    (void)close(pair[1]);
    while ((n = read(pair[0], said + len, sizeof said - 1 - len)) > 0)
        len += (size_t)n;
    said[len] = '\0';
    (void)close(pair[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

/* ---- system calls ---- */

static bool confine_calls_now(void)
{
    const struct confinement c = {0};
    struct confine_note note = {0};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && confine_calls(&c, &note))
        return true;
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
#ifdef __x86_64__
    {"open, the old one", {SYS_open, TEXT("/etc/passwd"), O_RDONLY}},
    {"fork, the old one", {SYS_fork}},
    {"vfork, the old one", {SYS_vfork}},
    {"x32: another table of numbers", {0x40000000 | SYS_getpid}},
#endif
};

/* Nothing comes back, and the log says which call it was. */
START_TEST(a_forbidden_system_call_ends_the_process)
{
    char call[64];

    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        int status;

        memcpy(asked, forbidden[i].call, sizeof asked);
        status = in_child(make_call);
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s: status %x: %s",
                      forbidden[i].name, (unsigned)status, said);
        (void)snprintf(call, sizeof call, "level=error event=forbidden call=%d ", (int)asked[0]);
        assert_says(said, call);
    }
}
END_TEST

#define WORLD "/tmp"

static const struct {
    const char *name;
    int error;
    long call[7];
} refused[] = {
    {"write a file", EACCES, {SYS_openat, AT_FDCWD, TEXT("/dev/null"), O_WRONLY}},
    {"write one too", EACCES, {SYS_openat, AT_FDCWD, TEXT("/dev/null"), O_RDWR | O_CLOEXEC}},
    {"make a file", EACCES, {SYS_openat, AT_FDCWD, TEXT("/dev/null"), O_RDONLY | O_CREAT, 0600}},
    {"cut a file", EACCES, {SYS_openat, AT_FDCWD, TEXT("/dev/null"), O_RDONLY | O_TRUNC}},
    {"a file without a name", EACCES, {SYS_openat, AT_FDCWD, TEXT(WORLD), O_RDWR | O_TMPFILE}},
    {"memory to execute",
     EPERM,
     {SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
    {"execute what was written", EPERM, {SYS_mprotect, 0, 4096, PROT_READ | PROT_EXEC}},
    {"a process", EPERM, {SYS_clone, SIGCHLD, 0, 0, 0, 0}},
    {"a process that shares our memory", EPERM, {SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD}},
    {"a namespace", EPERM, {SYS_clone, CLONE_NEWUSER | SIGCHLD}},
    {"whatever clone3 can do", ENOSYS, {SYS_clone3, 0, 0}},
    {"a signal to another", EPERM, {SYS_tgkill, 1, 1, 0}},
    {"a name", EINVAL, {SYS_prctl, 15 /* PR_SET_NAME */, TEXT("x")}},
    {"other limits", EPERM, {SYS_prlimit64, 0, 7, 0, 0}},
    {"a call that is newer than we are", ENOSYS, {999}},
};

/* These are what libraries may try: they hear no and go on. */
START_TEST(a_call_with_a_forbidden_argument_fails)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        int status;

        memcpy(asked, refused[i].call, sizeof asked);
        status = in_child(make_call);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == refused[i].error,
                      "%s: status %x: %s", refused[i].name, (unsigned)status, said);
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

START_TEST(another_architecture_ends_the_process)
{
    int status = in_child(call_as_32_bits);

    ck_assert_msg(WIFSIGNALED(status), "status %x: %s", (unsigned)status, said);
}
END_TEST
#endif

/* What a worker does: threads, much memory, a password hash, a file, the clock. */
static void *work(void *file)
{
    static const char hash[] = "$argon2id$v=19$m=8192,t=1,p=1$aR5sWh1RLQLSPVm+Uvm+XQ$"
                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    char *memory = malloc(64u << 20), *more, byte = 0;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    time_t now = time(NULL);
    struct tm parts;
    bool good;

    if (memory == NULL)
        return NULL;
    memset(memory, 1, 1 << 20);
    more = realloc(memory, 100u << 20);
    if (more == NULL) {
        free(memory);
        return NULL;
    }
    good = more[0] == 1 && read(fd, &byte, 1) == 1 && byte == 'x' &&
           !password_hash_verify(hash, bytes_of("wrong")) && localtime_r(&now, &parts) != NULL &&
           fprintf(stderr, "said") == 4;
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

START_TEST(what_a_server_does_still_works)
{
    int status;

    work_file = scratch_write("file", "x", 0600);
    status = in_child(work_on_two_threads);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x: %s", (unsigned)status,
                  said);
}
END_TEST

static int go[2], came[2];

static void *call_when_told(void *context)
{
    char byte;

    if (read(go[0], &byte, 1) == 1)
        (void)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    return context;
}

static int confine_beside_a_thread(void)
{
    pthread_t thread;

    if (pipe(go) != 0 || pthread_create(&thread, NULL, call_when_told, NULL) != 0)
        return 1;
    if (!confine_calls_now())
        return NO_FILTER;
    (void)!write(go[1], "x", 1);
    (void)pthread_join(thread, NULL);
    return MADE;
}

START_TEST(a_thread_that_was_there_before_is_confined_too)
{
    int status = in_child(confine_beside_a_thread);

    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status %x: %s",
                  (unsigned)status, said);
    assert_says(said, "event=forbidden");
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

START_TEST(an_abort_is_an_abort)
{
    int status = in_child(abort_confined);

    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %x: %s",
                  (unsigned)status, said);
}
END_TEST

/* ---- files ---- */

START_TEST(the_folder_of_a_file_or_a_pattern)
{
    static const char *const rows[][2] = {
        {"passwords", "."},
        {"./passwords", "."},
        {"a/b", "a"},
        {"/etc/nacre/a", "/etc/nacre"},
        {"/passwords", "/"},
        {"/home/%u/.ssh/keys", "/home"},
        {"/home/x%u/keys", "/home"},
        {"%u", "."},
        {"keys/%u.pub", "keys"},
        {"/%u/keys", "/"},
        {"100%%/%u", "100%"},
        {"100%%u/b/c", "100%u/b"},
        {"", "."},
        {"a/", "a"},
        {"a/%", "a"},
    };
    char folder[PATH_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        confine_folder(folder, rows[i][0]);
        ck_assert_str_eq(folder, rows[i][1]);
    }
    ck_assert(confine_is_pattern("a/%u"));
    ck_assert(!confine_is_pattern("a/%%u"));
    ck_assert(!confine_is_pattern("a/%"));
}
END_TEST

/* The parts that an attempt needs; the attempts number what went wrong. */
static char inside[256], outside[256], linked[256], pattern[256];
static struct sockaddr_in listener;

static bool confine_files_now(void)
{
    const struct confinement c = {.reads = {inside, linked, pattern}};
    struct confine_note note = {0};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && confine_files(&c, &note))
        return true;
    (void)fprintf(stderr, "%s\n", note.reason);
    return false;
}

static bool reads(const char *path, const char *text)
{
    char got[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && read(fd, got, sizeof got - 1) >= 0 && strcmp(got, text) == 0;

    if (fd >= 0)
        (void)close(fd);
    return good;
}

static bool is_denied(const char *path, int flags)
{
    return open(path, flags | O_CLOEXEC, 0600) < 0 && errno == EACCES;
}

static int try_files(void)
{
    char byte;
    int tcp = socket(AF_INET, SOCK_STREAM, 0);

    if (!confine_files_now())
        return NO_FILTER;
    if (!reads(inside, "old") || !reads(linked, "behind"))
        return 1;
    if (!is_denied(outside, O_RDONLY) || !is_denied("/etc/passwd", O_RDONLY) ||
        !is_denied("/", O_RDONLY) || !is_denied("/proc/self/maps", O_RDONLY))
        return 2;
    if (!is_denied(inside, O_WRONLY) || !is_denied(scratch_path("in/new"), O_CREAT | O_WRONLY) ||
        unlink(inside) == 0 || rename(inside, scratch_path("in/moved")) == 0 ||
        mkdir(scratch_path("in/folder"), 0700) == 0)
        return 3;
    if (!reads("/dev/null", ""))
        return 4;
    if (execl("/bin/true", "true", (char *)NULL) >= 0 || errno != EACCES)
        return 5;
    if (connect(tcp, (const struct sockaddr *)&listener, sizeof listener) == 0)
        return syscall(444, NULL, 0, 1) >= 4 ? 6 : 0; /* Landlock from Linux 6.7 on forbids that */
    if (write(came[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1) /* they are replaced meanwhile */
        return 7;
    return reads(inside, "new") && reads(scratch_path("homes/bob/keys"), "bob's") ? 0 : 8;
}

static void *replace_files(void *context)
{
    char byte;

    if (read(came[0], &byte, 1) != 1)
        return context;
    (void)rename(scratch_write("in/next", "new", 0600), inside);
    (void)mkdir(scratch_path("homes/bob"), 0700);
    (void)scratch_write("homes/bob/keys", "bob's", 0600);
    (void)!write(go[1], "x", 1);
    return context;
}

static void make_files(void)
{
    (void)mkdir(scratch_path("in"), 0700);
    (void)mkdir(scratch_path("other"), 0700);
    (void)mkdir(scratch_path("homes"), 0700);
    (void)snprintf(inside, sizeof inside, "%s", scratch_write("in/passwords", "old", 0600));
    (void)snprintf(outside, sizeof outside, "%s", scratch_write("secret", "secret", 0600));
    (void)snprintf(linked, sizeof linked, "%s", scratch_path("in/link"));
    (void)snprintf(pattern, sizeof pattern, "%s", scratch_path("homes/%u/keys"));
    ck_assert_int_eq(symlink(scratch_write("other/real", "behind", 0600), linked), 0);
}

static int listen_somewhere(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof listener;

    listener =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&listener, sizeof listener), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&listener, &len), 0);
    return fd;
}

START_TEST(only_the_files_that_are_read_again_can_be_read)
{
    pthread_t thread;
    int status, fd = listen_somewhere();
    bool no_landlock; /* then only that this is said can be shown */

    make_files();
    ck_assert_int_eq(pipe(go), 0);
    ck_assert_int_eq(pipe(came), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, replace_files, NULL), 0);
    status = in_child(try_files);
    no_landlock = WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTER;
    (void)close(came[1]);
    (void)pthread_join(thread, NULL);
    (void)close(fd);
    if (no_landlock) {
        assert_says(said, "access to files is not confined");
        (void)fprintf(stderr, "not run, for want of Landlock: files that may not be read\n");
        return;
    }
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x: %s", (unsigned)status,
                  said);
}
END_TEST

static const char *only_read;

static int say_what_is_read(void)
{
    const struct confinement c = {.reads = {only_read}};
    struct confine_note note = {0};
    bool good = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && confine_files(&c, &note);

    (void)fprintf(stderr, "%s: %s", note.value, note.reason);
    return good ? 0 : NO_FILTER;
}

START_TEST(what_is_not_there_or_too_much_is_said)
{
    only_read = scratch_path("nowhere/keys");
    if (in_child(say_what_is_read) != 0) {
        assert_says(said, "access to files is not confined");
        return;
    }
    ck_assert_int_eq(strncmp(said, "none: ", 6), 0);
    assert_says(said, "nowhere: No such file or directory, so nothing in it is read");
    only_read = "/passwords";
    ck_assert_int_eq(in_child(say_what_is_read), 0);
    assert_says(said, "/: a file that is read again lies in /, so every file stays readable");
}
END_TEST

/* ---- the user ---- */

START_TEST(there_must_be_such_a_user)
{
    struct confinement c = {.user = "no-such-user-here"};
    char errbuf[256] = "";

    ck_assert(!confine_find_user(&c, errbuf, sizeof errbuf));
    assert_says(errbuf, "--user no-such-user-here: there is no such user");
}
END_TEST

START_TEST(one_may_stay_who_one_is)
{
    const struct passwd *own = getpwuid(geteuid());
    struct confinement c = {.user = own != NULL ? own->pw_name : NULL};
    struct confine_note note = {0};
    char errbuf[256] = "";

    ck_assert(confine_find_user(&c, errbuf, sizeof errbuf));
    ck_assert(!c.changes_user);
    ck_assert(confine_identity(&c, &note));
}
END_TEST

static int become_nobody(void)
{
    struct confinement c = {.user = "nobody"};
    struct confine_note note = {0};
    char errbuf[256] = "";
    gid_t groups[8];

    if (!confine_find_user(&c, errbuf, sizeof errbuf) || !c.changes_user)
        return 1;
    if (!confine_identity(&c, &note) || strcmp(note.value, "nobody") != 0)
        return 2;
    if (getuid() != c.uid || geteuid() != c.uid || getgid() != c.gid || getegid() != c.gid ||
        getgroups(8, groups) > 1)
        return 3;
    return setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0 && open(outside, O_RDONLY) < 0 ? 0
                                                                                              : 4;
}

static int become_root(void)
{
    struct confinement c = {.user = "root"};
    char errbuf[256] = "";

    if (geteuid() == 0 && setuid(65534) != 0)
        return 1;
    return confine_find_user(&c, errbuf, sizeof errbuf) ||
           strstr(errbuf, "--user root: only root can become another user") == NULL;
}

static bool is_nobody(void *context)
{
    const struct confinement *c = context;

    return geteuid() == c->uid && getegid() == c->gid;
}

static int try_as_nobody(void)
{
    struct confinement c = {.user = "nobody", .reads = {outside}};
    char errbuf[256] = "";

    if (!confine_find_user(&c, errbuf, sizeof errbuf) ||
        !confine_try(&c, is_nobody, &c, errbuf, sizeof errbuf) || geteuid() != 0 || getegid() != 0)
        return 1;
    if (!confine_can_read(&c, errbuf, sizeof errbuf))
        return 2;
    if (!confine_identity(&c, &(struct confine_note){{0}, {0}}) ||
        confine_can_read(&c, errbuf, sizeof errbuf))
        return 3;
    return strstr(errbuf, "secret: Permission denied: the user nobody cannot read it") ? 0 : 4;
}

START_TEST(from_root_there_is_no_way_back)
{
    int status;

    (void)snprintf(outside, sizeof outside, "%s", scratch_write("secret", "secret", 0600));
    ck_assert_int_eq(in_child(become_root), 0);
    if (geteuid() != 0) /* the rest is root's */
        return;
    status = in_child(become_nobody);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
    status = in_child(try_as_nobody);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
}
END_TEST

static int lose_capabilities(void)
{
    const struct confinement c = {0};
    struct confine_note note = {0};

    if (!confine_capabilities(&c, &note))
        return 1;
    if (geteuid() != 0)
        return strcmp(note.value, "none") == 0 ? 0 : 2;
    if (chown(outside, 1, 1) == 0 || setuid(1) == 0 || sethostname("x", 1) == 0)
        return 3;
    return open(outside, O_RDONLY) >= 0 ? 0 : 4; /* it is root's: root can still read it */
}

START_TEST(root_keeps_what_reading_needs)
{
    int status;

    (void)snprintf(outside, sizeof outside, "%s", scratch_write("secret", "secret", 0600));
    status = in_child(lose_capabilities);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
}
END_TEST

/* ---- the whole ---- */

static int confine_nothing(void)
{
    const struct confinement c = {.off = true};
    char errbuf[256] = "";

    return confine(&c, errbuf, sizeof errbuf) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 &&
                   socket(AF_INET, SOCK_STREAM, 0) >= 0
               ? 0
               : 1;
}

START_TEST(it_can_be_left_out)
{
    ck_assert_int_eq(in_child(confine_nothing), 0);
    assert_says(said, "event=confined");
    assert_says(said, "files=no calls=no");
    assert_says(said, "off, by --no-sandbox");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_forbidden_system_call_ends_the_process);
    add_test(suite, a_call_with_a_forbidden_argument_fails);
    add_test(suite, what_a_server_does_still_works);
    add_test(suite, a_thread_that_was_there_before_is_confined_too);
    add_test(suite, an_abort_is_an_abort);
    add_test(suite, the_folder_of_a_file_or_a_pattern);
    add_test(suite, only_the_files_that_are_read_again_can_be_read);
    add_test(suite, what_is_not_there_or_too_much_is_said);
    add_test(suite, there_must_be_such_a_user);
    add_test(suite, one_may_stay_who_one_is);
    add_test(suite, from_root_there_is_no_way_back);
    add_test(suite, root_keeps_what_reading_needs);
    add_test(suite, it_can_be_left_out);
#ifdef __x86_64__
    add_test(suite, another_architecture_ends_the_process);
#endif
}
