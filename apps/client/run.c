#include "apps/client/run.h"

#include "apps/client/ask.h"
#include "apps/client/caught.h"
#include "apps/client/channel.h"
#include "apps/client/explain.h"
#include "apps/client/host_key.h"
#include "apps/client/loop.h"
#include "apps/client/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct client *client_of(struct nacre_client *connection)
{
    return nacre_client_context(connection);
}

static void on_banner(struct nacre_client *connection, const char *text)
{
    (void)connection;
    ask_show(text);
}

static void on_ready(struct nacre_client *connection)
{
    struct client *c = client_of(connection);

    c->logged_in = true;
    channel_begin(c);
}

/* Each reason in its own words; a session that we closed ends in silence. */
static void report_end(const struct client *c, const struct nacre_end *why)
{
    const char *host = c->options->host_name;

    switch (why->cause) {
    case NACRE_WE_CLOSED:
        break;
    case NACRE_AUTH_FAILED:
        client_say("%s@%s: permission denied: %s", c->options->user, host, why->text);
        if (c->options->note[0] != 0)
            client_say("%s", c->options->note);
        break;
    case NACRE_DISCONNECTED:
        client_say("%s has ended the connection: %s", host, why->text);
        break;
    case NACRE_HOST_KEY_REJECTED:
        client_say("%s", why->text);
        break;
    default:
        if (c->connected)
            client_say("the connection to %s has ended: %s", host, why->text);
        else
            client_say("%s%s", why->text, explain_connecting(why->text));
    }
}

/* The server may end the connection as soon as the channel is closed. */
static void on_ended(struct nacre_client *connection, const struct nacre_end *why)
{
    struct client *c = client_of(connection);

    study_ended(connection, why);
    c->over = true;
    c->connected = nacre_client_session(connection) != NULL;
    c->connection = NULL;
    if (c->complete)
        return;
    c->status = CLIENT_FAILED;
    report_end(c, why);
}

static void on_warning(void *context, const char *sentence)
{
    (void)context;
    client_say("%s", sentence);
}

static struct nacre_client_config configure(const struct client_options *o,
                                            const struct nacre_known_hosts *hosts)
{
    const struct study_settings study =
        study_settings(o->algorithms.lists[NACRE_KEX], o->algorithms.lists[NACRE_CIPHER], 0);

    return (struct nacre_client_config){
        .version = NACRE_VERSION_NUMBER,
        .user = o->user,
        .keys = o->identity.keys,
        .key_count = o->identity.key_count,
        .ask = ask_person,
        .banner = on_banner,
        .known_hosts = o->host.known_hosts != NULL ? hosts : NULL,
        .host_key = host_key_accept,
        .ready = on_ready,
        .ended = on_ended,
        .login_grace_ms = NACRE_UNLIMITED, /* a person may think before typing */
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

static void connect_and_drive(struct client *c)
{
    char errbuf[CLIENT_SENTENCE_MAX];

    c->connection = nacre_client_connect(c->clients, c->options->target, c, errbuf, sizeof errbuf);
    if (c->connection == NULL)
        client_say("%s%s", errbuf, explain_connecting(errbuf));
    else
        loop_drive(c);
}

static int run_with(const struct client_options *o, const struct nacre_client_config *config)
{
    struct client *c = calloc(1, sizeof *c);
    char errbuf[CLIENT_SENTENCE_MAX] = "out of memory";
    int status = CLIENT_FAILED;

    if (c != NULL)
        c->clients = nacre_clients_new(config, errbuf, sizeof errbuf);
    if (c == NULL || c->clients == NULL) {
        client_say("%s", errbuf);
        free(c);
        return status;
    }
    c->options = o;
    c->status = CLIENT_FAILED;
    output_begin(&c->output, STDOUT_FILENO);
    output_begin(&c->errors, STDERR_FILENO);
    connect_and_drive(c);
    status = c->status;
    nacre_clients_free(c->clients);
    free(c->accepted);
    free(c);
    return status;
}

int run_session(const struct client_options *o)
{
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER,
                                            .file = o->host.known_hosts,
                                            .more = o->host.more,
                                            .warn = on_warning};
    struct nacre_client_config config;
    int status = CLIENT_FAILED;

    if (client_study_begin(o, NULL)) {
        config = configure(o, &hosts);
        status = run_with(o, &config);
    }
    study_close();
    if (caught_end() != 0)
        caught_default(caught_end());
    return status;
}
