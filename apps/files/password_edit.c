#include "apps/files/password_edit.h"

#include "apps/files/edit_lock.h"
#include "apps/files/line.h"
#include "apps/files/new_file.h"
#include "apps/files/password_entry.h"
#include "apps/files/trusted_file.h"
#include "apps/files/trusted_folder.h"
#include "auth/policy.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FILE_MAX (16u << 20)  /* bytes */
#define ACCESS_LIST_MAX 65536 /* bytes: as long as an attribute can be */

static const char access_list[] = "system.posix_acl_access"; /* acl(5) */

/* One edit in progress. */
struct edit {
    const char *user;
    char hash[PASSWORD_HASH_MAX]; /* "" to delete */
    char path[PATH_MAX];          /* with all symbolic links resolved */
    struct edit_lock lock;
    struct trusted_copy old; /* the file as it was; without text: there was none */
    struct new_file new;
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
    struct bytes rest = trusted_file_text(&e->old.file);

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
    struct stat now;

    (void)trusted_copy_look(&e->old, e->path, &now);
    switch (trusted_copy_read(&e->old, e->path, &now, OTHERS_MAY_READ, FILE_MAX, &e->errbuf)) {
    case FILE_READ:
        break;
    case FILE_MISSING:
        if (e->hash[0] == 0)
            return errbuf_say(&e->errbuf, "%s: no such file, so no user to delete", e->path);
        if (!trusted_folder_check(e->path, &e->errbuf))
            return false;
        break;
    case FILE_BAD:
    case FILE_UNREAD:
        return false;
    }
    e->cap = e->old.file.len + strlen(e->user) + PASSWORD_HASH_MAX + 2;
    e->text = malloc(e->cap);
    if (e->text == NULL)
        return errbuf_say(&e->errbuf, "%s: out of memory", e->path);
    compose(e);
    return e->found || e->hash[0] != 0 ||
           errbuf_say(&e->errbuf, "%s: no user %s", e->path, e->user);
}

/* ---- the file ---- */

/* Give the new file the access control list of the old one, or none: it may have been created with
 * the default list of its folder. */
static bool copy_access_list(const struct edit *e)
{
    char list[ACCESS_LIST_MAX];
    ssize_t len = e->old.file.text == NULL ? -1 : getxattr(e->path, access_list, list, sizeof list);

    if (len >= 0)
        return fsetxattr(e->new.fd, access_list, list, (size_t)len, 0) == 0;
    if (e->old.file.text != NULL && errno == ERANGE)
        return false;
    (void)fremovexattr(e->new.fd, access_list);
    return true;
}

/* Keep who can read and write the file: a server that runs as another user must still be able to
 * read it, and nobody else. */
static bool keep_access(const struct edit *e)
{
    const struct stat *old = &e->old.seen;
    struct stat new;
    bool good = fstat(e->new.fd, &new) == 0;

    if (good && e->old.file.text != NULL &&
        (new.st_uid != old->st_uid || new.st_gid != old->st_gid))
        good = fchown(e->new.fd, old->st_uid, old->st_gid) == 0;
    good = good && copy_access_list(e);
    return good || errbuf_say(&e->errbuf,
                              "%s: not changed, because the new file cannot have its owner, group "
                              "(%lu:%lu) and access control list: %s; run this as root",
                              e->path, (unsigned long)old->st_uid, (unsigned long)old->st_gid,
                              strerror(errno));
}

static bool cannot_write(const struct edit *e)
{
    if (errno == EBUSY)
        return errbuf_say(&e->errbuf,
                          "%s: not changed, because it is a mount point and cannot be replaced; "
                          "edit the file that is mounted there, or mount its folder instead",
                          e->path);
    return errbuf_say(&e->errbuf, "%s: cannot be written: %s", e->path, strerror(errno));
}

/* Write the new file beside the old one, and replace it. */
static bool replace(struct edit *e)
{
    mode_t mode = e->old.file.text != NULL ? e->old.seen.st_mode & 07777 : 0600;
    struct stat now;

    if (!new_file_open(&e->new))
        return cannot_write(e);
    if (!keep_access(e))
        return false;
    if (!new_file_write(&e->new, (struct bytes){e->text, e->len}, mode))
        return cannot_write(e);
    if (trusted_copy_look(&e->old, e->path, &now) == COPY_STALE)
        return errbuf_say(&e->errbuf,
                          "%s: not changed, because another program has just changed "
                          "it; try again",
                          e->path);
    return new_file_replace(&e->new, e->path) || cannot_write(e);
}

/* Find the file's real name. */
static bool find(struct edit *e, const char *path)
{
    struct stat link;

    if (realpath(path, e->path) != NULL)
        return true;
    if (errno != ENOENT || strlen(path) >= sizeof e->path || lstat(path, &link) == 0)
        return errbuf_say(&e->errbuf, "%s: cannot be opened: %s", path, strerror(errno));
    memcpy(e->path, path, strlen(path) + 1);
    return true;
}

static bool edit_locked(struct edit *e)
{
    bool good;

    if (!edit_lock_name(e->new.temporary, e->path, ".nacre-new"))
        return errbuf_say(&e->errbuf, "%s: file name too long", e->path);
    if (!edit_lock_take(&e->lock, e->path, &e->errbuf))
        return false;
    (void)unlink(e->new.temporary); /* of a process that was killed, for the lock is ours */
    good = read_old(e) && replace(e);
    new_file_close(&e->new);
    edit_lock_release(&e->lock);
    return good;
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
    trusted_file_clear(&e->old.file);
}

enum nacre_password_edit nacre_password_file_edit(const char *path, const char *user,
                                                  const char *password, char *errbuf, size_t size)
{
    struct edit e = {.user = user, .new.fd = -1, .errbuf = errbuf_in(errbuf, size)};
    bool good = nacre_password_user_is_good(user, errbuf, size) && hash(&e, password) &&
                find(&e, path) && edit_locked(&e);

    clear(&e);
    if (!good)
        return NACRE_PASSWORD_FAILED;
    if (password == NULL)
        return NACRE_PASSWORD_DELETED;
    return e.found ? NACRE_PASSWORD_CHANGED : NACRE_PASSWORD_ADDED;
}
