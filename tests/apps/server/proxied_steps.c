/* A connection of a load balancer, from one event to the next: what becomes of it is noted. */
#include "apps/server/proxied.h"

#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct worker worker;
static struct settings settings; /* the worker's */
static struct nacre_limits limits;
static int balancer, socket_of_it; /* both ends */

static bool is_gone; /* what was there when it was looked at */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
ssize_t __real_recv(int fd, void *data, size_t len, int flags);

OWN(ssize_t, recv, int fd, void *data, size_t len, int flags)
{
    ssize_t n = __real_recv(fd, data, len, flags);

    return is_gone && !(flags & MSG_PEEK) ? n - 1 : n;
}

/* With _FORTIFY_SOURCE. */
OWN(ssize_t, __recv_chk, int fd, void *data, size_t len, size_t room, int flags)
{
    ck_assert_uint_le(len, room);
    return __wrap_recv(fd, data, len, flags);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void on_admit(struct worker *at, int fd, const struct sockaddr_storage *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    char text[INET_ADDRSTRLEN];

    ck_assert_ptr_eq(at, &worker);
    note("admit %s;", inet_ntop(AF_INET, &in->sin_addr, text, sizeof text));
    ck_assert_int_eq(fd, socket_of_it);
    (void)close(fd);
}

static void on_refuse(struct worker *at, int fd, const struct sockaddr_storage *address,
                      enum nacre_limit limit)
{
    ck_assert_ptr_eq(at, &worker);
    ck_assert_int_eq(address->ss_family, AF_INET);
    note("refuse %s;", nacre_limit_name(limit));
    (void)close(fd);
}

static void start(int fd)
{
    static const struct proxied_calls calls = {on_admit, on_refuse};
    struct sockaddr_storage from = {.ss_family = AF_INET};

    proxied_start(&worker, fd, &from, &calls);
}

static void begin(void)
{
    int fds[2];

    worker = (struct worker){.settings = &settings};
    memset(&settings, 0, sizeof settings);
    settings.config.limits = &limits;
    ck_assert(loop_init(&worker.loop));
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    socket_of_it = fds[0];
    balancer = fds[1];
}

static void end(void)
{
    proxied_close_all(&worker);
    ck_assert_ptr_null(worker.proxied);
    ck_assert_uint_eq(worker.proxied_count, 0);
    ck_assert_uint_eq(worker.loop.timers, 0);
    loop_clear(&worker.loop);
    (void)close(balancer);
}

/* The source is its first member. */
static void ready(uint32_t events)
{
    struct source *source = (struct source *)(void *)worker.proxied;

    source->ready(source, events);
}

static void say(const char *text)
{
    ck_assert_int_eq(write(balancer, text, strlen(text)), (ssize_t)strlen(text));
}

/* A header that is short, and one after which there is more; RFC 4253 begins there. */
START_TEST(a_header_may_come_in_parts_and_with_what_follows)
{
    static const char header[] = "PROXY TCP4 192.0.2.1 198.51.100.1 51234 22\r\n";
    char rest[16] = "";
    int copy;

    begin();
    copy = fcntl(socket_of_it, F_DUPFD_CLOEXEC, 0);
    start(socket_of_it);
    ready(EPOLLIN); /* nothing is there yet */
    say("PROXY TCP4 ");
    ready(EPOLLIN);
    expect_notes("");
    ck_assert_uint_eq(worker.proxied_count, 1);
    say(&header[strlen("PROXY TCP4 ")]);
    say("SSH-2.0-x");
    ready(EPOLLIN);
    expect_notes("admit 192.0.2.1;");
    ck_assert_int_eq(read(copy, rest, sizeof rest - 1), 9);
    ck_assert_str_eq(rest, "SSH-2.0-x");
    (void)close(copy);
    end();
}
END_TEST

START_TEST(a_header_that_is_not_received_whole_is_none)
{
    begin();
    start(socket_of_it);
    say("PROXY TCP4 192.0.2.1 198.51.100.1 51234 22\r\n");
    is_gone = true;
    ready(EPOLLIN);
    is_gone = false;
    expect_notes("");
    ck_assert_int_lt(fcntl(socket_of_it, F_GETFD), 0);
    ck_assert_uint_eq(worker.proxied_count, 0);
    end();
}
END_TEST

static const struct {
    const char *text;
    bool closes;
    uint32_t events;
    const char *notes;
} leaving[] = {
    {"", true, EPOLLIN | EPOLLRDHUP, ""},
    {"", true, EPOLLIN, ""},
    {"PROXY", true, EPOLLIN | EPOLLRDHUP, ""},
    {"SSH-2.0-x\r\n", false, EPOLLIN, "refuse proxy-from;"},
    {"PROXY UNKNOWN\r\n", false, EPOLLIN, "admit 0.0.0.0;"},
};

START_TEST(a_balancer_may_leave_or_send_no_header)
{
    begin();
    start(socket_of_it);
    say(leaving[_i].text);
    if (leaving[_i].closes)
        ck_assert_int_eq(shutdown(balancer, SHUT_WR), 0);
    ready(leaving[_i].events);
    expect_notes(leaving[_i].notes);
    ck_assert_int_lt(fcntl(socket_of_it, F_GETFD), 0);
    ck_assert_uint_eq(worker.proxied_count, 0);
    end();
}
END_TEST

static const struct {
    uint32_t handshake_ms, login_grace_ms, expected_ms;
} deadlines[] = {
    {0, 7000, 10 * 1000},
    {3000, 7000, 3000},
    {NACRE_UNLIMITED, 7000, 7000},
    {NACRE_UNLIMITED, 0, 10 * 1000},
};

START_TEST(the_header_has_the_time_of_a_handshake)
{
    begin();
    limits.handshake_ms = deadlines[_i].handshake_ms;
    settings.config.login_grace_ms = deadlines[_i].login_grace_ms;
    if (_i == 0)
        settings.config.limits = NULL;
    start(socket_of_it);
    ck_assert_uint_eq(worker.loop.timers, 1);
    ck_assert_uint_eq(worker.loop.heap[0]->at_ms, worker.loop.now_ms + deadlines[_i].expected_ms);
    worker.loop.heap[0]->fire(worker.loop.heap[0]);
    expect_notes("refuse proxy-from;");
    end();
}
END_TEST

/* A regular file stands for it. */
START_TEST(what_the_loop_cannot_watch_is_closed)
{
    int file;

    begin();
    file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    start(file);
    expect_notes("");
    ck_assert_int_lt(fcntl(file, F_GETFD), 0);
    ck_assert_uint_eq(worker.proxied_count, 0);
    (void)close(socket_of_it);
    end();
}
END_TEST

START_TEST(a_unix_socket_is_named_unix)
{
    static const struct {
        const char *list;
        bool expected;
    } rows[] = {
        {"unix", true}, {"10.0.0.1,unix", true}, {"unix,10.0.0.1", true},
        {NULL, false},  {"10.0.0.1", false},     {"unixx", false},
        {"uni", false}, {"xunix", false},        {"10.0.0.1,un", false},
        {"", false},
    };
    const struct sockaddr_storage from = {.ss_family = AF_UNIX};
    struct nacre_admission admission = {0};

    begin();
    ck_assert(!proxied_expected(&worker, socket_of_it, &from)); /* without any admission */
    settings.config.admission = &admission;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        admission.proxy_from = rows[i].list;
        ck_assert_int_eq(proxied_expected(&worker, socket_of_it, &from), rows[i].expected);
    }
    (void)close(socket_of_it);
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_header_may_come_in_parts_and_with_what_follows);
    add_test(suite, a_header_that_is_not_received_whole_is_none);
    add_loop(suite, a_balancer_may_leave_or_send_no_header, 0, 5);
    add_loop(suite, the_header_has_the_time_of_a_handshake, 0, 4);
    add_test(suite, what_the_loop_cannot_watch_is_closed);
    add_test(suite, a_unix_socket_is_named_unix);
}
