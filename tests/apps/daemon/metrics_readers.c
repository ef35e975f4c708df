/* The readers of the metrics, call by call: sockets, the clock and the loop are the test's. */
#include "apps/daemon/log.h"
#include "apps/daemon/metrics.h"
#include "apps/daemon/metrics_server.h"
#include "apps/runtime/watch.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    LISTENER = 1000, /* descriptor; those of readers follow */
    SLOTS = 64,
};

struct slot {   /* a watch or a timer */
    int number; /* of the reader, as long as all came in order; 0: the server's */
    void (*call)(void *context);
    void *context;
};

static struct slot watches[SLOTS], timers[SLOTS];
static size_t watch_count, timer_count;
static char one; /* its address is what matters */
static const char *failing;
static int accepted, waiting, failure; /* connections that can be accepted, and what follows them */
static const char *received;           /* by the next call; NULL: failure, "": the end */
static size_t room;                    /* bytes that the next call sends; 0: failure */
static char sent[8192];
static bool draining;
static uint64_t now_us;
static unsigned polls; /* that find the reader ready */
static struct metrics_server *metrics;

#define SERVER ((struct nacre_server *)(void *)&one)

static int place(const void *slot)
{
    return ((const struct slot *)slot)->number;
}

static bool step(const char *name)
{
    return failing == NULL || strcmp(failing, name) != 0;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_close(int fd);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);

OWN(struct nacre_loop *, nacre_server_loop, struct nacre_server *server)
{
    return server == SERVER ? (struct nacre_loop *)(void *)&one : NULL;
}

OWN(struct nacre_watch *, nacre_watch_new, struct nacre_loop *loop, int fd,
    void (*ready)(void *context), void *context)
{
    if (loop == NULL || !step("watch"))
        return NULL;
    watches[watch_count] = (struct slot){fd - LISTENER, ready, context};
    return (struct nacre_watch *)(void *)&watches[watch_count++];
}

OWN(bool, nacre_watch_set, struct nacre_watch *watch, unsigned events)
{
    note("watch %d %u;", place(watch), events);
    return step("set");
}

OWN(void, nacre_watch_free, struct nacre_watch *watch)
{
    if (watch != NULL)
        note("unwatch %d;", place(watch));
}

OWN(struct nacre_timer *, nacre_timer_new, struct nacre_loop *loop, void (*fire)(void *context),
    void *context)
{
    if (loop == NULL || !step("timer"))
        return NULL;
    timers[timer_count] = (struct slot){(int)timer_count, fire, context};
    return (struct nacre_timer *)(void *)&timers[timer_count++];
}

OWN(bool, nacre_timer_set, struct nacre_timer *timer, uint32_t ms)
{
    note("timer %d %u;", place(timer), ms);
    return step("timer set");
}

OWN(void, nacre_timer_free, struct nacre_timer *timer)
{
    if (timer != NULL)
        note("untimer %d;", place(timer));
}

OWN(int, accept4, int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    if (fd != LISTENER || address != NULL || len != NULL || flags != (SOCK_NONBLOCK | SOCK_CLOEXEC))
        ck_abort_msg("it accepts otherwise");
    if (waiting > 0) {
        waiting--;
        return LISTENER + ++accepted;
    }
    errno = failure;
    return -1;
}

OWN(ssize_t, recv, int fd, void *out, size_t len, int flags)
{
    size_t n;

    if (fd <= LISTENER || flags != 0)
        ck_abort_msg("it receives otherwise");
    if (received == NULL) {
        errno = failure;
        return -1;
    }
    n = strlen(received) < len ? strlen(received) : len;
    memcpy(out, received, n);
    return (ssize_t)n;
}

OWN(ssize_t, send, int fd, const void *data, size_t len, int flags)
{
    size_t n = len < room ? len : room;

    if (fd <= LISTENER || flags != MSG_NOSIGNAL || len == 0)
        ck_abort_msg("it sends otherwise");
    if (n == 0) {
        errno = failure;
        return -1;
    }
    (void)strncat(sent, data, n);
    return (ssize_t)n;
}

OWN(int, shutdown, int fd, int how)
{
    note("shutdown %d%s;", fd - LISTENER, how == SHUT_WR ? "" : " more");
    return 0;
}

OWN(int, close, int fd)
{
    if (fd < LISTENER)
        return __real_close(fd);
    note("close %d;", fd - LISTENER);
    return 0;
}

/* Each takes 100 ms. */
OWN(int, poll, struct pollfd *fds, nfds_t count, int timeout)
{
    if (count != 1 || fds[0].fd < LISTENER)
        return __real_poll(fds, count, timeout);
    note("poll %d %s %d;", fds[0].fd - LISTENER, fds[0].events == POLLIN ? "in" : "out", timeout);
    now_us += 100000;
    return polls > 0 ? (int)polls-- > 0 : 0;
}

