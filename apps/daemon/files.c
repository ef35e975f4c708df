#include "apps/daemon/files.h"

#include "apps/daemon/events.h"
#include "apps/daemon/log_writer.h"
#include "apps/files/key_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SENTENCE_MAX = 1024,      /* bytes */
    SENTENCES_MAX = 8 * 1024, /* bytes of all sentences about a file */
};

bool program_failed(const struct server_program *program, const char *sentence)
{
    char line[SENTENCE_MAX + 64];
    int n = snprintf(line, sizeof line, "%s: %.*s\n", program->name, SENTENCE_MAX, sentence);

    log_put(line, (size_t)n); /* after the lines that explain it */
    return false;
}

/* ---- host keys ---- */

static void log_host_key(const struct nacre_key *key, const char *file)
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
static struct nacre_key *read_host_key(const struct confinement *c, const char *file, char *errbuf,
                                       size_t size)
{
    struct key_reading reading = {file, nacre_key_read(file, errbuf, size)};
    struct stat status;

    if (reading.key == NULL && c->changes_user && stat(file, &status) == 0 && status.st_uid == 0)
        (void)confine_try(c, read_key_as_user, &reading, errbuf, size);
    return reading.key;
}

bool files_read_host_keys(const struct server_program *program, const struct server_options *o,
                          const struct confinement *c,
                          const struct nacre_key *keys[OPTION_LIST_MAX + 1])
{
    const char *const standard[] = {DEFAULT_HOST_KEY, NULL};
    bool given = o->host_keys.count > 0;
    const char *const *files = given ? o->host_keys.items : standard;
    char errbuf[SENTENCE_MAX];

    for (size_t i = 0; files[i] != NULL; i++) {
        keys[i] = given ? read_host_key(c, files[i], errbuf, sizeof errbuf)
                        : nacre_key_read_or_make(files[i], errbuf, sizeof errbuf);
        if (keys[i] == NULL)
            return program_failed(program, errbuf);
        log_host_key(keys[i], files[i]);
    }
    return true;
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

bool files_open_passwords(const struct server_program *program, const struct server_options *o,
                          struct login *login)
{
    const char *file = files_passwords(o);
    char errbuf[SENTENCES_MAX] = "";

    if (o->passwords == NULL && o->authorized_keys != NULL && access(file, F_OK) != 0)
        return true;
    login->passwords = nacre_password_file_open(file, errbuf, sizeof errbuf);
    if (login->passwords == NULL)
        return program_failed(program, errbuf);
    log_each_trouble("passwords", errbuf);
    return true;
}

bool files_open_authorized_keys(const struct server_program *program,
                                const struct server_options *o, struct login *login)
{
    if (o->authorized_keys == NULL)
        return true;
    login->authorized_keys = nacre_authorized_keys_open(o->authorized_keys);
    return login->authorized_keys != NULL || program_failed(program, "out of memory");
}

/* ---- the banner ---- */

static bool banner_failed(const struct server_program *program, const char *file)
{
    char sentence[SENTENCE_MAX];

    (void)snprintf(sentence, sizeof sentence, "%s: cannot read the banner: %s", file,
                   strerror(errno));
    return program_failed(program, sentence);
}

bool files_read_banner(const struct server_program *program, const struct server_options *o,
                       char banner[NACRE_BANNER_MAX + 1])
{
    FILE *file = o->banner_file != NULL ? fopen(o->banner_file, "re") : NULL;
    size_t n = 0;
    bool good;
    int c;

    if (file == NULL)
        return o->banner_file == NULL || banner_failed(program, o->banner_file);
    while ((c = getc(file)) != EOF && n + 2 < NACRE_BANNER_MAX + 1) {
        if (c == '\n' && (n == 0 || banner[n - 1] != '\r'))
            banner[n++] = '\r';
        banner[n++] = (char)c;
    }
    banner[n] = 0;
    good = !ferror(file) || banner_failed(program, o->banner_file);
    (void)fclose(file);
    return good && (c == EOF || program_failed(program, "the banner is longer than 4096 bytes"));
}
