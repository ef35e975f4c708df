/* The file of a Unix socket: what it replaces, its mode, and starters at the same time. */
#include "apps/server/listen_unix.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKLOG = 1, LONG_BACKLOG = 64, STARTERS = 8, ROUNDS = 40 };

static struct listen_address address;
static char sentence[1024], text[256];
static const struct errbuf p = {sentence, sizeof sentence};

static bool fails;

int listen(int fd, int backlog)
{
    if (fails) {
        errno = EADDRINUSE;
        return -1;
    }
    return (int)syscall(SYS_listen, fd, backlog);
}

/* unix:PATH followed by `options` */
static void at(const char *path, const char *options)
{
    (void)snprintf(text, sizeof text, "unix:%s%s", path, options);
    ck_assert_msg(listen_resolve(text, &address, &p), "%s", sentence);
}

static int open_at(const char *path, const char *options)
{
    at(path, options);
    return listen_unix(&address, BACKLOG, &p);
}

static mode_t mode_of(const char *path)
{
    struct stat status;

    ck_assert_int_eq(lstat(path, &status), 0);
    return status.st_mode;
}

static int connect_to(const struct listen_address *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (connect(fd, (const struct sockaddr *)&a->at, a->len) == 0)
        return fd;
    close(fd);
    return -1;
}

START_TEST(the_mode_is_what_was_asked_for_whatever_the_umask)
{
    static const mode_t umasks[] = {0, 022, 0777};

    for (size_t i = 0; i < 3; i++) {
        const char *path = scratch_path("socket");
        mode_t before = umask(umasks[i]);
        int fd = open_at(path, ""), other;

        ck_assert_msg(fd >= 0, "%s", sentence);
        ck_assert_uint_eq(mode_of(path) & 07777, 0660);
        ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
        ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        close(fd);
        other = open_at(path, ",mode=606");
        ck_assert_uint_eq(mode_of(path) & 07777, 0606);
        ck_assert_uint_eq(umask(before), umasks[i]);
        close(other);
        ck_assert_int_eq(unlink(path), 0);
    }
}
END_TEST

START_TEST(the_group_is_what_was_asked_for)
{
    const char *path = scratch_path("socket");
    struct stat status;
    int fd;

    if (geteuid() != 0)
        return;
    fd = open_at(path, ",group=12345,mode=620");
    ck_assert_msg(fd >= 0, "%s", sentence);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_gid, 12345);
    ck_assert_uint_eq(status.st_mode & 07777, 0620);
    close(fd);
}
END_TEST

START_TEST(a_stale_socket_is_replaced)
{
    const char *path = scratch_path("socket");
    int fd = open_at(path, ""), client;

    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert(S_ISSOCK(mode_of(path))); /* it stays */
    fd = open_at(path, "");
    ck_assert_msg(fd >= 0, "%s", sentence);
    client = connect_to(&address);
    ck_assert_int_ge(client, 0);
    close(client);
    close(fd);
}
END_TEST

/* Also one whose queue is full, so that nobody can connect just now. */
START_TEST(a_live_socket_is_not_replaced)
{
    const char *path = scratch_path("socket");
    int fd = open_at(path, ""), clients[BACKLOG + 2], count = 0;

    ck_assert_int_ge(fd, 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(open_at(path, ""), -1);
        assert_says(sentence, "another process listens there: stop it");
        while (count < BACKLOG + 2 && (clients[count] = connect_to(&address)) >= 0)
            count++;
        ck_assert_int_lt(count, BACKLOG + 2); /* full in the second round */
    }
    while (count > 0)
        close(clients[--count]);
    close(fd);
}
END_TEST

static void expect_refused(const char *path, const char *says)
{
    ck_assert_int_eq(open_at(path, ""), -1);
    assert_says(sentence, text);
    assert_says(sentence, says);
}

START_TEST(a_file_that_is_no_socket_stays)
{
    const char *file = scratch_write("file", "precious", 0600), *link = scratch_path("link");
    const char *folder = scratch_path("folder"), *socket = scratch_path("socket");
    int fd = open_at(socket, "");

    close(fd);
    ck_assert_int_eq(symlink(socket, link), 0); /* even if it leads to a stale one */
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    expect_refused(file, "a file that is no socket is there");
    expect_refused(link, "a file that is no socket is there");
    expect_refused(folder, "a file that is no socket is there");
    expect_refused("/proc", "a file that is no socket is there"); /* in the folder "/" */
    ck_assert(S_ISREG(mode_of(file)));
    ck_assert(S_ISLNK(mode_of(link)));
    ck_assert(S_ISDIR(mode_of(folder)));
    ck_assert(!listen_unix_check(&address, &p));
    assert_says(sentence, "a file that is no socket is there");
}
END_TEST

