/* The connections of --probe. */
#include "apps/client/probe.h"

#include "apps/client/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SSH_MSG_EXT_INFO = 7,
    SSH_MSG_KEXINIT = 20,
    SSH_MSG_USERAUTH_FAILURE = 51,
};

/* One connection. */
struct visit {
    struct probe *probe;
    struct nacre_clients *clients;
    const char *only_key; /* leave as soon as the host key of this algorithm was shown; or NULL */
};

static struct visit *visit_of(const struct nacre_client *connection)
{
    return nacre_client_context(connection);
}

static void keep(struct probe_bytes *bytes, const uint8_t *data, size_t len)
{
    if (bytes->at != NULL)
        return;
    bytes->at = malloc(len + 1);
    bytes->len = bytes->at != NULL ? len : 0;
    if (bytes->at != NULL)
        memcpy(bytes->at, data, len);
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct visit *v = visit_of(context);

    (void)seq;
    (void)phase;
    if (direction == NACRE_SENT || v->only_key != NULL || len == 0)
        return;
    if (payload[0] == SSH_MSG_KEXINIT)
        keep(&v->probe->kexinit, payload, len);
    else if (payload[0] == SSH_MSG_EXT_INFO)
        keep(&v->probe->extensions, payload, len);
    else if (payload[0] == SSH_MSG_USERAUTH_FAILURE)
        keep(&v->probe->failure, payload, len);
}

static void on_negotiated(void *context, const struct nacre_negotiated *choice)
{
    struct visit *v = visit_of(context);

    if (v->only_key == NULL)
        v->probe->negotiated = *choice;
}

/* Without carriage returns, and one line after the other. */
static void on_banner(struct nacre_client *connection, const char *text)
{
    struct probe *p = visit_of(connection)->probe;
    size_t n = strlen(p->texts);

    if (visit_of(connection)->only_key != NULL)
        return;
    for (; *text != 0 && n + 2 < sizeof p->texts; text++)
        if (*text != '\r')
            p->texts[n++] = *text;
    if (n > 0 && p->texts[n - 1] != '\n')
        p->texts[n++] = '\n';
    p->texts[n] = 0;
}

/* Keep each key once. Nothing secret follows, so that an unknown key may be accepted. */
static enum nacre_answer on_host_key(struct nacre_client *connection,
                                     const struct nacre_host_key *shown,
                                     enum nacre_host_verdict verdict, const char *sentence)
{
    struct visit *v = visit_of(connection);
    struct probe *p = v->probe;
    bool is_new = p->key_count < PROBE_KEYS_MAX;

    (void)verdict;
    (void)sentence;
    for (size_t i = 0; i < p->key_count; i++)
        if (p->keys[i].len == shown->len && memcmp(p->keys[i].at, shown->key, shown->len) == 0)
            is_new = false;
    if (is_new) {
        keep(&p->keys[p->key_count], shown->key, shown->len);
        p->key_count += p->keys[p->key_count].at != NULL;
    }
    return v->only_key == NULL;
}

static void note_session(struct probe *p, const struct nacre_client *connection)
{
    const struct nacre_session *session = nacre_client_session(connection);

    (void)snprintf(p->address, sizeof p->address, "%s", nacre_client_address(connection));
    if (session != NULL)
        (void)snprintf(p->identification, sizeof p->identification, "%s",
                       nacre_session_peer_version(session));
}

static void on_ready(struct nacre_client *connection)
{
    visit_of(connection)->probe->logged_in = true;
    nacre_client_close(connection, "the probe is complete");
}

/* Dropbear, for example, offers to sign with RSA also if it has no such key. */
static void note_missing(struct probe *p, const char *algorithm, const char *why)
{
    struct probe_missing *missing = &p->missing[p->missing_count];

    if (p->missing_count == PROBE_KEYS_MAX)
        return;
    p->missing_count++;
    (void)snprintf(missing->algorithm, sizeof missing->algorithm, "%s", algorithm);
    (void)snprintf(missing->why, sizeof missing->why, "%.*s", (int)sizeof missing->why - 1, why);
}

/* The login ends as soon as the server has listed its methods, since there is nothing to try. */
static void on_ended(struct nacre_client *connection, const struct nacre_end *why)
{
    struct visit *v = visit_of(connection);
    struct probe *p = v->probe;

    if (v->only_key == NULL) {
        note_session(p, connection);
        if (p->failure.at == NULL && !p->logged_in)
            (void)snprintf(p->problem, sizeof p->problem, "%s", why->text);
    } else if (why->cause != NACRE_HOST_KEY_REJECTED) {
        note_missing(p, v->only_key, why->text);
    }
    study_ended(connection, why);
    nacre_clients_stop(v->clients);
}

/* Every algorithm that nacre has, unless the user chose some. */
static const char *all_unless(const char *chosen)
{
    return chosen != NULL ? chosen : "+*";
}

const struct nacre_observer probe_observer = {.message = on_message, .negotiated = on_negotiated};

static void visit(struct probe *p, const char *host_key_algorithms, const char *only_key)
{
    const struct client_options *o = p->options;
    const struct nacre_client_config config = {
        .version = NACRE_VERSION_NUMBER,
        .user = o->user,
        .banner = on_banner,
        .host_key = on_host_key,
        .ready = on_ready,
        .ended = on_ended,
        .observer = study_observer(),
        .login_grace_ms = o->login_s * 1000,
        .kex = all_unless(o->algorithms.lists[NACRE_KEX]),
        .host_key_algorithms = host_key_algorithms,
        .ciphers = all_unless(o->algorithms.lists[NACRE_CIPHER]),
        .macs = all_unless(o->algorithms.lists[NACRE_MAC]),
        .require_strict_kex = o->algorithms.require_strict_kex,
    };
    struct visit v = {.probe = p, .only_key = only_key};
    char errbuf[CLIENT_SENTENCE_MAX];

    v.clients = nacre_clients_new(&config, errbuf, sizeof errbuf);
    if (v.clients != NULL &&
        nacre_client_connect(v.clients, o->target, &v, errbuf, sizeof errbuf) != NULL)
        nacre_clients_run(v.clients);
    else if (only_key == NULL)
        (void)snprintf(p->problem, sizeof p->problem, "%s", errbuf);
    else
        note_missing(p, only_key, errbuf);
    nacre_clients_free(v.clients);
}

void probe_learn(struct probe *p)
{
    visit(p, all_unless(p->options->algorithms.lists[NACRE_HOST_KEY]), NULL);
}

void probe_learn_key(struct probe *p, const char *algorithm)
{
    visit(p, algorithm, algorithm);
}
