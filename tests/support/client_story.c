#include "tests/support/client_story.h"

#include <stdio.h>

static void login(void *peer, struct nacre_decision *decision, const char *user, const char *given)
{
    (void)peer;
    nacre_decide(decision, nacre_password_equals(given, "secret") && strcmp(user, "alice") == 0);
}

static enum nacre_answer grant_exec(struct nacre_channel *ch, const struct nacre_request *asked)
{
    (void)ch;
    return asked->kind == NACRE_REQUEST_EXEC ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t send_back(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return nacre_channel_write(ch, data, len);
}

static void close_at_eof(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, 3);
    nacre_channel_close(ch);
}

static const struct nacre_auth_policy policy = {.password = login};
static const struct nacre_channel_app cat = {
    .request = grant_exec, .data = send_back, .eof = close_at_eof};

static void *run_server(void *at)
{
    nacre_server_run(at);
    return NULL;
}

static struct nacre_key *make_key(struct served *s)
{
    char errbuf[512];
    struct nacre_key *key = nacre_key_make(scratch_path("host_key"), errbuf, sizeof errbuf);

    ck_assert_msg(key != NULL, "%s", errbuf);
    s->keys[0] = key;
    return key;
}

void make_server(struct served *s, struct nacre_server_config config)
{
    static const char *const loopback[] = {"127.0.0.1:0", NULL};
    char errbuf[512];

    if (s->key == NULL)
        s->key = make_key(s);
    config.host_keys = s->keys;
    if (config.listen == NULL)
        config.listen = loopback;
    if (config.auth == NULL && config.password_file == NULL)
        config.auth = &policy;
    if (config.session == NULL)
        config.session = &cat;
    s->server = nacre_server_new(&config, errbuf, sizeof errbuf);
    ck_assert_msg(s->server != NULL, "%s", errbuf);
}

void serve_config(struct served *s, struct nacre_server_config config)
{
    make_server(s, config);
    ck_assert_int_eq(pthread_create(&s->thread, NULL, run_server, s->server), 0);
}

void serve_with(struct served *s, const char *listen, const char *other)
{
    const char *const addresses[] = {listen, NULL};
    char errbuf[512];

    *s = (struct served){.server = NULL};
    if (other != NULL) {
        s->other = nacre_key_read(scratch_write("other_key", other, 0600), errbuf, sizeof errbuf);
        ck_assert_msg(s->other != NULL, "%s", errbuf);
        s->keys[1] = s->other;
    }
    serve_config(
        s, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER, .listen = addresses});
}

void serve(struct served *s, const char *listen)
{
    serve_with(s, listen, NULL);
}

void end_server(struct served *s)
{
    nacre_server_stop(s->server);
    ck_assert_int_eq(pthread_join(s->thread, NULL), 0);
    nacre_server_free(s->server);
    nacre_key_free(s->key);
    nacre_key_free(s->other);
}

const char *address(const struct served *s)
{
    return nacre_server_address(s->server, 0);
}

static struct story *story_of(const struct nacre_channel *ch)
{
    return nacre_client_context(nacre_channel_context(ch));
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    ck_assert_int_eq(nacre_channel_exec(ch, "cat"), NACRE_SEND_DONE);
    return NACRE_GRANT;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    ck_assert(granted);
    ck_assert_uint_eq(nacre_channel_write(ch, "hello\n", 6), 6);
    nacre_channel_eof(ch);
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)data;
    story_of(ch)->got += len;
    return len;
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    if (request->kind == NACRE_REQUEST_EXIT_STATUS)
        story_of(ch)->exit_status = request->exit_status;
    return NACRE_GRANT;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)why;
    story_of(ch)->closed++;
    nacre_client_close(nacre_channel_context(ch), "done");
}

static const struct nacre_channel_app app = {.open = on_open,
                                             .replied = on_replied,
                                             .data = on_data,
                                             .request = on_request,
                                             .closed = on_closed};

static void on_ready(struct nacre_client *client)
{
    struct story *s = nacre_client_context(client);

    s->ready++;
    if (!s->stay)
        ck_assert_ptr_nonnull(nacre_session_open_channel(nacre_client_session(client), "session",
                                                         &app, NULL, NULL, 0));
}

static void on_ended(struct nacre_client *client, const struct nacre_end *why)
{
    struct story *s = nacre_client_context(client);

    s->ended++;
    s->why = *why;
    (void)snprintf(s->text, sizeof s->text, "%s", why->text);
}

enum nacre_answer on_host_key(struct nacre_client *client, const struct nacre_host_key *shown,
                              enum nacre_host_verdict verdict, const char *sentence)
{
    struct story *s = nacre_client_context(client);

    ck_assert_uint_gt(shown->len, 0);
    ck_assert_str_ne(sentence, "");
    s->asked++;
    s->verdict = verdict;
    return s->accept;
}

struct nacre_client_config config_for(void)
{
    return (struct nacre_client_config){.version = NACRE_VERSION_NUMBER,
                                        .user = "alice",
                                        .password = "secret",
                                        .host_key = on_host_key,
                                        .ready = on_ready,
                                        .ended = on_ended};
}

struct nacre_clients *clients_with(const struct nacre_client_config *config)
{
    char errbuf[512];
    struct nacre_clients *clients = nacre_clients_new(config, errbuf, sizeof errbuf);

    ck_assert_msg(clients != NULL, "%s", errbuf);
    return clients;
}

void join(struct nacre_clients *clients, const char *where, struct story *s)
{
    char errbuf[512];

    ck_assert_msg(nacre_client_connect(clients, where, s, errbuf, sizeof errbuf) != NULL, "%s",
                  errbuf);
}

void live(const struct nacre_client_config *config, const char *where, struct story *s)
{
    struct nacre_clients *clients = clients_with(config);

    join(clients, where, s);
    ck_assert_uint_eq(s->ended, 0);
    nacre_clients_run(clients);
    ck_assert_uint_eq(s->ended, 1);
    nacre_clients_free(clients);
    ck_assert_uint_eq(s->ended, 1);
}

void assert_told(const struct story *s)
{
    ck_assert_msg(s->why.cause == NACRE_WE_CLOSED, "%s: %s", nacre_cause_text(s->why.cause),
                  s->text);
    ck_assert_uint_eq(s->ready, 1);
    ck_assert_uint_eq(s->closed, 1);
    ck_assert_uint_eq(s->got, 6);
    ck_assert_uint_eq(s->exit_status, 3);
}
