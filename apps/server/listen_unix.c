#include "apps/server/listen_unix.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    LOCK_TRIES = 200,
    LOCK_PAUSE_NS = 10 * 1000 * 1000,
    ONLY_OURS = 0600, /* the mode until the owner is right */
};

static const char no_socket[] =
    "a file that is no socket is there: move it, or choose another path";

static const char *path_of(const struct listen_address *a)
{
    return ((const struct sockaddr_un *)(const void *)&a->at)->sun_path;
}

static bool failed(const struct listen_address *a, const char *why, const struct errbuf *p)
{
    return errbuf_say(p, "cannot listen on %s: %s", a->text, why);
}

static bool folder_failed(const struct listen_address *a, const char *folder, const char *why,
                          const struct errbuf *p)
{
    return errbuf_say(p, "cannot listen on %s: the folder %s: %s", a->text, folder, why);
}

/* ---- one starter at a time ---- */

static void folder_of(const char *path, char out[sizeof(struct sockaddr_un)])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);

    memcpy(out, slash == NULL ? "." : path, len);
    out[len] = 0;
}

/* Lock the folder: a lock file would stay behind, and the socket itself has no name that all
 * starters agree on. Any user who can read the folder could hold the lock, so the wait has an end.
 * -1: *p has a sentence. */
static int lock_folder(const struct listen_address *a, const struct errbuf *p)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    char folder[sizeof(struct sockaddr_un)];
    int fd, failure;

    folder_of(path_of(a), folder);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < LOCK_TRIES && fd >= 0; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        if (errno != EWOULDBLOCK && errno != EINTR)
            break;
        (void)nanosleep(&pause, NULL);
    }
    failure = errno;
    if (fd >= 0)
        (void)close(fd);
    (void)folder_failed(
        a, folder, failure == EWOULDBLOCK ? "another process has locked it" : strerror(failure), p);
    return -1;
}

/* ---- what is there already ---- */

enum there { THERE_NOTHING, THERE_STALE, THERE_LIVE, THERE_FILE, THERE_UNKNOWN };

/* Only a refused connection shows that no process listens: when the queue is full, for instance,
 * the failure is EAGAIN. */
static enum there look(const struct listen_address *a)
{
    struct stat status;
    bool connected;
    int fd, failure;

    if (lstat(path_of(a), &status) != 0)
        return errno == ENOENT ? THERE_NOTHING : THERE_UNKNOWN;
    if (!S_ISSOCK(status.st_mode))
        return THERE_FILE;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    connected = fd >= 0 && connect(fd, (const struct sockaddr *)&a->at, a->len) == 0;
    failure = errno;
    if (fd >= 0)
        (void)close(fd);
    errno = failure;
    if (connected || failure == EAGAIN || failure == EPROTOTYPE)
        return THERE_LIVE;
    return failure == ECONNREFUSED ? THERE_STALE : THERE_UNKNOWN;
}

/* Make the place free. */
static bool clear_place(const struct listen_address *a, const struct errbuf *p)
{
    switch (look(a)) {
    case THERE_NOTHING:
        return true;
    case THERE_STALE:
        return unlink(path_of(a)) == 0 || failed(a, strerror(errno), p);
    case THERE_LIVE:
        return failed(a, "another process listens there: stop it, or choose another path", p);
    case THERE_FILE:
        return failed(a, no_socket, p);
    default:
        return failed(a, strerror(errno), p);
    }
}

/* ---- listening ---- */

/* bind gives the file the mode that the socket has. The umask, which all threads share, need not
 * change; it may only take bits away, so that chmod sets the mode at the end. */
static bool bind_file(const struct listen_address *a, int fd, int backlog)
{
    return fchmod(fd, ONLY_OURS) == 0 && bind(fd, (const struct sockaddr *)&a->at, a->len) == 0 &&
           (a->group == (gid_t)-1 || lchown(path_of(a), (uid_t)-1, a->group) == 0) &&
           chmod(path_of(a), a->mode) == 0 && listen(fd, backlog) == 0;
}

/* With the lock */
static int open_socket(const struct listen_address *a, int backlog, const struct errbuf *p)
{
    struct sockaddr_un bound;
    socklen_t len = sizeof bound;
    int fd, failure;

    if (!clear_place(a, p))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind_file(a, fd, backlog))
        return fd;
    failure = errno;
    if (fd >= 0 && getsockname(fd, (struct sockaddr *)&bound, &len) == 0 &&
        len > sizeof bound.sun_family)
        (void)unlink(path_of(a));
    if (fd >= 0)
        (void)close(fd);
    (void)failed(a, strerror(failure), p);
    return -1;
}

int listen_unix(const struct listen_address *a, int backlog, const struct errbuf *p)
{
    int lock = lock_folder(a, p), fd;

    if (lock < 0)
        return -1;
    fd = open_socket(a, backlog, p);
    (void)close(lock);
    return fd;
}

bool listen_unix_check(const struct listen_address *a, const struct errbuf *p)
{
    char folder[sizeof(struct sockaddr_un)];
    struct stat status;

    folder_of(path_of(a), folder);
    if (stat(folder, &status) != 0)
        return folder_failed(a, folder, strerror(errno), p);
    if (!S_ISDIR(status.st_mode))
        return folder_failed(a, folder, strerror(ENOTDIR), p);
    return lstat(path_of(a), &status) != 0 || S_ISSOCK(status.st_mode) || failed(a, no_socket, p);
}
