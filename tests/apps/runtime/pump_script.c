/* The pump with a session that does what the test says: its shares, deadlines, socket options and
 * ends, each exactly. The functions of session.h that a pump calls are defined here. */
#undef _FORTIFY_SOURCE /* its recv is inline */
#include "apps/runtime/pump.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PIECE = 16 * 1024, SHARE = 64 * 1024 };

struct nacre_session {
    size_t output; /* bytes that remain to be sent, shown in pieces */
    size_t got;
    unsigned steps; /* that are due now, one for each tick */
    unsigned ticks, freed;
    unsigned blocked; /* how often it heard that nothing can be sent */
    uint32_t channels;
    bool ended, long_running;
    enum nacre_cause cause;
};

static struct nacre_session session;
static struct nacre_loop loop;
static struct pump pump;
static int other;
static unsigned over, acks, limits, sends;
static size_t seen;              /* output that remained when another task ran */
static int fail_send, fail_recv; /* errno of the next call */
static uint8_t bytes[PIECE];

/* ---- the session ---- */

uint8_t *nacre_session_input(struct nacre_session *s, size_t *room)
{
    (void)s;
    *room = sizeof bytes;
    return bytes;
}

void nacre_session_received(struct nacre_session *s, size_t len, uint64_t now_ms)
{
    ck_assert_uint_eq(now_ms, loop.now_ms);
    s->got += len;
}

const uint8_t *nacre_session_output(struct nacre_session *s, size_t *len)
{
    *len = s->output < PIECE ? s->output : PIECE;
    return bytes;
}

void nacre_session_sent(struct nacre_session *s, size_t len, uint64_t now_ms)
{
    ck_assert_uint_eq(now_ms, loop.now_ms);
    s->output -= len;
    s->blocked += len == 0;
}

uint64_t nacre_session_deadline(const struct nacre_session *s)
{
    return s->steps > 0 ? loop.now_ms : UINT64_MAX;
}

void nacre_session_tick(struct nacre_session *s, uint64_t now_ms)
{
    ck_assert_uint_eq(now_ms, loop.now_ms);
    s->ticks++;
    s->steps -= s->steps > 0;
}

bool nacre_session_is_long_running(const struct nacre_session *s)
{
    return s->long_running;
}

bool nacre_session_is_rekeying(const struct nacre_session *s)
{
    (void)s;
    return false;
}

const struct nacre_end *nacre_session_ended(const struct nacre_session *s)
{
    static struct nacre_end why;

    why.cause = s->cause;
    return s->ended ? &why : NULL;
}

uint32_t nacre_session_channel_count(const struct nacre_session *s)
{
    return s->channels;
}

void nacre_session_free(struct nacre_session *s)
{
    s->freed++;
    pump_session_freed(&pump);
}

/* ---- the system ---- */

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    const int *number = value;

    if (level == IPPROTO_TCP && name == TCP_QUICKACK && *number == 1)
        acks++;
    if (level == IPPROTO_TCP && name == TCP_NOTSENT_LOWAT && *number == 32 * 1024)
        limits++;
    return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

static int take(int *failure)
{
    int result = *failure;

    *failure = 0;
    return result;
}

/* After a call that succeeds, errno says nothing. */
static bool fails(int *failure)
{
    errno = *failure != 0 ? *failure : EAGAIN;
    return take(failure) != 0;
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    sends++;
    return fails(&fail_send) ? -1 : sendto(fd, data, len, flags, NULL, 0);
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
    return fd == pump.fd && fails(&fail_recv) ? -1 : recvfrom(fd, data, len, flags, NULL, NULL);
}

/* ---- the test ---- */

static void on_over(struct pump *ended)
{
    ck_assert_ptr_eq(ended, &pump);
    over++;
}

static void begin_with(const int fds[2])
{
    session = (struct nacre_session){.cause = NACRE_WE_CLOSED};
    over = acks = limits = sends = 0;
    ck_assert(loop_init(&loop));
    other = fds[1];
    pump_init(&pump, &loop, fds[0], on_over);
    ck_assert(pump_start(&pump, &session));
}

