/* A listener of forwards, from one connection to the next: accept4, the loop and the session do
 * what the test says, and what they are asked for is noted. */
#include "apps/forward/listener.h"

#include "apps/forward/bind.h"
#include "apps/forward/parts.h"
#include "apps/runtime/pump.h"
#include "apps/runtime/stream.h"
#include "apps/session/attached.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"
#include "transport/writer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SPOTS = 2 };

static struct nacre_loop loop;
static struct nacre_forwards forwards;
static struct nacre_forward_listener *listener;
static struct source *sources[SPOTS];
static unsigned watches, fail_watch; /* the watch that fails, counted from 1 */
static int accept_failure, accepted; /* errno, and the last descriptor */
static unsigned refuse;              /* the allocation after it that fails */
static struct sockaddr_storage from;
static bool may_begin, opens, joins, closes; /* closes: the application closes it in its callback */
static int connections;
static const struct nacre_channel_app *app;
static void *inbound;
static uint8_t data[NACRE_TARGET_MAX];
static size_t data_len;
static char any_session, any_channel;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
size_t __wrap_bind_place(struct nacre_target *place, enum nacre_gateway_ports gateway,
                         bool replaces_sockets, int fds[BIND_MAX], const char **failure);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
bool __wrap_loop_watch(struct nacre_loop *at, int fd, struct source *source, uint32_t seen);
void __wrap_loop_unwatch(struct nacre_loop *at, int fd, const struct source *source);
void __wrap_session_enter(struct nacre_session *s);
void __wrap_session_leave(struct nacre_session *s);
struct nacre_channel *__wrap_nacre_session_open_channel(struct nacre_session *s, const char *type,
                                                        const struct nacre_channel_app *its,
                                                        void *in, const void *open_data,
                                                        size_t len);
void *__wrap_nacre_channel_app_data(const struct nacre_channel *ch);
struct nacre_stream *__wrap_nacre_stream_join(struct nacre_channel *ch, struct nacre_loop *at,
                                              const struct nacre_stream_config *config);
void __wrap_nacre_channel_close(struct nacre_channel *ch);
void __wrap_pump_set_options(int fd);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

size_t __wrap_bind_place(struct nacre_target *place, enum nacre_gateway_ports gateway,
                         bool replaces_sockets, int fds[BIND_MAX], const char **failure)
{
    (void)gateway;
    (void)replaces_sockets;
    (void)failure;
    if (!place->is_path)
        place->port = 1234;
    for (int i = 0; i < SPOTS; i++)
        fds[i] = fcntl(loop.epoll, F_DUPFD_CLOEXEC, 1);
    return SPOTS;
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    (void)fd;
    ck_assert_int_eq(flags, SOCK_NONBLOCK | SOCK_CLOEXEC);
    errno = accept_failure != 0 ? accept_failure : EMFILE; /* of before */
    if (accept_failure != 0)
        return -1;
    memcpy(address, &from, *len);
    accepted = open("/dev/null", O_RDONLY | O_CLOEXEC);
    leftovers_refuse(refuse);
    return accepted;
}

bool __wrap_loop_watch(struct nacre_loop *at, int fd, struct source *source, uint32_t seen)
{
    (void)fd;
    (void)seen;
    ck_assert_ptr_eq(at, &loop);
    sources[watches++ % SPOTS] = source;
    note("watch;");
    errno = ENOSPC;
    return watches != fail_watch;
}

void __wrap_loop_unwatch(struct nacre_loop *at, int fd, const struct source *source)
{
    (void)fd;
    ck_assert_ptr_eq(at, &loop);
    ck_assert_ptr_nonnull(source);
    note("unwatch;");
}

void __wrap_session_enter(struct nacre_session *s)
{
    ck_assert_ptr_eq(s, &any_session);
    note("(");
}

void __wrap_session_leave(struct nacre_session *s)
{
    ck_assert_ptr_eq(s, &any_session);
    note(")");
}

struct nacre_channel *__wrap_nacre_session_open_channel(struct nacre_session *s, const char *type,
                                                        const struct nacre_channel_app *its,
                                                        void *in, const void *open_data, size_t len)
{
    ck_assert_ptr_eq(s, &any_session);
    note("open %s;", type);
    ck_assert_uint_le(len, sizeof data);
    memcpy(data, open_data, len);
    data_len = len;
    app = its;
    inbound = opens ? in : NULL;
    if (closes)
        nacre_forward_close(listener);
    return opens ? (struct nacre_channel *)(void *)&any_channel : NULL;
}

void *__wrap_nacre_channel_app_data(const struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, &any_channel);
    return inbound;
}

/* The descriptor is the stream's, whether it joins or not. */
struct nacre_stream *__wrap_nacre_stream_join(struct nacre_channel *ch, struct nacre_loop *at,
                                              const struct nacre_stream_config *config)
{
    ck_assert_ptr_eq(ch, &any_channel);
    ck_assert_ptr_eq(at, &loop);
    ck_assert_int_eq(config->input, accepted);
    ck_assert_int_eq(config->output, accepted);
    ck_assert_int_eq(config->error, -1);
    ck_assert_int_eq(close(accepted), 0);
    note("join;");
    return joins ? (struct nacre_stream *)(void *)&any_channel : NULL;
}