START_TEST(the_folder_must_exist)
{
    const char *inside = scratch_path("none/socket"), *beneath;
    int fd;

    expect_refused(inside, "the folder");
    assert_says(sentence, "No such file or directory");
    ck_assert(!listen_unix_check(&address, &p));
    assert_says(sentence, "No such file or directory");
    (void)scratch_write("file", "", 0600);
    beneath = scratch_path("file/socket");
    expect_refused(beneath, "Not a directory");
    ck_assert(!listen_unix_check(&address, &p));
    assert_says(sentence, "Not a directory");
    at(scratch_path("socket"), "");
    ck_assert(listen_unix_check(&address, &p));
    fd = listen_unix(&address, BACKLOG, &p);
    ck_assert(listen_unix_check(&address, &p)); /* a server that runs may be checked */
    close(fd);
}
END_TEST

/* Anybody who can read the folder can hold its lock. */
START_TEST(a_locked_folder_is_not_waited_for_without_end)
{
    const char *path = scratch_path("socket");
    char folder[256];
    int fd;

    (void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    expect_refused(path, "another process has locked it");
    close(fd);
}
END_TEST

START_TEST(a_path_without_a_folder_is_in_the_current_one)
{
    const char *path = scratch_path("socket");
    char folder[256];
    int fd, before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    ck_assert_int_eq(chdir(folder), 0);
    fd = open_at("socket", "");
    ck_assert_msg(fd >= 0, "%s", sentence);
    ck_assert(S_ISSOCK(mode_of(path)));
    ck_assert_int_eq(fchdir(before), 0);
    close(before);
    close(fd);
}
END_TEST

/* Status 0: it listens, and stays until the pipe ends. 1: it does not. */
static pid_t start(int gate, int won, int over)
{
    pid_t child = fork();
    char byte;
    int fd;

    if (child != 0)
        return child;
    (void)!read(gate, &byte, 1);                  /* all begin at once */
    fd = listen_unix(&address, LONG_BACKLOG, &p); /* the others look whether it is in use */
    (void)!write(won, fd >= 0 ? "y" : "n", 1);
    (void)!read(over, &byte, 1);
    _exit(0);
}

/* A stale socket is there each time. The winner is the one that clients reach. */
START_TEST(of_several_starters_one_wins)
{
    const char *path = scratch_path("socket");

    close(open_at(path, ""));
    for (int round = 0; round < ROUNDS; round++) {
        int gate[2], answers[2], over[2], winners = 0, client;
        char answer;

        ck_assert(pipe(gate) == 0 && pipe(answers) == 0 && pipe(over) == 0);
        for (int i = 0; i < STARTERS; i++) {
            pid_t child = start(gate[0], answers[1], over[0]);

            ck_assert_int_gt(child, 0);
        }
        ck_assert_int_eq(write(gate[1], "12345678", STARTERS), STARTERS);
        for (int i = 0; i < STARTERS; i++) {
            ck_assert_int_eq(read(answers[0], &answer, 1), 1);
            winners += answer == 'y';
        }
        ck_assert_int_eq(winners, 1);
        client = connect_to(&address);
        ck_assert_int_ge(client, 0);
        close(client);
        ck_assert_int_eq(write(over[1], "12345678", STARTERS), STARTERS);
        while (wait(NULL) > 0)
            ;
        for (int i = 0; i < 2; i++) {
            close(gate[i]);
            close(answers[i]);
            close(over[i]);
        }
    }
}
END_TEST

START_TEST(a_socket_that_cannot_listen_leaves_no_file)
{
    const char *path = scratch_path("socket");

    fails = true;
    ck_assert_int_eq(open_at(path, ""), -1);
    assert_says(sentence, strerror(EADDRINUSE));
    ck_assert_int_eq(access(path, F_OK), -1);
    fails = false;
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, the_mode_is_what_was_asked_for_whatever_the_umask);
    add_test(suite, the_group_is_what_was_asked_for);
    add_test(suite, a_stale_socket_is_replaced);
    add_test(suite, a_live_socket_is_not_replaced);
    add_test(suite, a_file_that_is_no_socket_stays);
    add_test(suite, the_folder_must_exist);
    add_test(suite, a_locked_folder_is_not_waited_for_without_end);
    add_test(suite, a_path_without_a_folder_is_in_the_current_one);
    add_test(suite, of_several_starters_one_wins);
    add_test(suite, a_socket_that_cannot_listen_leaves_no_file);
}
