#include "apps/files/authorized_keys.h"

#include "apps/files/authorized_line.h"
#include "apps/files/authorized_options.h"
#include "apps/files/leftover.h"
#include "apps/files/line_index.h"
#include "apps/files/reported.h"
#include "apps/files/trusted_file.h"
#include "apps/session/version.h"
#include "transport/growth.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (16u << 20) /* bytes: 190,000 Ed25519 keys */

enum {
    SENTENCE_MAX = PATH_MAX + 512, /* bytes */
    BAD_LINES_MAX = 128,           /* that are in the index: more than are reported */
};

struct nacre_authorized_keys {
    pthread_rwlock_t lock;    /* for the copy */
    struct trusted_copy copy; /* of a file for all users */
    struct line_index index; /* of that copy, by the key's blob; malformed lines have the name "" */
    struct reported reported;
    char pattern[];
};

/* One check. */
struct check {
    struct nacre_authorized_keys *keys;
    const char *file;
    struct stat state;              /* of the file, before it was read */
    bool per_user;                  /* the file's name depends on the user */
    const struct line_index *index; /* of its text; NULL: none */
    const struct nacre_key_login *login;
    const struct errbuf *errbuf;
    struct nacre_key_grant *grant;
};

/* Is the name safe as part of a file's name, and in a log? */
static bool is_plain_name(const char *user)
{
    if (user[0] == '\0' || user[0] == '-' || strcmp(user, ".") == 0 || strcmp(user, "..") == 0)
        return false;
    for (const uint8_t *c = (const uint8_t *)user; *c != '\0'; c++)
        if (*c < 0x20 || *c == 0x7f || *c == '/')
            return false;
    return true;
}

/* Append the text and a NUL; false when they do not fit. */
static bool add(char out[PATH_MAX], size_t *len, struct bytes text)
{
    if (text.len >= PATH_MAX - *len)
        return false;
    memcpy(out + *len, text.at, text.len);
    *len += text.len;
    out[*len] = '\0';
    return true;
}

/* Expand the pattern to the file's name. *per_user: it contains %u. */
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
            return errbuf_say(
                p, "%.1000s: %% must be followed by u, for the user, or by another %%", pattern);
        }
    }
    return fits || errbuf_say(p, "%.1000s: file name too long", pattern);
}

/* Append a sentence, if it fits; the first one may be cut. */
static void say(const struct errbuf *p, size_t used, const char *sentence)
{
    if (used > 0)
        p->text[used++] = '\n';
    errbuf_say(&(struct errbuf){p->text + used, p->size - used}, "%s", sentence);
}

/* Report a line, or the whole file when it is 0, unless that was done before. Reports that do not
 * fit follow in the next check. */
static void report(const struct check *check, unsigned line, const char *what)
{
    const struct errbuf *p = check->errbuf;
    size_t used = p->size > 0 ? strlen(p->text) : 0;
    char sentence[SENTENCE_MAX];

    if (line == 0)
        (void)snprintf(sentence, sizeof sentence, "%s", what);
    else
        (void)snprintf(sentence, sizeof sentence, "%s:%u: %s", check->file, line, what);
    if (p->size == 0 || (used > 0 && 1 + strlen(sentence) >= p->size - used))
        return;
    switch (reported_note(&check->keys->reported, check->file, &check->state, line)) {
    case REPORT_NOT:
        break;
    case REPORT_LIMIT:
        (void)snprintf(sentence, sizeof sentence,
                       "%s: more lines than these cannot be used; they are not reported",
                       check->file);
        say(p, used, sentence);
        break;
    case REPORT_THIS:
        say(p, used, sentence);
        break;
    }
}

/* Does this line grant the login? The first one that does decides; later ones are only checked. */
static bool line_grants(const struct check *check, const struct authorized_line *line,
                        unsigned number, bool granted)
{
    struct nacre_key_grant found;
    char what[256];
    struct errbuf p = errbuf_in(what, sizeof what);
    enum authorized_line_result result = authorized_line_match(line, check->login, &found, &p);

    if (result == LINE_BAD)
        report(check, number, what);
    if (result == LINE_GRANTS && !granted && !check->grant->undecided) {
        *check->grant = found;
        return true;
    }
    check->grant->undecided |= found.undecided && !granted; /* it may be the one that decides */
    key_grant_clear(&found);
    return granted;
}

/* All lines are read, so that malformed ones are reported. */
static bool any_line_grants(const struct check *check, struct bytes text)
{
    struct authorized_line line;
    bool granted = false;

    for (unsigned number = 1; authorized_line_next(&text, &line); number++)
        granted = line_grants(check, &line, number, granted);
    return granted;
}

/* The same for the lines with that name. */
static bool indexed_line_grants(const struct check *check, struct bytes text, struct bytes name)
{
    const struct indexed_line *at = line_index_find(check->index, name);
    bool granted = false;

    for (; at != NULL; at = line_index_next(check->index, at)) {
        struct bytes rest = bytes_from(text, at->offset);
        struct authorized_line line;

        if (authorized_line_next(&rest, &line))
            granted = line_grants(check, &line, at->number, granted);
    }
    return granted;
}

/* Malformed lines are reported; then those with the key decide. */
static bool text_grants(const struct check *check, struct bytes text)
{
    if (check->index == NULL || check->index->space == 0)
        return any_line_grants(check, text);
    (void)indexed_line_grants(check, text, bytes_of(""));
    return indexed_line_grants(check, text,
                               (struct bytes){check->login->key, check->login->key_len});
}

