#include "apps/daemon/program.h"

#include "apps/confine/confine.h"
#include "apps/daemon/check.h"
#include "apps/daemon/confined.h"
#include "apps/daemon/descriptors.h"
#include "apps/daemon/events.h"
#include "apps/daemon/log_output.h"
#include "apps/daemon/log_writer.h"
#include "apps/daemon/metrics.h"
#include "apps/daemon/metrics_listen.h"
#include "apps/daemon/metrics_server.h"
#include "apps/daemon/notify.h"
#include "apps/daemon/orphans.h"
#include "apps/daemon/reload.h"
#include "apps/daemon/setup.h"
#include "apps/daemon/signals.h"
#include "apps/daemon/supervise.h"
#include "apps/observe/study.h"
#include "apps/options/start.h"
#include "apps/runtime/locked_memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A server from its start to its end. */
struct run {
    struct setup setup;
    struct nacre_observer observer; /* the log's, if there are others beside it */
};

/* Print "NAME: SENTENCE" on standard error, through the log: after the lines that explain it. */
static bool failed(const struct server_program *program, const char *sentence)
{
    char line[LOG_LINE_MAX];

    log_put(line, log_sentence(line, LOG_ERROR, program->name, sentence));
    if (!log_is_standard_error())
        (void)fprintf(stderr, "%s: %s\n", program->name, sentence);
    return false;
}

static bool open_log(const struct server_program *program, const struct server_options *o)
{
    const struct log_destination destination = {.format = o->log_format,
                                                .file = o->log_file,
                                                .syslog = o->log_syslog,
                                                .program = program->name};
    char text[SETUP_SENTENCE_MAX];
    const struct errbuf p = errbuf_in(text, sizeof text);

    log_threshold(o->level);
    if (o->log_file != NULL && o->log_syslog)
        return failed(program, "--log-file and --log-syslog exclude each other: choose one");
    return log_open(&destination, &p) || failed(program, text);
}

/* "FILE:LINE: SENTENCE" for a value from a configuration file */
static void on_problem(void *context, const char *value, const char *sentence)
{
    const struct setup *s = context;
    char place[SETUP_SENTENCE_MAX / 2], text[SETUP_SENTENCE_MAX];

    (void)config_place(s->options->config.config, value, place, sizeof place);
    (void)snprintf(text, sizeof text, "%s%s%s", place, place[0] != 0 ? ": " : "", sentence);
    (void)failed(s->program, text);
}

/* ---- for study ---- */

static void describe(void *context, struct observed *connection)
{
    struct nacre_peer *peer = context;

    connection->id = nacre_peer_id(peer);
    observed_set(connection, NACRE_SERVER, nacre_peer_local_address(peer),
                 nacre_peer_address(peer));
}

/* As whoever started the server: the files are open before it gives that up. */
static bool open_study(struct run *run)
{
    const struct server_options *o = run->setup.options;
    const struct study_config config = {.program = run->setup.program->name,
                                        .options = &o->study,
                                        .describe = describe,
                                        .own = &run->observer,
                                        .warn = log_trouble};
    char text[SETUP_SENTENCE_MAX];
    const struct errbuf p = errbuf_in(text, sizeof text);

    run->observer = server_observer_at(o->level);
    return study_open(&config, &p) || failed(run->setup.program, text);
}

/* ---- metrics ---- */

static struct metrics_server *metrics; /* while the server runs; NULL: none */

/* Before privileges are given up. */
static bool open_metrics(struct run *run)
{
    const char *address = run->setup.options->metrics;
    int inherited = run->setup.sockets.metrics;
    char text[SETUP_SENTENCE_MAX];
    const struct errbuf p = errbuf_in(text, sizeof text);

    run->setup.metrics = inherited;
    if (inherited < 0 && address == NULL)
        return true;
    metrics_start();
    if (inherited >= 0)
        return metrics_adopt(inherited, &p) || failed(run->setup.program, text);
    run->setup.metrics = metrics_listen(address, &p);
    return run->setup.metrics >= 0 || failed(run->setup.program, text);
}

