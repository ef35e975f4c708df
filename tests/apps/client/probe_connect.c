/* The connections of --probe: what they ask for, and what they keep. The library is not there. */
#include "apps/client/probe.h"
#include "apps/client/study.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct client_options options;
static struct probe probe;
static struct nacre_client_config config; /* of the last visit */
static void *visit;
static bool makes, connects, has_session;
static void (*happens)(void); /* during the visit */
static char one, all, session;

#define CONNECTION ((struct nacre_client *)(void *)&one)
#define CLIENTS ((struct nacre_clients *)(void *)&all)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
struct nacre_clients *__wrap_nacre_clients_new(const struct nacre_client_config *given,
                                               char *errbuf, size_t size);
void __wrap_nacre_clients_run(struct nacre_clients *clients);
void __wrap_nacre_clients_stop(struct nacre_clients *clients);
void __wrap_nacre_clients_free(struct nacre_clients *clients);
struct nacre_client *__wrap_nacre_client_connect(struct nacre_clients *clients, const char *address,
                                                 void *context, char *errbuf, size_t size);
void *__wrap_nacre_client_context(const struct nacre_client *connection);
void __wrap_nacre_client_close(struct nacre_client *connection, const char *text);
const char *__wrap_nacre_client_address(const struct nacre_client *connection);
struct nacre_session *__wrap_nacre_client_session(const struct nacre_client *connection);
const char *__wrap_nacre_session_peer_version(const struct nacre_session *of);
void __wrap_study_ended(void *context, const struct nacre_end *why);

struct nacre_clients *__wrap_nacre_clients_new(const struct nacre_client_config *given,
                                               char *errbuf, size_t size)
{
    config = *given;
    if (!makes)
        (void)snprintf(errbuf, size, "not made");
    return makes ? CLIENTS : NULL;
}

void __wrap_nacre_clients_run(struct nacre_clients *clients)
{
    ck_assert_ptr_eq(clients, CLIENTS);
    note("run;");
    if (happens != NULL)
        happens();
}

void __wrap_nacre_clients_stop(struct nacre_clients *clients)
{
    ck_assert_ptr_eq(clients, CLIENTS);
    note("stop;");
}

void __wrap_nacre_clients_free(struct nacre_clients *clients)
{
    ck_assert_ptr_eq(clients, makes ? CLIENTS : NULL);
    note("free;");
}

struct nacre_client *__wrap_nacre_client_connect(struct nacre_clients *clients, const char *address,
                                                 void *context, char *errbuf, size_t size)
{
    ck_assert_ptr_eq(clients, CLIENTS);
    note("connect %s;", address);
    visit = context;
    if (!connects)
        (void)snprintf(errbuf, size, "not connected");
    return connects ? CONNECTION : NULL;
}

void *__wrap_nacre_client_context(const struct nacre_client *connection)
{
    ck_assert_ptr_eq(connection, CONNECTION);
    return visit;
}

void __wrap_nacre_client_close(struct nacre_client *connection, const char *text)
{
    ck_assert_ptr_eq(connection, CONNECTION);
    note("close %s;", text);
}

const char *__wrap_nacre_client_address(const struct nacre_client *connection)
{
    (void)connection;
    return "192.0.2.1:22";
}

struct nacre_session *__wrap_nacre_client_session(const struct nacre_client *connection)
{
    (void)connection;
    return has_session ? (struct nacre_session *)(void *)&session : NULL;
}

const char *__wrap_nacre_session_peer_version(const struct nacre_session *of)
{
    ck_assert_ptr_eq(of, &session);
    return "SSH-2.0-x";
}