void __wrap_nacre_channel_close(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, &any_channel);
    note("close;");
}

void __wrap_pump_set_options(int fd)
{
    ck_assert_int_eq(fd, accepted);
    note("options;");
}

/* ---- the policy ---- */

static bool on_begin(void *context)
{
    (void)context;
    if (closes && !may_begin)
        nacre_forward_close(listener);
    connections += may_begin;
    return may_begin;
}

static void on_end(void *context)
{
    (void)context;
    connections--;
}

static void on_event(void *context, enum nacre_forward_event event,
                     const struct nacre_target *target, const char *text)
{
    static const char *const names[] = {"connected", "failed", "listening", "stopped", "accepted"};

    (void)context;
    note("%s%s%s%s;", names[event], event == NACRE_FORWARD_ACCEPTED ? " " : "",
         event == NACRE_FORWARD_ACCEPTED ? target->originator : "", text);
}

static const struct nacre_forwarding policy = {.begin = on_begin, .end = on_end, .event = on_event};

/* ---- the test ---- */

static void begin(void)
{
    int epoll;

    ck_assert(loop_init(&loop));
    epoll = loop.epoll;
    loop.epoll = fcntl(epoll, F_DUPFD_CLOEXEC, 1); /* so that a connection is descriptor 0 */
    (void)close(epoll);
    forwards = (struct nacre_forwards){
        .policy = &policy,
        .home = {.session = (struct nacre_session *)(void *)&any_session, .loop = &loop}};
    may_begin = opens = true;
    closes = false;
    accept_failure = connections = 0;
    watches = fail_watch = refuse = 0;
    inbound = NULL;
    from = (struct sockaddr_storage){.ss_family = AF_UNIX};
}

static void listen_as(const char *type, const char *target)
{
    begin();
    listener = nacre_forward_listen(&forwards, "127.0.0.1:0", type, target, NULL, 0);
    ck_assert_ptr_nonnull(listener);
    ck_assert_uint_eq(nacre_forward_target(listener)->port, 1234);
    expect_notes("(watch;watch;listening;)");
}

static void end(void)
{
    const struct nacre_end why = {.cause = NACRE_WE_CLOSED};

    if (inbound != NULL)
        app->closed((struct nacre_channel *)(void *)&any_channel, &why);
    if (forwards.listeners != NULL)
        nacre_forward_close(listener);
    ck_assert_int_eq(connections, 0);
    ck_assert_uint_eq(forwards.connections, 0);
    ck_assert_uint_eq(forwards.listener_count, 0);
    ck_assert_ptr_null(forwards.listeners);
    ck_assert_uint_eq(loop.timers, 0);
    loop_clear(&loop);
    noted[0] = 0;
}

static void connection(void)
{
    sources[0]->ready(sources[0], 0);
}

static const struct {
    int failure;
    bool pauses;
} failures[] = {
    {EAGAIN, false}, {ECONNABORTED, false}, {EINTR, false}, {EMFILE, true}, {ENOMEM, true}};

START_TEST(a_failure_to_accept_may_be_one_to_wait_for)
{
    listen_as("direct-tcpip", "h:1");
    accept_failure = failures[_i].failure;
    connection();
    expect_notes(failures[_i].pauses ? "(unwatch;unwatch;)" : "()");
    ck_assert_uint_eq(loop.timers, failures[_i].pauses);
    if (failures[_i].pauses)
        ck_assert_uint_eq(loop.heap[0]->at_ms, loop.now_ms + 200);
    ck_assert_int_eq(connections, 0);
    end();
}
END_TEST

/* Those that the quota refuses wait in the kernel; so does everything while it cannot be watched.
 */
START_TEST(a_pause_ends_when_all_spots_are_watched_again)
{
    struct timer *pause;

    listen_as("direct-tcpip", "h:1");
    may_begin = false;
    connection();
    expect_notes("(unwatch;unwatch;)");
    pause = loop.heap[0];
    (void)loop_set_timer(&loop, pause, UINT64_MAX);
    fail_watch = watches + 2;
    pause->fire(pause);
    expect_notes("watch;watch;unwatch;unwatch;");
    ck_assert_uint_eq(pause->at_ms, loop.now_ms + 200);
    (void)loop_set_timer(&loop, pause, UINT64_MAX);
    pause->fire(pause);
    expect_notes("watch;watch;");
    ck_assert_uint_eq(loop.timers, 0);
    end();
}
END_TEST

START_TEST(a_connection_is_a_channel_or_is_closed)
{
    listen_as("direct-tcpip", "h:1");
    opens = _i == 0;
    refuse = _i == 2;
    connection();
    expect_notes(_i == 0   ? "(options;open direct-tcpip;accepted ;)"
                 : _i == 1 ? "(options;open direct-tcpip;)"
                           : "(options;)");
    ck_assert_int_eq(fcntl(accepted, F_GETFD) >= 0, _i == 0);
    ck_assert_int_eq(connections, _i == 0);
    end();
    ck_assert_int_lt(fcntl(accepted, F_GETFD), 0);
}
END_TEST

