/* Landlock from inside, each attempt in a process of its own. */
#include "apps/confine/parts.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_LANDLOCK = 201 /* exit status */ };

/* The child could not confine itself because this system has no Landlock. */
static bool is_missing(int status)
{
    if (!WIFEXITED(status) || WEXITSTATUS(status) != NO_LANDLOCK)
        return false;
    ck_assert_int_lt(syscall(444, NULL, 0, 1), 1);
    return true;
}

START_TEST(the_folder_of_a_name_ends_where_the_user_begins)
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
}
END_TEST

START_TEST(a_name_with_a_user_in_it_is_a_pattern)
{
    ck_assert(confine_is_pattern("a/%u"));
    ck_assert(!confine_is_pattern("a/%%u"));
    ck_assert(!confine_is_pattern("a/%"));
    ck_assert(confine_is_pattern("%%%u"));
}
END_TEST

/* The files and the listener that an attempt uses. */
static char inside[256], outside[256], linked[256], pattern[256];
static struct sockaddr_in listener;
static int go[2], came[2]; /* pipes to and from the thread that replaces files */

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

/* Returns 0, or a number that says which attempt went wrong. */
static int try_files(void)
{
    char byte;
    int tcp = socket(AF_INET, SOCK_STREAM, 0);

    if (!confine_files_now())
        return NO_LANDLOCK;
    if (!reads(inside, "old") || !reads(linked, "target"))
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
        return syscall(444, NULL, 0, 1) >= 4 ? 6 : 0; /* Linux 6.7 and later forbid it */
    if (write(came[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1) /* wait for new files */
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
    ck_assert_int_eq(symlink(scratch_write("other/real", "target", 0600), linked), 0);
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

START_TEST(only_files_that_are_read_again_can_be_read)
{
    pthread_t thread;
    int status, fd = listen_somewhere();
    bool no_landlock;

    make_files();
    ck_assert_int_eq(pipe(go), 0);
    ck_assert_int_eq(pipe(came), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, replace_files, NULL), 0);
    status = in_child(try_files);
    no_landlock = is_missing(status);
    (void)close(came[1]);
    (void)pthread_join(thread, NULL);
    (void)close(go[0]);
    (void)close(go[1]);
    (void)close(came[0]);
    (void)close(fd);
    if (no_landlock) {
        assert_says(child_said, "access to files is not confined");
        (void)fprintf(stderr, "not run without Landlock: files that may not be read\n");
        return;
    }
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x: %s", (unsigned)status,
                  child_said);
}
END_TEST

/* What each version of Landlock added, Linux 5.13 to 6.12. Returns 0, or a number that says which
 * attempt went wrong. */
static int try_versions(void)
{
    const struct sockaddr_in any = {.sin_family = AF_INET};
    const struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0nacre"};
    int tcp = socket(AF_INET, SOCK_STREAM, 0), local = socket(AF_UNIX, SOCK_STREAM, 0), null;
    long version;

    if (!confine_files_now())
        return NO_LANDLOCK;
    version = syscall(444, NULL, 0, 1);
    if (symlink("x", scratch_path("in/link")) == 0 || mkfifo(scratch_path("in/pipe"), 0600) == 0 ||
        rmdir(scratch_path("in/empty")) == 0)
        return 1;
    if (version >= 3 && (truncate(inside, 0) == 0 || errno != EACCES))
        return 3;
    if (version >= 4 &&
        (bind(tcp, (const struct sockaddr *)&any, sizeof any) == 0 || errno != EACCES))
        return 4;
    null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (version >= 5 && (ioctl(null, TCGETS, NULL) == 0 || errno != EACCES))
        return 5;
    if (version >= 6 && (connect(local, (const struct sockaddr *)&abstract, sizeof abstract) == 0 ||
                         errno != EPERM || kill(getppid(), 0) == 0))
        return 6;
    return 0;
}

START_TEST(what_this_kernel_can_forbid_is_forbidden)
{
    const struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0nacre"};
    int status, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    make_files();
    ck_assert_int_eq(mkdir(scratch_path("in/empty"), 0700), 0);
    (void)bind(fd, (const struct sockaddr *)&abstract, sizeof abstract);
    (void)listen(fd, 1);
    status = in_child(try_versions);
    (void)close(fd);
    ck_assert_msg(is_missing(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0),
                  "status %x: %s", (unsigned)status, child_said);
}
END_TEST

/* Folders whose names begin or end like one another's. Returns 0, or a number. */
static int list_folders(void)
{
    static char names[3][256];
    const struct confinement c = {.reads = {names[0], names[1], names[2], "/usr/keys"}};
    struct confine_note note = {0};
    int before, after;

    (void)snprintf(names[0], sizeof names[0], "%s", scratch_path("app2/keys"));
    (void)snprintf(names[1], sizeof names[1], "%s", scratch_path("app/usr/keys"));
    (void)snprintf(names[2], sizeof names[2], "%s", scratch_path("app/passwords"));
    before = dup(0);
    (void)close(before);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !confine_files(&c, &note))
        return NO_LANDLOCK;
    after = dup(0);
    (void)fprintf(stderr, "%s %s", note.value, note.reason);
    if (after != before)
        return 1;
    return open("/etc/services", O_RDONLY | O_CLOEXEC) < 0 && errno != ENOENT ? 2 : 0;
}