static void begin(void)
{
    const int room = 4 * SHARE;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    begin_with(fds);
}

/* The same with TCP. */
static void begin_tcp(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fds[2];

    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, len), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fds[1], (struct sockaddr *)&at, len), 0);
    fds[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ck_assert_int_ge(fds[0], 0);
    (void)close(listener);
    begin_with(fds);
}

static void do_nothing(struct task *task)
{
    (void)task;
}

/* One iteration of the loop that does not wait. */
static void turn(void)
{
    struct task nothing = {.run = do_nothing};

    loop_later(&loop, &nothing);
    loop_run_once(&loop);
    loop_forget(&loop, &nothing);
}

/* As many as it takes until nothing is left to do. */
static void turns(void)
{
    for (int i = 0; i < 20; i++)
        turn();
}

static void end(void)
{
    if (over == 0)
        pump_close(&pump);
    ck_assert_uint_eq(over, 1);
    ck_assert_uint_eq(session.freed, 1);
    ck_assert_int_eq(pump.fd, -1);
    ck_assert_uint_eq(loop.timers, 0);
    ck_assert(!pump.task.queued);
    if (other >= 0)
        (void)close(other);
    loop_clear(&loop);
}

static void tell(const char *text)
{
    ck_assert_int_eq(sendto(other, text, strlen(text), 0, NULL, 0), (ssize_t)strlen(text));
}

/* Bytes that wait at the other end. */
static size_t arrived(void)
{
    static uint8_t got[PIECE];
    size_t total = 0;
    ssize_t n;

    while ((n = recv(other, got, sizeof got, MSG_DONTWAIT)) > 0)
        total += (size_t)n;
    return total;
}

/* A pump that does not tick its session at the end of input never returns. */
START_TEST(steps_that_are_due_are_done_at_the_end_of_input)
{
    begin();
    turns();
    session.steps = 7;
    ck_assert_int_eq(shutdown(other, SHUT_WR), 0);
    turn();
    ck_assert_uint_eq(over, 1);
    ck_assert_uint_eq(session.steps, 0);
    end();
}
END_TEST

START_TEST(input_before_the_end_is_received)
{
    begin();
    turns();
    tell("last");
    ck_assert_int_eq(shutdown(other, SHUT_WR), 0);
    turns();
    ck_assert_uint_eq(session.got, 4);
    ck_assert_uint_eq(over, 1);
    end();
}
END_TEST

static void note_output(struct task *task)
{
    (void)task;
    seen = session.output;
}

/* Another task is run after each share. */
START_TEST(a_session_sends_its_share_and_then_waits)
{
    struct task others = {.run = note_output};

    begin();
    turns();
    session.output = SHARE + PIECE + 1;
    pump_wake(&pump);
    loop_later(&loop, &others);
    turns();
    ck_assert_uint_eq(seen, PIECE + 1);
    ck_assert_uint_eq(session.output, 0);
    ck_assert_uint_eq(arrived(), SHARE + PIECE + 1);
    end();
}
END_TEST

/* The first 16 messages without an answer, as many as a login may have. */
START_TEST(messages_without_an_answer_are_acknowledged_at_once)
{
    begin();
    turns();
    for (unsigned i = 1; i <= 15; i++) {
        tell("x");
        turns();
        ck_assert_uint_eq(acks, i);
    }
    session.output = 1;
    fail_send = EAGAIN; /* the answer is still there */
    tell("x");
    turn();
    ck_assert_uint_eq(acks, 15);
    session.output = 0;
    for (unsigned i = 0; i < 3; i++) {
        tell("x");
        turns();
        ck_assert_uint_eq(acks, 16);
    }
    ck_assert_uint_eq(session.got, 19);
    end();
}
END_TEST

START_TEST(only_channels_that_share_a_socket_keep_the_kernels_buffer_short)
{
    begin();
    for (uint32_t i = 0; i < 4; i++) {
        session.channels = i;
        tell("x");
        turns();
        ck_assert_uint_eq(limits, i > 1); /* once */
    }
    end();
}
END_TEST

