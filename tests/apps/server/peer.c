/* One connection of a server: what its program can learn about it, and its events. */
#include "tests/support/client_story.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct served served;
static char notes[256];       /* the events of all connections, in order */
static struct nacre_end last; /* how the last connection ended */
static bool offloaded;

static void note(const char *event, const struct nacre_peer *peer)
{
    size_t len = strlen(notes);

    (void)snprintf(notes + len, sizeof notes - len, "%s %u;", event, (unsigned)nacre_peer_id(peer));
}

static void on_accepted(struct nacre_peer *peer)
{
    char host[NACRE_PEER_HOST_MAX];

    note("accepted", peer);
    ck_assert_ptr_null(nacre_peer_session(peer));
    ck_assert_ptr_null(nacre_peer_data(peer));
    ck_assert_str_eq(nacre_peer_server_context(peer), "mine");
    nacre_peer_host(peer, host);
    ck_assert_str_eq(host, "127.0.0.1");
    ck_assert(strncmp(nacre_peer_address(peer), "127.0.0.1:", 10) == 0);
    nacre_peer_set_data(peer, notes);
}

static void on_authenticated(struct nacre_peer *peer, const char *user)
{
    note("authenticated", peer);
    ck_assert_str_eq(user, "alice");
    ck_assert_ptr_eq(nacre_peer_data(peer), notes);
    ck_assert_ptr_nonnull(nacre_peer_session(peer));
    ck_assert_ptr_nonnull(nacre_peer_loop(peer));
    ck_assert_str_eq(nacre_peer_local_address(peer), address(&served));
}

static void on_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    note("ended", peer);
    last = *why;
    ck_assert_ptr_eq(nacre_peer_data(peer), notes);
}

static const struct nacre_server_events events = {
    .accepted = on_accepted, .authenticated = on_authenticated, .ended = on_ended};

static void serve_noting(void)
{
    notes[0] = 0;
    serve_config(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                       .events = &events,
                                                       .context = "mine"});
}

START_TEST(each_connection_is_accepted_authenticated_and_ended_in_that_order)
{
    struct nacre_client_config client = config_for();
    struct story story;

    serve_noting();
    for (int i = 0; i < 2; i++) {
        story = (struct story){.accept = true};
        live(&client, address(&served), &story);
        assert_told(&story);
    }
    end_server(&served);
    ck_assert_str_eq(notes, "accepted 1;authenticated 1;ended 1;"
                            "accepted 2;authenticated 2;ended 2;");
    ck_assert_int_eq(last.cause, NACRE_DISCONNECTED);
}
END_TEST

START_TEST(a_connection_without_a_login_ends_too)
{
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};

    client.password = "wrong";
    serve_noting();
    live(&client, address(&served), &story);
    end_server(&served);
    ck_assert_str_eq(notes, "accepted 1;ended 1;");
}
END_TEST

static void on_limited(struct nacre_peer *peer, enum nacre_limit limit)
{
    note(nacre_limit_name(limit), peer);
}

static void observe_limit(void *peer, enum nacre_limit limit)
{
    (void)limit;
    note("observed", peer);
}

/* A client that says nothing. */
START_TEST(the_limit_that_was_reached_is_reported_before_the_end)
{
    static const struct nacre_server_events limited = {
        .accepted = on_accepted, .ended = on_ended, .limited = on_limited};
    static const struct nacre_observer observer = {.limited = observe_limit};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char got[256];

    notes[0] = 0;
    serve_config(&served,
                 (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                              .events = &limited,
                                              .observer = &observer,
                                              .context = "mine",
                                              .limits = &(struct nacre_limits){.handshake_ms = 1}});
    to.sin_port = htons((uint16_t)strtoul(strrchr(address(&served), ':') + 1, NULL, 10));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    while (recv(fd, got, sizeof got, 0) > 0)
        continue;
    close(fd);
    end_server(&served);
    ck_assert_str_eq(notes, "accepted 1;observed 1;handshake-time 1;ended 1;");
}
END_TEST

static void open_two_and_go(struct nacre_client *client)
{
    static const struct nacre_channel_app app = {.open = NULL};

    for (int i = 0; i < 2; i++)
        (void)nacre_session_open_channel(nacre_client_session(client), "session", &app, NULL, NULL,
                                         0);
    nacre_client_close(client, "done");
}

