#include "apps/daemon/setup.h"

#include "apps/daemon/confined.h"
#include "apps/daemon/events.h"
#include "apps/daemon/files.h"
#include "apps/observe/study.h"
#include "apps/runtime/locked_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

/* ---- what a sandbox must leave ---- */

static void add_name(const char *names[CONFINE_RELOADS_MAX + 1], const char *name)
{
    size_t count = 0;

    while (names[count] != NULL)
        count++;
    if (name != NULL && count < CONFINE_RELOADS_MAX)
        names[count] = name;
}

/* Which files are read again while the server runs: these at any time, */
static void add_reads(struct confinement *c, const struct server_options *o)
{
    size_t count = 0;

    if (o->passwords != NULL || access(DEFAULT_PASSWORDS, F_OK) == 0)
        c->reads[count++] = files_passwords(o);
    if (o->authorized_keys != NULL)
        c->reads[count++] = o->authorized_keys;
}

/* ... and these on SIGHUP. */
static void add_reloads(struct confinement *c, const struct server_options *o)
{
    const struct config *config = o->config.config;
    const char *name;

    for (size_t i = 0; config != NULL && (name = config_file(config, i)) != NULL; i++)
        add_name(c->reloads, name);
    for (size_t i = 0; config != NULL && (name = config_searched(config, i)) != NULL; i++)
        add_name(c->searches, name);
    add_name(c->reloads, o->banner_file);
    for (size_t i = 0; i < o->host_keys.count; i++)
        add_name(c->reloads, o->host_keys.items[i]);
    if (o->host_keys.count == 0)
        add_name(c->reloads, DEFAULT_HOST_KEY);
}

/* A server that runs has the confinement that it began with. */
static bool prepare_confinement(struct reading *r)
{
    const struct server_options *o = r->s->options;
    struct confinement *c = &r->s->confinement;
    char errbuf[SETUP_SENTENCE_MAX] = "";

    if (r->report->before != NULL) {
        *c = r->report->before->confinement;
        c->changes_user = false; /* it has */
        return true;
    }
    *c = (struct confinement){.user = o->user,
                              .off = o->no_sandbox,
                              .starts_programs = r->s->program->starts_programs,
                              .appends = o->log_file,
                              .forbidden = log_forbidden};
    add_reads(c, o);
    add_reloads(c, o);
    return confine_find_user(c, errbuf, sizeof errbuf) || fail(r, o->user, errbuf);
}

/* A path that the sandbox of a server that runs does not reach */
static bool check_reach(struct reading *r, const char *path)
{
    char text[SETUP_SENTENCE_MAX];

    if (r->report->before == NULL || path == NULL || confine_reaches(&r->s->confinement, path))
        return true;
    (void)snprintf(text, sizeof text,
                   "%s: outside of the folders that the sandbox allows: restart the server", path);
    return fail(r, path, text);
}

static bool check_all_reach(struct reading *r)
{
    const struct server_options *o = r->s->options;
    bool good = check_reach(r, o->passwords);

    good = check_reach(r, o->authorized_keys) && good;
    return check_reach(r, o->banner_file) && good;
}

/* ---- host keys ---- */

/* Not access(2), which a sandbox forbids. */
static bool can_open(const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd >= 0)
        (void)close(fd);
    return fd >= 0 || errno != EACCES;
}

static bool read_host_key(struct reading *r, const char *file, bool make)
{
    const struct setup *before = r->report->before;
    const char *remedy = "";
    const struct host_key_reading how = {.confinement = &r->s->confinement,
                                         .before = before != NULL ? &before->host_keys : NULL,
                                         .make = make,
                                         .quiet = r->report->only_try};
    char errbuf[SETUP_SENTENCE_MAX] = "", text[SETUP_SENTENCE_MAX];
    const struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    if (host_keys_add(&r->s->host_keys, &how, file, &p))
        return true;
    if (before != NULL && !can_open(file))
        remedy = "; restart the server to use the key";
    (void)snprintf(text, sizeof text, "%.*s%s", SETUP_SENTENCE_MAX / 2, errbuf, remedy);
    return fail(r, file, text);
}

/* The default key is made if it is missing, when the server starts. */
static bool read_default_key(struct reading *r)
{
    if (r->report->only_try && access(DEFAULT_HOST_KEY, F_OK) != 0)
        return true;
    return read_host_key(r, DEFAULT_HOST_KEY, !r->report->only_try && r->report->before == NULL);
}

static bool read_host_keys(struct reading *r)
{
    const struct option_list *files = &r->s->options->host_keys;
    bool good = true;

    if (files->count == 0)
        return read_default_key(r);
    for (size_t i = 0; i < files->count && (good || r->report->all); i++)
        good = read_host_key(r, files->items[i], false) && good;
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

    if (r->report->before == NULL && !confine_can_read(&r->s->confinement, errbuf, sizeof errbuf))
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
    bool (*const steps[])(struct reading *) = {prepare_confinement, check_all_reach,
                                               read_host_keys,      open_files,
                                               read_banner,         check_required};
    struct reading r = {s, report};
    bool good = true;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && (good || report->all); i++)
        good = steps[i](&r) && good;
    s->observer = server_observer_at(s->options->level);
    return good;
}

void setup_clear(struct setup *s)
{
    nacre_file_login_free(s->login);
    s->login = NULL;
    host_keys_clear(&s->host_keys);
}

void setup_released(void *context)
{
    struct setup *s = context;

    setup_clear(s);
    if (s->own == NULL)
        return;
    server_options_clear(s->own);
    free(s->own);
    free(s);
}

struct nacre_server_config setup_config(struct setup *s)
{
    const struct server_options *o = s->options;
    const struct study_settings study = study_settings(
        o->algorithms.lists[NACRE_KEX], o->algorithms.lists[NACRE_CIPHER], o->rekey_ms);
    struct nacre_server_config config = {
        .version = NACRE_VERSION_NUMBER,
        .listen = o->listen.items,
        .sockets = s->sockets.sockets,
        .socket_count = s->sockets.count,
        .backlog = o->backlog,
        .host_keys = s->host_keys.keys,
        .auth = s->login != NULL ? nacre_file_login_policy(s->login) : NULL,
        .session = s->program->app,
        .forwarding = s->program->forwarding,
        .context = s,
        .released = setup_released,
        .secrets = nacre_locked_memory(),
        .workers = s->workers,
        .limits = &s->limits,
        .admission = &s->admission,
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
        .observer = study_is_on() ? study_observer() : &s->observer,
        .kexinit_waits = study.kexinit_waits,
    };

    s->limits = o->limits.limits;
    if (s->limits.keepalive_count == 0)
        s->limits.keepalive_count = o->limits.keepalive_count;
    s->admission = o->limits.admission;
    s->admission.descriptors_each = s->program->descriptors_each;
    return config;
}
