/* EOF and CLOSE. RFC 4254 section 5.3;
 * numbers in brackets are requirement ids. */
#include "tests/support/channel_script.h"

#include <stdlib.h>
#include <string.h>

/* ---- the end of a channel ---- */

/* [4254/5.3/6, 5.3/7, 5.3/11] */
START_TEST(close_is_answered_with_one_close_and_nothing_after_it)
{
    static const struct {
        const char *what, *before, *answer, *told;
    } rows[] = {
        {"idle", "", "close 7;", "close;closed peer closed;"},
        {"after data", "d", "close 7;", "data 10;close;closed peer closed;"},
        {"after eof", "e", "close 7;", "eof;close;closed peer closed;"},
        {"after data and eof", "de", "close 7;", "data 10;eof;close;closed peer closed;"},
        {"with a request", "r", "success 7;close 7;", "request env A;close;closed peer closed;"},
        {"with a request that is not answered yet", "l", "close 7;",
         "request env A;close;closed peer closed;"},
        {"with a refused one after it", "lx", "close 7;",
         "request env A;close;closed peer closed;"},
        {"with a blocked writer", "w", "data 7 1000;close 7;", "close;closed peer closed;"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t id = server_open(1000, 1000);

        for (const char *c = rows[i].before; *c != 0; c++) {
            if (*c == 'd')
                send_data(id, 10);
            else if (*c == 'e')
                send_eof(id);
            else if (*c == 'x')
                scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 1);
            else if (*c == 'w')
                ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 2000), 1000);
            else
                scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "");
            if (*c == 'l')
                recorder.request = NACRE_LATER;
        }
        send_close(id);
        scripted_expect(&s, rows[i].answer);
        scripted_told(&s, rows[i].told);
        stop();
    }
}
END_TEST

START_TEST(a_close_right_after_the_open_is_answered)
{
    server_start();
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    send_close(0);
    scripted_expect(&s, "confirmation 7;close 7;");
    scripted_told(&s, "open;close;closed peer closed;");
    stop();
}
END_TEST

/* [4254/5.3/10] A peer may end the connection when our CLOSE arrives. */
START_TEST(our_close_waits_until_data_before_the_peers_close_is_accepted)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    send_data(id, 10);
    send_eof(id);
    send_close(id);
    nacre_channel_resume(recorder.ch);
    scripted_expect(&s, "");
    ck_assert_int_eq(recorder.alive, 1);
    recorder.take = SIZE_MAX;
    s.real->log[0] = 0;
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "data 10;eof;close;closed peer closed;");
    scripted_expect(&s, "close 7;");
    stop();
}
END_TEST

START_TEST(a_close_drops_data_for_a_program_that_never_started)
{
    uint32_t id;

    server_start();
    id = scripted_open(&s, 7, 1000, 1000);
    recorder.take = 0;
    recorder.request = _i == 0 ? NACRE_REFUSE : NACRE_LATER;
    send_data(id, 10);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 0);
    send_close(id);
    scripted_expect(&s, "close 7;");
    ck_assert_ptr_nonnull(strstr(s.real->log, "close;closed peer closed;"));
    stop();
}
END_TEST

START_TEST(a_client_buffers_data_before_a_close_until_it_is_accepted)
{
    (void)client_open();
    recorder.take = 0;
    send_data(0, 10);
    send_close(0);
    scripted_expect(&s, "");
    ck_assert_int_eq(recorder.alive, 1);
    recorder.take = SIZE_MAX;
    s.real->log[0] = 0;
    look();
    scripted_told(&s, "data 10;close;closed peer closed;");
    scripted_expect(&s, "close 7;");
    stop();
}
END_TEST

static size_t echoed;

static void count_room(struct nacre_channel *ch)
{
    echoed += nacre_channel_write(ch, zeros, 500); /* dropped: the peer no longer reads it */
}

START_TEST(data_written_after_the_peer_closed_is_dropped)
{
    uint32_t id = server_open(0, 1000);

    echoed = 0;
    recorder.where = "close";
    recorder.act = count_room;
    send_close(id);
    scripted_expect(&s, "close 7;");
    ck_assert_uint_eq(echoed, 500);
    stop();
}
END_TEST

static void say_how_it_ended(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, 1);
    nacre_channel_eof(ch);
    nacre_channel_close(ch);
}

START_TEST(after_the_peers_close_only_our_close_is_sent)
{
    uint32_t id = server_open(1000, 1000);

    recorder.where = "close";
    recorder.act = say_how_it_ended;
    send_close(id);
    scripted_expect(&s, "close 7;");
    scripted_told(&s, "close;closed peer closed;");
    stop();
}
END_TEST

START_TEST(closing_drops_the_buffered_data_of_a_channel_that_the_peer_closed)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    send_data(id, 10);
    send_close(id);
    scripted_expect(&s, "");
    s.real->log[0] = 0;
    nacre_channel_close(recorder.ch);
    scripted_told(&s, "closed peer closed;");
    scripted_expect(&s, "close 7;");
    stop();
}
END_TEST