START_TEST(an_open_channel_is_joined_to_the_connection)
{
    listen_as("direct-tcpip", "h:1");
    connection();
    ck_assert_int_eq(accepted, 0);
    noted[0] = 0;
    joins = _i == 0;
    ck_assert_int_eq(app->open((struct nacre_channel *)(void *)&any_channel), NACRE_GRANT);
    expect_notes(_i == 0 ? "join;" : "join;close;");
    accepted = open("/dev/null", O_RDONLY | O_CLOEXEC); /* another one has its number now */
    end();
    ck_assert_int_eq(close(accepted), 0);
}
END_TEST

/* In the callback that is asked about the quota, or in one of the session. */
START_TEST(a_listener_may_be_closed_while_it_accepts)
{
    listen_as("direct-tcpip", "h:1");
    closes = true;
    may_begin = opens = _i == 1;
    connection();
    expect_notes(_i == 0 ? "(unwatch;unwatch;stopped;)"
                         : "(options;open direct-tcpip;unwatch;unwatch;stopped;accepted ;)");
    ck_assert_ptr_null(forwards.listeners);
    end();
}
END_TEST

/* RFC 4254 sections 6.3.2 and 7.2. */
START_TEST(the_channel_says_where_the_connection_comes_from)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&from;
    struct nacre_writer w;
    uint8_t expected[NACRE_TARGET_MAX];

    listen_as(_i == 0 ? "x11" : "direct-tcpip", "host:80");
    *in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(5678)};
    ck_assert_int_eq(inet_pton(AF_INET, "192.0.2.7", &in->sin_addr), 1);
    connection();
    w = nacre_write_to(expected, sizeof expected);
    if (_i == 1) {
        nacre_write_text(&w, "host");
        nacre_write_u32(&w, 80);
    }
    nacre_write_text(&w, "192.0.2.7");
    nacre_write_u32(&w, 5678);
    ck_assert_uint_eq(data_len, nacre_written(&w));
    ck_assert_mem_eq(data, expected, data_len);
    expect_notes(_i == 0 ? "(options;open x11;accepted 192.0.2.7;)"
                         : "(options;open direct-tcpip;accepted 192.0.2.7;)");
    end();
}
END_TEST

START_TEST(a_refused_channel_is_a_failed_forward)
{
    const struct nacre_end why = {.cause = NACRE_OPEN_REFUSED, .text = " no"};

    listen_as("direct-tcpip", "h:1");
    connection();
    expect_notes("(options;open direct-tcpip;accepted ;)");
    app->closed((struct nacre_channel *)(void *)&any_channel, &why);
    inbound = NULL;
    expect_notes("failed no;");
    end();
}
END_TEST

START_TEST(a_listener_that_cannot_be_watched_is_none)
{
    char errbuf[128];

    begin();
    fail_watch = 1 + (unsigned)_i;
    ck_assert_ptr_null(
        nacre_forward_listen(&forwards, "127.0.0.1:0", "x11", NULL, errbuf, sizeof errbuf));
    ck_assert_str_eq(errbuf, "cannot listen on 127.0.0.1:0: No space left on device");
    end();
}
END_TEST

/* Only where the peer asked for it. */
START_TEST(what_the_peer_asked_for_is_found_by_its_place)
{
    const struct listener_config config = {
        .type = "forwarded-tcpip", .where = {.host = "127.0.0.1"}, .for_peer = _i == 0};
    struct nacre_target where = {.host = "127.0.0.1", .port = 1234};
    const char *failure;

    begin();
    listener = listener_open(&forwards, &config, &failure);
    ck_assert_ptr_eq(listener_find(&forwards, &where), _i == 0 ? listener : NULL);
    where.port = 1233;
    ck_assert_ptr_null(listener_find(&forwards, &where));
    where.port = 1234;
    where.is_path = true;
    ck_assert_ptr_null(listener_find(&forwards, &where));
    where.is_path = false;
    where.host[0] = '2';
    ck_assert_ptr_null(listener_find(&forwards, &where));
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_failure_to_accept_may_be_one_to_wait_for, 0, 5);
    add_test(suite, a_pause_ends_when_all_spots_are_watched_again);
    add_loop(suite, a_connection_is_a_channel_or_is_closed, 0, 3);
    add_loop(suite, an_open_channel_is_joined_to_the_connection, 0, 2);
    add_loop(suite, a_listener_may_be_closed_while_it_accepts, 0, 2);
    add_loop(suite, the_channel_says_where_the_connection_comes_from, 0, 2);
    add_test(suite, a_refused_channel_is_a_failed_forward);
    add_loop(suite, a_listener_that_cannot_be_watched_is_none, 0, 2);
    add_loop(suite, what_the_peer_asked_for_is_found_by_its_place, 0, 2);
}
