#include "apps/daemon/program.h"

#include "apps/confine/confine.h"
#include "apps/daemon/confined.h"
#include "apps/daemon/events.h"
#include "apps/daemon/files.h"
#include "apps/runtime/locked_memory.h"
#include "apps/session/container_of.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
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
};

static struct nacre_server *running; /* for the signal handlers */

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

/* ---- signals ---- */

static void on_stop(int number)
{
    (void)number;
    nacre_server_stop(running);
}

static void on_report(int number)
{
    (void)number;
    nacre_server_report(running);
}

/* The server outlives the reader of its log. SIG_IGN would be inherited by programs it starts. */
static void on_broken_pipe(int number)
{
    (void)number;
}

/* stop: on_stop, or SIG_IGN once there is nothing left to stop or to report. */
static void handle_signals(void (*stop)(int))
{
    const struct {
        int number;
        struct sigaction action;
    } rows[] = {
        {SIGTERM, {.sa_handler = stop}},
        {SIGINT, {.sa_handler = stop}},
        {SIGUSR1, {.sa_handler = stop == SIG_IGN ? SIG_IGN : on_report, .sa_flags = SA_RESTART}},
        {SIGPIPE, {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART}},
        {SIGCHLD, {.sa_handler = SIG_DFL}}, /* if it is ignored, children leave no status */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        (void)sigaction(rows[i].number, &rows[i].action, NULL);
}

/* Until there is a server to stop and a handler that stops it, these signals wait. */
static void block_signals(int how)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGUSR1);
    (void)pthread_sigmask(how, &set, NULL);
}

/* ---- the server ---- */

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static unsigned count_workers(const struct server_options *o)
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
    log_confined(&run->confinement, notes);
    return true;
}

static void on_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    server_log.ended(peer, why);
    login_forget(peer);
}

static struct nacre_server_config configure(struct run *run)
{
    const struct server_options *o = run->options;
    struct nacre_server_config config = {
        .listen = o->listen.items,
        .host_keys = run->keys,
        .session = run->program->app,
        .context = &run->login,
        .bound = on_bound,
        .secrets = nacre_locked_memory(),
        .workers = count_workers(o),
        .limits = o->limits.limits,
        .admission = o->limits.admission,
        .channels_max = o->limits.channels_max,
        .login_grace_ms = o->limits.login_grace_ms,
        .max_memory = o->limits.max_memory,
        .per_user_max_memory = o->limits.per_user_max_memory,
        .rekey_bytes = o->rekey_bytes,
        .rekey_ms = o->rekey_ms,
        .kex = o->algorithms.lists[NACRE_KEX],
        .host_key = o->algorithms.lists[NACRE_HOST_KEY],
        .public_key = o->algorithms.lists[NACRE_PUBLIC_KEY],
        .ciphers = o->algorithms.lists[NACRE_CIPHER],
        .macs = o->algorithms.lists[NACRE_MAC],
    };

    config.admission.descriptors_each = run->program->descriptors_each;
    return config;
}

static bool serve(struct run *run)
{
    const struct nacre_auth_policy policy = login_policy(&run->login);
    const struct nacre_observer observer = server_observer_at(run->options->level);
    struct nacre_server_events events = server_log;
    struct nacre_server_config config = configure(run);
    char errbuf[SENTENCE_MAX];

    events.ended = on_ended;
    config.auth = &policy;
    config.events = &events;
    config.observer = &observer;
    block_signals(SIG_BLOCK);
    running = nacre_server_new(&config, errbuf, sizeof errbuf);
    if (running == NULL)
        return program_failed(run->program, errbuf);
    handle_signals(on_stop);
    block_signals(SIG_UNBLOCK);
    nacre_server_run(running);
    log_counters("stopped", running);
    handle_signals(SIG_IGN);
    if (run->program->stopped != NULL)
        run->program->stopped();
    nacre_server_free(running);
    return true;
}

static void log_locked_memory(const char *sentence)
{
    log_trouble("sandbox", sentence);
}

int program_serve(const struct server_program *program, const struct server_options *o)
{
    struct run run = {
        .program = program,
        .options = o,
        .login = {.keyboard_interactive = o->keyboard_interactive, .require = o->require}};
    bool good;

    log_threshold(o->level);
    raise_descriptor_limit();
    if (!o->no_sandbox && !CONFINE_SANITIZED)
        (void)nacre_locked_memory_start(log_locked_memory); /* confine logs what came of it */
    good = prepare_confinement(&run) && files_read_host_keys(program, o, run.keys) &&
           open_files(&run) && read_banner(&run) && check_required(&run) && serve(&run);
    nacre_password_file_close(run.login.passwords);
    nacre_authorized_keys_close(run.login.authorized_keys);
    files_free_host_keys(run.keys);
    return good ? 0 : 1;
}
