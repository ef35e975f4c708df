/* The loop of nacre-client: what it waits for, and what follows. Neither the library nor signals
 * are there; each wait plays the next event. */
#include "apps/client/loop.h"
#include "apps/client/caught.h"
#include "apps/client/channel.h"
#include "apps/client/client.h"
#include "apps/terminal/raw_mode.h"
#include "tests/support/notes.h"
#include "tests/support/printed.h"
#include "tests/support/suite.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_FD = 99, PATIENCE = 60000 };

static struct client_options options;
static struct client client;
static struct pollfd polled[4]; /* of the last wait */
static uint32_t waited_ms;
static unsigned waits, orders, flushes;
static int end_signal;
static bool stop, go_on, resize, raw;
static size_t unsent; /* bytes that are left to send */
static struct timespec now;
static long later_ns;       /* when an event has come, after the beginning */
static uint32_t serving_ms; /* how long the connection does what it can */
static void (*event)(struct pollfd *fds);
static char one;

static bool take(bool *flag)
{
    bool was = *flag;

    *flag = false;
    return was;
}

static void pass_ms(uint32_t ms)
{
    now.tv_nsec += (long)(ms % 1000) * 1000000;
    now.tv_sec += ms / 1000 + now.tv_nsec / 1000000000;
    now.tv_nsec %= 1000000000;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __wrap_nacre_clients_fd(struct nacre_clients *clients);
uint32_t __wrap_nacre_clients_timeout(const struct nacre_clients *clients);
size_t __wrap_nacre_clients_run_once(struct nacre_clients *clients, uint32_t timeout_ms);
struct nacre_session *__wrap_nacre_client_session(const struct nacre_client *connection);
void __wrap_nacre_client_close(struct nacre_client *connection, const char *text);
void __wrap_nacre_session_rekey(struct nacre_session *session);
void __wrap_nacre_channel_resume(struct nacre_channel *ch);
void __wrap_client_fail(struct client *c, const char *format, ...);
void __wrap_channel_send_input(struct client *c);
void __wrap_channel_send_size(struct client *c);
unsigned __wrap_input_read(struct input *in, int fd);
void __wrap_caught_begin(void);
int __wrap_caught_end(void);
bool __wrap_caught_take_stop(void);
bool __wrap_caught_take_continue(void);
bool __wrap_caught_take_resize(void);
void __wrap_caught_default(int number);
void __wrap_caught_poll(struct pollfd *fds, nfds_t count, uint32_t timeout_ms);
bool __wrap_raw_mode_enter(void);
void __wrap_raw_mode_leave(void);
bool __wrap_raw_mode_is_on(void);

OWN(int, clock_gettime, clockid_t clock, struct timespec *out)
{
    ck_assert_int_eq(clock, CLOCK_MONOTONIC);
    *out = now;
    return 0;
}

/* The same on 32-bit machines */
OWN(int, __clock_gettime64, clockid_t clock, struct timespec *out)
{
    return __wrap_clock_gettime(clock, out);
}

int __wrap_nacre_clients_fd(struct nacre_clients *clients)
{
    (void)clients;
    return CLIENTS_FD;
}

uint32_t __wrap_nacre_clients_timeout(const struct nacre_clients *clients)
{
    (void)clients;
    return PATIENCE;
}

size_t __wrap_nacre_clients_run_once(struct nacre_clients *clients, uint32_t timeout_ms)
{
    (void)clients;
    ck_assert(timeout_ms == 0 || timeout_ms == 100); /* a tenth of the time for all */
    flushes += timeout_ms > 0;
    pass_ms(timeout_ms > 0 ? timeout_ms : serving_ms);
    return unsent > 0 ? unsent-- : 0;
}

struct nacre_session *__wrap_nacre_client_session(const struct nacre_client *connection)
{
    (void)connection;
    return NULL;
}

void __wrap_nacre_client_close(struct nacre_client *connection, const char *text)
{
    (void)connection;
    note("close %s;", text);
}

void __wrap_nacre_session_rekey(struct nacre_session *session)
{
    (void)session;
    note("rekey;");
}

void __wrap_nacre_channel_resume(struct nacre_channel *ch)
{
    (void)ch;
    note("resume;");
}

void __wrap_client_fail(struct client *c, const char *format, ...)
{
    note("fail;");
    (void)format;
    c->over = true;
}

void __wrap_channel_send_input(struct client *c)
{
    ck_assert_ptr_eq(c, &client);
    note("input;");
}

void __wrap_channel_send_size(struct client *c)
{
    ck_assert_ptr_eq(c, &client);
    note("size;");
}

unsigned __wrap_input_read(struct input *in, int fd)
{
    ck_assert(in == &client.input && fd == STDIN_FILENO);
    note("read;");
    return orders;
}

void __wrap_caught_begin(void)
{
}

int __wrap_caught_end(void)
{
    return end_signal;
}

bool __wrap_caught_take_stop(void)
{
    return take(&stop);
}

bool __wrap_caught_take_continue(void)
{
    return take(&go_on);
}

bool __wrap_caught_take_resize(void)
{
    return take(&resize);
}

void __wrap_caught_default(int number)
{
    ck_assert_int_eq(number, SIGTSTP);
    note("stopped;");
}

void __wrap_caught_poll(struct pollfd *fds, nfds_t count, uint32_t timeout_ms)
{
    ck_assert_uint_eq(count, 4);
    for (size_t i = 0; i < count; i++)
        fds[i].revents = 0;
    memcpy(polled, fds, sizeof polled);
    waited_ms = timeout_ms;
    if (++waits > 1)
        client.over = true; /* only the first one has an event */
    else if (event != NULL)
        event(fds);
}

bool __wrap_raw_mode_enter(void)
{
    note("raw;");
    return raw = true;
}

void __wrap_raw_mode_leave(void)
{
    note("%s", raw ? "cooked;" : "");
    raw = false;
}

bool __wrap_raw_mode_is_on(void)
{
    return raw;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* A session whose shell runs. */
static void begin(void)
{
    options = (struct client_options){.login_s = 10};
    client = (struct client){.options = &options,
                             .connection = (struct nacre_client *)(void *)&one,
                             .channel = (struct nacre_channel *)(void *)&one,
                             .started = true,
                             .logged_in = true};
    noted[0] = 0;
    waits = orders = flushes = 0;
    end_signal = 0;
    stop = go_on = resize = raw = false;
    unsent = 0;
    serving_ms = 0;
    event = NULL;
}

static void drive(void (*plays)(struct pollfd *fds), const char *expected)
{
    event = plays;
    waits = 0;
    client.over = client.leaving = false;
    now = (struct timespec){.tv_sec = 100};
    noted[0] = 0;
    loop_drive(&client);
    ck_assert_str_eq(noted, expected);
}

#define END "close the client is shutting down;"

static void expect_polled(int input, int output, int errors)
{
    ck_assert(polled[0].fd == CLIENTS_FD && polled[0].events == POLLIN);
    ck_assert(polled[1].fd == input && polled[1].events == POLLIN);
    ck_assert(polled[2].fd == output && polled[2].events == POLLOUT);
    ck_assert(polled[3].fd == errors && polled[3].events == POLLOUT);
}

START_TEST(a_stream_is_waited_for_when_something_depends_on_it)
{
    begin();
    drive(NULL, END);
    expect_polled(STDIN_FILENO, -1, -1);
    ck_assert_uint_eq(waited_ms, PATIENCE);
    client.output.blocked = true;
    drive(NULL, END);
    expect_polled(STDIN_FILENO, STDOUT_FILENO, -1);
    client.output.blocked = false;
    client.errors.blocked = true;
    client.started = false;
    drive(NULL, END);
    expect_polled(-1, -1, STDERR_FILENO);
    client.started = true;
    client.channel = NULL;
    drive(NULL, END);
    expect_polled(-1, -1, STDERR_FILENO);
    begin();
    client.input.ended = true;
    drive(NULL, END);
    expect_polled(-1, -1, -1);
}
END_TEST

static void time_passes(struct pollfd *fds)
{
    (void)fds;
    pass_ms((uint32_t)(later_ns / 1000000));
    now.tv_nsec += later_ns % 1000000;
}

/* ... and no longer. */
START_TEST(a_login_has_its_time)
{
    begin();
    client.logged_in = false;
    options.login_s = 100;
    drive(NULL, END);
    ck_assert_uint_eq(waited_ms, PATIENCE);
    options.login_s = 10;
    drive(NULL, END);
    ck_assert_uint_eq(waited_ms, 10000);
    later_ns = 999999999;
    drive(time_passes, END);
    ck_assert_uint_eq(waited_ms, 9001);
    options.login_s = 1;
    later_ns = 999000000;
    drive(time_passes, END);
    ck_assert_uint_eq(waited_ms, 1);
    later_ns = 1000000000;
    drive(time_passes, "fail;" END);
    options.login_s = 0;
    drive(NULL, "fail;" END);
    client.logged_in = true;
    drive(NULL, END);
}
END_TEST

START_TEST(the_time_of_a_person_who_is_asked_does_not_count)
{
    begin();
    client.logged_in = false;
    serving_ms = 11000;
    later_ns = 1000000000;
    drive(time_passes, END);
    ck_assert_uint_eq(waited_ms, 9000);
}
END_TEST

static void readable(struct pollfd *fds)
{
    fds[1].revents = POLLHUP; /* the end of a pipe */
}

START_TEST(orders_are_obeyed_after_the_input_before_them)
{
    begin();
    drive(readable, "read;input;" END);
    orders = ESCAPE_REKEY;
    drive(readable, "read;input;rekey;" END);
    orders = ESCAPE_CLOSE | ESCAPE_SUSPEND;
    drive(readable, "read;input;close closed by the user;" END);
    ck_assert(client.leaving);
    orders = ESCAPE_SUSPEND;
    drive(readable, "read;input;stopped;size;" END);
    raw = true;
    drive(readable, "read;input;cooked;stopped;raw;size;" END "cooked;");
    client.connection = NULL;
    drive(readable, "read;input;");
}
END_TEST

START_TEST(a_person_reads_the_list_and_the_end)
{
    char expected[512];

    begin();
    options.host_name[0] = 'h';
    printed_begin(STDERR_FILENO);
    drive(readable, "read;input;" END); /* without a terminal nothing is printed */
    orders = ESCAPE_HELP;
    drive(readable, "read;input;" END);
    orders = 0;
    client.has_terminal = true;
    drive(NULL, END);
    (void)snprintf(expected, sizeof expected, "%sConnection to h closed.\n", escape_help);
    expect_printed(expected);
}
END_TEST

static void output_is_writable(struct pollfd *fds)
{
    fds[2].revents = POLLOUT;
}

static void errors_are_writable(struct pollfd *fds)
{
    fds[3].revents = POLLERR;
}

START_TEST(space_in_a_stream_lets_the_channel_go_on)
{
    begin();
    client.output.blocked = client.errors.blocked = true;
    drive(output_is_writable, "resume;" END);
    ck_assert(!client.output.blocked && !client.errors.blocked);
    drive(errors_are_writable, "resume;" END);
    client.channel = NULL;
    drive(errors_are_writable, END);
}
END_TEST

static void signals_come(struct pollfd *fds)
{
    (void)fds;
    stop = true;
    go_on = resize = true;
}

static void ending_signal_comes(struct pollfd *fds)
{
    (void)fds;
    end_signal = SIGTERM;
}

START_TEST(signals_are_acted_on_in_their_order)
{
    begin();
    drive(signals_come, "stopped;size;size;size;" END);
    raw = true;
    drive(signals_come, "cooked;stopped;raw;size;raw;size;size;" END "cooked;");
    drive(ending_signal_comes, END);
    ck_assert_uint_eq(waits, 1);
}
END_TEST

/* Not after a signal, or when the person has left. */
START_TEST(what_is_left_is_sent_at_the_end)
{
    begin();
    unsent = 4;
    drive(NULL, END);
    ck_assert_uint_eq(flushes, 3); /* the loop itself sent two */
    unsent = 100;
    flushes = 0;
    drive(NULL, END);
    ck_assert_uint_eq(flushes, 10); /* for a second */
    ck_assert_uint_eq(unsent, 88);
    unsent = 4;
    flushes = 0;
    drive(ending_signal_comes, END);
    ck_assert_uint_eq(flushes, 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_stream_is_waited_for_when_something_depends_on_it);
    add_test(suite, a_login_has_its_time);
    add_test(suite, the_time_of_a_person_who_is_asked_does_not_count);
    add_test(suite, orders_are_obeyed_after_the_input_before_them);
    add_test(suite, a_person_reads_the_list_and_the_end);
    add_test(suite, space_in_a_stream_lets_the_channel_go_on);
    add_test(suite, signals_are_acted_on_in_their_order);
    add_test(suite, what_is_left_is_sent_at_the_end);
}
