/* A peer that does not read, several writers, and key exchanges. */
#include "tests/support/channel_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_channel_without_window_does_not_hold_up_the_others)
{
    uint32_t blocked, open;

    server_start();
    recorder.echo = true;
    blocked = scripted_open(&s, 1, 10, 1000);
    open = scripted_open(&s, 2, 100000, 32768);
    recorder.quiet = true;
    s.real->log[0] = 0;
    for (int i = 0; i < 4; i++)
        send_data(blocked, CHANNEL_PACKET_MAX);
    send_data(open, 20000);
    send_data(open, 20000);
    scripted_expect(&s, "data 1 10;data 2 20000;data 2 12732;data 2 7268;"); /* two turns */
    send_adjust(blocked, 7);
    scripted_expect(&s, "data 1 7;");
    stop();
}
END_TEST

START_TEST(several_writers_share_the_output)
{
    server_start();
    recorder.quiet = true;
    recorder.write = write_one;
    for (uint32_t i = 0; i < 4; i++)
        (void)scripted_open(&s, i, 0x7fffffff, 4000);
    s.reads = false;
    scripted_run(&s);
    for (int i = 0; i < 4; i++)
        fill(recorder.all[i]);
    s.reads = true;
    for (int i = 0; i < 40; i++) {
        scripted_run(&s);
        s.log[0] = 0;
        for (int k = 0; k < 4; k++)
            while (nacre_channel_write(recorder.all[k], zeros, 30000) == 30000)
                ;
    }
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_gt(s.got[i].data, 100000);
    stop();
}
END_TEST

static size_t write_much(struct nacre_channel *ch)
{
    fill(ch);
    return 0;
}

/* Each writes as much as it may at any time; none has the output to itself. */
START_TEST(greedy_writers_take_turns)
{
    server_start();
    recorder.quiet = true;
    recorder.write = write_much;
    for (uint32_t i = 0; i < 4; i++)
        (void)scripted_open(&s, i, 1 << 20, 32768);
    for (int i = 0; i < 4; i++)
        fill(recorder.all[i]);
    scripted_run(&s);
    for (uint32_t i = 0; i < 4; i++) {
        const char *half = s.log + strlen(s.log) / 2;
        char mine[16];

        (void)snprintf(mine, sizeof mine, "data %u ", i);
        ck_assert_uint_eq(s.got[i].data, 1 << 20);
        ck_assert_ptr_nonnull(strstr(half, mine)); /* it started early and did not finish early */
        ck_assert(strstr(s.log, mine) < half);
    }
    stop();
}
END_TEST

START_TEST(requests_made_during_a_key_exchange_follow_it)
{
    uint32_t id = server_open(1000, 1000);

    s.reads = false;
    nacre_session_rekey(s.real->session);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 0);
    send_data(id, CHANNEL_PACKET_MAX); /* it was in flight */
    send_data(id, CHANNEL_PACKET_MAX);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "1");
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", "keepalive@openssh.com", 1);
    nacre_channel_exit_status(recorder.ch, 0);
    nacre_channel_close(recorder.ch);
    scripted_run(&s);
    ck_assert_uint_gt(s.real->wakes, 0);
    s.reads = true;
    scripted_run(&s);
    ck_assert_str_eq(s.log, "failure 7;request-failure;request 7 exit-status;eof 7;close 7;");
    send_close(id);
    scripted_run(&s);
    ck_assert_int_eq(recorder.alive, 0);
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

START_TEST(a_blocked_writer_is_notified_after_a_key_exchange)
{
    (void)server_open(1000, 1000);
    nacre_session_rekey(s.real->session);
    recorder.write = write_one;
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 0);
    scripted_expect(&s, "data 7 1000;");
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_channel_without_window_does_not_hold_up_the_others);
    add_test(suite, several_writers_share_the_output);
    add_test(suite, greedy_writers_take_turns);
    add_test(suite, requests_made_during_a_key_exchange_follow_it);
    add_test(suite, a_blocked_writer_is_notified_after_a_key_exchange);
}
