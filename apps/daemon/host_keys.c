#include "apps/daemon/host_keys.h"

#include "apps/daemon/log.h"
#include "apps/files/key_file.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct host_key {
    struct nacre_key *key;
    struct stat seen; /* the file's state before it was read */
    _Atomic unsigned users;
    char file[]; /* its name */
};

static void log_host_key(const struct host_key *held)
{
    char fingerprint[NACRE_FINGERPRINT_MAX];
    struct log_line l;

    nacre_key_fingerprint(held->key, fingerprint);
    log_begin(&l, LOG_INFO, "hostkey");
    log_text(&l, "type", nacre_key_type(held->key));
    log_text(&l, "fingerprint", fingerprint);
    log_text(&l, "file", held->file);
    log_end(&l);
}

/* ---- reading ---- */

/* A key file that is read as the user that the server is going to become. */
struct key_reading {
    const char *file;
    struct nacre_key *key;
};

static bool read_as_user(void *context)
{
    struct key_reading *reading = context;

    reading->key = nacre_key_read(reading->file, NULL, 0);
    return true;
}

/* A key of root's that the group of --user may read is refused to root, whose group may not read
 * it, and accepted as that user. The sentence is about root's attempt. */
static struct nacre_key *read_key(const struct host_key_reading *how, const char *file,
                                  const struct errbuf *p)
{
    struct key_reading reading = {file, how->make ? nacre_key_read_or_make(file, p->text, p->size)
                                                  : nacre_key_read(file, p->text, p->size)};
    struct stat status;

    if (reading.key == NULL && how->confinement->changes_user && stat(file, &status) == 0 &&
        status.st_uid == 0)
        (void)confine_try(how->confinement, read_as_user, &reading, p->text, p->size);
    return reading.key;
}

static struct host_key *hold(struct nacre_key *key, const char *file, const struct stat *seen)
{
    size_t size = strlen(file) + 1;
    struct host_key *held = calloc(1, sizeof *held + size);

    if (held == NULL)
        return NULL;
    memcpy(held->file, file, size);
    held->key = key;
    held->seen = *seen;
    held->users = 1;
    return held;
}

static struct host_key *read_new(const struct host_key_reading *how, const char *file,
                                 const struct stat *seen, const struct errbuf *p)
{
    struct nacre_key *key = read_key(how, file, p);
    struct host_key *held;

    if (key == NULL)
        return NULL;
    held = hold(key, file, seen);
    if (held == NULL) {
        nacre_key_free(key);
        errbuf_say(p, "out of memory");
    } else if (!how->quiet) {
        log_host_key(held);
    }
    return held;
}

/* ---- keeping ---- */

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* The key of that file, if the file is as it was, or in a folder that the server may no longer
 * enter. */
static struct host_key *find_unchanged(const struct host_keys *before, const char *file,
                                       const struct stat *now, bool unseen)
{
    for (size_t i = 0; before != NULL && i < before->count; i++)
        if (strcmp(before->held[i]->file, file) == 0 &&
            (unseen || is_same(&before->held[i]->seen, now)))
            return before->held[i];
    return NULL;
}

bool host_keys_add(struct host_keys *keys, const struct host_key_reading *how, const char *file,
                   const struct errbuf *p)
{
    struct stat now = {0};
    bool unseen = stat(file, &now) != 0 && errno == EACCES;
    struct host_key *held = find_unchanged(how->before, file, &now, unseen);

    if (held != NULL)
        (void)atomic_fetch_add(&held->users, 1);
    else
        held = read_new(how, file, &now, p);
    if (held == NULL)
        return false;
    keys->held[keys->count] = held;
    keys->keys[keys->count++] = held->key;
    return true;
}

void host_keys_clear(struct host_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (atomic_fetch_sub(&keys->held[i]->users, 1) == 1) {
            nacre_key_free(keys->held[i]->key);
            free(keys->held[i]);
        }
    *keys = (struct host_keys){.count = 0};
}
