#include "apps/daemon/program.h"

#include "apps/confine/confine.h"
#include "apps/daemon/confined.h"
#include "apps/daemon/descriptors.h"
#include "apps/daemon/events.h"
#include "apps/daemon/files.h"
#include "apps/daemon/log_writer.h"
#include "apps/daemon/orphans.h"
#include "apps/daemon/signals.h"
#include "apps/observe/study.h"
#include "apps/options/start.h"
#include "apps/runtime/locked_memory.h"
#include "apps/session/container_of.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SENTENCE_MAX = 1024 /* bytes */ };

/* A server from its start to its end. */
struct run {
    const struct server_program *program;
    const struct server_options *options;
    const struct nacre_key *keys[OPTION_LIST_MAX + 1];
    struct login login;
    char banner[NACRE_BANNER_MAX + 1];
    struct confinement confinement;
    struct nacre_observer observer; /* the log's */
};

/* ---- files ---- */

/* Which files are read again while the server runs. */
static bool prepare_confinement(struct run *run)
{
    const struct server_options *o = run->options;
    struct confinement *c = &run->confinement;
    size_t count = 0;
    char errbuf[SENTENCE_MAX] = "";

    *c = (struct confinement){
        .user = o->user, .off = o->no_sandbox, .starts_programs = run->program->starts_programs};
    if (o->passwords != NULL || access(DEFAULT_PASSWORDS, F_OK) == 0)
        c->reads[count++] = files_passwords(o);
    if (o->authorized_keys != NULL)
        c->reads[count++] = o->authorized_keys;
    return confine_find_user(c, errbuf, sizeof errbuf) || program_failed(run->program, errbuf);
}

/* As the user that will read them again. */
static bool open_as_user(void *context)
{
    struct run *run = context;
    char errbuf[SENTENCE_MAX] = "";

    return (confine_can_read(&run->confinement, errbuf, sizeof errbuf) ||
            program_failed(run->program, errbuf)) &&
           files_open_passwords(run->program, run->options, &run->login);
}

static bool open_files(struct run *run)
{
    char errbuf[SENTENCE_MAX] = "";

    return (confine_try(&run->confinement, open_as_user, run, errbuf, sizeof errbuf) ||
            (errbuf[0] != 0 && program_failed(run->program, errbuf))) &&
           files_open_authorized_keys(run->program, run->options, &run->login);
}

static bool read_banner(struct run *run)
{
    if (run->options->banner_file != NULL)
        run->login.banner = run->banner;
    return files_read_banner(run->program, run->options, run->banner);
}

/* A method that must succeed must be offered. */
static bool check_required(const struct run *run)
{
    const struct server_options *o = run->options;
    bool interactive = list_has(o->require, "keyboard-interactive");

    if (list_has(o->require, "publickey") && o->authorized_keys == NULL)
        return program_failed(run->program, "--require publickey needs --authorized-keys");
    if (interactive && !o->keyboard_interactive)
        return program_failed(run->program,
                              "--require keyboard-interactive needs --keyboard-interactive");
    if ((interactive || list_has(o->require, "password")) && run->login.passwords == NULL)
        return program_failed(run->program,
                              "--require password or keyboard-interactive needs a password file");
    return true;
}

/* ---- for study ---- */

static void describe(void *context, struct observed *connection)
{
    struct nacre_peer *peer = context;

    connection->id = nacre_peer_id(peer);
    connection->role = NACRE_SERVER;
    (void)snprintf(connection->local, sizeof connection->local, "%s",
                   nacre_peer_local_address(peer));
    (void)snprintf(connection->peer, sizeof connection->peer, "%s", nacre_peer_address(peer));
}

/* As whoever started the server: the files are open before it gives that up. */
static bool open_study(struct run *run)
{
    const struct study_config config = {.program = run->program->name,
                                        .options = &run->options->study,
                                        .describe = describe,
                                        .own = &run->observer,
                                        .warn = log_trouble};
    char text[SENTENCE_MAX];
    const struct errbuf p = errbuf_in(text, sizeof text);

    run->observer = server_observer_at(run->options->level);
    return study_open(&config, &p) || program_failed(run->program, text);
}