START_TEST(the_peers_close_after_ours_ends_the_channel)
{
    uint32_t id = server_open(1000, 1000);

    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "last", 4), 4);
    nacre_channel_exit_status(recorder.ch, 0);
    nacre_channel_close(recorder.ch);
    nacre_channel_close(recorder.ch);
    nacre_channel_eof(recorder.ch);
    nacre_channel_exit_status(recorder.ch, 1);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "late", 4), 0);
    ck_assert_int_eq(nacre_channel_signal(recorder.ch, "TERM"), NACRE_SEND_NEVER);
    scripted_expect(&s, "data 7 4;request 7 exit-status;eof 7;close 7;");
    send_data(id, CHANNEL_PACKET_MAX); /* it did not know yet */
    send_data(id, CHANNEL_PACKET_MAX);
    send_data(id, CHANNEL_PACKET_MAX);
    send_adjust(id, 1);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "1");
    send_eof(id);
    scripted_expect(&s, "");
    scripted_told(&s, "");
    send_close(id);
    scripted_expect(&s, "");
    scripted_told(&s, "closed we closed;");
    stop();
}
END_TEST

START_TEST(when_closes_cross_each_side_sends_one)
{
    uint32_t id = server_open(1000, 1000);

    send_close(id);
    nacre_channel_close(recorder.ch);
    scripted_expect(&s, "eof 7;close 7;");
    scripted_told(&s, "closed we closed;");
    stop();
}
END_TEST

/* [4254/5.3/8] Section 5.3: the number is free when both sides have closed. */
START_TEST(a_channel_number_is_reused_only_after_both_closes)
{
    uint32_t id = server_open(1000, 1000);

    nacre_channel_close(recorder.ch);
    scripted_run(&s);
    ck_assert_uint_ne(scripted_open(&s, 8, 1000, 1000), id);
    send_close(id);
    scripted_run(&s);
    ck_assert_uint_eq(scripted_open(&s, 9, 1000, 1000), id);
    stop();
}
END_TEST

START_TEST(a_thousand_channels_in_sequence_leak_nothing)
{
    size_t after_one = 0;

    server_start();
    for (int i = 0; i < 1000; i++) {
        uint32_t id = scripted_open(&s, 7, 1000, 1000);

        ck_assert_uint_eq(id, 0);
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 1);
        send_data(id, 100);
        if (i % 2 == 0) {
            scripted_run(&s);
            nacre_channel_close(recorder.ch);
        }
        send_close(id);
        scripted_run(&s);
        s.log[0] = s.real->log[0] = 0;
        if (i == 0)
            after_one = nacre_endpoint_memory_in_use(s.real->endpoint);
    }
    ck_assert_uint_eq(nacre_endpoint_memory_in_use(s.real->endpoint), after_one);
    ck_assert_int_eq(recorder.alive, 0);
    ck_assert_int_eq(recorder.opened, 1000);
    stop();
}
END_TEST

START_TEST(after_the_peers_eof_we_may_continue_to_write)
{
    uint32_t id = server_open(1000, 1000);

    send_eof(id);
    scripted_expect(&s, ""); /* the library sends nothing by itself */
    scripted_told(&s, "eof;");
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "still", 5), 5);
    scripted_expect(&s, "data 7 5;");
    nacre_channel_eof(recorder.ch);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "more", 4), 0);
    nacre_channel_eof(recorder.ch);
    scripted_expect(&s, "eof 7;");
    send_close(id);
    scripted_expect(&s, "close 7;");
    scripted_told(&s, "close;closed peer closed;");
    stop();
}
END_TEST

START_TEST(after_our_eof_the_peer_may_continue_to_write)
{
    uint32_t id = server_open(1000, 1000);

    nacre_channel_eof(recorder.ch);
    scripted_expect(&s, "eof 7;");
    send_data(id, CHANNEL_PACKET_MAX);
    send_data(id, CHANNEL_PACKET_MAX);
    scripted_expect(&s, "adjust 7;");
    scripted_told(&s, "data 32768;data 32768;");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "1");
    scripted_expect(&s, "success 7;");
    stop();
}
END_TEST

/* ---- a peer that does not read, and key exchanges ---- */

START_TEST(close_is_sent_even_when_the_output_is_full)
{
    uint32_t id = server_open(0x7fffffff, 32768);

    s.reads = false;
    fill(recorder.ch);
    if (_i != 1)
        nacre_channel_close(recorder.ch);
    if (_i != 0)
        send_close(id);
    scripted_run(&s);
    if (_i != 0)
        ck_assert_int_eq(recorder.alive, 0);
    scripted_told(&s, _i == 0   ? ""
                      : _i == 1 ? "close;closed peer closed;"
                                : "closed we closed;"); /* and no writable */
    s.reads = true;
    scripted_run(&s);
    ck_assert(ends_with(s.log, _i == 1 ? "close 7;" : "eof 7;close 7;"));
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, close_is_answered_with_one_close_and_nothing_after_it);
    add_test(suite, a_close_right_after_the_open_is_answered);
    add_test(suite, our_close_waits_until_data_before_the_peers_close_is_accepted);
    add_loop(suite, a_close_drops_data_for_a_program_that_never_started, 0, 2);
    add_test(suite, a_client_buffers_data_before_a_close_until_it_is_accepted);
    add_test(suite, data_written_after_the_peer_closed_is_dropped);
    add_test(suite, after_the_peers_close_only_our_close_is_sent);
    add_test(suite, closing_drops_the_buffered_data_of_a_channel_that_the_peer_closed);
    add_test(suite, the_peers_close_after_ours_ends_the_channel);
    add_test(suite, when_closes_cross_each_side_sends_one);
    add_test(suite, a_channel_number_is_reused_only_after_both_closes);
    add_test(suite, a_thousand_channels_in_sequence_leak_nothing);
    add_test(suite, after_the_peers_eof_we_may_continue_to_write);
    add_test(suite, after_our_eof_the_peer_may_continue_to_write);
    add_loop(suite, close_is_sent_even_when_the_output_is_full, 0, 3);
}
