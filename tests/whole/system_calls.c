/* Every system call fails in turn while a file is read or changed: there is an error message, and a
 * file that could not be changed is as it was. */
#include "apps/files/key_file.h"
#include "apps/files/known_hosts.h"
#include "apps/files/password_edit.h"
#include "apps/files/password_file.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool armed, failed;
static unsigned count, fail_at; /* from 1 */

static bool fails(void)
{
    if (!armed || ++count != fail_at)
        return false;
    failed = true;
    errno = EIO;
    return true;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */

/* The calls of the library and of this file come here first: wrapped.mk. */
#define WRAPPED(type, name, parameters, arguments)                                                 \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails() ? -1 : __real_##name arguments;                                             \
    }

WRAPPED(int, fstat64, (int fd, struct stat *out), (fd, out))
WRAPPED(ssize_t, read, (int fd, void *to, size_t len), (fd, to, len))
WRAPPED(ssize_t, pread64, (int fd, void *to, size_t len, off_t at), (fd, to, len, at))
WRAPPED(ssize_t, write, (int fd, const void *from, size_t len), (fd, from, len))
WRAPPED(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAPPED(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group))
WRAPPED(int, rename, (const char *from, const char *to), (from, to))
WRAPPED(int, flock, (int fd, int operation), (fd, operation))

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

int __wrap_open64(const char *path, int flags, ...)
{
    mode_t mode;
    va_list more;

    va_start(more, flags);
    mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return fails() ? -1 : __real_open64(path, flags, mode);
}

/* Flushing fails too, but takes no time. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    return fails() ? -1 : 0;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static char errbuf[8192];

static bool read_key(const char *file)
{
    struct nacre_key *key = nacre_key_read(file, errbuf, sizeof errbuf);
    bool good = key != NULL;

    nacre_key_free(key);
    return good;
}

static bool make_key(const char *file)
{
    struct nacre_key *key;
    char public[300];

    (void)snprintf(public, sizeof public, "%s.pub", file);
    (void)unlink(file);
    (void)unlink(public);
    armed = true;
    key = nacre_key_make(file, errbuf, sizeof errbuf);
    armed = false;
    ck_assert((key != NULL) == (access(file, F_OK) == 0)); /* no partial file is left */
    nacre_key_free(key);
    return key != NULL;
}

static bool edit_password(const char *file)
{
    return nacre_password_file_edit(file, "bob", NULL, errbuf, sizeof errbuf) !=
           NACRE_PASSWORD_FAILED;
}

static bool open_passwords(const char *file)
{
    struct nacre_password_file *passwords = nacre_password_file_open(file, errbuf, sizeof errbuf);
    bool good = passwords != NULL;

    nacre_password_file_close(passwords);
    return good;
}

static const struct nacre_host_key host_key = {"host", 22, (const uint8_t *)"\0\0\0\1a", 5};

static bool add_known_host(const char *file)
{
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER, .file = file};

    return nacre_known_hosts_add(&hosts, &host_key, false, errbuf, sizeof errbuf);
}

static bool check_known_host(const char *file)
{
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER, .file = file};

    return nacre_known_hosts_check(&hosts, &host_key, errbuf, sizeof errbuf) !=
           NACRE_HOST_UNCHECKED;
}

static const struct {
    bool (*act)(const char *file);
    const char *text; /* of the file before */
} acts[] = {
    {read_key, openssh_ed25519},
    {make_key, NULL},
    {edit_password, "bob:one\nalice:two\n"},
    {open_passwords, "bob:one\nalice:secret\n"},
    {add_known_host, "other ssh-rsa AAAA"},
    {check_known_host, "other ssh-rsa AAAA\n"},
};

START_TEST(a_call_that_fails_is_reported_and_changes_nothing)
{
    const char *before = acts[_i].text;
    unsigned n = 0;
    bool good;

    do {
        const char *file =
            before != NULL ? scratch_write("file", before, 0600) : scratch_path("file");
        char *after;

        errbuf[0] = 0;
        count = 0;
        fail_at = ++n;
        failed = false;
        armed = before != NULL;
        good = acts[_i].act(file);
        armed = false;
        ck_assert_msg(good || errbuf[0] != 0, "call %u: no error message", n);
        if (before == NULL || good)
            continue;
        after = scratch_read(file);
        ck_assert_msg(strcmp(after, before) == 0, "call %u: %s", n, after);
        free(after);
    } while (failed);
    ck_assert_msg(good, "%s", errbuf);
    ck_assert_uint_gt(n, 2);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, a_call_that_fails_is_reported_and_changes_nothing, 0,
             sizeof acts / sizeof acts[0]);
}
