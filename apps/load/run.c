#include "apps/load/run.h"

#include "apps/load/clock.h"
#include "apps/load/load.h"
#include "apps/observe/study.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    WAIT_MS = 100,            /* the longest wait for something to happen */
    PROGRESS_NS = 1000000000, /* between two lines of progress */
    BEGIN_MAX = 64,           /* connections that are begun between two waits */
    WARNINGS_MAX = 64,        /* about known_hosts that are printed */
};

static struct nacre_clients *running; /* for the signal handler */
static volatile sig_atomic_t interrupted;

/* The second signal ends the program at once, whatever it waits for. */
static void on_signal(int number)
{
    (void)signal(number, SIG_DFL);
    interrupted = 1;
    nacre_clients_stop(running);
}

/* ---- connections ---- */

static void on_ready(struct nacre_client *client)
{
    struct load_job *job = nacre_client_context(client);
    struct load *load = job->load;
    const struct nacre_session *session = nacre_client_session(client);

    if (load->ready++ == 0) {
        (void)snprintf(load->server, sizeof load->server, "%s",
                       nacre_session_peer_version(session));
        (void)snprintf(load->cipher, sizeof load->cipher, "%s",
                       nacre_session_negotiated(session)->cipher_client_to_server);
    }
    job->steps++;
    load->options->mode->ready(job);
}

static void on_ended(struct nacre_client *client, const struct nacre_end *why)
{
    struct load_job *job = nacre_client_context(client);
    struct load *load = job->load;
    struct nacre_session *session = nacre_client_session(client);
    uint64_t in = 0, out = 0;
    size_t unsent = 0;

    if (session != NULL) {
        nacre_session_counters(session, &in, &out);
        (void)nacre_session_output(session, &unsent); /* it will still be sent */
    }
    load->wire_in += in;
    load->wire_out += out + unsent;
    load->over++;
    if (!job->counted && !interrupted && !load->giving_up)
        load_failed(load, why->text);
    study_ended(client, why);
    job->client = NULL;
}

/* --insecure */
static enum nacre_answer accept_any_key(struct nacre_client *client,
                                        const struct nacre_host_key *shown,
                                        enum nacre_host_verdict verdict, const char *sentence)
{
    (void)client;
    (void)shown;
    (void)verdict;
    (void)sentence;
    return true;
}

static uint64_t connections(const struct load_options *o)
{
    if (o->mode->one_connection)
        return 1;
    return o->mode->per_connection ? o->count : o->at_once;
}

/* Begin as many connections as --at-once allows; sessions that are held do not count. */
static void begin_some(struct load *load)
{
    const struct load_options *o = load->options;
    uint64_t connecting = load->begun - load->over - load->standing;
    char errbuf[LOAD_SENTENCE_MAX];

    for (int i = 0; i < BEGIN_MAX && load->begun < connections(o) && connecting < o->at_once &&
                    !interrupted && !load->giving_up;
         i++, connecting++) {
        struct load_job *job = &load->jobs[load->begun++];

        job->load = load;
        job->began_ns = clock_now_ns();
        job->client = nacre_client_connect(load->clients, o->target, job, errbuf, sizeof errbuf);
        if (job->client == NULL) {
            load->over++;
            load_failed(load, errbuf);
        }
    }
}

/* idle: once all sessions are open, hold them for --hold seconds, then close them. */
static void hold(struct load *load)
{
    const struct load_options *o = load->options;

    if (!o->mode->holds || load->begun < o->count || load->standing + load->over < load->begun)
        return;
    if (load->release_ns == 0)
        load->release_ns = clock_now_ns() + (uint64_t)o->hold_s * 1000000000;
    if (clock_now_ns() >= load->release_ns)
        nacre_clients_stop(load->clients);
}

/* Are there connections to begin? */
static bool has_more(const struct load *load)
{
    return load->begun < connections(load->options);
}

static bool is_over(const struct load *load, size_t sockets)
{
    bool ending = interrupted || load->giving_up;

    if (load->over == load->begun && (!has_more(load) || ending))
        return true;
    /* The loop does not wait for sockets on which only the peer's close is missing. */
    return sockets == 0 && !has_more(load);
}