/* ---- the server ---- */

unsigned program_workers(const struct server_options *o)
{
    long cpus = o->workers > 0 ? 0 : sysconf(_SC_NPROCESSORS_ONLN);

    if (o->workers > 0)
        return o->workers;
    return cpus > 0 ? (unsigned)cpus : 1;
}

static bool on_bound(void *context, char *errbuf, size_t size)
{
    struct run *run = container_of(context, struct run, login);
    struct confine_note notes[CONFINE_MEASURES];

    run->confinement.locked_memory = nacre_locked_memory_size();
    if (!confine(&run->confinement, notes, errbuf, size))
        return false;
    if (!log_start()) /* not before: a thread keeps privileges that others give up */
        log_trouble("log", "no thread to write the log: lines are lost while nobody reads it");
    log_confined(&run->confinement, notes);
    study_start();
    return true;
}

/* SIGUSR1 or SIGHUP arrived, or both. */
static void on_counters(void *context, const struct nacre_server *server)
{
    if (signals_take_hangup())
        log_hangup();
    if (signals_take_report())
        server_log.counters(context, server);
}

static void on_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    server_log.ended(peer, why);
    study_ended(peer, why);
    login_forget(peer);
}

static struct nacre_server_config configure(struct run *run)
{
    const struct server_options *o = run->options;
    const struct study_settings study = study_settings(
        o->algorithms.lists[NACRE_KEX], o->algorithms.lists[NACRE_CIPHER], o->rekey_ms);
    struct nacre_server_config config = {
        .listen = o->listen.items,
        .host_keys = run->keys,
        .session = run->program->app,
        .context = &run->login,
        .bound = on_bound,
        .secrets = nacre_locked_memory(),
        .workers = program_workers(o),
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

    config.admission.descriptors_each = run->program->descriptors_each;
    return config;
}

static bool serve(struct run *run)
{
    const struct nacre_auth_policy policy = login_policy(&run->login);
    struct nacre_server_events events = server_log;
    struct nacre_server_config config = configure(run);
    struct nacre_server *server;
    char errbuf[SENTENCE_MAX];

    events.ended = on_ended;
    events.counters = on_counters;
    config.auth = &policy;
    config.events = &events;
    signals_hold();
    server = nacre_server_new(&config, errbuf, sizeof errbuf);
    signals_serve(server);
    if (server == NULL)
        return program_failed(run->program, errbuf);
    nacre_server_run(server);
    log_counters("stopped", server);
    signals_stop();
    if (run->program->stopped != NULL)
        run->program->stopped();
    nacre_server_free(server);
    return true;
}

static void log_locked_memory(const char *sentence)
{
    log_trouble("sandbox", sentence);
}

void server_program_start(void)
{
    program_start();
    signals_start();
}

int program_serve(const struct server_program *program, const struct server_options *o)
{
    struct run run = {
        .program = program,
        .options = o,
        .login = {.keyboard_interactive = o->keyboard_interactive, .require = o->require}};
    bool good;

    orphans_adopt();
    log_threshold(o->level);
    descriptors_raise();
    if (!o->no_sandbox && !CONFINE_SANITIZED)
        (void)nacre_locked_memory_start(log_locked_memory); /* confine logs what came of it */
    good = prepare_confinement(&run) && open_study(&run) &&
           files_read_host_keys(program, o, &run.confinement, run.keys) && open_files(&run) &&
           read_banner(&run) && check_required(&run) && serve(&run);
    nacre_password_file_close(run.login.passwords);
    nacre_authorized_keys_close(run.login.authorized_keys);
    files_free_host_keys(run.keys);
    study_close();
    log_stop();
    return good ? 0 : 1;
}
