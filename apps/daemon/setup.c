#include "apps/daemon/setup.h"

#include "apps/daemon/events.h"
#include "apps/daemon/files.h"
#include "apps/files/key_file.h"
#include "apps/observe/study.h"
#include "apps/runtime/locked_memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A setup that is being read. */
struct reading {
    struct setup *s;
    const struct setup_report *report;
};

static bool fail(const struct reading *r, const char *value, const char *sentence)
{
    r->report->problem(r->report->context, value, sentence);
    return false;
}

/* Which files are read again while the server runs. */
static bool prepare_confinement(struct reading *r)
{
    const struct server_options *o = r->s->options;
    struct confinement *c = &r->s->confinement;
    size_t count = 0;
    char errbuf[SETUP_SENTENCE_MAX] = "";

    *c = (struct confinement){
        .user = o->user, .off = o->no_sandbox, .starts_programs = r->s->program->starts_programs};
    if (o->passwords != NULL || access(DEFAULT_PASSWORDS, F_OK) == 0)
        c->reads[count++] = files_passwords(o);
    if (o->authorized_keys != NULL)
        c->reads[count++] = o->authorized_keys;
    return confine_find_user(c, errbuf, sizeof errbuf) || fail(r, o->user, errbuf);
}

/* ---- host keys ---- */

static bool read_host_key(struct reading *r, size_t i, const char *file)
{
    char errbuf[SETUP_SENTENCE_MAX] = "";
    const struct errbuf p = errbuf_in(errbuf, sizeof errbuf);
    struct setup *s = r->s;

    s->keys[i] = files_read_host_key(&s->confinement, file, &p);
    if (s->keys[i] == NULL)
        return fail(r, file, errbuf);
    if (!r->report->only_try)
        files_log_host_key(s->keys[i], file);
    return true;
}

/* The default key is made if it is missing. */
static bool read_default_key(struct reading *r)
{
    char errbuf[SETUP_SENTENCE_MAX] = "";
    struct setup *s = r->s;

    if (r->report->only_try)
        return access(DEFAULT_HOST_KEY, F_OK) != 0 || read_host_key(r, 0, DEFAULT_HOST_KEY);
    s->keys[0] = nacre_key_read_or_make(DEFAULT_HOST_KEY, errbuf, sizeof errbuf);
    if (s->keys[0] == NULL)
        return fail(r, NULL, errbuf);
    files_log_host_key(s->keys[0], DEFAULT_HOST_KEY);
    return true;
}

static bool read_host_keys(struct reading *r)
{
    const struct option_list *files = &r->s->options->host_keys;
    bool good = true;

    if (files->count == 0)
        return read_default_key(r);
    for (size_t i = 0, n = 0; i < files->count && (good || r->report->all); i++) {
        good = read_host_key(r, n, files->items[i]) && good;
        n += r->s->keys[n] != NULL;
    }
    return good;
}

/* ---- who may log in ---- */

static void on_trouble(void *context, const char *about, const char *sentence)
{
    (void)context;
    log_trouble(about, sentence);
}

/* As the user that will read them again. */
static bool open_as_user(void *context)
{
    struct reading *r = context;
    const struct server_options *o = r->s->options;
    char errbuf[SETUP_SENTENCE_MAX];
    const struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    if (!confine_can_read(&r->s->confinement, errbuf, sizeof errbuf))
        return fail(r, NULL, errbuf);
    r->s->login = files_open_login(o, o->banner_file != NULL ? r->s->banner : NULL,
                                   r->report->only_try ? NULL : on_trouble, &p);
    return r->s->login != NULL || fail(r, o->passwords, errbuf);
}

static bool open_files(struct reading *r)
{
    char errbuf[SETUP_SENTENCE_MAX] = "";
    bool good = confine_try(&r->s->confinement, open_as_user, r, errbuf, sizeof errbuf);

    if (errbuf[0] != 0)
        (void)fail(r, r->s->options->user, errbuf);
    return good;
}

static bool read_banner(struct reading *r)
{
    const char *file = r->s->options->banner_file;
    char errbuf[SETUP_SENTENCE_MAX] = "";
    const struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    if (file == NULL)
        return true;
    return files_read_banner(file, r->s->banner, &p) || fail(r, file, errbuf);
}

static bool has_passwords(const struct setup *s)
{
    return s->login != NULL && nacre_file_login_policy(s->login)->password != NULL;
}

/* A method that must succeed must be offered. */
static bool check_required(struct reading *r)
{
    const struct server_options *o = r->s->options;
    bool interactive = list_has(o->require, "keyboard-interactive");

    if (list_has(o->require, "publickey") && o->authorized_keys == NULL)
        return fail(r, o->require, "--require publickey needs --authorized-keys");
    if (interactive && !o->keyboard_interactive)
        return fail(r, o->require, "--require keyboard-interactive needs --keyboard-interactive");
    if ((interactive || list_has(o->require, "password")) && !has_passwords(r->s))
        return fail(r, o->require,
                    "--require password or keyboard-interactive needs a password file");
    return true;
}

bool setup_read(struct setup *s, const struct setup_report *report)
{
    bool (*const steps[])(struct reading * r) = {prepare_confinement, read_host_keys, open_files,
                                                 read_banner, check_required};
    struct reading r = {s, report};
    bool good = true;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && (good || report->all); i++)
        good = steps[i](&r) && good;
    return good;
}

void setup_clear(struct setup *s)
{
    nacre_file_login_free(s->login);
    files_free_host_keys(s->keys);
}

struct nacre_server_config setup_config(struct setup *s)
{
    const struct server_options *o = s->options;
    const struct study_settings study = study_settings(
        o->algorithms.lists[NACRE_KEX], o->algorithms.lists[NACRE_CIPHER], o->rekey_ms);
    struct nacre_server_config config = {
        .listen = o->listen.items,
        .host_keys = s->keys,
        .auth = s->login != NULL ? nacre_file_login_policy(s->login) : NULL,
        .session = s->program->app,
        .context = s,
        .secrets = nacre_locked_memory(),
        .workers = server_workers(o),
        .limits = o->limits.limits,
        .admission = o->limits.admission,
        .channels_max = o->limits.channels_max,
        .login_grace_ms = o->limits.login_grace_ms,
        .max_memory = o->limits.max_memory,
        .per_user_max_memory = o->limits.per_user_max_memory,
        .rekey_bytes = o->rekey_bytes,
        .rekey_ms = study.rekey_ms,
        .packet_max = study.packet_max,
        .kex = study.kex,
        .host_key = o->algorithms.lists[NACRE_HOST_KEY],
        .public_key = o->algorithms.lists[NACRE_PUBLIC_KEY],
        .ciphers = study.ciphers,
        .macs = o->algorithms.lists[NACRE_MAC],
        .require_strict_kex = o->algorithms.require_strict_kex,
        .observer = study_observer(),
        .kexinit_waits = study.kexinit_waits,
    };

    if (config.limits.keepalive_count == 0)
        config.limits.keepalive_count = o->limits.keepalive_count;
    config.admission.descriptors_each = s->program->descriptors_each;
    return config;
}