START_TEST(an_interrupted_call_is_repeated)
{
    begin();
    turns();
    session.output = 5;
    fail_send = EINTR;
    tell("x");
    fail_recv = EINTR;
    turns();
    ck_assert_uint_eq(arrived(), 5);
    ck_assert_uint_eq(session.got, 1);
    ck_assert_uint_eq(over, 0);
    end();
}
END_TEST

/* Only an event from the kernel makes it try again. */
START_TEST(a_full_socket_is_left_alone)
{
    begin();
    turns();
    session.output = 5;
    sends = 0;
    fail_send = EAGAIN;
    pump_wake(&pump);
    turns();
    ck_assert_uint_eq(sends, 1);
    ck_assert(!pump.sendable);
    ck_assert_uint_eq(session.blocked, 1);
    pump.source.ready(&pump.source, EPOLLOUT);
    turns();
    ck_assert_uint_eq(sends, 2);
    ck_assert_uint_eq(arrived(), 5);
    ck_assert_uint_eq(session.blocked, 1);
    end();
}
END_TEST

/* A session that may take long, or that has something to send, waits for its task. */
START_TEST(what_takes_long_is_not_done_at_the_event)
{
    begin();
    turns();
    session.long_running = _i == 1;
    session.output = _i == 2 ? 5 : 0;
    tell("x");
    pump.source.ready(&pump.source, EPOLLIN);
    ck_assert_uint_eq(session.got, _i == 0 ? 1 : 0);
    ck_assert_int_eq(pump.task.queued, _i != 0);
    turns();
    ck_assert_uint_eq(session.got, 1);
    end();
}
END_TEST

/* The kernel tells when there is space again. */
START_TEST(a_socket_that_was_full_is_used_again)
{
    begin();
    turns();
    session.output = 64 * SHARE;
    pump_wake(&pump);
    turns();
    ck_assert(!pump.sendable);
    ck_assert_uint_gt(session.output, 0);
    for (int i = 0; i < 1000 && session.output > 0; i++) {
        (void)arrived();
        turn();
    }
    ck_assert_uint_eq(session.output, 0);
    end();
}
END_TEST

START_TEST(a_lost_connection_ends_the_pump)
{
    begin();
    turns();
    session.output = 5;
    fail_send = ECONNRESET;
    pump_wake(&pump);
    turn();
    ck_assert_uint_eq(over, 1);
    end();
    begin();
    turns();
    fail_recv = ECONNRESET;
    tell("x");
    turns();
    ck_assert_uint_eq(over, 1);
    end();
}
END_TEST

static void send_much(size_t len)
{
    static const uint8_t much[3 * PIECE + 1];

    ck_assert_int_eq(sendto(other, much, len, 0, NULL, 0), (ssize_t)len);
}

START_TEST(a_failure_to_send_leaves_what_was_received_before)
{
    const int failures[] = {ECONNRESET, EPIPE};

    begin();
    turns();
    send_much(3 * PIECE + 1);
    session.steps = 2; /* for input that the session holds */
    session.output = 5;
    fail_send = failures[_i];
    pump_wake(&pump);
    turns();
    ck_assert_uint_eq(session.got, 3 * PIECE + 1);
    ck_assert_uint_eq(session.steps, 0);
    ck_assert_uint_eq(over, 1);
    end();
}
END_TEST

/* The peer closes with input unread, or receives more after it has closed: its kernel resets the
 * connection. Its own last bytes are here already. */
