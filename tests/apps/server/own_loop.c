/* A server and its clients in a loop of the program's own: one thread, one poll(2) that waits for
 * ever, and two descriptors. Whatever is left undone without making them readable hangs the test.
 */
#include "apps/connect/client.h"
#include "apps/runtime/watch.h"
#include "apps/server/server.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_S = 60 };

static struct nacre_server *server;
static struct nacre_clients *clients;
static struct nacre_client *client;
static struct nacre_channel *ch; /* the client's */
static char got[64], address[80];
static unsigned ready, ended, posted, fired;
static struct nacre_decision *undecided;

/* ---- both ends ---- */

static void on_password(void *context, struct nacre_decision *decision, const char *user,
                        const char *password)
{
    (void)context;
    (void)user;
    if (strcmp(password, "later") == 0)
        undecided = decision;
    else
        nacre_decide(decision, true);
}

static size_t echo(struct nacre_channel *channel, const uint8_t *data, size_t len)
{
    return nacre_channel_write(channel, data, len);
}

static void on_accepted(struct nacre_peer *peer)
{
    (void)strncpy(address, nacre_peer_address(peer), sizeof address - 1);
}

static size_t take(struct nacre_channel *channel, const uint8_t *data, size_t len)
{
    (void)channel;
    (void)strncat(got, (const char *)data, len < 32 ? len : 32);
    return len;
}

static enum nacre_answer any_key(struct nacre_client *c, const struct nacre_host_key *shown,
                                 enum nacre_host_verdict verdict, const char *sentence)
{
    (void)c;
    (void)shown;
    (void)verdict;
    (void)sentence;
    return NACRE_GRANT;
}

static void on_ready(struct nacre_client *c)
{
    (void)c;
    ready++;
}

static void on_ended(struct nacre_client *c, const struct nacre_end *why)
{
    (void)why;
    if (c == client)
        client = NULL;
    ended++;
}

static const struct nacre_auth_policy auth = {.password = on_password};
static const struct nacre_channel_app server_app = {.data = echo};
static const struct nacre_channel_app client_app = {.data = take};
static const struct nacre_server_events events = {.accepted = on_accepted};

static void start(const char *password)
{
    const char *listen[] = {"127.0.0.1:0", NULL};
    const struct nacre_server_config s = {.version = NACRE_VERSION_NUMBER,
                                          .listen = listen,
                                          .host_key_file = scratch_path("key"),
                                          .auth = &auth,
                                          .session = &server_app,
                                          .events = &events,
                                          .drain_ms = 10};
    const struct nacre_client_config c = {.version = NACRE_VERSION_NUMBER,
                                          .user = "alice",
                                          .password = password,
                                          .host_key = any_key,
                                          .ready = on_ready,
                                          .ended = on_ended};
    char errbuf[256] = "";

    got[0] = address[0] = 0;
    ready = ended = posted = fired = 0;
    ch = NULL;
    (void)alarm(PATIENCE_S);
    server = nacre_server_new(&s, errbuf, sizeof errbuf);
    ck_assert_msg(server != NULL, "%s", errbuf);
    clients = nacre_clients_new(&c, errbuf, sizeof errbuf);
    ck_assert_msg(clients != NULL, "%s", errbuf);
}

/* ---- the loop ---- */

static bool server_runs = true;

static void turn(void)
{
    struct pollfd fds[] = {{nacre_server_fd(server), POLLIN, 0},
                           {nacre_clients_fd(clients), POLLIN, 0}};

    ck_assert_int_ge(fds[0].fd, 0);
    ck_assert_int_ge(fds[1].fd, 0);
    ck_assert_int_gt(poll(fds, 2, -1), 0);
    if (fds[0].revents != 0)
        server_runs = nacre_server_run_once(server, 0);
    if (fds[1].revents != 0)
        (void)nacre_clients_run_once(clients, 0);
}

#define AWAIT(condition)                                                                           \
    while (!(condition))                                                                           \
    turn()

static void connect_them(void)
{
    char errbuf[256] = "";
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert(nacre_server_adopt(server, pair[0]));
    client = nacre_client_adopt(clients, pair[1], "here:22", NULL, errbuf, sizeof errbuf);
    ck_assert_msg(client != NULL, "%s", errbuf);
    ck_assert_str_eq(nacre_client_address(client), "here:22");
}