OWN(int, clock_gettime, clockid_t clock, struct timespec *now)
{
    (void)clock;
    now->tv_sec = (time_t)(now_us / 1000000);
    now->tv_nsec = (long)(now_us % 1000000 * 1000 + 999);
    return 0;
}

/* The same on 32-bit machines */
OWN(int, __clock_gettime64, clockid_t clock, struct timespec *now)
{
    return __wrap_clock_gettime(clock, now);
}

OWN(size_t, metrics_print, const struct nacre_server *server, char *text)
{
    ck_assert_ptr_eq(server, SERVER);
    memcpy(text, "metrics\n", 8);
    return 8;
}

OWN(void, metrics_lag, uint64_t us)
{
    note("lag %u;", (unsigned)us);
}

OWN(void, nacre_server_socket_address, int fd, char *out)
{
    (void)snprintf(out, 16, "socket-%d", fd);
}

OWN(void, log_end, struct log_line *l)
{
    const char *event = memmem(l->text, l->len, "event=", 6);

    note("[%.*s];", (int)(l->text + l->len - event) - 6, event + 6);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static bool is_draining(void)
{
    return draining;
}

static struct metrics_server *make(void)
{
    watch_count = timer_count = 0;
    return metrics_server_new(SERVER, LISTENER, is_draining);
}

static void set_up(void)
{
    accepted = 0;
    now_us = 5000000;
    failure = EAGAIN;
    room = sizeof sent;
    metrics = make();
    ck_assert_ptr_nonnull(metrics);
    expect_notes("timer 0 1000;[metrics addr=socket-1000];");
}

static void tear_down(void)
{
    failing = NULL;
    metrics_server_free(metrics);
    noted[0] = 0;
}

static void ready(size_t watch)
{
    watches[watch].call(watches[watch].context);
}

/* Accept so many connections; the first one has watch 1 and timer 1. */
static void accept_some(int n)
{
    waiting = n;
    while (waiting > 0)
        ready(0);
    noted[0] = 0;
}

static void say(size_t watch, const char *text)
{
    received = text;
    ready(watch);
    received = NULL;
}

START_TEST(a_server_that_cannot_begin_leaves_nothing)
{
    static const struct {
        const char *failing, *notes;
    } rows[] = {
        {"watch", "untimer 0;close 0;"},
        {"timer", "unwatch 0;close 0;"},
        {"timer set", "timer 0 1000;unwatch 0;untimer 0;close 0;"},
    };

    tear_down();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        failing = rows[i].failing;
        ck_assert_ptr_null(make());
        expect_notes(rows[i].notes);
    }
    failing = NULL;
    leftovers_refuse(1);
    ck_assert_ptr_null(make());
    expect_notes("close 0;");
    metrics_server_free(NULL);
    metrics_server_retire(NULL);
    metrics = make();
}
END_TEST

START_TEST(four_readers_are_accepted_at_a_time)
{
    waiting = 6;
    ready(0);
    ck_assert_int_eq(waiting, 2);
    expect_notes("timer 1 5000;timer 2 5000;timer 3 5000;timer 4 5000;");
    ready(0);
    ck_assert_int_eq(waiting, 0);
    expect_notes("timer 5 5000;timer 6 5000;");
}
END_TEST

/* Without descriptors the socket stays readable, and the loop would not rest. */
START_TEST(without_descriptors_the_next_pulse_tries_again)
{
    static const int passing[] = {EAGAIN, EINTR, ECONNABORTED}, lasting[] = {EMFILE, ENFILE};

    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        failure = passing[i];
        ready(0);
        expect_notes("");
    }
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++) {
        failure = lasting[i];
        ready(0);
        expect_notes("watch 0 0;");
    }
    now_us += 1000000;
    timers[0].call(timers[0].context);
    expect_notes("lag 0;watch 0 1;timer 0 1000;");
}
END_TEST

START_TEST(the_pulse_measures_how_late_it_is)
{
    now_us += 1000000 + 1234;
    timers[0].call(timers[0].context);
    now_us += 999999;
    timers[0].call(timers[0].context);
    expect_notes("lag 1234;watch 0 1;timer 0 1000;lag 0;watch 0 1;timer 0 1000;");
}
END_TEST

START_TEST(of_16_readers_the_oldest_makes_place_for_another)
{
    accept_some(16);
    waiting = 1;
    ready(0);
    expect_notes("unwatch 1;untimer 1;close 1;timer 17 5000;");
    waiting = 1;
    ready(0);
    ck_assert_ptr_nonnull(strstr(noted, "untimer 2;"));
    noted[0] = 0;
}
END_TEST

