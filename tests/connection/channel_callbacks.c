/* Callbacks that close channels, or end or lose the session. */
#include "tests/support/channel_script.h"

#include <stdio.h>
#include <string.h>

static void close_it(struct nacre_channel *ch)
{
    nacre_channel_close(ch);
}

static void end_session(struct nacre_channel *ch)
{
    struct end *e = nacre_channel_context(ch);

    nacre_session_disconnect(e->session, NACRE_SHUTTING_DOWN, "enough");
}

/* Cause every callback. */
static void cause_all(uint32_t id)
{
    send_data(id, 10);
    scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, 1, "x");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "1");
    send_adjust(id, 100);
    send_eof(id);
    send_close(id);
}

static size_t times(const char *log, const char *what)
{
    size_t n = 0;

    for (const char *at = log; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

static const char *const callbacks[] = {"open",     "data", "extended", "request",
                                        "writable", "eof",  "close",    "closed"};

START_TEST(a_channel_may_be_closed_inside_every_callback)
{
    server_start();
    recorder.where = callbacks[_i];
    recorder.act = close_it;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 0, 1000);
    scripted_run(&s);
    if (strcmp(callbacks[_i], "open") != 0)
        ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 0); /* so that writable comes */
    cause_all(0);
    scripted_run(&s);
    ck_assert_uint_eq(times(s.log, "close 7;"), 1);
    ck_assert(ends_with(s.log, "close 7;"));
    ck_assert_uint_eq(times(s.real->log, "closed "), 1);
    ck_assert(ends_with(s.real->log,
                        callbacks[_i][0] == 'c' ? "closed peer closed;" : "closed we closed;"));
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

START_TEST(the_session_may_be_ended_inside_every_callback)
{
    server_start();
    recorder.where = callbacks[_i];
    recorder.act = end_session;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 0, 1000);
    scripted_run(&s);
    if (strcmp(callbacks[_i], "open") != 0) {
        ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 0);
        cause_all(0);
    }
    scripted_run(&s);
    ck_assert(s.real->ended);
    ck_assert(ends_with(s.log, "disconnect 11;"));
    ck_assert_uint_eq(times(s.real->log, "closed "), 1);
    ck_assert_ptr_nonnull(strstr(s.real->log, callbacks[_i]));
    if (_i < 6) { /* only closed follows the callback that ended it */
        char last[64];

        (void)snprintf(last, sizeof last, "closed shutting down;");
        ck_assert(ends_with(s.real->log, last));
        s.real->log[strlen(s.real->log) - strlen(last)] = 0;
        ck_assert_uint_eq(times(s.real->log, "close"), 0);
    }
    stop();
}
END_TEST

/* The same for a callback inside a call of the application instead of the owner. */
START_TEST(a_callback_outside_the_owners_calls_may_close_or_end_everything)
{
    uint32_t id = server_open(1000, 1000);
    unsigned wakes;

    recorder.take = 0;
    send_data(id, 10);
    scripted_expect(&s, "");
    recorder.take = _i % 2 == 0 ? SIZE_MAX : 3;
    recorder.where = "data";
    recorder.act = _i < 2 ? close_it : end_session;
    s.real->log[0] = 0;
    wakes = s.real->wakes;
    nacre_channel_resume(recorder.ch);
    ck_assert_uint_gt(s.real->wakes, wakes);
    ck_assert_int_eq(recorder.alive, 1); /* not before the call returns */
    look();
    ck_assert_int_eq(recorder.alive, _i < 2 ? 1 : 0);
    scripted_run(&s);
    ck_assert_str_eq(s.log, _i < 2 ? "eof 7;close 7;" : "disconnect 11;");
    stop();
}
END_TEST

static int inside; /* of callbacks of the channel, at a time */

static void resume_inside(struct nacre_channel *ch)
{
    ck_assert_int_eq(++inside, 1);
    nacre_channel_resume(ch);
    inside--;
}

/* Whether a message or a call brought it about, in which the rest is offered again. */
START_TEST(a_callback_does_not_happen_inside_itself)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = _i == 0 ? 3 : 0;
    recorder.where = _i == 0 ? "data" : NULL;
    recorder.act = resume_inside;
    send_data(id, 10);
    scripted_run(&s);
    recorder.where = "data";
    recorder.take = 3;
    nacre_channel_resume(recorder.ch);
    scripted_run(&s);
    ck_assert_uint_gt(recorder.len, 0);
    stop();
}
END_TEST

static void lose_session(struct nacre_channel *ch)
{
    struct end *e = nacre_channel_context(ch);

    nacre_session_lost(e->session);
}