static void finish(void)
{
    nacre_clients_free(clients);
    nacre_server_free(server);
    (void)alarm(0);
}

/* A write outside an iteration is sent, because the descriptor becomes readable. */
START_TEST(nothing_is_ever_stuck_and_adopted_sockets_are_connections)
{
    start("secret");
    connect_them();
    AWAIT(ready == 1);
    ck_assert_str_eq(address, "unix");
    ch = nacre_session_open_channel(nacre_client_session(client), "session", &client_app, NULL,
                                    NULL, 0);
    ck_assert_ptr_nonnull(ch);
    ck_assert(nacre_channel_set_buffer(ch, 100));
    ck_assert_uint_eq(nacre_channel_write(ch, "one ", 4), 4);
    AWAIT(strcmp(got, "one ") == 0);
    ck_assert_uint_eq(nacre_channel_write(ch, "two", 3), 3);
    AWAIT(strcmp(got, "one two") == 0);
    nacre_client_close(client, "done");
    AWAIT(ended == 1);
    finish();
}
END_TEST

/* So is a login that is decided outside, and a connection by TCP. */
START_TEST(a_decision_outside_an_iteration_goes_out)
{
    char errbuf[256] = "";

    start("later");
    client =
        nacre_client_connect(clients, nacre_server_address(server, 0), NULL, errbuf, sizeof errbuf);
    ck_assert_msg(client != NULL, "%s", errbuf);
    AWAIT(undecided != NULL);
    nacre_decide(undecided, true);
    undecided = NULL;
    AWAIT(ready == 1);
    finish();
}
END_TEST

/* ---- calls from other threads, timers ---- */

static pthread_t home;

static void note_post(void *at)
{
    ck_assert(pthread_equal(pthread_self(), home));
    posted = posted * 10 + *(const unsigned *)at;
}

static void *post(void *number)
{
    static const unsigned numbers[] = {1, 2};

    (void)number;
    for (int i = 0; i < 2; i++)
        ck_assert(nacre_server_post(server, note_post, (void *)(uintptr_t)&numbers[i]));
    ck_assert(nacre_clients_post(clients, note_post, (void *)(uintptr_t)&numbers[0]));
    return NULL;
}

START_TEST(other_threads_post_calls_in_order)
{
    pthread_t thread;

    start("secret");
    home = pthread_self();
    (void)nacre_server_fd(server);
    ck_assert_int_eq(pthread_create(&thread, NULL, post, NULL), 0);
    AWAIT(posted == 121 || posted == 112 || posted == 211);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    finish();
}
END_TEST

static struct nacre_timer *timer;

static void fire(void *context)
{
    (void)context;
    if (++fired < 3)
        ck_assert(nacre_timer_set(timer, 1));
    else
        nacre_timer_free(timer);
}

START_TEST(timers_fire_once_each_time_that_they_are_set)
{
    struct nacre_timer *never;

    start("secret");
    timer = nacre_timer_new(nacre_server_loop(server), fire, NULL);
    never = nacre_timer_new(nacre_server_loop(server), fire, NULL);
    ck_assert_ptr_null(nacre_timer_new(nacre_server_loop(server), NULL, NULL));
    AWAIT(fired == 0 && nacre_timer_set(timer, 5));
    ck_assert(nacre_timer_set(never, 0));
    ck_assert(nacre_timer_set(never, UINT32_MAX));
    AWAIT(fired == 3);
    nacre_timer_free(never);
    finish();
}
END_TEST

/* ---- descriptors ---- */

static struct nacre_watch *watch;

static void on_watch(void *context)
{
    (void)context;
    fired++;
    ck_assert(nacre_watch_set(watch, 0));
}