/* The event is due, and the connection is over before the loop comes to it: it tells of it at the
 * end, and is not used any more then. */
START_TEST(a_limit_may_be_reached_just_before_the_end)
{
    static const struct nacre_server_events limited = {
        .accepted = on_accepted, .ended = on_ended, .limited = on_limited};
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};

    notes[0] = 0;
    client.ready = open_two_and_go;
    serve_config(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                       .events = &limited,
                                                       .context = "mine",
                                                       .channels_max = 1});
    live(&client, address(&served), &story);
    end_server(&served);
    ck_assert_str_eq(notes, "accepted 1;max-sessions 1;ended 1;");
}
END_TEST

static void work(void *job)
{
    *(pthread_t *)job = pthread_self();
}

static void done(void *job)
{
    offloaded = pthread_equal(pthread_self(), served.thread) &&
                !pthread_equal(*(pthread_t *)job, served.thread);
    nacre_server_stop(served.server);
}

static void offload(struct nacre_peer *peer, const char *user)
{
    static pthread_t worker;

    (void)user;
    worker = pthread_self();
    ck_assert(nacre_peer_offload(peer, work, done, &worker));
}

START_TEST(work_is_done_on_another_thread_and_finished_on_the_loops_own)
{
    static const struct nacre_server_events offloading = {.authenticated = offload};
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true, .stay = true};

    serve_config(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                       .events = &offloading});
    live(&client, address(&served), &story);
    end_server(&served);
    ck_assert(offloaded);
}
END_TEST

/* ---- an answer from a thread of the program's own ---- */

static pthread_t database;
static void *answered_for; /* the context of the decision, when the answer came */
static bool answered_on_loop;

static void on_answer(struct nacre_decision *decision, void *argument)
{
    answered_for = nacre_decision_context(decision);
    answered_on_loop = pthread_equal(pthread_self(), served.thread);
    nacre_decision_attach(decision, argument, NULL);
    nacre_decide(decision, true);
}

static void *look_up(void *decision)
{
    ck_assert(!nacre_decision_is_over(decision));
    ck_assert(nacre_decision_post(decision, on_answer, notes));
    return NULL;
}

static void ask_database(void *peer, struct nacre_decision *decision, const char *user,
                         const char *password)
{
    (void)peer;
    (void)user;
    (void)password;
    ck_assert_int_eq(pthread_create(&database, NULL, look_up, decision), 0);
}

static void expect_attached(struct nacre_peer *peer, const char *user)
{
    ck_assert_str_eq(user, "alice");
    ck_assert_ptr_eq(peer, answered_for);
    ck_assert_ptr_eq(nacre_login_attached(nacre_peer_login(peer), "password"), notes);
}

START_TEST(a_decision_is_answered_from_another_thread)
{
    static const struct nacre_auth_policy asking = {.password = ask_database};
    static const struct nacre_server_events expecting = {.authenticated = expect_attached};
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};

    answered_for = NULL;
    serve_config(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                       .auth = &asking,
                                                       .events = &expecting});
    live(&client, address(&served), &story);
    assert_told(&story);
    ck_assert_int_eq(pthread_join(database, NULL), 0);
    end_server(&served);
    ck_assert(answered_on_loop);
}
END_TEST

static struct nacre_decision *undecided;

static void stop_instead(void *peer, struct nacre_decision *decision, const char *user,
                         const char *password)
{
    (void)peer;
    (void)user;
    (void)password;
    undecided = decision;
    nacre_server_stop(served.server);
}

/* It has stopped, and is not freed yet. */
START_TEST(an_answer_that_comes_too_late_is_called_when_the_server_is_freed)
{
    static const struct nacre_auth_policy stopping = {.password = stop_instead};
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};

    answered_for = notes;
    serve_config(&served, (struct nacre_server_config){
                              .version = NACRE_VERSION_NUMBER, .auth = &stopping, .drain_ms = 1});
    live(&client, address(&served), &story);
    ck_assert_int_eq(pthread_join(served.thread, NULL), 0);
    ck_assert(nacre_decision_is_over(undecided));
    ck_assert(nacre_decision_post(undecided, on_answer, NULL));
    ck_assert_ptr_eq(answered_for, notes);
    nacre_server_free(served.server);
    ck_assert_ptr_null(answered_for);
    nacre_key_free(served.key);
}
END_TEST

