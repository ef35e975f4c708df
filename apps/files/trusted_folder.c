#include "apps/files/trusted_folder.h"

#include "apps/files/private_group.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* as in the kernel */

/* The way to a file. */
struct walk {
    const char *path;        /* for sentences */
    char here[PATH_MAX];     /* where we are, without symbolic links; "" is the root */
    char rest[2 * PATH_MAX]; /* what is left to walk */
    unsigned links;          /* followed so far */
    bool is_shared;          /* others can create files here, but not rename those of other users */
    bool has_group;          /* this process's group is its user's alone */
    const struct errbuf *p;
};

enum step { STEP_DONE, STEP_MORE, STEP_BAD };

static bool is_trusted_owner(const struct stat *status)
{
    return status->st_uid == 0 || status->st_uid == geteuid();
}

static bool cannot_check(const struct walk *w, const char *where)
{
    return errbuf_say(w->p,
                      "%s: not used, because %s cannot be checked: %s; the user who runs this "
                      "program must be able to reach every folder on the way to the file",
                      w->path, where, strerror(errno));
}

/* May files be looked up in the folder where we are? */
static bool check_here(struct walk *w)
{
    const char *folder = w->here[0] != '\0' ? w->here : "/";
    struct stat status;
    unsigned mode;

    if (lstat(folder, &status) != 0)
        return cannot_check(w, folder);
    mode = status.st_mode & 07777;
    if (!is_trusted_owner(&status))
        return errbuf_say(w->p,
                          "%s: not used, because the folder %s is owned by user id %lu, who could "
                          "replace the file at any time; it must belong to the user who runs this "
                          "program, or to root",
                          w->path, folder, (unsigned long)status.st_uid);
    w->is_shared = (mode & 002) != 0 ||
                   ((mode & 020) != 0 && !(w->has_group && private_group_has(&status, -1, folder)));
    if (w->is_shared && ((mode & S_ISVTX) == 0 || status.st_uid != 0))
        return errbuf_say(w->p,
                          "%s: not used, because others can write to the folder %s (mode %03o) and "
                          "replace the file; fix it with: chmod go-w %s",
                          w->path, folder, mode, folder);
    return true;
}

/* Cut the next name off the front of the rest. Returns its length; 0: there is none. */
static size_t next_name(struct walk *w, char name[NAME_MAX + 1])
{
    size_t start = strspn(w->rest, "/");
    size_t len = strcspn(w->rest + start, "/");

    if (len == 0 || len > NAME_MAX)
        return len;
    memcpy(name, w->rest + start, len);
    name[len] = '\0';
    memmove(w->rest, w->rest + start + len, strlen(w->rest + start + len) + 1);
    return len;
}

static void go_up(struct walk *w)
{
    char *slash = strrchr(w->here, '/');

    if (slash != NULL)
        *slash = '\0';
}

/* The name where we are is a symbolic link: walk on from there to its target. */
static bool follow(struct walk *w)
{
    char target[PATH_MAX], rest[sizeof w->rest];
    ssize_t len = readlink(w->here, target, sizeof target - 1);
    int total;

    if (len < 0 || ++w->links > LINKS_MAX) {
        errno = len < 0 ? errno : ELOOP;
        return cannot_check(w, w->here);
    }
    target[len] = '\0';
    total = snprintf(rest, sizeof rest, "%s/%s", target, w->rest);
    if (total < 0 || (size_t)total >= sizeof rest) {
        errno = ENAMETOOLONG;
        return cannot_check(w, w->here);
    }
    memcpy(w->rest, rest, (size_t)total + 1);
    if (target[0] == '/')
        w->here[0] = '\0';
    else
        go_up(w);
    return true;
}

static enum step too_long(const struct walk *w)
{
    errno = ENAMETOOLONG;
    (void)cannot_check(w, w->path);
    return STEP_BAD;
}

/* Go to a name in the folder where we are. */
static enum step enter(struct walk *w, const char *name)
{
    size_t len = strlen(w->here);
    struct stat status;

    if (strlen(name) + 2 > sizeof w->here - len)
        return too_long(w);
    (void)snprintf(w->here + len, sizeof w->here - len, "/%s", name);
    if (lstat(w->here, &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return STEP_DONE;
        (void)cannot_check(w, w->here);
        return STEP_BAD;
    }
    if (w->is_shared && !is_trusted_owner(&status)) {
        errbuf_say(w->p,
                   "%s: not used, because %s is owned by user id %lu and is in a folder that "
                   "others can write to; it must belong to the user who runs this program, or to "
                   "root",
                   w->path, w->here, (unsigned long)status.st_uid);
        return STEP_BAD;
    }
    if (S_ISLNK(status.st_mode))
        return follow(w) ? STEP_MORE : STEP_BAD;
    return S_ISDIR(status.st_mode) ? STEP_MORE : STEP_DONE;
}

static enum step step(struct walk *w)
{
    char name[NAME_MAX + 1];
    size_t len = next_name(w, name);

    if (len == 0)
        return STEP_DONE;
    if (len > NAME_MAX)
        return too_long(w);
    if (strcmp(name, ".") == 0)
        return STEP_MORE;
    if (strcmp(name, "..") == 0) {
        go_up(w);
        return STEP_MORE;
    }
    return check_here(w) ? enter(w, name) : STEP_BAD;
}

/* A relative path begins in the working folder. */
static bool begin(struct walk *w)
{
    char folder[PATH_MAX] = "";
    int len;

    if (w->path[0] != '/' && getcwd(folder, sizeof folder) == NULL)
        return cannot_check(w, "the working folder");
    len = snprintf(w->rest, sizeof w->rest, "%s/%s", folder, w->path);
    return (len >= 0 && (size_t)len < sizeof w->rest) ||
           errbuf_say(w->p, "file name too long: %s", w->path);
}

bool trusted_folder_check(const char *path, const struct errbuf *p)
{
    struct walk w = {.path = path, .has_group = private_group_is_ours(), .p = p};
    enum step result = begin(&w) ? STEP_MORE : STEP_BAD;

    while (result == STEP_MORE)
        result = step(&w);
    return result == STEP_DONE;
}