/* what: is wrong with a bad file. */
static bool decide(const struct check *check, enum trusted_file_result result,
                   const struct trusted_file *file, const char *what)
{
    char missing[SENTENCE_MAX];
    struct errbuf p = errbuf_in(missing, sizeof missing);

    if (result == FILE_READ)
        return text_grants(check, trusted_file_text(file));
    check->grant->undecided = result == FILE_UNREAD;
    if (result == FILE_BAD || result == FILE_UNREAD) {
        report(check, 0, what);
    } else if (!check->per_user) {
        errbuf_say(&p,
                   "%s: no such file, so nobody logs in with a key; create it with one public key "
                   "per line, as for OpenSSH's authorized_keys",
                   check->file);
        report(check, 0, missing);
    }
    return false;
}

/* Each user has a file, which is read each time. */
static bool check_users_file(struct check *check)
{
    char what[SENTENCE_MAX];
    struct errbuf p = errbuf_in(what, sizeof what);
    struct trusted_file file;
    enum trusted_file_result result;
    bool granted;

    if (stat(check->file, &check->state) != 0)
        check->state = (struct stat){0};
    reported_look(&check->keys->reported, check->file, &check->state);
    result = trusted_file_read(&file, check->file, OTHERS_MAY_READ, FILE_MAX, &p);
    granted = decide(check, result, &file, what);
    trusted_file_clear(&file);
    return granted;
}

/* Without memory for an index, all lines are read each time. */
static void make_index(struct nacre_authorized_keys *keys)
{
    const struct bytes text = trusted_file_text(&keys->copy.file);
    struct bytes rest = text;
    struct authorized_line line;
    unsigned bad = 0;

    if (!line_index_begin(&keys->index, text))
        return;
    for (uint32_t number = 1; rest.len > 0; number++) {
        uint32_t offset = (uint32_t)(rest.at - text.at);
        uint8_t blob[KEY_BLOB_MAX];
        struct bytes key;

        (void)authorized_line_next(&rest, &line);
        if (authorized_line_key(&line, blob, &key))
            line_index_add(&keys->index, key, offset, number);
        else if (line.fields[0].len > 0 && bad++ < BAD_LINES_MAX)
            line_index_add(&keys->index, bytes_of(""), offset, number);
    }
}

/* One file is for all users: check the copy. Logins wait for each other only while the file is read
 * again. */
static bool check_shared_file(struct nacre_authorized_keys *keys, struct check *check)
{
    const struct trusted_file *file = &keys->copy.file;
    char what[SENTENCE_MAX];
    struct errbuf p = errbuf_in(what, sizeof what);
    enum trusted_file_result result;
    bool current, granted = false;

    pthread_rwlock_rdlock(&keys->lock);
    current = trusted_copy_look(&keys->copy, check->file, &check->state) == COPY_CURRENT;
    if (current)
        granted = decide(check, FILE_READ, file, what);
    pthread_rwlock_unlock(&keys->lock);
    if (current)
        return granted;
    pthread_rwlock_wrlock(&keys->lock);
    reported_look(&keys->reported, check->file, &check->state);
    result =
        trusted_copy_read(&keys->copy, check->file, &check->state, OTHERS_MAY_READ, FILE_MAX, &p);
    if (keys->copy.changed)
        make_index(keys);
    granted = decide(check, result, file, what);
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
    pthread_mutex_init(&keys->reported.lock, NULL);
    return keys;
}

void nacre_authorized_keys_close(struct nacre_authorized_keys *keys)
{
    if (keys == NULL)
        return;
    trusted_file_clear(&keys->copy.file);
    line_index_clear(&keys->index);
    reported_clear(&keys->reported);
    pthread_mutex_destroy(&keys->reported.lock);
    pthread_rwlock_destroy(&keys->lock);
    free(keys);
}

static const struct growth key_login_growth = {sizeof(struct nacre_key_login), {{0}}};

static bool check_login(struct nacre_authorized_keys *keys, const struct nacre_key_login *given,
                        struct nacre_key_grant *grant, const struct errbuf *p)
{
    struct nacre_key_login complete, *login = &complete;
    char file[PATH_MAX], what[SENTENCE_MAX];
    struct errbuf q = errbuf_in(what, sizeof what);
    struct check check = {.keys = keys, .file = file, .login = login, .errbuf = p, .grant = grant};

    if (!version_check("struct nacre_key_login", given->version, p))
        return false;
    growth_copy(&key_login_growth, login, given, given->version);
    if (!is_plain_name(login->user))
        return false;
    if (!expand(file, keys->pattern, login->user, &check.per_user, &q)) {
        check.file = keys->pattern;
        report(&check, 0, what);
        return false;
    }
    if (check.per_user && leftover_name(login->user))
        return false;
    if (check.per_user)
        return check_users_file(&check);
    check.index = &keys->index;
    return check_shared_file(keys, &check);
}

/* What is granted when there is no memory for a grant. */
static const struct nacre_key_grant no_memory = {.undecided = true};

bool nacre_authorized_keys_check(struct nacre_authorized_keys *keys,
                                 const struct nacre_key_login *login,
                                 const struct nacre_key_grant **grant, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_key_grant *found = calloc(1, sizeof *found);
    bool granted = found != NULL && check_login(keys, login, found, &p);

    if (found == NULL)
        errbuf_say(&p, "out of memory");
    if (grant != NULL)
        *grant = found != NULL ? found : &no_memory;
    else
        nacre_key_grant_free(found);
    return granted;
}

void nacre_key_grant_free(const struct nacre_key_grant *grant)
{
    if (grant == NULL || grant == &no_memory)
        return;
    key_grant_clear((struct nacre_key_grant *)grant);
    free((struct nacre_key_grant *)grant);
}
