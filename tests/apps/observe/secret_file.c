/* Files that nobody else may read. */
#include "apps/observe/secret_file.h"
#include "tests/support/scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char text[1024];
static const struct errbuf errors = {text, sizeof text};

static int open_file(const char *path, enum secret_file_mode mode)
{
    text[0] = 0;
    return secret_file_open(path, mode, &errors);
}

static void expect_refused(const char *path, const char *why)
{
    ck_assert_int_eq(open_file(path, SECRET_FILE_APPEND), -1);
    assert_says(text, path);
    assert_says(text, why);
}

START_TEST(a_new_file_is_private_whatever_the_umask)
{
    const char *path = scratch_path("keys");
    struct stat status;
    int fd;

    (void)umask(0);
    fd = open_file(path, SECRET_FILE_APPEND);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    close(fd);
}
END_TEST

START_TEST(an_existing_file_is_appended_to_or_replaced)
{
    const char *path = scratch_write("keys", "old\n", 0600);
    const char *const expected[] = {
        [SECRET_FILE_APPEND] = "old\nnew\n", [SECRET_FILE_REPLACE] = "new\n"};
    int fd = open_file(path, (enum secret_file_mode)_i);
    char *content;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "new\n", 4), 4);
    close(fd);
    content = scratch_read(path);
    ck_assert_str_eq(content, expected[_i]);
    free(content);
}
END_TEST

START_TEST(a_file_that_others_may_open_is_refused_and_unchanged)
{
    static const mode_t modes[] = {0644, 0640, 0604, 0660, 0602, 0610};
    char *content;

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        const char *path = scratch_write("keys", "old\n", modes[i]);

        expect_refused(path, "chmod 600");
        ck_assert_int_eq(open_file(path, SECRET_FILE_REPLACE), -1);
        content = scratch_read(path);
        ck_assert_str_eq(content, "old\n");
        free(content);
    }
}
END_TEST

START_TEST(a_file_of_another_user_is_refused)
{
    const char *path = scratch_write("keys", "", 0600);

    if (geteuid() != 0)
        return;
    ck_assert_int_eq(chown(path, 65534, 65534), 0);
    expect_refused(path, "another user");
}
END_TEST

START_TEST(what_is_not_a_file_is_refused_without_waiting)
{
    const char *path = scratch_path("pipe");
    int fd;

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect_refused(path, ""); /* no reader: ENXIO */
    fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    expect_refused(path, "not a regular file");
    (void)close(fd);
    expect_refused("/dev/null", "not a regular file");
    expect_refused(scratch_path("."), "");
    expect_refused(scratch_path("missing/keys"), "No such file");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_new_file_is_private_whatever_the_umask);
    add_loop(suite, an_existing_file_is_appended_to_or_replaced, SECRET_FILE_APPEND,
             SECRET_FILE_REPLACE + 1);
    add_test(suite, a_file_that_others_may_open_is_refused_and_unchanged);
    add_test(suite, a_file_of_another_user_is_refused);
    add_test(suite, what_is_not_a_file_is_refused_without_waiting);
}
