/* One session of nacre-client, call by call: neither the library nor the loop is there. */
#include "apps/client/run.h"
#include "apps/client/ask.h"
#include "apps/client/caught.h"
#include "apps/client/channel.h"
#include "apps/client/client.h"
#include "apps/client/host_key.h"
#include "apps/client/loop.h"
#include "apps/client/study.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct client_options options;
static struct nacre_client_config config; /* of the last clients */
static struct nacre_known_hosts hosts;
static struct client *client;
static bool studies, makes, connects, has_session;
static void (*happens)(void); /* while the loop runs */
static int ending;
static char one, all, session;

#define CONNECTION ((struct nacre_client *)(void *)&one)
#define CLIENTS ((struct nacre_clients *)(void *)&all)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
struct nacre_clients *__wrap_nacre_clients_new(const struct nacre_client_config *given,
                                               char *errbuf, size_t size);
void __wrap_nacre_clients_free(struct nacre_clients *clients);
struct nacre_client *__wrap_nacre_client_connect(struct nacre_clients *clients, const char *address,
                                                 void *context, char *errbuf, size_t size);
void *__wrap_nacre_client_context(const struct nacre_client *connection);
struct nacre_session *__wrap_nacre_client_session(const struct nacre_client *connection);
void __wrap_loop_drive(struct client *c);
void __wrap_channel_begin(struct client *c);
void __wrap_ask_show(const char *text);
bool __wrap_client_study_begin(const struct client_options *o, const struct nacre_observer *own);
void __wrap_study_ended(void *context, const struct nacre_end *why);
void __wrap_study_close(void);
int __wrap_caught_end(void);
void __wrap_caught_default(int number);

struct nacre_clients *__wrap_nacre_clients_new(const struct nacre_client_config *given,
                                               char *errbuf, size_t size)
{
    config = *given;
    hosts = given->known_hosts != NULL ? *given->known_hosts
                                       : (struct nacre_known_hosts){.file = "none"};
    note("new;");
    if (!makes)
        (void)snprintf(errbuf, size, "not possible");
    return makes ? CLIENTS : NULL;
}

void __wrap_nacre_clients_free(struct nacre_clients *clients)
{
    ck_assert_ptr_eq(clients, CLIENTS);
    note("free;");
}

struct nacre_client *__wrap_nacre_client_connect(struct nacre_clients *clients, const char *address,
                                                 void *context, char *errbuf, size_t size)
{
    ck_assert_ptr_eq(clients, CLIENTS);
    note("connect %s;", address);
    client = context;
    ck_assert_ptr_eq(client->options, &options);
    if (!connects)
        (void)snprintf(errbuf, size, "Connection refused");
    return connects ? CONNECTION : NULL;
}

void *__wrap_nacre_client_context(const struct nacre_client *connection)
{
    ck_assert_ptr_eq(connection, CONNECTION);
    return client;
}

struct nacre_session *__wrap_nacre_client_session(const struct nacre_client *connection)
{
    ck_assert_ptr_eq(connection, CONNECTION);
    return has_session ? (struct nacre_session *)(void *)&session : NULL;
}

void __wrap_loop_drive(struct client *c)
{
    ck_assert(c == client && c->connection == CONNECTION);
    ck_assert(c->output.fd == STDOUT_FILENO && c->errors.fd == STDERR_FILENO);
    ck_assert(c->output.piece > 0 && c->errors.piece > 0);
    note("loop;");
    if (happens != NULL)
        happens();
}

void __wrap_channel_begin(struct client *c)
{
    ck_assert_ptr_eq(c, client);
    note("channel;");
}

void __wrap_ask_show(const char *text)
{
    note("show %s;", text);
}

bool __wrap_client_study_begin(const struct client_options *o, const struct nacre_observer *own)
{
    ck_assert(o == &options && own == NULL);
    return studies;
}

void __wrap_study_ended(void *context, const struct nacre_end *why)
{
    ck_assert(context == CONNECTION && why != NULL);
    note("study ended;");
}

void __wrap_study_close(void)
{
    note("study closed;");
}

int __wrap_caught_end(void)
{
    return ending;
}