static void drive(struct load *load)
{
    uint64_t next_ns = clock_now_ns() + PROGRESS_NS;
    size_t sockets;

    load->first_ns = load->last_ns = clock_now_ns();
    do {
        begin_some(load);
        sockets = nacre_clients_run_once(load->clients,
                                         has_more(load) && load->begun == load->over ? 0 : WAIT_MS);
        hold(load);
        load_end_stalled(load);
        if (load->giving_up)
            nacre_clients_stop(load->clients);
        if (clock_now_ns() >= next_ns && !load->options->quiet) {
            load_progress(load, false);
            next_ns += PROGRESS_NS;
        }
    } while (!is_over(load, sockets));
    load->interrupted = interrupted != 0;
    if (!load->options->quiet)
        load_progress(load, true);
}

static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Each connection reads known_hosts again: report each problem of the file once. */
static void on_warning(void *context, const char *sentence)
{
    static char *reported[WARNINGS_MAX];
    size_t i = 0;

    (void)context;
    while (i < WARNINGS_MAX && reported[i] != NULL)
        if (strcmp(reported[i++], sentence) == 0)
            return;
    if (i == WARNINGS_MAX || (reported[i] = strdup(sentence)) == NULL)
        return;
    (void)fprintf(stderr, "nacre-load: %s\n", sentence);
}

static struct nacre_client_config configure(const struct load_options *o,
                                            const struct nacre_known_hosts *hosts)
{
    const struct study_settings study =
        study_settings(o->algorithms.lists[NACRE_KEX], o->algorithms.lists[NACRE_CIPHER], 0);

    return (struct nacre_client_config){
        .version = NACRE_VERSION_NUMBER,
        .user = o->user,
        .password = o->password,
        .keys = o->identity.keys,
        .key_count = o->identity.key_count,
        .known_hosts = o->host.known_hosts != NULL ? hosts : NULL,
        .known_as = o->known_as[0] != 0 ? o->known_as : NULL,
        .host_key = o->host.known_hosts != NULL ? NULL : accept_any_key,
        .ready = on_ready,
        .ended = on_ended,
        .channels_max = 4 * (o->at_once < 1024 ? 1024 : o->at_once),
        .packet_max = study.packet_max,
        .rekey_ms = study.rekey_ms,
        .kex = study.kex,
        .host_key_algorithms = o->algorithms.lists[NACRE_HOST_KEY],
        .ciphers = study.ciphers,
        .macs = o->algorithms.lists[NACRE_MAC],
        .require_strict_kex = o->algorithms.require_strict_kex,
        .observer = study_observer(),
    };
}

/* ---- for study ---- */

static void describe(void *context, struct observed *connection)
{
    struct nacre_client *client = context;

    observed_set(connection, NACRE_CLIENT, nacre_client_local_address(client),
                 nacre_client_address(client));
}

static void warn(const char *event, const char *sentence)
{
    (void)event;
    (void)fprintf(stderr, "nacre-load: %s\n", sentence);
}

static bool open_study(const struct load_options *o)
{
    const struct study_config config = {
        .program = "nacre-load", .options = &o->study, .describe = describe, .warn = warn};
    char text[LOAD_SENTENCE_MAX];
    const struct errbuf p = errbuf_in(text, sizeof text);

    if (study_open(&config, &p))
        return true;
    (void)fprintf(stderr, "nacre-load: %s\n", text);
    return false;
}

int load_run(const struct load_options *o)
{
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER,
                                            .file = o->host.known_hosts,
                                            .more = o->host.more,
                                            .warn = on_warning};
    struct nacre_client_config config;
    struct load load = {.options = o};
    char errbuf[LOAD_SENTENCE_MAX] = "out of memory";

    if (!open_study(o))
        return 1;
    config = configure(o, &hosts);
    study_start();
    raise_limit();
    load.jobs = calloc((size_t)connections(o), sizeof *load.jobs);
    load.clients = load.jobs == NULL ? NULL : nacre_clients_new(&config, errbuf, sizeof errbuf);
    if (load.clients == NULL) {
        (void)fprintf(stderr, "nacre-load: %s\n", errbuf);
        free(load.jobs);
        return 1;
    }
    running = load.clients;
    (void)signal(SIGINT, on_signal);
    (void)signal(SIGTERM, on_signal);
    drive(&load);
    load_report(&load);
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    nacre_clients_free(load.clients);
    study_close();
    free(load.samples);
    free(load.jobs);
    return load.failed > 0 || load.done < o->mode->one_connection * o->count ? 1 : 0;
}
