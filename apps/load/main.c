/* nacre-load: drive an SSH server, and say what it did. */
#include "apps/load/load.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
    TURN_MS = 100,
    PROGRESS_NS = 1000000000,
    HOPELESS = 10, /* so many failures without one success: no more is tried */
    BEGIN_A_TURN = 64,
};

static struct nacre_clients *running; /* for the signal handler */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
    nacre_clients_stop(running);
}

uint64_t load_now_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void load_done(struct load_job *job)
{
    struct load *load = job->load;

    job->counted = true;
    load->done++;
    load->last_ns = load_now_ns();
}

void load_failed(struct load *load, const char *why)
{
    if (load->failed++ == 0)
        (void)snprintf(load->errbuf, sizeof load->errbuf, "%s", why);
    load->last_ns = load_now_ns();
    if (load->failed >= HOPELESS && load->done == 0)
        load->giving_up = true;
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
    load->options->mode->ready(job);
}

static void on_ended(struct nacre_client *client, const struct nacre_end *why)
{
    struct load_job *job = nacre_client_context(client);
    struct load *load = job->load;
    struct nacre_session *session = nacre_client_session(client);
    uint64_t in = 0, out = 0;
    size_t last_words = 0;

    if (session != NULL) {
        nacre_session_counters(session, &in, &out);
        (void)nacre_session_output(session, &last_words); /* goes out yet */
    }
    load->wire_in += in;
    load->wire_out += out + last_words;
    load->over++;
    if (!job->counted && !interrupted && !load->giving_up)
        load_failed(load, why->text);
    job->client = NULL;
}

/* Any key is accepted, as the person said. */
static bool take_any_key(struct nacre_client *client, const struct nacre_host_key *shown,
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

/* As many as are wanted at once; idle ones that stand do not count. */
static void begin_some(struct load *load)
{
    const struct load_options *o = load->options;
    uint64_t under_way = load->begun - load->over - load->standing;
    char errbuf[LOAD_PROBLEM_MAX];

    for (int i = 0; i < BEGIN_A_TURN && load->begun < connections(o) && under_way < o->at_once &&
                    !interrupted && !load->giving_up;
         i++, under_way++) {
        struct load_job *job = &load->jobs[load->begun++];

        job->load = load;
        job->began_ns = load_now_ns();
        job->client = nacre_client_connect(load->clients, o->target, job, errbuf, sizeof errbuf);
        if (job->client == NULL) {
            load->over++;
            load_failed(load, errbuf);
        }
    }
}

/* idle: when all stand, hold them, then let go. */
static void hold(struct load *load)
{
    const struct load_options *o = load->options;

    if (strcmp(o->mode->name, "idle") != 0 || load->begun < o->count ||
        load->standing + load->over < load->begun)
        return;
    if (load->release_ns == 0)
        load->release_ns = load_now_ns() + (uint64_t)o->hold_s * 1000000000;
    if (load_now_ns() >= load->release_ns)
        nacre_clients_stop(load->clients);
}

static void drive(struct load *load)
{
    uint64_t next_ns = load_now_ns() + PROGRESS_NS;
    size_t left;

    load->first_ns = load->last_ns = load_now_ns();
    do {
        begin_some(load);
        left = nacre_clients_turn(
            load->clients,
            load->begun < connections(load->options) && load->begun == load->over ? 0 : TURN_MS);
        hold(load);
        if (load->giving_up)
            nacre_clients_stop(load->clients);
        if (load_now_ns() >= next_ns && !load->options->quiet) {
            load_progress(load, false);
            next_ns += PROGRESS_NS;
        }
        /* Sockets that only wait for the other side's last word are not waited for. */
    } while ((load->over < load->begun ||
              (load->begun < connections(load->options) && !interrupted && !load->giving_up)) &&
             (left > 0 || load->begun < connections(load->options)));
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

static void on_warning(void *context, const char *sentence)
{
    (void)context;
    (void)fprintf(stderr, "nacre-load: %s\n", sentence);
}

static int run(const struct load_options *o)
{
    const struct nacre_known_hosts hosts = {.file = o->known_hosts, .warn = on_warning};
    struct load load = {.options = o};
    struct nacre_client_config config = {
        .user = o->user,
        .password = o->password,
        .keys = o->keys,
        .key_count = o->key_count,
        .known_hosts = o->known_hosts != NULL ? &hosts : NULL,
        .known_as = o->known_as,
        .host_key = o->known_hosts != NULL ? NULL : take_any_key,
        .ready = on_ready,
        .ended = on_ended,
        .channels_max = 4 * (o->at_once < 1024 ? 1024 : o->at_once),
        .kex = o->algorithms[NACRE_KEX],
        .host_key_algorithms = o->algorithms[NACRE_HOST_KEY],
        .ciphers = o->algorithms[NACRE_CIPHER],
        .macs = o->algorithms[NACRE_MAC],
    };
    char errbuf[LOAD_PROBLEM_MAX] = "out of memory";

    raise_limit();
    load.jobs = calloc(connections(o), sizeof *load.jobs);
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
    free(load.samples);
    free(load.jobs);
    return load.failed > 0 || load.done < o->mode->one_connection * o->count ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct load_options options;
    int status = 0;

    if (load_read_options(argc, argv, &options, &status))
        status = run(&options);
    load_clear_options(&options);
    return status;
}
