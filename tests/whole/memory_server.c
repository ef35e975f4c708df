/* Every allocation fails in turn, those outside sessions too: in a server with logins and an
 * application, and in a client. tests/whole/memory.c is about sessions only. */
#include "apps/connect/client.h"
#include "apps/connect/signing.h"
#include "apps/daemon/events.h"
#include "apps/daemon/log.h"
#include "apps/echo/echo.h"
#include "apps/files/agent.h"
#include "apps/files/key_file.h"
#include "tests/support/false_agent.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "tests/whole/memory_libc.h"

#include <pthread.h>
#include <stdio.h>

static char errbuf[8192];

/* ---- a server to talk to ---- */

struct served {
    struct nacre_server_config config;
    struct nacre_server *server;
    char key_file[256], keys_file[256], passwords_file[256];
};

static void keep(char out[256], const char *path)
{
    (void)snprintf(out, 256, "%s", path);
}

static void prepare_server(struct served *s)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL};
    char line[1024];

    log_threshold(LOG_ERROR);
    echo_set_events(&channel_log);
    keep(s->key_file, scratch_write("host_key", openssh_ed25519, 0600));
    keep(s->passwords_file, scratch_write("passwords", "alice:secret\n", 0600));
    (void)snprintf(line, sizeof line, "environment=\"A=1\",permitopen=\"h:1\" %s\n",
                   openssh_ed25519_public);
    keep(s->keys_file, scratch_write("keys", line, 0600));
    static const struct nacre_admission no_penalties = {.no_penalties = true};

    s->config = (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                             .listen = listen,
                                             .host_key_file = s->key_file,
                                             .password_file = s->passwords_file,
                                             .authorized_keys = s->keys_file,
                                             .session = &echo_app,
                                             .admission = &no_penalties,
                                             .drain_ms = 100};
}

static void open_server(struct served *s)
{
    s->server = nacre_server_new(&s->config, errbuf, sizeof errbuf);
}

static void close_server(struct served *s)
{
    nacre_server_free(s->server);
}

/* ---- a client that sends a line to `cat`, and reads it back ---- */

struct story {
    unsigned ready, ended, opened, closed;
    size_t got;
    char text[1024];
};

static struct story *story_of(const struct nacre_channel *ch)
{
    return nacre_client_context(nacre_channel_context(ch));
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    story_of(ch)->opened++;
    (void)nacre_channel_exec(ch, "cat");
    return NACRE_GRANT;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    if (granted)
        (void)nacre_channel_write(ch, "hello\n", 6);
    nacre_channel_eof(ch);
    if (!granted)
        nacre_channel_close(ch);
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)data;
    story_of(ch)->got += len;
    return len;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)why;
    story_of(ch)->closed++;
    nacre_client_close(nacre_channel_context(ch), "done");
}

static const struct nacre_channel_app cat = {
    .open = on_open, .replied = on_replied, .data = on_data, .closed = on_closed};

static void on_ready(struct nacre_client *client)
{
    struct story *s = nacre_client_context(client);

    s->ready++;
    if (nacre_session_open_channel(nacre_client_session(client), "session", &cat, NULL, NULL, 0) ==
        NULL)
        nacre_client_close(client, "no channel");
}

static void on_ended(struct nacre_client *client, const struct nacre_end *why)
{
    struct story *s = nacre_client_context(client);

    s->ended++;
    (void)snprintf(s->text, sizeof s->text, "%s", why->text);
}

static enum nacre_answer on_host_key(struct nacre_client *client,
                                     const struct nacre_host_key *shown,
                                     enum nacre_host_verdict verdict, const char *sentence)
{
    (void)client;
    (void)verdict;
    return shown->len > 0 && sentence[0] != 0;
}

static const struct nacre_client_config with_password = {.version = NACRE_VERSION_NUMBER,
                                                         .user = "alice",
                                                         .password = "secret",
                                                         .host_key = on_host_key,
                                                         .ready = on_ready,
                                                         .ended = on_ended};

/* Run one client until it has ended. False: it could not start. */
static bool live(const struct nacre_client_config *config, const char *where, struct story *s)
{
    struct nacre_clients *clients;

    *s = (struct story){.ready = 0};
    errbuf[0] = 0;
    clients = nacre_clients_new(config, errbuf, sizeof errbuf);
    if (clients == NULL || nacre_client_connect(clients, where, s, errbuf, sizeof errbuf) == NULL) {
        ck_assert_str_ne(errbuf, "");
        ck_assert_uint_eq(s->ended, 0);
        nacre_clients_free(clients);
        return false;
    }
    nacre_clients_run(clients);
    nacre_clients_free(clients);
    ck_assert_uint_eq(s->ended, 1);
    ck_assert_str_ne(s->text, "");
    ck_assert_uint_le(s->opened, s->closed);
    ck_assert_uint_le(s->closed, 1);
    return true;
}

static bool is_whole(const struct story *s)
{
    return s->ready == 1 && s->opened == 1 && s->closed == 1 && s->got == 6;
}

/* ---- the server has no memory ---- */

struct visitor {
    struct served *served;
    struct nacre_client_config config;
    struct story first, second;
};

/* Whatever happened to the first client, the second one is served as usual. */
static void *visit(void *at)
{
    struct visitor *v = at;
    const char *where = nacre_server_address(v->served->server, 0);

    ck_assert(live(&v->config, where, &v->first));
    ck_assert(live(&v->config, where, &v->second));
    nacre_server_stop(v->served->server);
    return NULL;
}

