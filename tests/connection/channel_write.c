/* Writes that are accepted as a whole, and writes that wait in a buffer. RFC 4254 section 5.2. */
#include "connection/channel_write.h"

#include "apps/session/budget.h"
#include "tests/support/channel_script.h"
#include "transport/pool.h"

#include <string.h>

/* ---- as a whole ---- */

START_TEST(a_whole_write_is_sent_at_once_or_not_at_all)
{
    struct nacre_channel *ch;

    (void)server_open(10, 32768);
    ch = recorder.ch;
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, 11), NACRE_SEND_LATER);
    scripted_expect(&s, "");
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, 10), NACRE_SEND_DONE);
    scripted_expect(&s, "data 7 10;");
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, 0), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, 1), NACRE_SEND_LATER);
    scripted_told(&s, "");
    send_adjust(0, 1);
    scripted_expect(&s, "");
    scripted_told(&s, "writable;");
    ck_assert_int_eq(nacre_channel_write_all_extended(ch, zeros, 1), NACRE_SEND_DONE);
    scripted_expect(&s, "extended 7 1;");
    stop();
}
END_TEST

/* The peer's messages may be smaller. */
START_TEST(a_whole_write_may_need_several_messages)
{
    (void)server_open(100000, 3000);
    ck_assert_int_eq(nacre_channel_write_all(recorder.ch, zeros, 7000), NACRE_SEND_DONE);
    scripted_expect(&s, "data 7 3000;data 7 3000;data 7 1000;");
    stop();
}
END_TEST

START_TEST(a_whole_write_waits_for_the_output_and_for_a_key_exchange)
{
    struct nacre_channel *ch;
    enum nacre_sending sending;
    size_t n = 0;

    (void)server_open(1 << 30, 32768);
    ch = recorder.ch;
    s.reads = false;
    while ((sending = nacre_channel_write_all(ch, zeros, 30000)) == NACRE_SEND_DONE)
        n++;
    ck_assert_int_eq(sending, NACRE_SEND_LATER);
    ck_assert_uint_ge(n, 2);
    s.reads = true;
    recorder.quiet = true;
    scripted_run(&s);
    nacre_session_rekey(s.real->session);
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, 1), NACRE_SEND_LATER);
    stop();
}
END_TEST

START_TEST(a_whole_write_that_can_never_be_accepted_is_told_so)
{
    struct nacre_channel *ch;

    (void)server_open(1 << 30, 32768);
    ch = recorder.ch;
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, NACRE_WRITE_ALL_MAX), NACRE_SEND_DONE);
    scripted_expect(&s, "data 7 32768;");
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, NACRE_WRITE_ALL_MAX + 1), NACRE_SEND_NEVER);
    ck_assert(nacre_channel_set_buffer(ch, NACRE_WRITE_ALL_MAX + 1));
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, NACRE_WRITE_ALL_MAX + 1), NACRE_SEND_DONE);
    look();
    scripted_expect(&s, "data 7 32768;data 7 1;");
    nacre_channel_eof(ch);
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, 1), NACRE_SEND_NEVER);
    stop();
}
END_TEST

static void write_whole(struct nacre_channel *ch)
{
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, 1 << 20), NACRE_SEND_NEVER);
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, 10), NACRE_SEND_DONE);
    ck_assert_uint_eq(nacre_channel_buffered(ch), 0);
}

START_TEST(a_whole_write_after_the_peers_close_is_dropped)
{
    (void)server_open(0, 32768);
    recorder.where = "close";
    recorder.act = write_whole;
    send_close(0);
    scripted_expect(&s, "close 7;");
    stop();
}
END_TEST

/* ---- buffered ---- */

START_TEST(a_buffer_takes_what_the_window_does_not)
{
    struct nacre_channel *ch;

    (void)server_open(10, 32768);
    ch = recorder.ch;
    ck_assert(nacre_channel_set_buffer(ch, 100));
    ck_assert_uint_eq(nacre_channel_write(ch, zeros, 60), 60);
    ck_assert_uint_eq(nacre_channel_buffered(ch), 50);
    ck_assert_uint_eq(nacre_channel_space(ch), 0);
    ck_assert_uint_eq(nacre_channel_write_extended(ch, zeros, 60), 50);
    ck_assert_uint_eq(nacre_channel_write(ch, zeros, 60), 0);
    scripted_expect(&s, "data 7 10;");
    scripted_told(&s, "");
    send_adjust(0, 49); /* less than half of it is free then */
    scripted_expect(&s, "extended 7 49;");
    scripted_told(&s, "");
    send_adjust(0, 1);
    scripted_expect(&s, "extended 7 1;");
    scripted_told(&s, "writable;");
    send_adjust(0, 1000);
    scripted_expect(&s, "data 7 50;");
    ck_assert_uint_eq(nacre_channel_write(ch, zeros, 5), 5);
    scripted_expect(&s, "data 7 5;"); /* at once: nothing waits any more */
    stop();
}
END_TEST

/* Otherwise every channel would get a turn at each of the owner's calls. */
START_TEST(a_buffer_makes_work_only_while_something_waits_in_it)
{
    const struct connection *c;

    (void)server_open(0, 32768);
    c = recorder.ch->connection;
    ck_assert(nacre_channel_set_buffer(recorder.ch, 100));
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 10), 10);
    scripted_expect(&s, "");
    ck_assert(connection_has_work(c));
    send_adjust(0, 10);
    scripted_expect(&s, "data 7 10;");
    look();
    ck_assert(!connection_has_work(c));
    stop();
}
END_TEST

