#include "apps/daemon/files.h"

#include "apps/daemon/events.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- who may log in ---- */

const char *files_passwords(const struct server_options *o)
{
    return o->passwords != NULL ? o->passwords : DEFAULT_PASSWORDS;
}

/* Not access(2), which a sandbox forbids. */
static bool exists(const char *file)
{
    struct stat status;

    return stat(file, &status) == 0;
}

/* The default file may be missing if there is another way to log in. */
static const char *passwords_to_use(const struct server_options *o)
{
    const char *file = files_passwords(o);
    bool needed = o->passwords != NULL || o->authorized_keys == NULL;

    return needed || exists(file) ? file : NULL;
}

struct nacre_file_login *files_open_login(const struct server_options *o, const char *banner,
                                          void (*trouble)(void *context, const char *about,
                                                          const char *sentence),
                                          const struct errbuf *p)
{
    const struct nacre_file_login_config config = {
        .version = NACRE_VERSION_NUMBER,
        .passwords = passwords_to_use(o),
        .authorized_keys = o->authorized_keys,
        .keyboard_interactive = o->keyboard_interactive,
        .allow_users = o->allow_users,
        .deny_users = o->deny_users,
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
    while ((c = getc(file)) != EOF) {
        bool bare = c == '\n' && (n == 0 || banner[n - 1] != '\r');

        if (n + bare >= NACRE_BANNER_MAX)
            break;
        if (bare)
            banner[n++] = '\r';
        banner[n++] = (char)c;
    }
    banner[n] = 0;
    good = !ferror(file) || banner_failed(path, p);
    (void)fclose(file);
    return good && (c == EOF || errbuf_say(p, "the banner is longer than 4096 bytes"));
}
