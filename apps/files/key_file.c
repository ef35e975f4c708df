#include "apps/files/key_file.h"

#include "apps/files/key_format.h"
#include "apps/files/key_object.h"
#include "apps/files/key_text.h"
#include "apps/files/new_file.h"
#include "apps/files/trusted_file.h"
#include "crypto/crypto.h"
#include "crypto/random.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PRIVATE_TEXT_MAX 1024 /* bytes of the file of an Ed25519 key */
#define COMMENT "nacre"

/* Read a file with a secret. */
static bool read_file(struct trusted_file *text, const char *file, const struct errbuf *p)
{
    switch (trusted_file_read(text, file, OTHERS_MAY_NOTHING, KEY_TEXT_MAX, p)) {
    case FILE_READ:
        return true;
    case FILE_MISSING:
        return errbuf_say(p,
                          "%s: no such file; create a key with: ssh-keygen -t ed25519 -N '' -f %s",
                          file, file);
    case FILE_BAD:
    case FILE_UNREAD:
        break;
    }
    return false;
}

struct nacre_key *nacre_key_read(const char *file, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_key *key = key_new();
    struct trusted_file text = {0};
    bool good;

    crypto_init(); /* reading works without it, but slower */
    if (key == NULL) {
        errbuf_say(&p, "%s: out of memory", file);
        return NULL;
    }
    good = read_file(&text, file, &p) &&
           key_parse(key, trusted_file_text(&text), NULL, file, &p) == KEY_GOOD;
    trusted_file_clear(&text);
    if (good)
        return key;
    nacre_key_free(key);
    return NULL;
}

struct nacre_key_text *nacre_key_text_read(const char *file, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_key_text *kept = NULL;
    struct trusted_file text = {0};

    if (!read_file(&text, file, &p))
        return NULL;
    kept = key_text_keep(trusted_file_text(&text), file);
    trusted_file_clear(&text);
    if (kept == NULL)
        errbuf_say(&p, "%s: out of memory", file);
    return kept;
}

struct nacre_key *nacre_key_read_public(const char *file, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_key *key = NULL;
    struct trusted_file text = {0};

    switch (trusted_file_read(&text, file, OTHERS_MAY_READ, KEY_TEXT_MAX, &p)) {
    case FILE_READ:
        key = key_public_parse(trusted_file_text(&text), file, &p);
        break;
    case FILE_MISSING:
        errbuf_say(&p, "%s: no such file", file);
        break;
    case FILE_BAD:
    case FILE_UNREAD:
        break;
    }
    trusted_file_clear(&text);
    return key;
}

/* ---- creating a key ---- */

/* A key that is being written to its two files. */
struct making {
    const char *file;
    char public_file[PATH_MAX];
    struct new_file private, public;
};

/* Create the folder of `file` if it is missing. */
static bool make_folder(const char *file, const struct errbuf *p)
{
    char folder[PATH_MAX];

    if (!new_file_folder(folder, file))
        return errbuf_say(p, "%s: file name too long", file);
    if (strchr(file, '/') == NULL || mkdir(folder, 0700) == 0 || errno == EEXIST)
        return true;
    return errbuf_say(p, "%s: the folder cannot be created: %s; create it, or name another file",
                      folder, strerror(errno));
}

/* Write a new file, which has no name yet. False with errno. */
static bool prepare(struct new_file *new, const char *file, const char *text, mode_t mode)
{
    uint8_t random[8];

    random_fill(&random_system, random, sizeof random);
    if (snprintf(new->temporary, sizeof new->temporary, "%s.%016llx", file,
                 (unsigned long long)load_u64(random)) >= (int)sizeof new->temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    return new_file_open(new) && new_file_write(new, bytes_of(text), mode);
}

static bool cannot_write(const char *file, const struct errbuf *p)
{
    if (errno == EEXIST)
        return errbuf_say(p, "%s: already exists and is not overwritten; move it away first", file);
    return errbuf_say(p, "%s: cannot be written: %s", file, strerror(errno));
}

/* Write both files completely before one of them appears. */
static bool prepare_pair(struct making *m, const struct nacre_key *key, const struct errbuf *p)
{
    char private[PRIVATE_TEXT_MAX], public[PRIVATE_TEXT_MAX];
    uint8_t check[4];
    struct key_printing how = {.comment = COMMENT};
    bool good;

    random_fill(&random_system, check, sizeof check);
    how.check = load_u32(check);
    good = key_print_private(key, &how, private, sizeof private) &&
           key_print_public(key, COMMENT, public, sizeof public);
    if (!good)
        errbuf_say(p, "%s: the key is too long", m->file);
    else if (!prepare(&m->private, m->file, private, 0600))
        good = cannot_write(m->file, p);
    else if (!prepare(&m->public, m->public_file, public, 0644))
        good = cannot_write(m->public_file, p);
    wipe(private, sizeof private);
    return good;
}

/* Let both files appear. The private key decides who has created the key. Another process may read
 * it from that moment on, so `shared` keeps it also when its public key cannot be written. */
static bool publish(struct making *m, bool shared, const struct errbuf *p)
{
    if (access(m->public_file, F_OK) == 0) {
        errno = EEXIST;
        return cannot_write(m->public_file, p);
    }
    if (!new_file_link(&m->private, m->file))
        return cannot_write(m->file, p);
    if (new_file_link(&m->public, m->public_file) || shared)
        return true;
    (void)cannot_write(m->public_file, p);
    (void)unlink(m->file);
    return false;
}

static bool write_pair(const struct nacre_key *key, const char *file, bool shared,
                       const struct errbuf *p)
{
    struct making m = {.file = file, .private.fd = -1, .public.fd = -1};
    bool good;

    if (snprintf(m.public_file, sizeof m.public_file, "%s.pub", file) >= (int)sizeof m.public_file)
        return errbuf_say(p, "%s: file name too long", file);
    good = prepare_pair(&m, key, p) && publish(&m, shared, p);
    new_file_close(&m.private);
    new_file_close(&m.public);
    return good;
}

/* shared: other processes may be creating the same key. */
static struct nacre_key *make(const char *file, bool shared, const struct errbuf *p)
{
    struct nacre_key *key = key_new();
    uint8_t seed[32];
    bool good = false;

    if (key == NULL) {
        errbuf_say(p, "%s: out of memory", file);
        return NULL;
    }
    if (!crypto_init()) {
        errbuf_say(p, "%s: not created: this machine has no source of randomness", file);
    } else if (make_folder(file, p)) {
        random_fill(&random_system, seed, sizeof seed);
        good = private_key_ed25519(key, seed) && write_pair(key, file, shared, p);
        wipe(seed, sizeof seed);
    }
    if (good)
        return key;
    nacre_key_free(key);
    return NULL;
}

struct nacre_key *nacre_key_make(const char *file, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);

    return make(file, false, &p);
}

struct nacre_key *nacre_key_read_or_make(const char *file, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_key *key = NULL;

    if (access(file, F_OK) != 0) {
        key = make(file, true, &p);
        if (key != NULL || access(file, F_OK) != 0)
            return key;
    }
    return nacre_key_read(file, errbuf, size); /* perhaps another process has just created it */
}