static bool serve_without(unsigned refuse_at, const struct nacre_client_config *config)
{
    struct served served;
    struct visitor visitor = {.served = &served, .config = *config};
    struct scarce scarce;
    pthread_t thread;

    scarce_init(&scarce, refuse_at, false);
    prepare_server(&served);
    open_server(&served);
    ck_assert_msg(served.server != NULL, "%s", errbuf);
    ck_assert_int_eq(pthread_create(&thread, NULL, visit, &visitor), 0);
    scarce_everywhere(&scarce);
    nacre_server_run(served.server);
    scarce_everywhere(NULL);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    close_server(&served);
    ck_assert_msg(is_whole(&visitor.second) || is_whole(&visitor.first),
                  "allocation %u: first: %s, second: %s", refuse_at, visitor.first.text,
                  visitor.second.text);
    if (!scarce.refused)
        ck_assert(is_whole(&visitor.first) && is_whole(&visitor.second));
    return scarce.refused;
}

static void serve_wherever_it_runs_out(const struct nacre_client_config *config)
{
    unsigned n = 1;

    while (serve_without(n, config))
        n++;
    ck_assert_uint_gt(n, 20);
}

START_TEST(a_server_loses_one_session_at_most)
{
    serve_wherever_it_runs_out(&with_password);
}
END_TEST

START_TEST(a_server_loses_one_login_by_key_at_most)
{
    struct nacre_key *key =
        nacre_key_read(scratch_write("user_key", openssh_ed25519, 0600), errbuf, sizeof errbuf);
    struct nacre_client_config config = with_password;

    ck_assert_msg(key != NULL, "%s", errbuf);
    config.password = NULL;
    config.keys = (const struct nacre_key *const *)&key;
    config.key_count = 1;
    serve_wherever_it_runs_out(&config);
    nacre_key_free(key);
}
END_TEST

START_TEST(a_server_that_cannot_start_reports_why)
{
    struct served served;
    struct scarce scarce;
    unsigned n = 0;

    prepare_server(&served);
    do {
        scarce_init(&scarce, ++n, false);
        errbuf[0] = 0;
        scarce_everywhere(&scarce);
        open_server(&served);
        scarce_everywhere(NULL);
        if (served.server == NULL)
            ck_assert_str_ne(errbuf, "");
        if (scarce.refused)
            nacre_server_free(served.server);
    } while (scarce.refused);
    ck_assert_ptr_nonnull(served.server);
    ck_assert_uint_gt(n, 5);
    close_server(&served);
}
END_TEST

/* ---- the client has no memory ---- */

static void *run_server(void *at)
{
    nacre_server_run(at);
    return NULL;
}

START_TEST(a_client_ends_and_reports_why)
{
    struct served served;
    struct nacre_client_config config = with_password;
    struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER,
                                      .file = scratch_write("known", "other ssh-dss AAAA\n", 0600)};
    struct scarce scarce;
    struct story story;
    pthread_t thread;
    unsigned n = 0;

    prepare_server(&served);
    open_server(&served);
    ck_assert_msg(served.server != NULL, "%s", errbuf);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_server, served.server), 0);
    config.known_hosts = &hosts;
    do {
        scarce_init(&scarce, ++n, false);
        scarce_everywhere(&scarce);
        (void)live(&config, nacre_server_address(served.server, 0), &story);
        scarce_everywhere(NULL);
    } while (scarce.refused);
    ck_assert_msg(is_whole(&story), "%s", story.text);
    ck_assert_uint_gt(n, 20);
    nacre_server_stop(served.server);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    close_server(&served);
}
END_TEST

/* The agent is not there: it is asked only when the signature has begun. */
START_TEST(a_signature_without_memory_does_not_begin)
{
    static uint8_t keys[4096];
    struct false_agent a = {.fd = -1};
    struct nacre_client client = {0};
    struct nacre_agent *agent;
    struct scarce scarce;
    unsigned n = 0;
    bool begun;

    a.answers[0] = false_agent_keys(bytes_of(""), 2, keys, sizeof keys);
    false_agent_begin(&a);
    agent = nacre_agent_open(a.path, errbuf, sizeof errbuf);
    ck_assert_msg(agent != NULL, "%s", errbuf);
    false_agent_finish(&a);
    client.all = nacre_clients_new(&with_password, errbuf, sizeof errbuf);
    ck_assert_msg(client.all != NULL, "%s", errbuf);
    do {
        size_t count;

        scarce_init(&scarce, ++n, false);
        scarce_everywhere(&scarce);
        begun = signing_begin(&client, nacre_agent_keys(agent, &count)[0], &signature_ed25519,
                              bytes_of("data"));
        scarce_everywhere(NULL);
        ck_assert(begun == !scarce.refused);
        ck_assert(begun == (client.signing != NULL));
    } while (!begun);
    ck_assert_uint_eq(n, 4); /* the signature, the request, and the first timer */
    signing_end(&client);
    nacre_clients_free(client.all);
    nacre_agent_free(agent);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_server_loses_one_session_at_most);
    add_test(suite, a_server_loses_one_login_by_key_at_most);
    add_test(suite, a_server_that_cannot_start_reports_why);
    add_test(suite, a_client_ends_and_reports_why);
    add_test(suite, a_signature_without_memory_does_not_begin);
}