START_TEST(a_reset_connection_is_read_to_its_end)
{
    const struct linger at_once = {.l_onoff = 1};

    begin_tcp();
    turns();
    send_much(3 * PIECE + 1);
    if (_i == 0)
        ck_assert_int_eq(setsockopt(other, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(other);
    other = -1;
    session.output = 2 * SHARE;
    pump_wake(&pump);
    for (int i = 0; i < 1000 && over == 0; i++)
        turn();
    ck_assert_uint_eq(session.got, 3 * PIECE + 1);
    ck_assert_uint_gt(session.output, 0);
    end();
}
END_TEST

START_TEST(after_its_last_bytes_it_waits_two_seconds_for_the_other_side)
{
    char got;

    begin();
    turns();
    session.ended = true;
    pump_wake(&pump);
    turn();
    ck_assert_uint_eq(session.freed, 1);
    ck_assert_uint_eq(over, 0);
    ck_assert_int_eq(recv(other, &got, 1, 0), 0);
    ck_assert_uint_eq(pump.timer.at_ms, loop.now_ms + 2000);
    tell("late");
    turns();
    ck_assert_uint_eq(over, 0);
    pump.timer.fire(&pump.timer);
    ck_assert_uint_eq(over, 1);
    end();
}
END_TEST

START_TEST(while_it_waits_only_an_end_or_a_failure_ends_it)
{
    static const struct {
        int failure;
        bool over, again;
    } rows[] = {
        {EAGAIN, false, false}, {EINTR, false, true}, {ECONNRESET, true, false}, {0, false, true}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        turns();
        session.ended = true;
        pump_wake(&pump);
        turns();
        fail_recv = rows[i].failure;
        if (rows[i].failure == 0)
            tell("x");
        pump.source.ready(&pump.source, EPOLLIN);
        ck_assert_uint_eq(over, rows[i].over);
        ck_assert_int_eq(pump.task.queued, rows[i].again);
        end();
    }
}
END_TEST

START_TEST(last_bytes_have_five_seconds_to_be_sent)
{
    uint64_t began;

    begin();
    turns();
    session.ended = true;
    session.output = 5;
    fail_send = EAGAIN;
    pump_wake(&pump);
    turn();
    began = loop.now_ms;
    ck_assert_uint_eq(pump.timer.at_ms, began + 5000);
    pump_wake(&pump);
    turns();
    ck_assert_uint_eq(pump.timer.at_ms, began + 5000);
    ck_assert_uint_eq(session.freed, 0);
    pump.timer.fire(&pump.timer);
    ck_assert_uint_eq(over, 1);
    end();
}
END_TEST

/* Its share each time, as before the end. */
START_TEST(many_last_bytes_are_sent_one_share_after_the_other)
{
    begin();
    turns();
    session.ended = true;
    session.output = 2 * SHARE + 1;
    pump_wake(&pump);
    turns();
    ck_assert_uint_eq(session.output, 0);
    ck_assert_uint_eq(session.freed, 1);
    ck_assert_uint_eq(arrived(), 2 * SHARE + 1);
    end();
}
END_TEST

/* It has closed, or has sent DISCONNECT. */
START_TEST(a_peer_that_reads_no_more_is_not_waited_for)
{
    begin();
    turns();
    session.ended = true;
    session.cause = _i == 0 ? NACRE_WE_CLOSED : NACRE_DISCONNECTED;
    session.output = _i == 0 ? 5 : 0;
    fail_send = _i == 0 ? EPIPE : 0;
    pump_wake(&pump);
    turn();
    ck_assert_uint_eq(over, 1);
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, steps_that_are_due_are_done_at_the_end_of_input);
    add_test(suite, input_before_the_end_is_received);
    add_test(suite, a_session_sends_its_share_and_then_waits);
    add_test(suite, messages_without_an_answer_are_acknowledged_at_once);
    add_test(suite, only_channels_that_share_a_socket_keep_the_kernels_buffer_short);
    add_test(suite, an_interrupted_call_is_repeated);
    add_test(suite, a_full_socket_is_left_alone);
    add_loop(suite, what_takes_long_is_not_done_at_the_event, 0, 3);
    add_test(suite, a_socket_that_was_full_is_used_again);
    add_test(suite, a_lost_connection_ends_the_pump);
    add_loop(suite, a_failure_to_send_leaves_what_was_received_before, 0, 2);
    add_loop(suite, a_reset_connection_is_read_to_its_end, 0, 2);
    add_test(suite, after_its_last_bytes_it_waits_two_seconds_for_the_other_side);
    add_test(suite, while_it_waits_only_an_end_or_a_failure_ends_it);
    add_test(suite, last_bytes_have_five_seconds_to_be_sent);
    add_test(suite, many_last_bytes_are_sent_one_share_after_the_other);
    add_loop(suite, a_peer_that_reads_no_more_is_not_waited_for, 0, 2);
}
