#include "apps/server/settings.h"

#include "apps/files/key_file.h"
#include "apps/session/errbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool take_host_keys(struct settings *s, char *errbuf, size_t size)
{
    const char *file = s->config.host_key_file;
    struct errbuf p = errbuf_in(errbuf, size);

    if (s->config.host_keys != NULL && s->config.host_keys[0] != NULL)
        return true;
    if (file == NULL)
        return errbuf_say(&p, "no host key: give host_keys or host_key_file");
    s->own_key = nacre_key_read_or_make(file, errbuf, size);
    s->own_keys[0] = s->own_key;
    s->config.host_keys = s->own_keys;
    return s->own_key != NULL;
}

static void on_login_trouble(void *at, const char *about, const char *sentence)
{
    const struct settings *s = at;

    (void)about;
    if (s->trouble != NULL)
        s->trouble(s->config.context, sentence);
}

/* Who may log in, if the configuration names files. */
static bool open_login(struct settings *s, char *errbuf, size_t size)
{
    const struct nacre_file_login_config config = {.version = NACRE_VERSION_NUMBER,
                                                   .passwords = s->config.password_file,
                                                   .authorized_keys = s->config.authorized_keys,
                                                   .trouble = on_login_trouble,
                                                   .trouble_context = s};

    if (config.passwords == NULL && config.authorized_keys == NULL)
        return true;
    s->own_login = nacre_file_login_new(&config, errbuf, size);
    if (s->own_login == NULL)
        return false;
    s->config.auth = nacre_file_login_policy(s->own_login);
    return true;
}

struct settings *settings_new(const struct nacre_server_config *config, unsigned worker_count,
                              void (*trouble)(void *context, const char *text), char *errbuf,
                              size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct settings *s = calloc(1, sizeof *s + worker_count * sizeof s->endpoints[0]);

    if (s == NULL) {
        errbuf_say(&p, "cannot start: %s", strerror(ENOMEM));
        return NULL;
    }
    s->worker_count = worker_count;
    s->users = 1;
    s->trouble = trouble;
    if (complete_config(&s->config, &s->parts, config, &p) && take_host_keys(s, errbuf, size) &&
        open_login(s, errbuf, size))
        return s;
    settings_release(s);
    return NULL;
}

void settings_keep(struct settings *s)
{
    (void)atomic_fetch_add(&s->users, 1);
}

void settings_release(struct settings *s)
{
    if (s == NULL || atomic_fetch_sub(&s->users, 1) > 1)
        return;
    for (unsigned w = 0; w < s->worker_count; w++)
        nacre_endpoint_free(s->endpoints[w]);
    nacre_key_free(s->own_key);
    nacre_file_login_free(s->own_login);
    if (s->accepted && s->config.released != NULL)
        s->config.released(s->config.context);
    free(s);
}
