#include "apps/files/trusted_file.h"

#include "apps/files/private_group.h"
#include "apps/files/trusted_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SETTLED_AFTER_S 2 /* coarser than the time stamps of every known file system */
#define READ_AGAIN_MS 100 /* a doubtful copy: not for each of many logins */

bool trusted_group_is_ours(gid_t group)
{
    gid_t *ours = NULL;
    int count = getgroups(0, NULL);
    bool found = group == getegid();

    if (!found && count > 0)
        ours = calloc((size_t)count, sizeof *ours);
    if (ours != NULL)
        count = getgroups(count, ours);
    for (int i = 0; ours != NULL && i < count && !found; i++)
        found = ours[i] == group;
    free(ours);
    return found;
}

/* May its group read a secret of root's? The group is root's or one of ours, so that it is given to
 * the server by its group, as Kubernetes does, or by an access control list, as systemd does: the
 * mode shows what the list allows at most. */
static mode_t group_may_read(const struct stat *status)
{
    bool may = status->st_uid == 0 && (status->st_mode & 077) == 040 &&
               (status->st_gid == 0 || trusted_group_is_ours(status->st_gid));

    return may ? 040 : 0;
}

static bool check_owner_and_mode(const struct stat *status, int fd, const char *path,
                                 mode_t forbidden, const struct errbuf *p)
{
    unsigned mode = status->st_mode & 07777;

    if (forbidden == OTHERS_MAY_READ && (mode & 020) && private_group_has(status, fd, path))
        forbidden &= (mode_t)~020;

    if (!S_ISREG(status->st_mode))
        return errbuf_say(p, "%s: not a regular file", path);
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return errbuf_say(p,
                          "%s: owned by user id %lu, who could change it at any time; it must be "
                          "owned by the user who runs this program, or by root",
                          path, (unsigned long)status->st_uid);
    if (mode & forbidden & 022)
        return errbuf_say(p, "%s: writable by others (mode %03o); fix it with: chmod %s %s", path,
                          mode, forbidden & 044 ? "600" : "go-w", path);
    if (mode & forbidden & ~group_may_read(status))
        return errbuf_say(p, "%s: readable by others (mode %03o); fix it with: chmod 600 %s", path,
                          mode, path);
    return true;
}

/* Read the whole file into file->text, which has `size` bytes: one more than the file had. */
static bool read_all(struct trusted_file *file, int fd, size_t size, const char *path,
                     const struct errbuf *p)
{
    while (file->len < size) {
        ssize_t n = read(fd, file->text + file->len, size - file->len);

        if (n == 0) {
            file->text[file->len] = '\0';
            return true;
        }
        if (n < 0 && errno != EINTR)
            return errbuf_say(p, "%s: cannot be read: %s", path, strerror(errno));
        if (n > 0)
            file->len += (size_t)n;
    }
    return errbuf_say(p, "%s: grew while being read; try again when it is complete", path);
}

static enum trusted_file_result read_open(struct trusted_file *file, int fd, const char *path,
                                          mode_t forbidden, size_t max, const struct errbuf *p)
{
    struct stat status;
    size_t size;

    if (fstat(fd, &status) != 0) {
        errbuf_say(p, "%s: cannot be read: %s", path, strerror(errno));
        return FILE_BAD;
    }
    if (!check_owner_and_mode(&status, fd, path, forbidden, p) ||
        (forbidden == OTHERS_MAY_READ && !trusted_folder_check(path, p)))
        return FILE_BAD;
    if ((uintmax_t)status.st_size > max) {
        errbuf_say(p, "%s: too large: more than %zu bytes", path, max);
        return FILE_BAD;
    }
    size = (size_t)status.st_size + 1;
    file->text = malloc(size);
    if (file->text == NULL) {
        errbuf_say(p, "%s: out of memory", path);
        return FILE_UNREAD;
    }
    if (read_all(file, fd, size, path, p))
        return FILE_READ;
    wipe(file->text, size);
    return FILE_BAD;
}

/* Does the system lack something that it may have at the next attempt? */
static bool is_shortage(int failure)
{
    return failure == ENOMEM || failure == EMFILE || failure == ENFILE;
}

static enum trusted_file_result cannot_open(const char *path, const struct errbuf *p)
{
    int failure = errno;
    struct stat status;

    if (is_shortage(failure)) {
        errbuf_say(p, "%s: cannot be opened: %s", path, strerror(failure));
        return FILE_UNREAD;
    }
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        errbuf_say(p, "%s: not a regular file", path);
    else
        errbuf_say(p, "%s: cannot be opened: %s%s", path, strerror(failure),
                   failure != EACCES ? ""
                                     : "; the user who runs this program must be able to read it; "
                                       "a sandbox allows only the folders in event=confined");
    return FILE_BAD;
}

enum trusted_file_result trusted_file_read(struct trusted_file *file, const char *path,
                                           mode_t forbidden, size_t max, const struct errbuf *p)
{
    /* Non-blocking, because it may be a pipe. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    enum trusted_file_result result;

    *file = (struct trusted_file){0};
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return FILE_MISSING;
    if (fd < 0)
        return cannot_open(path, p);
    result = read_open(file, fd, path, forbidden, max, p);
    close(fd);
    if (result != FILE_READ)
        trusted_file_clear(file);
    return result;
}

void trusted_file_clear(struct trusted_file *file)
{
    if (file->text != NULL)
        wipe(file->text, file->len);
    free(file->text);
    *file = (struct trusted_file){0};
}

bool trusted_same_state(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static uint64_t clock_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum trusted_copy_state trusted_copy_look(const struct trusted_copy *copy, const char *path,
                                          struct stat *now)
{
    if (stat(path, now) != 0)
        *now = (struct stat){0};
    if (!trusted_same_state(now, &copy->seen))
        return COPY_STALE;
    if (copy->settled || (copy->read_ms != 0 && clock_ms() - copy->read_ms < READ_AGAIN_MS))
        return COPY_CURRENT;
    return COPY_DOUBTFUL;
}

void trusted_copy_forget(struct trusted_copy *copy)
{
    trusted_file_clear(&copy->file);
    *copy = (struct trusted_copy){.changed = true};
}

static bool is_same_text(const struct trusted_file *a, const struct trusted_file *b)
{
    return a->text != NULL && b->text != NULL && a->len == b->len &&
           memcmp(a->text, b->text, a->len) == 0;
}

enum trusted_file_result trusted_copy_read(struct trusted_copy *copy, const char *path,
                                           const struct stat *now, mode_t forbidden, size_t max,
                                           const struct errbuf *p)
{
    struct trusted_file read, *old;
    enum trusted_file_result result = trusted_file_read(&read, path, forbidden, max, p);

    copy->changed = !is_same_text(&copy->file, &read);
    old = copy->changed ? &copy->file : &read;
    trusted_file_clear(old);
    if (copy->changed)
        copy->file = read;
    copy->seen = *now;
    copy->read_ms = result == FILE_READ ? clock_ms() : 0;
    copy->settled = result == FILE_READ && now->st_nlink > 0 &&
                    time(NULL) - now->st_ctim.tv_sec > SETTLED_AFTER_S;
    if (result == FILE_UNREAD)
        trusted_copy_forget(copy); /* the next attempt may succeed */
    return result;
}
