/* Another configuration for a server that runs, with clients from before and after. */
#include "apps/server/parts.h"
#include "apps/server/reconfigure.h"
#include "apps/server/worker.h"
#include "apps/session/parts.h"
#include "tests/support/client_story.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* What one configuration points to */
struct mine {
    const struct nacre_key *keys[2];
    atomic_uint released, logins;
};

static struct served served;
static struct mine first, second;
static struct nacre_server_config wanted;
static struct nacre_admission wanted_admission; /* of it */
static atomic_int outcome;                      /* of nacre_server_reconfigure: -1 none yet */
static char errbuf[512];

static void on_released(void *context)
{
    (void)atomic_fetch_add(&((struct mine *)context)->released, 1);
}

static void on_counters(void *context, const struct nacre_server *server)
{
    (void)context;
    (void)server;
    outcome = nacre_server_reconfigure(served.server, &wanted, errbuf, sizeof errbuf);
}

static void on_authenticated(struct nacre_peer *peer, const char *user)
{
    struct mine *mine = nacre_peer_server_context(peer);

    (void)user;
    (void)atomic_fetch_add(&mine->logins, 1);
}

static void start(unsigned workers)
{
    static const struct nacre_server_events events = {.counters = on_counters,
                                                      .authenticated = on_authenticated};

    first = second = (struct mine){.released = 0};
    serve_config(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                       .events = &events,
                                                       .context = &first,
                                                       .released = on_released,
                                                       .workers = workers});
    wanted = served.server->config;
    wanted_admission = (struct nacre_admission){0};
    wanted.admission = &wanted_admission;
    wanted.context = &second;
}

static bool reconfigure(void)
{
    outcome = -1;
    nacre_server_report(served.server);
    while (outcome < 0)
        (void)usleep(1000);
    return outcome != 0;
}

/* Every worker has adopted the latest settings. */
static void await_workers(void)
{
    for (unsigned w = 0; w < served.server->worker_count; w++)
        while (*(struct settings *volatile *)&served.server->workers[w].settings !=
               served.server->latest)
            (void)usleep(1000);
}

static void end(void)
{
    nacre_server_stop(served.server);
    ck_assert_int_eq(pthread_join(served.thread, NULL), 0);
    nacre_server_free(served.server);
    nacre_key_free(served.key);
    nacre_key_free(served.other);
}

/* A session that stays */
static struct nacre_clients *connect_and_stay(struct story *story)
{
    static struct nacre_client_config config;
    struct nacre_clients *clients;

    config = config_for();
    clients = clients_with(&config);
    *story = (struct story){.accept = true, .stay = true};
    join(clients, address(&served), story);
    while (!story->ready && !story->ended)
        nacre_clients_run_once(clients, 100);
    ck_assert_uint_eq(story->ended, 0);
    return clients;
}

static void log_in(void)
{
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};

    live(&client, address(&served), &story);
    assert_told(&story);
}

START_TEST(new_connections_have_it_and_old_ones_keep_theirs)
{
    struct nacre_clients *clients;
    struct story old;

    start((unsigned)_i);
    clients = connect_and_stay(&old);
    ck_assert_uint_eq(first.logins, 1);
    ck_assert_msg(reconfigure(), "%s", errbuf);
    await_workers();
    ck_assert_uint_eq(first.released, 0);
    log_in();
    ck_assert_uint_eq(first.logins, 1);
    ck_assert_uint_eq(second.logins, 1);
    ck_assert_uint_eq(old.ended, 0);
    nacre_clients_free(clients);
    while (first.released == 0)
        (void)usleep(1000);
    ck_assert_uint_eq(second.released, 0);
    end();
    ck_assert_uint_eq(first.released, 1);
    ck_assert_uint_eq(second.released, 1);
}
END_TEST