START_TEST(a_whole_write_waits_for_so_much_of_the_buffer)
{
    struct nacre_channel *ch;

    (void)server_open(0, 32768);
    ch = recorder.ch;
    ck_assert(nacre_channel_set_buffer(ch, 100));
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, 40), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, 61), NACRE_SEND_LATER);
    ck_assert_uint_eq(nacre_channel_buffered(ch), 40);
    scripted_told(&s, "");
    send_adjust(0, 1);
    scripted_expect(&s, "data 7 1;");
    scripted_told(&s, "writable;");
    ck_assert_int_eq(nacre_channel_write_all(ch, zeros, 61), NACRE_SEND_DONE);
    stop();
}
END_TEST

/* Exit-status, EOF and CLOSE follow it. */
START_TEST(what_is_buffered_goes_before_the_end)
{
    struct nacre_channel *ch;

    (void)server_open(0, 32768);
    ch = recorder.ch;
    ck_assert(nacre_channel_set_buffer(ch, 100));
    ck_assert_uint_eq(nacre_channel_write(ch, zeros, 30), 30);
    nacre_channel_exit_status(ch, 3);
    nacre_channel_close(ch);
    ck_assert_uint_eq(nacre_channel_write(ch, zeros, 30), 0);
    scripted_expect(&s, "");
    send_adjust(0, 10);
    scripted_expect(&s, "data 7 10;");
    send_adjust(0, 1000);
    scripted_expect(&s, "data 7 20;request 7 exit-status;eof 7;close 7;");
    send_close(0);
    scripted_expect(&s, "");
    scripted_told(&s, "closed we closed;");
    stop();
}
END_TEST

START_TEST(what_is_buffered_is_dropped_when_the_peer_closes)
{
    struct nacre_channel *ch;

    (void)server_open(0, 32768);
    ch = recorder.ch;
    ck_assert(nacre_channel_set_buffer(ch, 100));
    ck_assert_uint_eq(nacre_channel_write(ch, zeros, 30), 30);
    nacre_channel_close(ch);
    send_close(0);
    scripted_expect(&s, "close 7;");
    stop();
}
END_TEST

START_TEST(what_is_buffered_before_the_channel_is_open_follows_it)
{
    server_start();
    recorder.open = NACRE_LATER;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    scripted_expect(&s, "");
    ck_assert(nacre_channel_set_buffer(recorder.ch, 100));
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "early", 5), 5);
    nacre_channel_answer_open(recorder.ch, true);
    scripted_expect(&s, "confirmation 7;data 7 5;");
    stop();
}
END_TEST

START_TEST(more_than_a_message_is_buffered_and_keeps_its_order)
{
    static uint8_t bytes[200000];
    struct pair p;
    struct nacre_channel *ch;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i % 253);
    pair_init(&p, 5);
    p.chunk = 700;
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert(nacre_channel_set_buffer(ch, sizeof bytes));
    ck_assert_uint_eq(nacre_channel_write(ch, bytes, 150000), 150000);
    ck_assert_uint_eq(nacre_channel_write(ch, bytes + 150000, 50000), 50000);
    nacre_channel_eof(ch);
    pair_run(&p); /* the server echoes it */
    ck_assert_uint_eq(p.got_len, sizeof bytes);
    ck_assert_mem_eq(p.got, bytes, sizeof bytes);
    pair_clear(&p);
}
END_TEST

/* A budget bounds what all buffers of its sessions hold together. */
START_TEST(a_budget_that_is_used_up_bounds_the_buffer)
{
    struct nacre_budget *budget = nacre_budget_new(400 * 1024, NULL);
    struct nacre_channel *ch;
    size_t n;

    ck_assert_ptr_nonnull(budget);
    (void)server_open(0, 32768);
    ch = recorder.ch;
    nacre_session_set_budget(s.real->session, budget);
    ck_assert(nacre_channel_set_buffer(ch, 1 << 20));
    for (n = 0; nacre_channel_write_all(ch, zeros, 10000) == NACRE_SEND_DONE; n++)
        ck_assert_uint_lt(n, 41);
    ck_assert_uint_ge(n, 5);
    ck_assert_uint_eq(nacre_channel_buffered(ch), n * 10000);
    ck_assert_uint_ge(nacre_budget_used(budget), n * 10000);
    nacre_session_set_budget(s.real->session, NULL);
    ck_assert_uint_eq(nacre_budget_used(budget), 0);
    nacre_session_set_budget(s.real->session, budget);
    stop();
    ck_assert_uint_eq(nacre_budget_used(budget), 0);
    nacre_budget_free(budget);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_whole_write_is_sent_at_once_or_not_at_all);
    add_test(suite, a_whole_write_may_need_several_messages);
    add_test(suite, a_whole_write_waits_for_the_output_and_for_a_key_exchange);
    add_test(suite, a_whole_write_that_can_never_be_accepted_is_told_so);
    add_test(suite, a_whole_write_after_the_peers_close_is_dropped);
    add_test(suite, a_buffer_takes_what_the_window_does_not);
    add_test(suite, a_buffer_makes_work_only_while_something_waits_in_it);
    add_test(suite, a_whole_write_waits_for_so_much_of_the_buffer);
    add_test(suite, what_is_buffered_goes_before_the_end);
    add_test(suite, what_is_buffered_is_dropped_when_the_peer_closes);
    add_test(suite, what_is_buffered_before_the_channel_is_open_follows_it);
    add_test(suite, more_than_a_message_is_buffered_and_keeps_its_order);
    add_test(suite, a_budget_that_is_used_up_bounds_the_buffer);
}