/* The first one and the last one of the list. */
static int list_folders_again(void)
{
    static char names[4][256];
    const struct confinement c = {.reads = {names[0], names[1], names[2], names[3]}};
    struct confine_note note = {0};
    const char *const files[] = {"app2/a", "app/a", "app2/b", "app/b"};

    for (size_t i = 0; i < 4; i++)
        (void)snprintf(names[i], sizeof names[i], "%s", scratch_path(files[i]));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !confine_files(&c, &note))
        return NO_LANDLOCK;
    (void)fprintf(stderr, "%s", note.value);
    return 0;
}

START_TEST(each_folder_is_listed_once)
{
    char base[PATH_MAX], expected[4 * PATH_MAX];
    int status;

    ck_assert_int_eq(mkdir(scratch_path("app"), 0700), 0);
    ck_assert_int_eq(mkdir(scratch_path("app/usr"), 0700), 0);
    ck_assert_int_eq(mkdir(scratch_path("app2"), 0700), 0);
    ck_assert_ptr_nonnull(realpath(scratch_path("."), base));
    status = in_child(list_folders);
    if (is_missing(status))
        return;
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x: %s", (unsigned)status,
                  child_said);
    (void)snprintf(expected, sizeof expected, "%s/app2,%s/app/usr,%s/app,/usr ", base, base, base);
    ck_assert_str_eq(child_said, expected);
    ck_assert_int_eq(in_child(list_folders_again), 0);
    (void)snprintf(expected, sizeof expected, "%s/app2,%s/app", base, base);
    ck_assert_str_eq(child_said, expected);
}
END_TEST

static const char *only_read;

static int print_note(void)
{
    const struct confinement c = {.reads = {only_read}};
    struct confine_note note = {0};
    bool good = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && confine_files(&c, &note);

    (void)fprintf(stderr, "%s: %s", note.value, note.reason);
    return good ? 0 : NO_LANDLOCK;
}

START_TEST(a_missing_folder_and_the_root_folder_are_reported)
{
    only_read = scratch_path("nowhere/keys");
    if (is_missing(in_child(print_note))) {
        assert_says(child_said, "access to files is not confined");
        return;
    }
    ck_assert_int_eq(strncmp(child_said, "none: ", 6), 0);
    assert_says(child_said,
                "nowhere: No such file or directory, so files in it are not read until");
    only_read = "/passwords";
    ck_assert_int_eq(in_child(print_note), 0);
    assert_says(child_said, "/: a file that is read again is in /, so every file stays readable");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, the_folder_of_a_name_ends_where_the_user_begins);
    add_test(suite, a_name_with_a_user_in_it_is_a_pattern);
    add_test(suite, only_files_that_are_read_again_can_be_read);
    add_test(suite, what_this_kernel_can_forbid_is_forbidden);
    add_test(suite, each_folder_is_listed_once);
    add_test(suite, a_missing_folder_and_the_root_folder_are_reported);
}