START_TEST(the_connection_may_be_lost_inside_a_callback)
{
    uint32_t id = server_open(1000, 1000);

    recorder.where = "data";
    recorder.act = lose_session;
    recorder.take = 3;
    send_data(id, 10);
    scripted_run(&s);
    scripted_told(&s, "data 10;closed connection lost;");
    stop();
}
END_TEST

/* A lost connection gives closed alone. */
START_TEST(after_the_session_has_ended_only_closed_is_called)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 2000), 1000);
    send_data(id, 10);
    send_eof(id);
    if (_i % 2 == 1)
        send_close(id);
    scripted_run(&s);
    recorder.take = SIZE_MAX;
    s.real->log[0] = 0;
    switch (_i / 2) {
    case 0:
        nacre_session_lost(s.real->session);
        scripted_told(&s, "closed connection lost;");
        break;
    case 1:
        nacre_session_disconnect(s.real->session, NACRE_SHUTTING_DOWN, "bye");
        scripted_told(&s, "closed shutting down;");
        break;
    case 2:
        nacre_session_disconnect(s.real->session, NACRE_TIMED_OUT, "idle");
        scripted_told(&s, "closed timeout;");
        break;
    default:
        recorder.take = 0;
        scripted_send(&s, SSH_MSG_DISCONNECT, "uss", 11,
                      "good\x1b"
                      "bye",
                      "");
        scripted_run(&s);
        ck_assert(ends_with(s.real->log, "closed disconnected by peer;"));
        ck_assert_uint_eq(times(s.real->log, "close"), 1);
        ck_assert_uint_eq(recorder.why.code, 11);
        break;
    }
    stop();
}
END_TEST

static void close_all(struct nacre_channel *ch)
{
    (void)ch;
    for (int i = 0; i < recorder.opened && i < RECORDER_CHANNELS; i++)
        if (recorder.all[i] != NULL)
            nacre_channel_close(recorder.all[i]);
}

static void forget(struct nacre_channel *ch)
{
    for (int i = 0; i < RECORDER_CHANNELS; i++)
        if (recorder.all[i] == ch)
            recorder.all[i] = NULL;
    close_all(ch);
}

START_TEST(one_channel_may_close_the_others)
{
    server_start();
    for (uint32_t i = 0; i < 5; i++)
        ck_assert_uint_eq(scripted_open(&s, i, 1000, 1000), i);
    s.real->log[0] = 0;
    recorder.where = _i == 0 ? "data" : "closed";
    recorder.act = _i == 0 ? close_all : forget;
    if (_i == 0) {
        send_data(2, 1);
        scripted_expect(&s,
                        "eof 0;close 0;eof 1;close 1;eof 3;close 3;eof 4;close 4;eof 2;close 2;");
    } else {
        nacre_session_lost(s.real->session);
        ck_assert_uint_eq(times(s.real->log, "closed connection lost;"), 5);
    }
    stop();
}
END_TEST

/* A call that was never entered, or never left, would keep every later one from taking effect. */
START_TEST(no_call_from_outside_leaves_the_session_entered)
{
    static void (*const calls[])(struct nacre_channel *) = {
        nacre_channel_await_space, nacre_channel_resume, nacre_channel_eof, nacre_channel_close};
    struct nacre_channel *ch = client_open();
    const struct transport *t = ch->connection->transport;
    unsigned wakes;

    ck_assert_uint_eq(nacre_channel_write(ch, "x", 1), 1);
    ck_assert(!transport_is_entered(t));
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    ck_assert(!transport_is_entered(t));
    ck_assert_int_eq(nacre_channel_pty(ch, "vt100", 80, 24), NACRE_SEND_DONE);
    ck_assert(!transport_is_entered(t));
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        wakes = s.real->wakes;
        calls[i](ch);
        ck_assert(!transport_is_entered(t));
        ck_assert(i == 1 || s.real->wakes > wakes);
        scripted_run(&s);
    }
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, no_call_from_outside_leaves_the_session_entered);
    add_loop(suite, a_channel_may_be_closed_inside_every_callback, 0, 8);
    add_loop(suite, the_session_may_be_ended_inside_every_callback, 0, 7);
    add_loop(suite, a_callback_outside_the_owners_calls_may_close_or_end_everything, 0, 4);
    add_loop(suite, a_callback_does_not_happen_inside_itself, 0, 2);
    add_test(suite, the_connection_may_be_lost_inside_a_callback);
    add_loop(suite, after_the_session_has_ended_only_closed_is_called, 0, 8);
    add_loop(suite, one_channel_may_close_the_others, 0, 2);
}
