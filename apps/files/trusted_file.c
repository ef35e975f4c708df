#include "apps/files/trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SETTLED_AFTER_S 2 /* coarser than the time stamps of any file system we know */

static bool check_owner_and_mode(const struct stat *status, const char *path, mode_t forbidden,
                                 const struct errbuf *p)
{
    unsigned mode = status->st_mode & 07777;

    if (!S_ISREG(status->st_mode))
        return errbuf_say(p, "%s: is not a regular file; give the name of one", path);
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return errbuf_say(p,
                          "%s: belongs to user id %lu, who could change it at any time; it must "
                          "belong to the user who runs this program, or to root",
                          path, (unsigned long)status->st_uid);
    if (mode & forbidden & 022)
        return errbuf_say(
            p, "%s: others may write to it (mode %03o); take that away with: chmod %s %s", path,
            mode, forbidden & 044 ? "600" : "go-w", path);
    if (mode & forbidden)
        return errbuf_say(p,
                          "%s: others may read it (mode %03o); take that away with: chmod 600 %s",
                          path, mode, path);
    return true;
}

/* All of it into file->text, which has room for one byte more than the file is said to have. */
static bool read_all(struct trusted_file *file, int fd, size_t room, const char *path,
                     const struct errbuf *p)
{
    while (file->len < room) {
        ssize_t n = read(fd, file->text + file->len, room - file->len);

        if (n == 0) {
            file->text[file->len] = '\0';
            return true;
        }
        if (n < 0 && errno != EINTR)
            return errbuf_say(p, "%s: cannot be read: %s", path, strerror(errno));
        if (n > 0)
            file->len += (size_t)n;
    }
    return errbuf_say(p, "%s: grew while it was read; try again when it is complete", path);
}

static bool read_open(struct trusted_file *file, int fd, const char *path, mode_t forbidden,
                      size_t max, const struct errbuf *p)
{
    struct stat status;
    size_t room;

    if (fstat(fd, &status) != 0)
        return errbuf_say(p, "%s: cannot be read: %s", path, strerror(errno));
    if (!check_owner_and_mode(&status, path, forbidden, p))
        return false;
    if ((uintmax_t)status.st_size > max)
        return errbuf_say(p, "%s: is longer than %zu bytes, so it cannot be what it should be",
                          path, max);
    room = (size_t)status.st_size + 1;
    file->text = malloc(room);
    if (file->text == NULL)
        return errbuf_say(p, "%s: there is not enough memory to read it", path);
    if (read_all(file, fd, room, path, p))
        return true;
    wipe(file->text, room);
    return false;
}

static enum trusted_file_result cannot_open(const char *path, const struct errbuf *p)
{
    int failure = errno;
    struct stat status;

    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        errbuf_say(p, "%s: is not a regular file; give the name of one", path);
    else
        errbuf_say(p, "%s: cannot be opened: %s%s", path, strerror(failure),
                   failure != EACCES ? ""
                                     : "; let the user who runs this program read it; a sandbox "
                                       "lets it read only where event=confined says");
    return FILE_BAD;
}

enum trusted_file_result trusted_file_read(struct trusted_file *file, const char *path,
                                           mode_t forbidden, size_t max, const struct errbuf *p)
{
    /* Not blocking: somebody may have put a pipe there. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool good;

    *file = (struct trusted_file){0};
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return FILE_MISSING;
    if (fd < 0)
        return cannot_open(path, p);
    good = read_open(file, fd, path, forbidden, max, p);
    close(fd);
    if (!good)
        trusted_file_clear(file);
    return good ? FILE_READ : FILE_BAD;
}

void trusted_file_clear(struct trusted_file *file)
{
    if (file->text != NULL)
        wipe(file->text, file->len);
    free(file->text);
    *file = (struct trusted_file){0};
}

static bool is_same_state(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

enum trusted_copy_state trusted_copy_look(const struct trusted_copy *copy, const char *path,
                                          struct stat *now)
{
    if (stat(path, now) != 0)
        *now = (struct stat){0};
    if (!is_same_state(now, &copy->seen))
        return COPY_STALE;
    return copy->settled ? COPY_CURRENT : COPY_DOUBTFUL;
}

enum trusted_file_result trusted_copy_read(struct trusted_copy *copy, const char *path,
                                           const struct stat *now, mode_t forbidden, size_t max,
                                           const struct errbuf *p)
{
    enum trusted_file_result result;

    trusted_file_clear(&copy->file);
    result = trusted_file_read(&copy->file, path, forbidden, max, p);
    copy->seen = *now;
    copy->settled = result == FILE_READ && now->st_nlink > 0 &&
                    time(NULL) - now->st_ctim.tv_sec > SETTLED_AFTER_S;
    return result;
}