static void free_session(struct nacre_peer *peer, const char *user)
{
    (void)user;
    nacre_session_free(nacre_peer_session(peer));
}

START_TEST(freeing_its_session_ends_the_connection_at_once)
{
    static const struct nacre_server_events freeing = {.authenticated = free_session};
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true, .stay = true};

    serve_config(&served,
                 (struct nacre_server_config){.version = NACRE_VERSION_NUMBER, .events = &freeing});
    live(&client, address(&served), &story);
    ck_assert_int_eq(story.why.cause, NACRE_CONNECTION_LOST);
    end_server(&served);
}
END_TEST

/* ---- a client that has gone while its job waits ---- */

enum { BLOCKERS = 200 /* jobs: more than there are threads */ };

static atomic_bool gate, asked;
static atomic_uint answered, worked_for_nobody;

static void wait_for_gate(void *job)
{
    (void)job;
    while (atomic_load(&gate))
        (void)usleep(1000);
}

static void count_answer(void *job)
{
    (void)job;
    atomic_fetch_add(&answered, 1);
}

static void note_work(void *job)
{
    (void)job;
    atomic_fetch_add(&worked_for_nobody, 1);
}

static void refuse_and_count(void *decision)
{
    nacre_decide_unable(decision);
    atomic_fetch_add(&answered, 1);
}

/* The jobs of the first client keep all threads busy. */
static void keep_threads_busy(struct nacre_peer *peer, const char *user)
{
    (void)user;
    for (int i = 0; i < BLOCKERS; i++)
        ck_assert(nacre_peer_offload(peer, wait_for_gate, count_answer, NULL));
}

static void ask_elsewhere(void *peer, struct nacre_decision *decision, const char *user,
                          const char *password)
{
    (void)user;
    if (strcmp(password, "secret") == 0) {
        nacre_decide(decision, true);
        return;
    }
    ck_assert(nacre_peer_offload(peer, note_work, refuse_and_count, decision));
    atomic_store(&asked, true);
}

START_TEST(the_password_of_a_client_that_has_gone_is_not_hashed)
{
    static const struct nacre_auth_policy policy = {.password = ask_elsewhere};
    static const struct nacre_server_events busy = {.authenticated = keep_threads_busy};
    struct nacre_client_config first = config_for(), second = config_for();
    struct story stories[2] = {{.accept = true, .stay = true}, {.accept = true}};
    struct nacre_clients *staying, *leaving;

    atomic_store(&gate, true);
    serve_config(&served, (struct nacre_server_config){
                              .version = NACRE_VERSION_NUMBER, .auth = &policy, .events = &busy});
    staying = clients_with(&first);
    join(staying, address(&served), &stories[0]);
    while (stories[0].ready == 0)
        (void)nacre_clients_run_once(staying, 1000);
    second.password = "wrong";
    leaving = clients_with(&second);
    join(leaving, address(&served), &stories[1]);
    while (!atomic_load(&asked))
        (void)nacre_clients_run_once(leaving, 10);
    nacre_clients_free(leaving);
    while (atomic_load(&answered) == 0) /* without a free thread */
        (void)usleep(1000);
    atomic_store(&gate, false);
    while (atomic_load(&answered) < BLOCKERS + 1)
        (void)usleep(1000);
    ck_assert_uint_eq(worked_for_nobody, 0);
    nacre_clients_free(staying);
    end_server(&served);
}
END_TEST

/* ---- penalties, and the reserve of connections ---- */

static uint64_t count_of(enum nacre_limit limit)
{
    return nacre_server_limited(served.server, limit);
}

/* One kind of end is penalised at once, the others hardly. */
static void serve_strictly(struct nacre_admission admission)
{
    serve_config(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                       .admission = &admission});
}

static void log_in(const char *password)
{
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};

    client.password = password;
    live(&client, address(&served), &story);
}

