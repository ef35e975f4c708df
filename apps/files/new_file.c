#include "apps/files/new_file.h"

#include "apps/files/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FD_PATH_MAX = 32 /* bytes */ };

bool new_file_folder(char folder[PATH_MAX], const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : (size_t)(slash - path) + (slash == path);

    if (len >= PATH_MAX)
        return false;
    memcpy(folder, slash == NULL ? "." : path, len);
    folder[len] = '\0';
    return true;
}

/* The name under which an unnamed file can be linked: linkat(2). */
static const char *path_of(char out[FD_PATH_MAX], int fd)
{
    (void)snprintf(out, FD_PATH_MAX, "/proc/self/fd/%d", fd);
    return out;
}

static bool open_unnamed(struct new_file *f, const char *folder)
{
    char name[FD_PATH_MAX];

    f->fd = open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    if (f->fd < 0 || access(path_of(name, f->fd), F_OK) == 0)
        return f->fd >= 0;
    (void)close(f->fd); /* /proc is not mounted */
    f->fd = -1;
    return false;
}

bool new_file_open(struct new_file *f)
{
    char folder[PATH_MAX];

    f->named = false;
    f->fd = -1;
    (void)new_file_folder(folder, f->temporary); /* which has room for less than PATH_MAX */
    if (open_unnamed(f, folder))
        return true;
    f->fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    f->named = f->fd >= 0;
    return f->named;
}

bool new_file_write(struct new_file *f, struct bytes text, mode_t mode)
{
    return write_all(f->fd, text) && fchmod(f->fd, mode) == 0 && fsync(f->fd) == 0;
}

/* Flush the folder's list of names to the disk. Not supported, and not needed, on some file
 * systems. */
static void flush_folder(const char *path)
{
    char folder[PATH_MAX];
    int fd = new_file_folder(folder, path) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

static bool give_name(const struct new_file *f, const char *path)
{
    char name[FD_PATH_MAX];

    if (f->named)
        return link(f->temporary, path) == 0;
    return linkat(AT_FDCWD, path_of(name, f->fd), AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

bool new_file_link(struct new_file *f, const char *path)
{
    if (!give_name(f, path))
        return false;
    flush_folder(path);
    return true;
}

bool new_file_replace(struct new_file *f, const char *path)
{
    sigset_t all, before;
    bool good;
    int failure;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    f->named = f->named || give_name(f, f->temporary);
    good = f->named && rename(f->temporary, path) == 0;
    failure = errno;
    if (f->named && !good)
        (void)unlink(f->temporary);
    f->named = false;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (good)
        flush_folder(path);
    errno = failure;
    return good;
}

void new_file_close(struct new_file *f)
{
    int failure = errno;

    if (f->fd >= 0)
        (void)close(f->fd);
    if (f->named)
        (void)unlink(f->temporary);
    f->fd = -1;
    f->named = false;
    errno = failure;
}
