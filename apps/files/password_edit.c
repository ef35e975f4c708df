#include "apps/files/password_edit.h"

#include "apps/files/line.h"
#include "apps/files/password_entry.h"
#include "apps/files/trusted_file.h"
#include "apps/files/write_all.h"
#include "auth/policy.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (16u << 20) /* bytes */

/* One edit in progress. */
struct edit {
    const char *user;
    char hash[PASSWORD_HASH_MAX]; /* "" to delete */
    char path[PATH_MAX];          /* with all symbolic links resolved */
    char temporary[PATH_MAX];
    int folder; /* locked; -1 before it is open */
    struct trusted_file old;
    uint8_t *text; /* the new file */
    size_t len, cap;
    bool found;  /* the user was in the old file */
    bool placed; /* the new line is in the text */
    struct errbuf errbuf;
};

bool nacre_password_user_is_good(const char *user, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);

    if (user[0] == 0)
        return errbuf_say(&p, "the user name is empty");
    if (strlen(user) > NACRE_USER_MAX)
        return errbuf_say(&p, "the user name is longer than %d bytes", NACRE_USER_MAX);
    for (const uint8_t *c = (const uint8_t *)user; *c != 0; c++) {
        if (*c == ':')
            return errbuf_say(&p, "a user name cannot contain ':', which ends it in the file");
        if (*c < 0x20 || *c == 0x7f)
            return errbuf_say(&p,
                              "a user name cannot contain a newline or another control character");
    }
    return true;
}

/* ---- the new text ---- */

static void put(struct edit *e, const void *data, size_t len)
{
    if (len == 0)
        return;
    memcpy(e->text + e->len, data, len);
    e->len += len;
}

static void put_entry(struct edit *e)
{
    put(e, e->user, strlen(e->user));
    put(e, ":", 1);
    put(e, e->hash, strlen(e->hash));
    put(e, "\n", 1);
}

/* Is this line an entry of the user, as readers of the file see it? */
static bool is_users(const struct edit *e, struct bytes line)
{
    struct password_entry entry = {0};
    bool is_theirs = password_entry_next(&line, &entry) && bytes_are(entry.user, e->user);

    wipe(&entry, sizeof entry);
    return is_theirs;
}

/* Put the new line here, unless there is none or it is already in the text. */
static void place_entry(struct edit *e)
{
    if (!e->placed && e->hash[0] != 0)
        put_entry(e);
    e->placed = true;
}

/* Keep the lines of other users, and put the user's new line in place of the old ones, or at the
 * end. It goes before a last line that has no end: ending that line would make a plain password
 * count that may be incomplete. */
static void compose(struct edit *e)
{
    struct bytes rest = trusted_file_text(&e->old);

    while (rest.len > 0) {
        struct bytes line = rest;

        (void)line_next(&rest);
        line.len -= rest.len; /* with its LF */
        if (is_users(e, line)) {
            e->found = true;
            place_entry(e);
            continue;
        }
        if (line.at[line.len - 1] != '\n')
            place_entry(e);
        put(e, line.at, line.len);
    }
    place_entry(e);
}

static bool read_old(struct edit *e)
{
    switch (trusted_file_read(&e->old, e->path, OTHERS_MAY_READ, FILE_MAX, &e->errbuf)) {
    case FILE_READ:
        break;
    case FILE_MISSING:
        if (e->hash[0] == 0)
            return errbuf_say(&e->errbuf, "%s: no such file, so no user to delete", e->path);
        break;
    case FILE_BAD:
        return false;
    }
    e->cap = e->old.len + strlen(e->user) + PASSWORD_HASH_MAX + 2;
    e->text = malloc(e->cap);
    if (e->text == NULL)
        return errbuf_say(&e->errbuf, "%s: out of memory", e->path);
    compose(e);
    return e->found || e->hash[0] != 0 ||
           errbuf_say(&e->errbuf, "%s: no user %s", e->path, e->user);
}

/* ---- the file ---- */