START_TEST(a_configuration_that_is_wrong_changes_nothing)
{
    start(2);
    wanted.ciphers = "rot13";
    ck_assert(!reconfigure());
    assert_says(errbuf, "rot13");
    wanted.ciphers = NULL;
    wanted_admission.penalty_exempt = "nonsense/";
    ck_assert(!reconfigure());
    wanted_admission.penalty_exempt = NULL;
    wanted.host_keys = second.keys; /* none */
    ck_assert(!reconfigure());
    assert_says(errbuf, "no host key");
    log_in();
    ck_assert_uint_eq(first.logins, 1);
    end();
    ck_assert_uint_eq(first.released, 1);
    ck_assert_uint_eq(second.released, 0);
}
END_TEST

START_TEST(what_cannot_change_needs_a_restart)
{
    static const char *const other[] = {"127.0.0.1:1", NULL};

    start(1);
    wanted.listen = other;
    ck_assert(!reconfigure());
    assert_says(errbuf, "addresses");
    assert_says(errbuf, "restart");
    wanted.listen = served.server->config.listen;
    wanted.workers = 2;
    ck_assert(!reconfigure());
    assert_says(errbuf, "workers");
    assert_says(errbuf, "restart");
    end();
}
END_TEST

START_TEST(limits_on_all_connections_hold_for_new_ones)
{
    struct nacre_client_config client = config_for();
    struct story old, refused = {.accept = true};
    struct nacre_clients *clients;

    start(1);
    clients = connect_and_stay(&old);
    wanted_admission.max_connections = 1;
    wanted.max_memory = 1024 * 1024;
    ck_assert(reconfigure());
    ck_assert_uint_eq(accounts_size(served.server->accounts), 1024 * 1024);
    live(&client, address(&served), &refused);
    ck_assert_uint_eq(refused.ready, 0);
    ck_assert_uint_eq(nacre_server_limited(served.server, NACRE_LIMIT_CONNECTIONS), 1);
    ck_assert_uint_eq(old.ended, 0);
    wanted_admission.max_connections = 0;
    ck_assert(reconfigure());
    log_in();
    nacre_clients_free(clients);
    end();
}
END_TEST

/* What is left of the descriptors: 32 are for the process and 8 for each worker. */
START_TEST(descriptors_limit_the_connections)
{
    static const struct {
        uint64_t descriptors;
        uint32_t each, most;
    } rows[] = {{0, 1, 1000},
                {100, 0, 100 - 32 - 16},
                {100, 1, 100 - 32 - 16},
                {100, 7, 7},
                {48, 1, 1},
                {49, 1, 1},
                {50, 1, 2},
                {10, 1, 1}};
    struct nacre_admission admission = {.max_connections = 1000};
    struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER, .admission = &admission};

    start(2);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        served.server->descriptors = rows[i].descriptors;
        admission.descriptors_each = rows[i].each;
        ck_assert_uint_eq(reconfigure_admission(served.server, &config).max_connections,
                          rows[i].most);
    }
    end();
}
END_TEST

START_TEST(it_may_change_before_the_server_runs)
{
    static const char *const loopback[] = {"127.0.0.1:0", NULL};

    first = second = (struct mine){.released = 0};
    served = (struct served){.server = NULL};
    make_server(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                      .listen = loopback,
                                                      .context = &first,
                                                      .released = on_released});
    wanted = served.server->config;
    wanted.context = &second;
    ck_assert(nacre_server_reconfigure(served.server, &wanted, errbuf, sizeof errbuf));
    nacre_server_free(served.server);
    ck_assert_uint_eq(first.released, 1);
    ck_assert_uint_eq(second.released, 1);
    nacre_key_free(served.key);
    nacre_key_free(served.other);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, new_connections_have_it_and_old_ones_keep_theirs, 1, 4);
    add_test(suite, a_configuration_that_is_wrong_changes_nothing);
    add_test(suite, what_cannot_change_needs_a_restart);
    add_test(suite, limits_on_all_connections_hold_for_new_ones);
    add_test(suite, descriptors_limit_the_connections);
    add_test(suite, it_may_change_before_the_server_runs);
}
