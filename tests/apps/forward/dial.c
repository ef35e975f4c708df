/* Connecting without blocking: the addresses of a name in turn, each in its share of the time. */
#include "apps/forward/dial.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"
#include "tests/support/sockets.h"
#include "tests/support/suite.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESSES = 3, HALF_OPEN = 4 };

static struct nacre_loop loop;
static struct nacre_forwarding policy;
static struct nacre_forwards forwards;
static struct dial dial;
static unsigned calls;
static int connected;
static char failure[128];

/* ---- names: "name.example" has these ports of 127.0.0.1 ---- */

static uint16_t ports[ADDRESSES + 1]; /* ended by 0 */

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    look_up *libc;
    int result = EAI_NONAME;
    char port[8];

    *(void **)&libc = dlsym(RTLD_NEXT, "getaddrinfo");
    if (strcmp(node, "name.example") != 0 || (hints->ai_flags & AI_NUMERICHOST))
        return libc(node, service, hints, found);
    for (int i = 0; ports[i] != 0; i++) {
        (void)snprintf(port, sizeof port, "%u", ports[i]);
        result = libc("127.0.0.1", port, hints, found);
        ck_assert_int_eq(result, 0);
        found = &(*found)->ai_next;
    }
    return result;
}

/* ---- a thread that is not there ---- */

static void (*work)(void *job), (*finish)(void *job);
static void *job;
static bool refuses;

static bool offload(void *context, void (*first)(void *job), void (*then)(void *job), void *what)
{
    (void)context;
    if (refuses)
        return false;
    work = first;
    finish = then;
    job = what;
    return true;
}

static void look_up_now(void)
{
    work(job);
    finish(job);
}

/* ---- the dial ---- */

static bool no_watch;

bool __real_loop_watch(struct nacre_loop *at, int fd, struct source *source, /* NOLINT */
                       uint32_t events);

OWN(bool, loop_watch, struct nacre_loop *at, int fd, struct source *source, uint32_t events)
{
    errno = ENOSPC;
    return !no_watch && __real_loop_watch(at, fd, source, events);
}

static void on_done(struct dial *at, int fd, const char *why)
{
    ck_assert_ptr_eq(at, &dial);
    calls++;
    connected = fd;
    (void)snprintf(failure, sizeof failure, "%s", why);
}

static void begin(void)
{
    ck_assert(loop_init(&loop));
    forwards.policy = &policy;
    forwards.home = (struct forwards_home){.loop = &loop, .offload = offload};
    connected = -1;
}

static bool call(struct nacre_target target)
{
    bool good;

    loop_update_clock(&loop);
    good = dial_begin(&dial, &forwards, &target, on_done);
    ck_assert_uint_eq(calls, 0); /* not before the caller has returned */
    return good;
}

static void call_name(void)
{
    ck_assert(call((struct nacre_target){.host = "name.example", .port = 22}));
    ck_assert_ptr_nonnull(dial.resolving);
    look_up_now();
    ck_assert_ptr_null(dial.resolving);
}

static void await(void)
{
    while (calls == 0)
        loop_run_once(&loop);
    ck_assert_uint_eq(calls, 1);
    ck_assert_uint_eq(loop.timers, 0);
    ck_assert(dial.found == NULL && dial.fd == -1);
}

static void await_failure(const char *why)
{
    await();
    ck_assert_int_eq(connected, -1);
    ck_assert_str_eq(failure, why);
    loop_clear(&loop);
}

static void await_connection(int listener)
{
    int there;

    await();
    ck_assert_str_eq(failure, "");
    ck_assert_int_ne(fcntl(connected, F_GETFL) & O_NONBLOCK, 0);
    there = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(there, 0);
    (void)close(there);
    (void)close(connected);
    (void)close(listener);
    loop_clear(&loop);
}

/* A port that refuses. */
static uint16_t closed_port(void)
{
    uint16_t port;

    (void)close(listen_at(&port));
    return port;
}

/* A port that answers nothing, because its queue is full. */
static struct {
    int listener, clients[HALF_OPEN];
} silent;

static uint16_t silent_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    uint16_t port;

    silent.listener = listen_at(&port);
    ck_assert_int_eq(listen(silent.listener, 0), 0);
    at.sin_port = htons(port);
    for (int i = 0; i < HALF_OPEN; i++) {
        silent.clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(silent.clients[i], (struct sockaddr *)&at, sizeof at);
    }
    return port;
}