START_TEST(a_reader_that_cannot_begin_leaves_nothing)
{
    static const struct {
        const char *failing, *notes;
    } rows[] = {
        {"watch", "untimer 1;close 1;"},
        {"timer", "unwatch 2;close 2;"},
        {"timer set", "timer 2 5000;unwatch 3;untimer 2;close 3;"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        waiting = 1;
        failing = rows[i].failing;
        ready(0);
        expect_notes(rows[i].notes);
    }
    failing = NULL;
    waiting = 1;
    leftovers_refuse(1);
    ready(0);
    expect_notes("close 4;");
}
END_TEST

START_TEST(a_reader_has_its_time)
{
    accept_some(2);
    timers[1].call(timers[1].context);
    expect_notes("unwatch 1;untimer 1;close 1;");
}
END_TEST

/* ---- answers ---- */

#define HEADER(status, length, more)                                                               \
    "HTTP/1.1 " status "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"            \
    "Content-Length: " length "\r\nCache-Control: no-store\r\n" more "Connection: close\r\n\r\n"

static const struct {
    const char *request, *answer;
    bool draining;
} answers[] = {
    {"GET /metrics HTTP/1.1\r\n\r\n", HEADER("200 OK", "8", "") "metrics\n", false},
    {"HEAD /metrics HTTP/1.1\r\n\r\n", HEADER("200 OK", "8", ""), false},
    {"GET /healthz HTTP/1.1\r\n\r\n", HEADER("200 OK", "7", "") "200 OK\n", false},
    {"GET /healthz HTTP/1.1\r\n\r\n",
     HEADER("503 Service Unavailable", "24", "") "503 Service Unavailable\n", true},
    {"GET /other HTTP/1.1\r\n\r\n", HEADER("404 Not Found", "14", "") "404 Not Found\n", false},
    {"PUT /metrics HTTP/1.1\r\n\r\n",
     HEADER("405 Method Not Allowed", "23", "Allow: GET, HEAD\r\n") "405 Method Not Allowed\n",
     false},
    {"GET\r\n\r\n", HEADER("400 Bad Request", "16", "") "400 Bad Request\n", false},
};

START_TEST(each_request_has_its_answer)
{
    accept_some(1);
    sent[0] = 0;
    draining = answers[_i].draining;
    say(1, answers[_i].request);
    ck_assert_str_eq(sent, answers[_i].answer);
    expect_notes("shutdown 1;watch 1 1;");
}
END_TEST

START_TEST(a_request_may_come_in_pieces)
{
    accept_some(1);
    sent[0] = 0;
    say(1, "GET /met");
    say(1, "rics HTTP/1.1\r");
    say(1, "\n\r");
    ck_assert_str_eq(sent, "");
    expect_notes("");
    say(1, "\n");
    ck_assert_str_eq(sent, answers[0].answer);
    noted[0] = 0;
}
END_TEST

static const char *repeat(size_t n)
{
    static char text[METRICS_REQUEST_MAX + 1];

    memset(text, 'x', n);
    text[n] = 0;
    return text;
}

START_TEST(a_request_has_up_to_4096_bytes)
{
    accept_some(1);
    sent[0] = 0;
    say(1, repeat(METRICS_REQUEST_MAX - 1));
    ck_assert_str_eq(sent, "");
    say(1, "xy");
    ck_assert_str_eq(sent, HEADER("431 Request Header Fields Too Large", "36",
                                  "") "431 Request Header Fields Too Large\n");
    noted[0] = 0;
}
END_TEST

START_TEST(an_answer_leaves_as_the_reader_takes_it)
{
    accept_some(1);
    sent[0] = 0;
    room = 0;
    say(1, answers[0].request);
    room = 5;
    ready(1);
    room = 0;
    ready(1);
    expect_notes("watch 1 2;watch 1 2;watch 1 2;");
    room = sizeof sent;
    ready(1);
    ck_assert_str_eq(sent, answers[0].answer);
    expect_notes("shutdown 1;watch 1 1;");
}
END_TEST

START_TEST(after_the_answer_the_reader_closes)
{
    accept_some(1);
    say(1, answers[0].request);
    noted[0] = 0;
    sent[0] = 0;
    for (int i = 0; i < 3; i++)
        say(1, repeat(METRICS_REQUEST_MAX)); /* it is thrown away */
    ck_assert_str_eq(sent, "");
    say(1, NULL); /* nothing yet */
    expect_notes("");
    say(1, "");
    expect_notes("unwatch 1;untimer 1;close 1;");
}
END_TEST

/* Each ends the connection. */
START_TEST(a_connection_that_fails_is_freed)
{
    static const struct {
        const char *request; /* NULL: it cannot be read */
        size_t room;         /* 0: the answer cannot be sent */
        const char *failing; /* or the loop fails */
    } rows[] = {
        {NULL, 1, NULL},
        {"GET / HTTP/1.1\r\n\r\n", 0, NULL},
        {"GET / HTTP/1.1\r\n\r\n", 5, "set"},
        {"GET / HTTP/1.1\r\n\r\n", 8192, "set"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        accept_some(1);
        failure = ECONNRESET;
        failing = rows[i].failing;
        room = rows[i].room;
        say(watch_count - 1, rows[i].request);
        failure = EAGAIN;
        failing = NULL;
        ck_assert_ptr_nonnull(strstr(noted, "close "));
        noted[0] = 0;
    }
    accept_some(1);
    received = answers[0].request;
    leftovers_refuse(1);
    ready(watch_count - 1);
    ck_assert_ptr_nonnull(strstr(noted, "close "));
    noted[0] = 0;
}
END_TEST

/* ---- the end ---- */

START_TEST(a_server_that_ends_frees_its_readers)
{
    accept_some(2);
    metrics_server_free(metrics);
    expect_notes(
        "unwatch 2;untimer 2;close 2;unwatch 1;untimer 1;close 1;unwatch 0;untimer 0;close 0;");
    metrics = make();
}
END_TEST

START_TEST(a_server_that_is_replaced_stops_listening)
{
    metrics_server_retire(metrics);
    metrics_server_retire(metrics);
    expect_notes("unwatch 0;close 0;");
    now_us += 1000000;
    timers[0].call(timers[0].context);
    expect_notes("lag 0;timer 0 1000;");
    metrics_server_free(metrics);
    expect_notes("untimer 0;");
    metrics = make();
}
END_TEST

/* An upgrade: no reader should notice it, for a second altogether. */
START_TEST(a_server_that_is_replaced_answers_its_readers)
{
    accept_some(1);
    metrics_server_retire(metrics);
    noted[0] = sent[0] = 0;
    received = answers[0].request;
    room = _i == 0 ? 5 : 8192; /* the whole answer at once */
    polls = 100;
    metrics_server_free(metrics);
    metrics = make();
    ck_assert_ptr_eq(strstr(noted, _i == 0 ? "poll 1 in 1000;watch 1 2;poll 1 out 900;watch 1 2;"
                                           : "poll 1 in 1000;shutdown 1;watch 1 1;unwatch 1;"),
                     noted);
    ck_assert(_i == 1 || strlen(sent) == 10 * 5); /* and then the time is over */
    ck_assert(_i == 1 || strstr(noted, "poll 1 out 100;watch 1 2;unwatch 1;untimer 1;") != NULL);
    noted[0] = 0;
}
END_TEST

START_TEST(readers_of_a_replaced_server_that_are_done_or_silent_do_not_wait)
{
    accept_some(3);
    room = 8192;
    say(1, answers[0].request); /* its answer is on its way */
    metrics_server_retire(metrics);
    noted[0] = 0;
    polls = 1;
    received = NULL; /* the third fails at once, the second says nothing */
    failure = ECONNRESET;
    metrics_server_free(metrics);
    expect_notes("poll 3 in 1000;unwatch 3;untimer 3;close 3;poll 2 in 900;unwatch 2;untimer "
                 "2;close 2;unwatch 1;untimer 1;close 1;untimer 0;");
    metrics = make();
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, set_up, tear_down);
    add_test(suite, a_server_that_cannot_begin_leaves_nothing);
    add_test(suite, four_readers_are_accepted_at_a_time);
    add_test(suite, without_descriptors_the_next_pulse_tries_again);
    add_test(suite, the_pulse_measures_how_late_it_is);
    add_test(suite, of_16_readers_the_oldest_makes_place_for_another);
    add_test(suite, a_reader_that_cannot_begin_leaves_nothing);
    add_test(suite, a_reader_has_its_time);
    add_loop(suite, each_request_has_its_answer, 0, sizeof answers / sizeof answers[0]);
    add_test(suite, a_request_may_come_in_pieces);
    add_test(suite, a_request_has_up_to_4096_bytes);
    add_test(suite, an_answer_leaves_as_the_reader_takes_it);
    add_test(suite, after_the_answer_the_reader_closes);
    add_test(suite, a_connection_that_fails_is_freed);
    add_test(suite, a_server_that_ends_frees_its_readers);
    add_test(suite, a_server_that_is_replaced_stops_listening);
    add_loop(suite, a_server_that_is_replaced_answers_its_readers, 0, 2);
    add_test(suite, readers_of_a_replaced_server_that_are_done_or_silent_do_not_wait);
}