void __wrap_study_ended(void *context, const struct nacre_end *why)
{
    ck_assert(context == CONNECTION && why != NULL);
    note("ended;");
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void begin(void)
{
    options = (struct client_options){.user = "al", .target = "host:22", .login_s = 7};
    probe = (struct probe){.options = &options};
    makes = connects = has_session = true;
    happens = NULL;
    noted[0] = 0;
}

static void forget(void)
{
    for (size_t i = 0; i < probe.key_count; i++)
        free(probe.keys[i].at);
    free(probe.kexinit.at);
    free(probe.extensions.at);
    free(probe.failure.at);
}

static void learn(void (*during)(void), const char *algorithm)
{
    happens = during;
    if (algorithm == NULL)
        probe_learn(&probe);
    else
        probe_learn_key(&probe, algorithm);
}

#define VISIT "connect host:22;run;"

/* ---- configuration ---- */

START_TEST(every_algorithm_is_offered_unless_some_were_chosen)
{
    begin();
    learn(NULL, NULL);
    expect_notes(VISIT "free;");
    ck_assert_uint_eq(config.version, NACRE_VERSION_NUMBER);
    ck_assert_str_eq(config.user, "al");
    ck_assert_uint_eq(config.login_grace_ms, 7000);
    ck_assert_str_eq(config.kex, "+*");
    ck_assert_str_eq(config.host_key_algorithms, "+*");
    ck_assert_str_eq(config.ciphers, "+*");
    ck_assert_str_eq(config.macs, "+*");
    ck_assert(!config.require_strict_kex && config.observer == NULL);
    ck_assert(config.password == NULL && config.keys == NULL && config.ask == NULL);
    options.algorithms.lists[NACRE_KEX] = "k";
    options.algorithms.lists[NACRE_HOST_KEY] = "h";
    options.algorithms.lists[NACRE_CIPHER] = "c";
    options.algorithms.lists[NACRE_MAC] = "m";
    options.algorithms.require_strict_kex = true;
    learn(NULL, NULL);
    ck_assert_str_eq(config.kex, "k");
    ck_assert_str_eq(config.host_key_algorithms, "h");
    ck_assert_str_eq(config.ciphers, "c");
    ck_assert_str_eq(config.macs, "m");
    ck_assert(config.require_strict_kex);
    learn(NULL, "one");
    ck_assert_str_eq(config.host_key_algorithms, "one");
}
END_TEST

START_TEST(a_visit_that_fails_is_a_problem_or_a_missing_key)
{
    begin();
    connects = false;
    learn(NULL, NULL);
    expect_notes("connect host:22;free;");
    ck_assert_str_eq(probe.problem, "not connected");
    learn(NULL, "one");
    makes = false;
    learn(NULL, "two");
    ck_assert_uint_eq(probe.missing_count, 2);
    ck_assert_str_eq(probe.missing[0].algorithm, "one");
    ck_assert_str_eq(probe.missing[0].why, "not connected");
    ck_assert_str_eq(probe.missing[1].algorithm, "two");
    ck_assert_str_eq(probe.missing[1].why, "not made");
    ck_assert_str_eq(probe.problem, "not connected");
    for (size_t i = 2; i < PROBE_KEYS_MAX + 2; i++)
        learn(NULL, "last");
    ck_assert_uint_eq(probe.missing_count, PROBE_KEYS_MAX);
    ck_assert_str_eq(probe.missing[PROBE_KEYS_MAX - 1].algorithm, "last");
}
END_TEST

/* ---- what is kept ---- */

static void tell(enum nacre_direction direction, const char *payload)
{
    probe_observer.message(CONNECTION, direction, 0, "", (const uint8_t *)payload, strlen(payload));
}

static void messages_come(void)
{
    const struct nacre_negotiated choice = {.kex = "k"};

    tell(NACRE_SENT, "\x14 ours");
    tell(NACRE_RECEIVED, "\x14 first");
    tell(NACRE_RECEIVED, "\x14 later");
    tell(NACRE_RECEIVED, "\x07 extensions");
    tell(NACRE_RECEIVED, "\x33 failure");
    tell(NACRE_RECEIVED, "\x34 success");
    tell(NACRE_RECEIVED, "");
    probe_observer.negotiated(CONNECTION, &choice);
}

static void expect_kept(struct probe_bytes kept, const char *expected)
{
    assert_bytes((struct bytes){kept.at, kept.len}, bytes_of(expected));
}

START_TEST(the_first_message_of_each_kind_is_kept)
{
    begin();
    learn(messages_come, "one"); /* not of a visit for a key */
    ck_assert(probe.kexinit.at == NULL && probe.extensions.at == NULL && probe.failure.at == NULL);
    ck_assert_ptr_null(probe.negotiated.kex);
    learn(messages_come, NULL);
    expect_kept(probe.kexinit, "\x14 first");
    expect_kept(probe.extensions, "\x07 extensions");
    expect_kept(probe.failure, "\x33 failure");
    ck_assert_str_eq(probe.negotiated.kex, "k");
    forget();
}
END_TEST

static enum nacre_answer answers[20];
static unsigned key_number, key_count;

static void keys_come(void)
{
    for (unsigned i = 0; i < key_count; i++) {
        char key[16];
        int len = snprintf(key, sizeof key, "key %u", key_number + i);
        const struct nacre_host_key shown = {.key = (const uint8_t *)key, .len = (size_t)len};

        answers[i] = config.host_key(CONNECTION, &shown, NACRE_HOST_UNKNOWN, "");
    }
}

START_TEST(each_key_is_kept_once)
{
    begin();
    key_number = 1;
    key_count = 1;
    learn(keys_come, NULL);
    ck_assert_int_eq(answers[0], NACRE_GRANT);
    learn(keys_come, "one");
    ck_assert_int_eq(answers[0], NACRE_REFUSE); /* the visit is over */
    ck_assert_uint_eq(probe.key_count, 1);
    expect_kept(probe.keys[0], "key 1");
    key_count = 20;
    learn(keys_come, NULL);
    ck_assert_uint_eq(probe.key_count, PROBE_KEYS_MAX);
    expect_kept(probe.keys[PROBE_KEYS_MAX - 1], "key 16");
    forget();
}
END_TEST

static char banner[PROBE_TEXT_MAX + 8];

static void banner_comes(void)
{
    config.banner(CONNECTION, banner);
}

START_TEST(banners_are_lines)
{
    begin();
    (void)snprintf(banner, sizeof banner, "%s", "a\r\nb");
    learn(banner_comes, NULL);
    learn(banner_comes, "one");
    (void)snprintf(banner, sizeof banner, "%s", "");
    learn(banner_comes, NULL);
    (void)snprintf(banner, sizeof banner, "%s", "c\n");
    learn(banner_comes, NULL);
    ck_assert_str_eq(probe.texts, "a\nb\nc\n");
    memset(banner, 'x', sizeof banner - 1);
    learn(banner_comes, NULL);
    ck_assert_uint_eq(strlen(probe.texts), sizeof probe.texts - 1);
    ck_assert_str_eq(probe.texts + sizeof probe.texts - 4, "xx\n");
    begin();
    (void)snprintf(banner, sizeof banner, "%s", "");
    learn(banner_comes, NULL);
    ck_assert_str_eq(probe.texts, "");
}
END_TEST

/* ---- the end ---- */

static struct nacre_end why;

static void it_ends(void)
{
    config.ended(CONNECTION, &why);
}

static void login_succeeds(void)
{
    config.ready(CONNECTION);
    it_ends();
}

static void login_fails(void)
{
    tell(NACRE_RECEIVED, "\x33 failure");
    it_ends();
}

#define ENDED "ended;stop;free;"

START_TEST(the_end_is_a_problem_unless_the_server_has_answered)
{
    begin();
    why = (struct nacre_end){.cause = NACRE_CONNECTION_LOST, .text = "lost"};
    learn(it_ends, NULL);
    expect_notes(VISIT ENDED);
    ck_assert_str_eq(probe.problem, "lost");
    ck_assert_str_eq(probe.address, "192.0.2.1:22");
    ck_assert_str_eq(probe.identification, "SSH-2.0-x");
    begin();
    has_session = false;
    learn(login_fails, NULL);
    ck_assert_str_eq(probe.problem, "");
    ck_assert_str_eq(probe.identification, "");
    forget();
    begin();
    learn(login_succeeds, NULL);
    expect_notes(VISIT "close the probe is complete;" ENDED);
    ck_assert_str_eq(probe.problem, "");
    ck_assert(probe.logged_in);
}
END_TEST

START_TEST(a_key_is_missing_unless_it_was_rejected)
{
    begin();
    why = (struct nacre_end){.cause = NACRE_HOST_KEY_REJECTED, .text = "rejected"};
    learn(it_ends, "one");
    expect_notes(VISIT ENDED);
    ck_assert_uint_eq(probe.missing_count, 0);
    why = (struct nacre_end){.cause = NACRE_CONNECTION_LOST, .text = "lost"};
    learn(it_ends, "one");
    ck_assert_uint_eq(probe.missing_count, 1);
    ck_assert_str_eq(probe.missing[0].why, "lost");
    ck_assert_str_eq(probe.address, "");
    ck_assert_str_eq(probe.problem, "");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, every_algorithm_is_offered_unless_some_were_chosen);
    add_test(suite, a_visit_that_fails_is_a_problem_or_a_missing_key);
    add_test(suite, the_first_message_of_each_kind_is_kept);
    add_test(suite, each_key_is_kept_once);
    add_test(suite, banners_are_lines);
    add_test(suite, the_end_is_a_problem_unless_the_server_has_answered);
    add_test(suite, a_key_is_missing_unless_it_was_rejected);
}