START_TEST(a_descriptor_is_watched_for_writing_reading_or_neither)
{
    char full[4096] = {0};
    int ends[2];

    start("secret");
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    while (write(ends[1], full, sizeof full) > 0)
        ;
    errno = 0;
    ck_assert_ptr_null(nacre_watch_new(nacre_server_loop(server), ends[1], NULL, NULL));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_ptr_null(nacre_watch_new(nacre_server_loop(server), -1, on_watch, NULL));
    ck_assert_int_eq(errno, EBADF);
    watch = nacre_watch_new(nacre_server_loop(server), ends[1], on_watch, NULL);
    ck_assert_ptr_nonnull(watch);
    ck_assert(nacre_watch_set(watch, NACRE_WATCH_WRITE));
    ck_assert(nacre_server_run_once(server, 0));
    ck_assert_uint_eq(fired, 0);
    while (read(ends[0], full, sizeof full) > 0)
        ;
    AWAIT(fired == 1);
    for (int i = 0; i < 3; i++) /* not once more: it is watched for nothing now */
        ck_assert(nacre_server_run_once(server, 0));
    ck_assert_uint_eq(fired, 1);
    nacre_watch_free(watch);
    watch = nacre_watch_new(nacre_server_loop(server), ends[0], on_watch, NULL);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    AWAIT(fired == 2);
    nacre_watch_free(watch);
    (void)close(ends[0]);
    (void)close(ends[1]);
    finish();
}
END_TEST

/* ---- the end ---- */

static void *stop(void *at)
{
    (void)at;
    nacre_server_stop(server);
    return NULL;
}

START_TEST(a_server_that_is_stopped_drains)
{
    pthread_t thread;

    start("secret");
    connect_them();
    AWAIT(ready == 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, stop, NULL), 0);
    AWAIT(!server_runs && ended == 1);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    finish();
}
END_TEST

/* Its descriptor tells of a stop even if it has not run yet. */
START_TEST(a_server_that_is_stopped_before_it_runs_is_ready)
{
    struct pollfd at = {.events = POLLIN};

    start("secret");
    at.fd = nacre_server_fd(server);
    ck_assert_int_eq(poll(&at, 1, 0), 0);
    nacre_server_stop(server);
    ck_assert_int_eq(poll(&at, 1, 1000), 1);
    finish();
}
END_TEST

START_TEST(what_is_no_connected_socket_is_not_adopted)
{
    char errbuf[256];
    int ends[2];

    start("secret");
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert(!nacre_server_adopt(server, ends[0]));
    ck_assert_int_eq(errno, ENOTSOCK);
    ck_assert_int_eq(fcntl(ends[0], F_GETFD), -1); /* it is closed */
    ck_assert_ptr_null(
        nacre_client_adopt(clients, ends[1], "here:22", NULL, errbuf, sizeof errbuf));
    assert_says(errbuf, "for here:22");
    ck_assert_int_eq(fcntl(ends[1], F_GETFD), -1);
    ck_assert_ptr_null(nacre_client_adopt(clients, dup(0), "nowhere", NULL, errbuf, sizeof errbuf));
    assert_says(errbuf, "nowhere is not an address");
    finish();
}
END_TEST

START_TEST(a_server_with_several_workers_cannot_be_embedded)
{
    const char *listen[] = {"127.0.0.1:0", NULL};
    const struct nacre_server_config s = {.version = NACRE_VERSION_NUMBER,
                                          .listen = listen,
                                          .host_key_file = scratch_path("key"),
                                          .auth = &auth,
                                          .session = &server_app,
                                          .workers = 2};
    struct nacre_server *two = nacre_server_new(&s, NULL, 0);

    ck_assert_ptr_nonnull(two);
    ck_assert_int_eq(nacre_server_fd(two), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert(!nacre_server_run_once(two, 0));
    nacre_server_free(two);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, nothing_is_ever_stuck_and_adopted_sockets_are_connections);
    add_test(suite, a_decision_outside_an_iteration_goes_out);
    add_test(suite, other_threads_post_calls_in_order);
    add_test(suite, timers_fire_once_each_time_that_they_are_set);
    add_test(suite, a_descriptor_is_watched_for_writing_reading_or_neither);
    add_test(suite, a_server_that_is_stopped_drains);
    add_test(suite, a_server_that_is_stopped_before_it_runs_is_ready);
    add_test(suite, what_is_no_connected_socket_is_not_adopted);
    add_test(suite, a_server_with_several_workers_cannot_be_embedded);
}