static void close_silent_port(void)
{
    for (int i = 0; i < HALF_OPEN; i++)
        (void)close(silent.clients[i]);
    (void)close(silent.listener);
}

START_TEST(an_address_is_connected_with_the_options_of_every_socket)
{
    int on = 0, listener;
    socklen_t len = sizeof on;
    uint16_t port;

    begin();
    listener = listen_at(&port);
    ck_assert(call((struct nacre_target){.host = "127.0.0.1", .port = port}));
    await();
    ck_assert_int_eq(getsockopt(connected, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    ck_assert_int_eq(on, 1);
    ck_assert_int_ne(fcntl(connected, F_GETFD) & FD_CLOEXEC, 0);
    await_connection(listener);
}
END_TEST

START_TEST(an_address_that_refuses_is_a_failure)
{
    begin();
    ck_assert(call((struct nacre_target){.host = "127.0.0.1", .port = closed_port()}));
    await_failure("Connection refused");
}
END_TEST

static struct nacre_target path_target(const char *path)
{
    struct nacre_target target = {.is_path = true};

    (void)snprintf(target.host, sizeof target.host, "%s", path);
    return target;
}

START_TEST(a_path_is_connected)
{
    const char *path = scratch_path("socket");
    int listener;

    begin();
    listener = listen_at_path(path);
    ck_assert(call(path_target(path)));
    await_connection(listener);
    (void)unlink(path);
}
END_TEST

START_TEST(a_path_that_leads_nowhere_is_a_failure)
{
    begin();
    ck_assert(call(path_target(scratch_path("nothing"))));
    await_failure("No such file or directory");
}
END_TEST

START_TEST(a_path_where_nobody_listens_is_a_failure)
{
    const char *path = scratch_path("socket");

    begin();
    (void)close(listen_at_path(path));
    ck_assert(call(path_target(path)));
    await_failure("Connection refused");
}
END_TEST

/* sun_path has 108 bytes, one of them for the NUL. */
START_TEST(a_path_has_at_most_107_bytes)
{
    char path[109] = "";

    begin();
    memset(path, 'x', _i == 0 ? 107 : 108);
    ck_assert(call(path_target(path)));
    await_failure(_i == 0 ? "No such file or directory" : "File name too long");
}
END_TEST

START_TEST(the_next_address_is_tried_when_one_refuses)
{
    int listener;

    begin();
    ports[0] = ports[1] = closed_port();
    listener = listen_at(&ports[2]);
    call_name();
    await_connection(listener);
}
END_TEST

START_TEST(the_failure_is_that_of_the_last_address)
{
    begin();
    ports[0] = silent_port();
    ports[1] = closed_port();
    policy.connect_ms = 90 * 1000;
    call_name();
    ck_assert(loop_set_timer(&loop, &dial.timer, loop.now_ms)); /* the share of the first is over */
    await_failure("Connection refused");
    close_silent_port();
}
END_TEST

/* Of the time that is left, each address that is left has the same share. */
START_TEST(each_address_has_its_share_of_the_time)
{
    uint64_t end;
    int listener;

    begin();
    ports[0] = ports[1] = silent_port();
    listener = listen_at(&ports[2]);
    policy.connect_ms = 90 * 1000;
    call_name();
    end = loop.now_ms + 90 * 1000;
    ck_assert_uint_eq(dial.give_up_ms, end);
    ck_assert_uint_eq(dial.timer.at_ms, loop.now_ms + 30 * 1000);
    ck_assert(loop_set_timer(&loop, &dial.timer, loop.now_ms)); /* it is over */
    loop_run_once(&loop);
    ck_assert_uint_eq(dial.timer.at_ms, loop.now_ms + (end - loop.now_ms) / 2);
    ck_assert(loop_set_timer(&loop, &dial.timer, loop.now_ms));
    await_connection(listener);
    close_silent_port();
}
END_TEST

START_TEST(addresses_that_answer_nothing_are_given_up_in_time)
{
    uint64_t before;

    begin();
    ports[0] = ports[1] = silent_port();
    policy.connect_ms = 60;
    call_name();
    before = loop.now_ms;
    await_failure("Connection timed out");
    ck_assert_uint_ge(loop.now_ms, before + 60);
    close_silent_port();
}
END_TEST

START_TEST(a_connection_has_twenty_seconds)
{
    begin();
    ck_assert(call((struct nacre_target){.host = "name.example"}));
    ck_assert_uint_eq(dial.give_up_ms, loop.now_ms + 20 * 1000);
    ck_assert_uint_eq(dial.timer.at_ms, loop.now_ms + 20 * 1000); /* to find the name too */
    dial_cancel(&dial);
    look_up_now(); /* nobody waits for it */
    ck_assert_uint_eq(calls, 0);
    loop_clear(&loop);
}
END_TEST

START_TEST(a_name_without_addresses_is_a_failure)
{
    begin();
    call_name();
    await_failure(gai_strerror(EAI_NONAME));
}
END_TEST

START_TEST(a_name_that_is_found_too_late_is_a_failure)
{
    begin();
    policy.connect_ms = 10;
    ports[0] = closed_port();
    ck_assert(call((struct nacre_target){.host = "name.example"}));
    await_failure("the name is not found in time");
    look_up_now(); /* its addresses are released */
}
END_TEST

START_TEST(without_a_thread_nothing_begins)
{
    begin();
    refuses = true;
    ck_assert(!call((struct nacre_target){.host = "name.example"}));
    ck_assert_uint_eq(loop.timers, 0);
    loop_clear(&loop);
}
END_TEST

/* For the look-up, or for the timer after it. */
START_TEST(without_memory_nothing_begins)
{
    bool good;

    begin();
    leftovers_refuse(1 + (unsigned)_i);
    good = call((struct nacre_target){.host = "name.example"});
    ck_assert(!good);
    ck_assert_uint_eq(loop.timers, 0);
    if (_i == 1)
        look_up_now(); /* nobody waits for it */
    ck_assert_uint_eq(calls, 0);
    loop_clear(&loop);
}
END_TEST

START_TEST(an_address_without_memory_for_its_time_is_not_tried)
{
    const uint16_t port = closed_port();
    bool good;

    begin();
    leftovers_refuse(1);
    good = call((struct nacre_target){.host = "127.0.0.1", .port = port});
    ck_assert(good);
    await_failure("Cannot allocate memory");
}
END_TEST

START_TEST(an_address_that_cannot_be_watched_is_a_failure)
{
    uint16_t port;
    int listener;

    begin();
    listener = listen_at(&port);
    no_watch = true;
    ck_assert(call((struct nacre_target){.host = "127.0.0.1", .port = port}));
    await_failure("No space left on device");
    no_watch = false;
    (void)close(listener);
}
END_TEST

START_TEST(a_dial_may_be_cancelled_at_any_time)
{
    begin();
    ports[0] = _i == 0 ? silent_port() : closed_port();
    call_name();
    dial_cancel(&dial); /* it connects, or its failure is about to be reported */
    dial_cancel(&dial);
    ck_assert_uint_eq(loop.timers, 0);
    ck_assert_ptr_null(loop.soon.first);
    ck_assert_uint_eq(calls, 0);
    if (_i == 0)
        close_silent_port();
    loop_clear(&loop);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, an_address_is_connected_with_the_options_of_every_socket);
    add_test(suite, an_address_that_refuses_is_a_failure);
    add_test(suite, a_path_is_connected);
    add_test(suite, a_path_that_leads_nowhere_is_a_failure);
    add_test(suite, a_path_where_nobody_listens_is_a_failure);
    add_loop(suite, a_path_has_at_most_107_bytes, 0, 2);
    add_test(suite, the_next_address_is_tried_when_one_refuses);
    add_test(suite, the_failure_is_that_of_the_last_address);
    add_test(suite, each_address_has_its_share_of_the_time);
    add_test(suite, addresses_that_answer_nothing_are_given_up_in_time);
    add_test(suite, a_connection_has_twenty_seconds);
    add_test(suite, a_name_without_addresses_is_a_failure);
    add_test(suite, a_name_that_is_found_too_late_is_a_failure);
    add_test(suite, without_a_thread_nothing_begins);
    add_loop(suite, without_memory_nothing_begins, 0, 2);
    add_test(suite, an_address_without_memory_for_its_time_is_not_tried);
    add_test(suite, an_address_that_cannot_be_watched_is_a_failure);
    add_loop(suite, a_dial_may_be_cancelled_at_any_time, 0, 2);
}