START_TEST(what_is_no_failed_login_is_not_penalised_as_one)
{
    serve_strictly((struct nacre_admission){.penalty_authfail_ms = 1,
                                            .penalty_noauth_ms = 100 * 1000,
                                            .penalty_grace_exceeded_ms = 100 * 1000,
                                            .penalty_min_ms = 100 * 1000});
    log_in("secret");
    log_in("wrong");
    log_in("wrong"); /* 1 ms is no penalty */
    ck_assert_uint_eq(count_of(NACRE_LIMIT_PENALTY), 0);
    end_server(&served);
}
END_TEST

START_TEST(a_failed_login_is_penalised_and_a_good_one_is_not)
{
    serve_strictly((struct nacre_admission){.penalty_authfail_ms = 100 * 1000,
                                            .penalty_noauth_ms = 1,
                                            .penalty_grace_exceeded_ms = 1,
                                            .penalty_min_ms = 100 * 1000});
    log_in("secret");
    log_in("secret");
    ck_assert_uint_eq(count_of(NACRE_LIMIT_PENALTY), 0);
    log_in("wrong");
    log_in("secret");
    ck_assert_uint_eq(count_of(NACRE_LIMIT_PENALTY), 1);
    end_server(&served);
}
END_TEST

/* A connection that does not log in. */
static int connect_raw(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons((uint16_t)strtoul(strrchr(address(&served), ':') + 1, NULL, 10));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void wait_for_connections(struct nacre_clients *clients, uint32_t wanted)
{
    do
        (void)nacre_clients_run_once(clients, 1);
    while (nacre_server_counter(served.server, NACRE_COUNT_CONNECTIONS) != wanted);
}

/* Of 8 connections the last one is kept for users without one. */
START_TEST(a_second_connection_of_a_user_is_no_use_of_the_reserve)
{
    static const struct nacre_server_events limited = {.limited = on_limited};
    const struct nacre_client_config client = config_for();
    struct story stories[2] = {{.accept = true, .stay = true}, {.accept = true, .stay = true}};
    struct nacre_clients *clients = clients_with(&client);
    int raw[7];

    notes[0] = 0;
    serve_config(&served, (struct nacre_server_config){
                              .version = NACRE_VERSION_NUMBER,
                              .admission = &(struct nacre_admission){.max_connections = 8,
                                                                     .no_penalties = true},
                              .events = &limited});
    for (int i = 0; i < 7; i++)
        raw[i] = connect_raw();
    wait_for_connections(clients, 7);
    join(clients, address(&served), &stories[0]);
    while (stories[0].ready + stories[0].ended == 0)
        (void)nacre_clients_run_once(clients, 100);
    ck_assert_uint_eq(stories[0].ready, 1);
    (void)close(raw[6]);
    wait_for_connections(clients, 7);
    ck_assert_uint_eq(stories[0].ended, 0);
    join(clients, address(&served), &stories[1]);
    while (stories[1].ended == 0)
        (void)nacre_clients_run_once(clients, 100);
    assert_says(stories[1].text, "too many connections");
    ck_assert_uint_eq(stories[0].ended, 0);
    ck_assert_uint_eq(count_of(NACRE_LIMIT_CONNECTIONS), 1);
    for (int i = 0; i < 6; i++)
        (void)close(raw[i]);
    nacre_clients_free(clients);
    end_server(&served);
    ck_assert_str_eq(notes, "max-connections 9;");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_decision_is_answered_from_another_thread);
    add_test(suite, an_answer_that_comes_too_late_is_called_when_the_server_is_freed);
    add_test(suite, the_password_of_a_client_that_has_gone_is_not_hashed);
    scratch_folder(suite);
    add_test(suite, each_connection_is_accepted_authenticated_and_ended_in_that_order);
    add_test(suite, a_connection_without_a_login_ends_too);
    add_test(suite, the_limit_that_was_reached_is_reported_before_the_end);
    add_test(suite, a_limit_may_be_reached_just_before_the_end);
    add_test(suite, work_is_done_on_another_thread_and_finished_on_the_loops_own);
    add_test(suite, freeing_its_session_ends_the_connection_at_once);
    add_test(suite, what_is_no_failed_login_is_not_penalised_as_one);
    add_test(suite, a_failed_login_is_penalised_and_a_good_one_is_not);
    add_test(suite, a_second_connection_of_a_user_is_no_use_of_the_reserve);
}
