/* A signature by an agent, step by step: what the agent's socket does is what the test says, and
 * what the loop and the session are asked for is noted. */
#include "apps/connect/signing.h"

#include "apps/files/agent_sign.h"
#include "apps/session/signer.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

/* Any number may be that of the socket. */
enum { SOCKET = 0, LENGTH = 64, RETRY_MS = 50, MINUTE_MS = 60 * 1000 };

static struct nacre_clients all;
static struct nacre_client client;
static struct source *watched; /* the last one */
static enum agent_progress next_step;
static bool can_begin, can_watch;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
bool __wrap_agent_sign_begin(struct agent_exchange *x, const struct nacre_key *key,
                             const struct signature_algorithm *algorithm, struct bytes data);
struct bytes __wrap_agent_sign_end(const struct agent_exchange *x,
                                   const struct signature_algorithm *algorithm);
enum agent_progress __wrap_agent_exchange_step(struct agent_exchange *x);
void __wrap_agent_exchange_clear(struct agent_exchange *x);
bool __wrap_loop_watch(struct nacre_loop *loop, int fd, struct source *source, uint32_t events);
void __wrap_loop_unwatch(struct nacre_loop *loop, int fd, const struct source *source);
void __wrap_session_signed(struct nacre_session *session, struct bytes signature);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

bool __wrap_agent_sign_begin(struct agent_exchange *x, const struct nacre_key *key,
                             const struct signature_algorithm *algorithm, struct bytes data)
{
    (void)key;
    (void)algorithm;
    if (can_begin)
        *x = (struct agent_exchange){.fd = -1, .request_len = data.len};
    return can_begin;
}

struct bytes __wrap_agent_sign_end(const struct agent_exchange *x,
                                   const struct signature_algorithm *algorithm)
{
    static const uint8_t signature[LENGTH];

    (void)algorithm;
    ck_assert_int_eq(x->fd, SOCKET);
    return BYTES_OF_ARRAY(signature);
}

enum agent_progress __wrap_agent_exchange_step(struct agent_exchange *x)
{
    x->fd = next_step == AGENT_RETRY ? -1 : SOCKET;
    return next_step;
}

void __wrap_agent_exchange_clear(struct agent_exchange *x)
{
    ck_assert(x->request_len > 0 || x->fd < 0);
    if (x->request_len > 0)
        note("clear;");
}

bool __wrap_loop_watch(struct nacre_loop *loop, int fd, struct source *source, uint32_t events)
{
    ck_assert_ptr_eq(loop, &all.loop);
    ck_assert_int_eq(fd, SOCKET);
    watched = source;
    note("%s;", events == EPOLLIN ? "in" : events == EPOLLOUT ? "out" : "?");
    return can_watch;
}

void __wrap_loop_unwatch(struct nacre_loop *loop, int fd, const struct source *source)
{
    ck_assert_ptr_eq(loop, &all.loop);
    ck_assert_int_eq(fd, SOCKET);
    ck_assert_ptr_eq(source, watched);
    note("unwatch;");
}

void __wrap_session_signed(struct nacre_session *session, struct bytes signature)
{
    ck_assert_ptr_eq(session, client.pump.session);
    ck_assert_ptr_null(client.signing); /* it may ask for the next one */
    note("signed %zu;", signature.len);
}

static bool ask(void)
{
    return signing_begin(&client, NULL, NULL, bytes_of("data"));
}

static void begin(void)
{
    static char session; /* any */

    ck_assert(loop_init(&all.loop));
    client = (struct nacre_client){.all = &all};
    client.pump.session = (struct nacre_session *)(void *)&session;
    can_begin = can_watch = true;
    ck_assert(ask());
    ck_assert_uint_eq(all.loop.heap[0]->at_ms, all.loop.now_ms); /* the first step is due */
}

static void end(void)
{
    signing_end(&client);
    ck_assert_ptr_null(client.signing);
    ck_assert_uint_eq(all.loop.timers, 0);
    loop_clear(&all.loop);
}

/* The timer fires when it is due. */
static void fire(enum agent_progress progress)
{
    struct timer *timer = all.loop.heap[0];

    next_step = progress;
    all.loop.now_ms = timer->at_ms;
    (void)loop_set_timer(&all.loop, timer, UINT64_MAX);
    timer->fire(timer);
}