/* Without them the server still does its work. */
static void start_metrics(struct setup *s)
{
    int fd = s->metrics;

    metrics = fd >= 0 ? metrics_server_new(s->server, fd, signals_are_ending) : NULL;
    if (fd >= 0 && metrics == NULL)
        log_trouble("trouble", "--metrics: out of memory: no metrics are served");
}

/* ---- the server ---- */

static bool on_bound(void *context, char *errbuf, size_t size)
{
    struct setup *s = context;
    struct confine_note notes[CONFINE_MEASURES];

    s->confinement.locked_memory = nacre_locked_memory_size();
    if (!confine(&s->confinement, notes, errbuf, size))
        return false;
    if (!log_start()) /* not before: a thread keeps privileges that others give up */
        log_trouble("log", "no thread to write the log: lines are lost while nobody reads it");
    log_confined(&s->confinement, notes);
    study_start();
    notify_say(NOTIFY_READY, 0);
    return true;
}

/* SIGUSR1 or SIGHUP arrived, or both. */
static void on_counters(void *context, const struct nacre_server *server)
{
    if (signals_take_hangup())
        reload(context);
    if (signals_take_report())
        server_log.counters(context, server);
}

static void on_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    server_log.ended(peer, why);
    study_ended(peer, why);
}

static void on_draining(void *context, uint32_t connections)
{
    server_log.draining(context, connections);
    if (signals_are_replaced())
        metrics_server_retire(metrics);
    notify_say(NOTIFY_DRAINING, connections);
}

/* Another server can have the ports now. */
static void on_orphaned(void)
{
    if (signals_are_ending())
        return;
    log_trouble("trouble", "the process that supervised this one has ended: no more connections "
                           "are accepted, and the server drains");
    signals_drain();
}

/* Run the server until it has ended. */
static void run_server(struct setup *s)
{
    start_metrics(s);
    if (!notify_watch(nacre_server_loop(s->server), on_orphaned))
        log_trouble("notify", "no memory for the watchdog, or for watching the supervisor");
    nacre_server_run(s->server);
    metrics_server_free(metrics);
    metrics = NULL;
    notify_unwatch();
    log_counters("stopped", s->server);
    signals_stop();
    if (s->program->stopped != NULL)
        s->program->stopped();
    nacre_server_free(s->server);
}

static bool serve(struct setup *s)
{
    struct nacre_server_events events = server_log;
    struct nacre_server_config config = setup_config(s);
    struct nacre_server *server;
    char errbuf[SETUP_SENTENCE_MAX];

    events.ended = on_ended;
    events.counters = on_counters;
    events.draining = on_draining;
    config.events = &events;
    config.bound = on_bound;
    signals_hold();
    server = nacre_server_new(&config, errbuf, sizeof errbuf);
    signals_set_drain(s->options->drain_ms);
    signals_serve(server, s->supervised);
    inherited_close(&s->sockets);
    if (server == NULL)
        return failed(s->program, errbuf);
    s->server = server;
    run_server(s);
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
    struct run run = {.setup = {.program = program, .options = o, .workers = server_workers(o)}};
    const struct setup_report report = {.context = &run.setup, .problem = on_problem};
    char errbuf[SETUP_SENTENCE_MAX];
    const struct errbuf p = errbuf_in(errbuf, sizeof errbuf);
    bool good;

    if (o->config.test)
        return check_program(program, o) ? 0 : 1;
    if (!inherited_take(&run.setup.sockets, &p)) {
        (void)failed(program, errbuf);
        return 1;
    }
    orphans_adopt();
    if (!open_log(program, o))
        return 1;
    if (!notify_open(&p))
        log_trouble("notify", errbuf);
    run.setup.supervised = supervise_is_child();
    if (o->supervise && !run.setup.supervised)
        return supervise(program, o, &run.setup.sockets);
    descriptors_raise();
    if (!o->no_sandbox && !CONFINE_SANITIZED)
        (void)nacre_locked_memory_start(log_locked_memory); /* confine logs what came of it */
    good = open_metrics(&run) && open_study(&run) && setup_read(&run.setup, &report) &&
           serve(&run.setup);
    setup_clear(&run.setup);
    study_close();
    log_stop();
    return good ? 0 : 1;
}
