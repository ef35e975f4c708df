/* How the files are opened, flushed and closed: this program's own open, fsync and socket note what
 * they are asked for. Programs inherit none of the descriptors, whenever they start. */
#undef _FORTIFY_SOURCE /* its open is inline */
#include "apps/files/agent_exchange.h"
#include "apps/files/edit_lock.h"
#include "apps/files/key_file.h"
#include "apps/files/known_hosts.h"
#include "apps/files/new_file.h"
#include "apps/files/password_edit.h"
#include "apps/files/trusted_file.h"
#include "tests/support/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CALLS = 32 };

static struct {
    struct {
        char path[PATH_MAX];
        int flags;
    } opens[CALLS];
    unsigned count, file_syncs, folder_syncs, sockets;
    int socket_type;
} noted;

int open(const char *path, int flags, ...)
{
    mode_t mode;
    va_list more;

    va_start(more, flags);
    mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (noted.count < CALLS) {
        (void)snprintf(noted.opens[noted.count].path, PATH_MAX, "%s", path);
        noted.opens[noted.count++].flags = flags;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int fsync(int fd)
{
    struct stat about;

    if (fstat(fd, &about) == 0 && S_ISDIR(about.st_mode))
        noted.folder_syncs++;
    else
        noted.file_syncs++;
    return (int)syscall(SYS_fsync, fd);
}

int socket(int family, int type, int protocol)
{
    noted.sockets++;
    noted.socket_type = type;
    return (int)syscall(SYS_socket, family, type, protocol);
}

static unsigned descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    ck_assert_ptr_nonnull(folder);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

static unsigned before;

static void begin(void)
{
    before = descriptors();
    memset(&noted, 0, sizeof noted);
}

/* At least `least` files were opened, each so that it is closed in other programs, and all of them
 * are closed again. */
static void end(unsigned least)
{
    ck_assert_uint_ge(noted.count, least);
    for (unsigned i = 0; i < noted.count; i++)
        ck_assert_msg(noted.opens[i].flags & O_CLOEXEC, "%s", noted.opens[i].path);
    ck_assert_uint_eq(descriptors(), before);
}

/* The file was opened with these flags too: a pipe does not block, a terminal is not acquired, a
 * link is not followed. */
static void opened_with(const char *path, int flags)
{
    unsigned found = 0;

    for (unsigned i = 0; i < noted.count; i++)
        if (strcmp(noted.opens[i].path, path) == 0) {
            ck_assert_int_eq(noted.opens[i].flags & flags, flags);
            found++;
        }
    ck_assert_msg(found > 0, "%s was not opened", path);
}

static char text[512];
static const struct errbuf p = {text, sizeof text};

START_TEST(a_trusted_file_is_read)
{
    const char *path = scratch_write("file", "text\n", 0600);
    struct trusted_file file;

    begin();
    ck_assert_int_eq(trusted_file_read(&file, path, OTHERS_MAY_NOTHING, 100, &p), FILE_READ);
    trusted_file_clear(&file);
    opened_with(path, O_NOCTTY | O_NONBLOCK);
    end(1);
    ck_assert_int_eq(trusted_file_read(&file, path, OTHERS_MAY_NOTHING, 1, &p), FILE_BAD);
    end(2);
}
END_TEST

/* After a power failure there is the old file or the new one. */
START_TEST(a_new_file_is_on_the_disk_before_it_has_its_name)
{
    const char *path = scratch_write("file", "old\n", 0600);
    struct new_file f;

    begin();
    (void)snprintf(f.temporary, sizeof f.temporary, "%s.new", path);
    ck_assert(new_file_open(&f));
    ck_assert(new_file_write(&f, (struct bytes){(const uint8_t *)"new\n", 4}, 0600));
    ck_assert_uint_eq(noted.file_syncs, 1);
    ck_assert_uint_eq(noted.folder_syncs, 0);
    ck_assert(new_file_replace(&f, path));
    ck_assert_uint_eq(noted.folder_syncs, 1);
    new_file_close(&f);
    ck_assert_int_eq(f.fd, -1);
    end(2);
    new_file_close(&f); /* nothing is left to close */
}
END_TEST

START_TEST(a_lock_is_opened_as_no_link)
{
    const char *path = scratch_write("file", "old\n", 0600);
    struct edit_lock lock;

    begin();
    ck_assert(edit_lock_take(&lock, path, &p));
    opened_with(lock.path, O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    edit_lock_release(&lock);
    ck_assert_int_ne(access(lock.path, F_OK), 0);
    end(1);
    edit_lock_release(&lock); /* does nothing */
    ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(a_key_is_made_and_read)
{
    const char *path = scratch_path("key");
    struct nacre_key *key;

    begin();
    key = nacre_key_make(path, text, sizeof text);
    ck_assert_msg(key != NULL, "%s", text);
    nacre_key_free(key);
    ck_assert_uint_ge(noted.file_syncs, 1);
    ck_assert_uint_ge(noted.folder_syncs, 1);
    key = nacre_key_read(path, text, sizeof text);
    ck_assert_msg(key != NULL, "%s", text);
    nacre_key_free(key);
    opened_with(path, O_NOCTTY | O_NONBLOCK);
    end(3);
}
END_TEST

START_TEST(a_password_is_set)
{
    const char *path = scratch_path("passwords");

    begin();
    ck_assert_int_eq(nacre_password_file_edit(path, "alice", "secret", text, sizeof text),
                     NACRE_PASSWORD_ADDED);
    ck_assert_int_eq(nacre_password_file_edit(path, "alice", NULL, text, sizeof text),
                     NACRE_PASSWORD_DELETED);
    ck_assert_uint_ge(noted.file_syncs, 2);
    ck_assert_uint_ge(noted.folder_syncs, 2);
    end(4);
}
END_TEST

START_TEST(a_host_is_added)
{
    const char *path = scratch_path("known_hosts");
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER, .file = path};
    struct nacre_key *key = nacre_key_make(scratch_path("key"), text, sizeof text);
    struct nacre_host_key shown = {.host = "host", .port = 22};

    ck_assert_ptr_nonnull(key);
    shown.key = nacre_key_blob(key, &shown.len);
    begin();
    ck_assert(nacre_known_hosts_add(&hosts, &shown, false, text, sizeof text));
    opened_with(path, O_APPEND | O_NOCTTY | O_NONBLOCK);
    ck_assert_int_eq(nacre_known_hosts_check(&hosts, &shown, text, sizeof text), NACRE_HOST_KNOWN);
    end(2);
    nacre_key_free(key);
}
END_TEST

START_TEST(an_agents_socket_does_not_block)
{
    struct agent_exchange x;

    begin();
    ck_assert(agent_exchange_begin(&x, scratch_path("no.agent"),
                                   (struct bytes){(const uint8_t *)"x", 1}));
    ck_assert_int_eq(agent_exchange_step(&x), AGENT_FAILED);
    ck_assert_uint_eq(noted.sockets, 1);
    ck_assert_int_eq(noted.socket_type, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
    agent_exchange_clear(&x);
    end(0);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_trusted_file_is_read);
    add_test(suite, a_new_file_is_on_the_disk_before_it_has_its_name);
    add_test(suite, a_lock_is_opened_as_no_link);
    add_test(suite, a_key_is_made_and_read);
    add_test(suite, a_password_is_set);
    add_test(suite, a_host_is_added);
    add_test(suite, an_agents_socket_does_not_block);
}
