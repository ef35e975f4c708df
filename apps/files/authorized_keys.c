#include "apps/files/authorized_keys.h"

#include "apps/files/authorized_line.h"
#include "apps/files/trusted_file.h"

#include <limits.h>
#include <stdio.h>
#include <pthread.h>
#include <stdlib.h>

#define FILE_MAX (1u << 20) /* bytes */

struct nacre_authorized_keys {
    pthread_rwlock_t lock;    /* for the copy */
    struct trusted_copy copy; /* of the file that is the same for all users */
    char pattern[];
};

/* One question. */
struct look {
    const char *name; /* of the file */
    bool per_user;    /* its name depends on the user */
    const struct nacre_key_login *login;
    const struct errbuf *errbuf;
};

/* Fit to be a part of a file's name, and to be shown in a log? */
static bool is_plain_name(const char *user)
{
    if (user[0] == '\0' || user[0] == '-' || strcmp(user, ".") == 0 || strcmp(user, "..") == 0)
        return false;
    for (const uint8_t *c = (const uint8_t *)user; *c != '\0'; c++)
        if (*c < 0x20 || *c == 0x7f || *c == '/')
            return false;
    return true;
}

/* Append; false when there is no room for it and a NUL. */
static bool add(char out[PATH_MAX], size_t *len, struct bytes text)
{
    if (text.len >= PATH_MAX - *len)
        return false;
    memcpy(out + *len, text.at, text.len);
    *len += text.len;
    out[*len] = '\0';
    return true;
}

/* The file's name: the pattern with the user in it. *per_user: there was a %u. */
static bool expand(char out[PATH_MAX], const char *pattern, const char *user, bool *per_user,
                   const struct errbuf *p)
{
    size_t len = 0;
    bool fits = add(out, &len, bytes_of(""));

    *per_user = false;
    for (const char *c = pattern; *c != '\0' && fits; c++) {
        if (*c != '%') {
            fits = add(out, &len, (struct bytes){(const uint8_t *)c, 1});
        } else if (*++c == '%') {
            fits = add(out, &len, bytes_of("%"));
        } else if (*c == 'u') {
            fits = add(out, &len, bytes_of(user));
            *per_user = true;
        } else {
            return errbuf_say(p, "%s: what follows a %% must be u, for the user, or another %%",
                              pattern);
        }
    }
    return fits || errbuf_say(p, "%s: is too long for the name of a file", pattern);
}

/* One more problem of a file, on a line of its own. Behind the first only what fits whole. */
static void note(const char *file, unsigned line, const char *what, const struct errbuf *p)
{
    size_t used = p->size > 0 ? strlen(p->text) : 0;
    int len = snprintf(NULL, 0, "\n%s:%u: %s", file, line, what);

    if (used > 0 && (size_t)len < p->size - used) {
        p->text[used++] = '\n';
        errbuf_say(&(struct errbuf){p->text + used, p->size - used}, "%s:%u: %s", file, line, what);
    } else if (used == 0) {
        errbuf_say(p, "%s:%u: %s", file, line, what);
    }
}

/* Does a line of the text grant it? Looks at all of them in any case; the first that does counts.
 */
static bool any_line_grants(struct bytes text, const struct nacre_key_login *login,
                            struct nacre_key_grant *grant, const char *file, const struct errbuf *p)
{
    struct authorized_line line;
    bool granted = false;

    for (unsigned number = 1; authorized_line_next(&text, &line); number++) {
        struct nacre_key_grant found;
        char what[256];
        enum authorized_line_result result =
            authorized_line_match(&line, login, &found, what, sizeof what);

        if (result == LINE_IS_BAD)
            note(file, number, what, p);
        if (result == LINE_GRANTS && !granted) {
            granted = true;
            *grant = found;
        } else {
            nacre_key_grant_clear(&found);
        }
    }
    return granted;
}

/* What the file says, whether it was read now or before. */
static bool judge(enum trusted_file_result result, const struct trusted_file *file,
                  const struct look *look, struct nacre_key_grant *grant)
{
    if (result == FILE_READ)
        return any_line_grants((struct bytes){(const uint8_t *)file->text, file->len}, look->login,
                               grant, look->name, look->errbuf);
    if (result == FILE_MISSING && !look->per_user)
        errbuf_say(look->errbuf,
                   "%s: there is no such file, so nobody logs in with a key; write one with the "
                   "public keys that may, as OpenSSH's authorized_keys",
                   look->name);
    return false;
}

/* Each user has a file: read it and look. */
static bool look_in_users(const struct look *look, struct nacre_key_grant *grant)
{
    struct trusted_file file;
    enum trusted_file_result result =
        trusted_file_read(&file, look->name, OTHERS_MAY_READ, FILE_MAX, look->errbuf);
    bool granted = judge(result, &file, look, grant);

    trusted_file_clear(&file);
    return granted;
}

/* There is one file: look in the copy of it. Logins do not wait for each other unless it must be
 * read anew. */
static bool look_in_shared(struct nacre_authorized_keys *keys, const struct look *look,
                           struct nacre_key_grant *grant)
{
    const struct trusted_file *file = &keys->copy.file;
    struct stat now;
    bool current, granted = false;

    pthread_rwlock_rdlock(&keys->lock);
    current = trusted_copy_look(&keys->copy, look->name, &now) == COPY_CURRENT;
    if (current)
        granted = judge(FILE_READ, file, look, grant);
    pthread_rwlock_unlock(&keys->lock);
    if (current)
        return granted;
    pthread_rwlock_wrlock(&keys->lock);
    granted = judge(
        trusted_copy_read(&keys->copy, look->name, &now, OTHERS_MAY_READ, FILE_MAX, look->errbuf),
        file, look, grant);
    pthread_rwlock_unlock(&keys->lock);
    return granted;
}

struct nacre_authorized_keys *nacre_authorized_keys_open(const char *pattern)
{
    struct nacre_authorized_keys *keys = calloc(1, sizeof *keys + strlen(pattern) + 1);

    if (keys == NULL)
        return NULL;
    memcpy(keys->pattern, pattern, strlen(pattern) + 1);
    pthread_rwlock_init(&keys->lock, NULL);
    return keys;
}

void nacre_authorized_keys_close(struct nacre_authorized_keys *keys)
{
    if (keys == NULL)
        return;
    trusted_file_clear(&keys->copy.file);
    pthread_rwlock_destroy(&keys->lock);
    free(keys);
}

bool nacre_authorized_key(struct nacre_authorized_keys *keys, const struct nacre_key_login *login,
                          struct nacre_key_grant *grant, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    char name[PATH_MAX];
    struct look look = {.name = name, .login = login, .errbuf = &p};

    *grant = (struct nacre_key_grant){0};
    if (!is_plain_name(login->user) ||
        !expand(name, keys->pattern, login->user, &look.per_user, &p))
        return false;
    return look.per_user ? look_in_users(&look, grant) : look_in_shared(keys, &look, grant);
}
