#include "apps/files/edit_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 20 /* between two attempts */

enum attempt { LOCKED, BUSY, REPLACED, FAILED };

bool edit_lock_name(char out[PATH_MAX], const char *path, const char *suffix)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    int len = snprintf(out, PATH_MAX, "%.*s.%s%s", (int)(name - path), path, name, suffix);

    return len > 0 && len < PATH_MAX;
}

/* Could anybody else have opened this file? */
static bool is_private(const struct stat *status)
{
    return S_ISREG(status->st_mode) && (status->st_uid == geteuid() || status->st_uid == 0) &&
           (status->st_mode & 077) == 0;
}

/* Open the lock file, which may be made by this. */
static bool open_lock(struct edit_lock *lock, struct stat *status, const char *path,
                      const struct errbuf *p)
{
    lock->fd =
        open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
    if (lock->fd < 0)
        return errbuf_say(p, "%s: cannot be edited, because %s cannot be created: %s", path,
                          lock->path, strerror(errno));
    if (fstat(lock->fd, status) != 0 || !is_private(status))
        return errbuf_say(p,
                          "%s: cannot be edited, because others can open the lock file %s; remove "
                          "it",
                          path, lock->path);
    return true;
}

/* The process that held the lock has removed the file, and a third one may have made a new one. */
static bool is_current(const struct edit_lock *lock, const struct stat *status)
{
    struct stat now;

    return lstat(lock->path, &now) == 0 && now.st_dev == status->st_dev &&
           now.st_ino == status->st_ino;
}

static enum attempt attempt(struct edit_lock *lock, const char *path, const struct errbuf *p)
{
    struct stat status = {0};

    if (!open_lock(lock, &status, path, p))
        return FAILED;
    if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0)
        return is_current(lock, &status) ? LOCKED : REPLACED;
    if (errno == EWOULDBLOCK || errno == EINTR)
        return BUSY;
    errbuf_say(p, "%s: cannot be locked: %s", lock->path, strerror(errno));
    return FAILED;
}

static void forget(struct edit_lock *lock)
{
    if (lock->fd >= 0)
        (void)close(lock->fd);
    lock->fd = -1;
}

/* An attempt that gets the lock leaves the signals blocked. */
static enum attempt attempt_in_peace(struct edit_lock *lock, const char *path,
                                     const struct errbuf *p)
{
    enum attempt result;
    sigset_t all;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &lock->before);
    result = attempt(lock, path, p);
    if (result == LOCKED)
        return result;
    forget(lock);
    (void)pthread_sigmask(SIG_SETMASK, &lock->before, NULL);
    return result;
}

bool edit_lock_take(struct edit_lock *lock, const char *path, const struct errbuf *p)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

    lock->fd = -1;
    if (!edit_lock_name(lock->path, path, ".nacre-lock"))
        return errbuf_say(p, "%s: file name too long", path);
    for (int waited_ms = 0; waited_ms < EDIT_LOCK_WAIT_MS; waited_ms += PAUSE_MS) {
        enum attempt result = attempt_in_peace(lock, path, p);

        if (result == LOCKED || result == FAILED)
            return result == LOCKED;
        if (result == BUSY)
            (void)nanosleep(&pause, NULL);
    }
    return errbuf_say(p,
                      "%s: another process has been editing it for %d seconds and holds the lock "
                      "%s; try again when it has ended",
                      path, EDIT_LOCK_WAIT_MS / 1000, lock->path);
}

void edit_lock_release(struct edit_lock *lock)
{
    if (lock->fd < 0)
        return;
    (void)unlink(lock->path);
    forget(lock);
    (void)pthread_sigmask(SIG_SETMASK, &lock->before, NULL);
}