/* Other users cannot read the new file. But if the old one has mode 0640, which lets a server in
 * its group read it, the mode and the group are kept. */
static bool take_over_access(const struct edit *e, int fd)
{
    struct stat old;
    bool shared = stat(e->path, &old) == 0 && (old.st_mode & 0777) == 0640 &&
                  fchown(fd, (uid_t)-1, old.st_gid) == 0;

    return fchmod(fd, shared ? 0640 : 0600) == 0;
}

/* Write the new file beside the old one, flush it to the disk and rename it. */
static bool replace(struct edit *e)
{
    int fd = mkostemp(e->temporary, O_CLOEXEC); /* mode 0600 or less, by the umask */
    bool good;

    if (fd < 0)
        return errbuf_say(&e->errbuf, "%s: cannot be created: %s", e->temporary, strerror(errno));
    good =
        take_over_access(e, fd) && write_all(fd, (struct bytes){e->text, e->len}) && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    if (!good || rename(e->temporary, e->path) != 0) {
        errbuf_say(&e->errbuf, "%s: cannot be written: %s", e->path, strerror(errno));
        (void)unlink(e->temporary);
        return false;
    }
    (void)fsync(e->folder); /* not supported, and not needed, on some file systems */
    return true;
}

/* Find the file's real name, lock its folder, and choose a temporary name in it. */
static bool find(struct edit *e, const char *path)
{
    char folder[PATH_MAX];
    char *slash;

    if (realpath(path, e->path) == NULL) {
        struct stat link;

        if (errno != ENOENT || strlen(path) >= sizeof e->path || lstat(path, &link) == 0)
            return errbuf_say(&e->errbuf, "%s: cannot be opened: %s", path, strerror(errno));
        memcpy(e->path, path, strlen(path) + 1);
    }
    if ((size_t)snprintf(e->temporary, sizeof e->temporary, "%s.XXXXXX", e->path) >=
        sizeof e->temporary)
        return errbuf_say(&e->errbuf, "%s: file name too long", path);
    memcpy(folder, e->path, strlen(e->path) + 1);
    slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder] = 0;
    e->folder = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (e->folder < 0)
        return errbuf_say(&e->errbuf, "%s: its folder cannot be opened: %s", path, strerror(errno));
    while (flock(e->folder, LOCK_EX) != 0)
        if (errno != EINTR)
            return errbuf_say(&e->errbuf, "%s: its folder cannot be locked: %s", path,
                              strerror(errno));
    return true;
}

static bool hash(struct edit *e, const char *password)
{
    if (password == NULL)
        return true;
    if (password[0] == 0)
        return errbuf_say(&e->errbuf, "the password is empty");
    if (strlen(password) > NACRE_PASSWORD_MAX)
        return errbuf_say(&e->errbuf, "the password is longer than %d bytes", NACRE_PASSWORD_MAX);
    return (crypto_init() && password_hash_create(e->hash, bytes_of(password))) ||
           errbuf_say(&e->errbuf, "out of memory while hashing the password");
}

static void clear(struct edit *e)
{
    if (e->text != NULL)
        wipe(e->text, e->len);
    free(e->text);
    trusted_file_clear(&e->old);
    if (e->folder >= 0)
        (void)close(e->folder); /* this unlocks it */
}

enum nacre_password_edit nacre_password_file_edit(const char *path, const char *user,
                                                  const char *password, char *errbuf, size_t size)
{
    struct edit e = {.user = user, .folder = -1, .errbuf = errbuf_in(errbuf, size)};
    bool good = nacre_password_user_is_good(user, errbuf, size) && hash(&e, password) &&
                find(&e, path) && read_old(&e) && replace(&e);

    clear(&e);
    if (!good)
        return NACRE_PASSWORD_FAILED;
    if (password == NULL)
        return NACRE_PASSWORD_DELETED;
    return e.found ? NACRE_PASSWORD_CHANGED : NACRE_PASSWORD_ADDED;
}