static void ready(enum agent_progress progress)
{
    next_step = progress;
    watched->ready(watched, 0);
}

static uint64_t due_in(void)
{
    return all.loop.heap[0]->at_ms - all.loop.now_ms;
}

START_TEST(the_agent_is_asked_and_its_answer_is_the_sessions)
{
    begin();
    fire(AGENT_WRITABLE);
    expect_notes("out;");
    ck_assert_uint_eq(due_in(), MINUTE_MS);
    ready(AGENT_WRITABLE); /* it is watched already */
    expect_notes("");
    ready(AGENT_READABLE);
    expect_notes("unwatch;in;");
    ready(AGENT_READABLE);
    expect_notes("");
    ck_assert_uint_eq(due_in(), MINUTE_MS);
    ready(_i == 0 ? AGENT_ANSWERED : AGENT_FAILED);
    expect_notes(_i == 0 ? "unwatch;signed 64;clear;" : "unwatch;signed 0;clear;");
    end();
    expect_notes("");
}
END_TEST

/* An agent whose queue is full is tried again, for a minute. */
START_TEST(an_agent_that_is_busy_is_tried_again)
{
    uint64_t end_ms;

    begin();
    end_ms = all.loop.now_ms + MINUTE_MS;
    for (int i = 0; i < MINUTE_MS / RETRY_MS; i++) {
        ck_assert_ptr_nonnull(client.signing);
        fire(AGENT_RETRY);
        if (client.signing != NULL)
            ck_assert_uint_eq(due_in(), RETRY_MS);
    }
    expect_notes("signed 0;clear;"); /* the next try would come too late */
    ck_assert_uint_eq(all.loop.now_ms, end_ms - RETRY_MS);
    end();
}
END_TEST

START_TEST(a_try_that_comes_too_late_is_none)
{
    begin();
    all.loop.heap[0]->at_ms += MINUTE_MS;
    fire(AGENT_ANSWERED);
    expect_notes("signed 0;clear;");
    end();
}
END_TEST

START_TEST(an_agent_that_says_nothing_is_given_up_after_a_minute)
{
    begin();
    fire(AGENT_READABLE);
    expect_notes("in;");
    fire(AGENT_ANSWERED);
    expect_notes("unwatch;signed 0;clear;");
    end();
}
END_TEST

START_TEST(what_the_loop_cannot_watch_is_not_waited_for)
{
    begin();
    can_watch = _i == 1;
    fire(_i == 0 ? AGENT_READABLE : AGENT_WRITABLE);
    if (_i == 1) {
        expect_notes("out;");
        can_watch = false;
        ready(AGENT_READABLE);
    }
    expect_notes(_i == 0 ? "in;signed 0;clear;" : "unwatch;in;signed 0;clear;");
    end();
}
END_TEST

START_TEST(another_request_takes_the_place_of_one)
{
    begin();
    fire(AGENT_READABLE);
    expect_notes("in;");
    ck_assert(ask());
    expect_notes("unwatch;clear;");
    ck_assert_uint_eq(all.loop.timers, 1);
    ck_assert_uint_eq(due_in(), 0);
    can_begin = false;
    ck_assert(!ask());
    ck_assert_ptr_null(client.signing);
    noted[0] = 0;
    end();
    expect_notes("");
}
END_TEST

START_TEST(without_memory_there_is_no_signature)
{
    begin();
    leftovers_refuse(1);
    ck_assert(!ask());
    ck_assert_ptr_null(client.signing); /* nor is the one before it awaited */
    expect_notes("clear;");
    end();
}
END_TEST

START_TEST(a_session_that_is_gone_gets_no_signature)
{
    begin();
    client.pump.session = NULL;
    fire(AGENT_ANSWERED);
    expect_notes("clear;");
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, the_agent_is_asked_and_its_answer_is_the_sessions, 0, 2);
    add_test(suite, an_agent_that_is_busy_is_tried_again);
    add_test(suite, a_try_that_comes_too_late_is_none);
    add_test(suite, an_agent_that_says_nothing_is_given_up_after_a_minute);
    add_loop(suite, what_the_loop_cannot_watch_is_not_waited_for, 0, 2);
    add_test(suite, another_request_takes_the_place_of_one);
    add_test(suite, without_memory_there_is_no_signature);
    add_test(suite, a_session_that_is_gone_gets_no_signature);
}