void __wrap_caught_default(int number)
{
    note("signal %d;", number);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void begin(void)
{
    options = (struct client_options){
        .user = "al", .host_name = "host", .target = "host:22", .host.known_hosts = "/kh"};
    studies = makes = connects = has_session = true;
    happens = NULL;
    ending = 0;
    noted[0] = 0;
}

static void expect(int status, const char *calls)
{
    ck_assert_int_eq(run_session(&options), status);
    expect_notes(calls);
}

#define UNTIL_LOOP "new;connect host:22;loop;"

START_TEST(each_step_may_fail)
{
    begin();
    expect(255, UNTIL_LOOP "free;study closed;"); /* nothing has set another status */
    connects = false;
    expect(255, "new;connect host:22;say Connection refused. Nothing listens on that port: is the "
                "server running, and is -p right?;free;study closed;");
    makes = false;
    expect(255, "new;say not possible;study closed;");
    studies = false;
    expect(255, "study closed;");
    ending = SIGTERM;
    expect(255, "study closed;signal 15;");
}
END_TEST

static void session_completes(void)
{
    const struct nacre_end why = {.cause = NACRE_DISCONNECTED, .text = "bye"};

    config.banner(CONNECTION, "welcome");
    config.ready(CONNECTION);
    ck_assert(client->logged_in && !client->over);
    client->accepted = malloc(1); /* the session's to free */
    client->complete = true;
    client->status = 7;
    config.ended(CONNECTION, &why);
    ck_assert(client->over && client->connection == NULL);
}

START_TEST(a_complete_session_has_the_command_s_status)
{
    begin();
    happens = session_completes;
    expect(7, UNTIL_LOOP "show welcome;channel;study ended;free;study closed;");
}
END_TEST

static struct nacre_end why;

static void session_ends(void)
{
    client->status = 7;
    noted[0] = 0;
    config.ended(CONNECTION, &why);
    note("connected %d;", client->connected);
}

START_TEST(each_end_has_its_own_words)
{
    static const struct {
        enum nacre_cause cause;
        const char *text;
        bool had_session;
        const char *said;
    } rows[] = {
        {NACRE_WE_CLOSED, "x", true, ""},
        {NACRE_AUTH_FAILED, "x", true, "say al@host: permission denied: x;"},
        {NACRE_DISCONNECTED, "x", true, "say host has ended the connection: x;"},
        {NACRE_HOST_KEY_REJECTED, "x", true, "say x;"},
        {NACRE_CONNECTION_LOST, "x", true, "say the connection to host has ended: x;"},
        {NACRE_CONNECTION_LOST, "x", false, "say x;"},
        {NACRE_CONNECTION_LOST, "Connection refused", false,
         "say Connection refused. Nothing listens on that port: is the server running, and is -p "
         "right?;"},
    };
    char expected[256];

    begin();
    happens = session_ends;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        why = (struct nacre_end){.cause = rows[i].cause, .text = rows[i].text};
        has_session = rows[i].had_session;
        (void)snprintf(expected, sizeof expected, "study ended;%sconnected %d;free;study closed;",
                       rows[i].said, has_session);
        expect(255, expected);
    }
    (void)snprintf(options.note, sizeof options.note, "a key is missing");
    why.cause = NACRE_AUTH_FAILED;
    why.text = "x";
    expect(255, "study ended;say al@host: permission denied: x;say a key is missing;"
                "connected 0;free;study closed;");
}
END_TEST

START_TEST(the_library_gets_what_the_options_say)
{
    static const struct nacre_key *keys[1];

    begin();
    memcpy(options.identity.keys, keys, sizeof keys);
    options.identity.key_count = 1;
    options.host.more = NULL;
    options.algorithms.lists[NACRE_KEX] = "k";
    options.algorithms.lists[NACRE_HOST_KEY] = "h";
    options.algorithms.lists[NACRE_CIPHER] = "c";
    options.algorithms.lists[NACRE_MAC] = "m";
    options.algorithms.require_strict_kex = true;
    (void)run_session(&options);
    ck_assert_uint_eq(config.version, NACRE_VERSION_NUMBER);
    ck_assert_str_eq(config.user, "al");
    ck_assert_ptr_eq(config.keys, options.identity.keys);
    ck_assert_uint_eq(config.key_count, 1);
    ck_assert(config.ask == ask_person && config.host_key == host_key_accept);
    ck_assert_uint_eq(config.login_grace_ms, NACRE_UNLIMITED);
    ck_assert_uint_eq(config.packet_max, 0);
    ck_assert_uint_eq(config.rekey_ms, 0);
    ck_assert_str_eq(config.kex, "k");
    ck_assert_str_eq(config.host_key_algorithms, "h");
    ck_assert_str_eq(config.ciphers, "c");
    ck_assert_str_eq(config.macs, "m");
    ck_assert(config.require_strict_kex && config.observer == NULL);
    ck_assert_uint_eq(hosts.version, NACRE_VERSION_NUMBER);
    ck_assert_str_eq(hosts.file, "/kh");
    noted[0] = 0;
    hosts.warn(NULL, "a warning");
    expect_notes("say a warning;");
    options.host.known_hosts = NULL;
    (void)run_session(&options);
    ck_assert_str_eq(hosts.file, "none");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_step_may_fail);
    add_test(suite, a_complete_session_has_the_command_s_status);
    add_test(suite, each_end_has_its_own_words);
    add_test(suite, the_library_gets_what_the_options_say);
}
