#include "apps/daemon/files.h"

#include "apps/daemon/events.h"
#include "apps/files/key_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- host keys ---- */

void files_log_host_key(const struct nacre_key *key, const char *file)
{
    char fingerprint[NACRE_FINGERPRINT_MAX];
    struct log_line l;

    nacre_key_fingerprint(key, fingerprint);
    log_begin(&l, LOG_INFO, "hostkey");
    log_text(&l, "type", nacre_key_type(key));
    log_text(&l, "fingerprint", fingerprint);
    log_text(&l, "file", file);
    log_end(&l);
}

/* A key file that is read as the user that the server is going to become. */
struct key_reading {
    const char *file;
    struct nacre_key *key;
};

static bool read_key_as_user(void *context)
{
    struct key_reading *reading = context;

    reading->key = nacre_key_read(reading->file, NULL, 0);
    return true;
}

/* A key of root's that the group of --user may read is refused to root, whose group may not read
 * it, and accepted as that user. The sentence is about root's attempt. */
struct nacre_key *files_read_host_key(const struct confinement *c, const char *file,
                                      const struct errbuf *p)
{
    struct key_reading reading = {file, nacre_key_read(file, p->text, p->size)};
    struct stat status;

    if (reading.key == NULL && c->changes_user && stat(file, &status) == 0 && status.st_uid == 0)
        (void)confine_try(c, read_key_as_user, &reading, p->text, p->size);
    return reading.key;
}

void files_free_host_keys(const struct nacre_key *const *keys)
{
    for (; *keys != NULL; keys++)
        nacre_key_free((struct nacre_key *)(uintptr_t)*keys);
}

/* ---- who may log in ---- */

const char *files_passwords(const struct server_options *o)
{
    return o->passwords != NULL ? o->passwords : DEFAULT_PASSWORDS;
}

/* The default file may be missing if there is another way to log in. */
static const char *passwords_to_use(const struct server_options *o)
{
    const char *file = files_passwords(o);
    bool needed = o->passwords != NULL || o->authorized_keys == NULL;

    return needed || access(file, F_OK) == 0 ? file : NULL;
}

struct nacre_file_login *files_open_login(const struct server_options *o, const char *banner,
                                          void (*trouble)(void *context, const char *about,
                                                          const char *sentence),
                                          const struct errbuf *p)
{
    const struct nacre_file_login_config config = {
        .passwords = passwords_to_use(o),
        .authorized_keys = o->authorized_keys,
        .keyboard_interactive = o->keyboard_interactive,
        .require = o->require,
        .banner = banner,
        .attempted = log_attempted,
        .key_refused = log_key_refused,
        .trouble = trouble,
    };

    return nacre_file_login_new(&config, p->text, p->size);
}

/* ---- the banner ---- */

static bool banner_failed(const char *path, const struct errbuf *p)
{
    return errbuf_say(p, "%s: cannot read the banner: %s", path, strerror(errno));
}

bool files_read_banner(const char *path, char banner[NACRE_BANNER_MAX + 1], const struct errbuf *p)
{
    FILE *file = fopen(path, "re");
    size_t n = 0;
    bool good;
    int c;

    if (file == NULL)
        return banner_failed(path, p);
    while ((c = getc(file)) != EOF && n + 2 < NACRE_BANNER_MAX + 1) {
        if (c == '\n' && (n == 0 || banner[n - 1] != '\r'))
            banner[n++] = '\r';
        banner[n++] = (char)c;
    }
    banner[n] = 0;
    good = !ferror(file) || banner_failed(path, p);
    (void)fclose(file);
    return good && (c == EOF || errbuf_say(p, "the banner is longer than 4096 bytes"));
}
