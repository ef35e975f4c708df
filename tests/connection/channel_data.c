/* Data and windows. RFC 4254 section 5.2;
 * numbers in brackets are requirement ids. */
#include "tests/support/channel_script.h"

#include <stdlib.h>
#include <string.h>

/* ---- data from the peer ---- */

/* [4254/5.2/6, 5.2/9] */
START_TEST(data_past_the_window_disconnects)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    for (int i = 0; i < WINDOW_INITIAL / CHANNEL_PACKET_MAX; i++)
        send_data(id, CHANNEL_PACKET_MAX);
    send_data(id, 0);
    scripted_expect(&s, "");
    ck_assert(!s.real->ended);
    send_data(id, 1);
    scripted_expect(&s, BAD);
    stop();
}
END_TEST

/* [4254/5.2/7, 5.2/15] */
START_TEST(data_past_the_maximum_packet_size_disconnects)
{
    uint32_t id = server_open(1000, 1000);

    send_data(id, CHANNEL_PACKET_MAX);
    scripted_expect(&s, "");
    scripted_told(&s, "data 32768;");
    if (_i == 0)
        send_data(id, CHANNEL_PACKET_MAX + 1);
    else
        scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uuS", id, 1, zeros,
                      (size_t)CHANNEL_PACKET_MAX + 1);
    scripted_expect(&s, BAD);
    scripted_told(&s, "closed protocol error;");
    stop();
}
END_TEST

START_TEST(data_past_a_smaller_maximum_disconnects)
{
    uint32_t id;

    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.session = &recorder_app;
    s.pair.server_config.packet_max = 1024;
    scripted_login(&s);
    id = scripted_open(&s, 7, 1000, 1000);
    send_data(id, 1024);
    scripted_expect(&s, "");
    send_data(id, 1025);
    scripted_expect(&s, BAD);
    stop();
}
END_TEST

START_TEST(empty_data_has_no_effect)
{
    uint32_t id = server_open(1000, 1000);

    for (int i = 0; i < 100; i++)
        send_data(id, 0);
    scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, 1, "");
    scripted_expect(&s, "");
    scripted_told(&s, "");
    stop();
}
END_TEST

/* [4254/5.3/5] */
START_TEST(data_and_a_second_eof_after_eof_disconnect)
{
    uint32_t id = server_open(1000, 1000);

    send_eof(id);
    scripted_expect(&s, "");
    scripted_told(&s, "eof;");
    if (_i == 0)
        send_data(id, 1);
    else if (_i == 1)
        scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, 1, "x");
    else
        send_eof(id);
    scripted_expect(&s, BAD);
    scripted_told(&s, "closed protocol error;");
    stop();
}
END_TEST

/* [4254/5.2/3, 5.2/10] */
START_TEST(the_window_reopens_as_data_is_accepted_and_never_too_far)
{
    uint32_t id = server_open(1000, 1000);
    uint64_t sent = 0;

    recorder.quiet = true;
    while (sent < 4 << 20) {
        uint64_t window = WINDOW_INITIAL + s.got[7].adjusted - sent;
        size_t n = window < CHANNEL_PACKET_MAX ? (size_t)window : CHANNEL_PACKET_MAX;

        ck_assert_uint_gt(n, 0);
        ck_assert_uint_le(window, WINDOW_MAX);
        send_data(id, n);
        scripted_run(&s);
        s.log[0] = 0;
        sent += n;
    }
    ck_assert_uint_eq(recorder.len, sent);
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

START_TEST(only_accepted_bytes_reopen_the_window)
{
    uint32_t id = server_open(1000, 1000);

    recorder.quiet = true;
    recorder.take = 0;
    for (int i = 0; i < 4; i++)
        send_data(id, CHANNEL_PACKET_MAX);
    scripted_expect(&s, "");
    recorder.take = SIZE_MAX;
    recorder.take_most = WINDOW_INITIAL / 2 - 1;
    nacre_channel_resume(recorder.ch);
    scripted_expect(&s, "");
    recorder.take_most = 1;
    nacre_channel_resume(recorder.ch);
    scripted_expect(&s, "adjust 7;");
    ck_assert_uint_eq(s.got[7].adjusted, WINDOW_INITIAL / 2);
    stop();
}
END_TEST

/* [4254/5.2/11, 5.2/12] */
START_TEST(extended_data_shares_the_window_and_is_reported_separately)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uuS", id, 1, zeros,
                  (size_t)CHANNEL_PACKET_MAX);
    send_data(id, CHANNEL_PACKET_MAX);
    scripted_expect(&s, "");
    ck_assert_ptr_nonnull(strstr(s.real->log, "extended 32768;"));
    ck_assert_ptr_nonnull(strstr(s.real->log, "data 32768;"));
    send_data(id, CHANNEL_PACKET_MAX);
    send_data(id, CHANNEL_PACKET_MAX - 1);
    scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, 1, "xx");
    scripted_expect(&s, BAD);
    stop();
}
END_TEST

/* [4254/5.2/13, 5.2/14] */
START_TEST(extended_data_without_a_handler_is_dropped_and_reopens_the_window)
{
    uint32_t id;

    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_app = _i == 0 ? bare_app : recorder_app;
    scripted_login(&s);
    id = scripted_open(&s, 7, 1000, 1000);
    s.real->log[0] = 0;
    for (int i = 0; i < 2; i++) /* stderr without a handler; a type that no RFC defines */
        scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uuS", id, _i == 0 ? 1 : 0xfe000000, zeros,
                      (size_t)CHANNEL_PACKET_MAX);
    scripted_expect(&s, "adjust 7;");
    scripted_told(&s, "");
    ck_assert_uint_eq(recorder.len, 0);
    stop();
}
END_TEST

/* An application without handlers accepts and drops all data, and refuses requests. */
START_TEST(an_application_without_handlers_drops_data_and_refuses_requests)
{
    uint32_t id;

    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_app = bare_app;
    scripted_login(&s);
    id = scripted_open(&s, 7, 1000, 1000);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 2000), 1000); /* no writable either */
    send_data(id, CHANNEL_PACKET_MAX);
    send_data(id, CHANNEL_PACKET_MAX);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 1);
    send_adjust(id, 10);
    send_eof(id);
    send_close(id);
    scripted_expect(&s, "data 7 1000;adjust 7;failure 7;close 7;");
    scripted_told(&s, "closed peer closed;");
    stop();
}
END_TEST

START_TEST(an_application_that_accepts_a_byte_at_a_time_gets_every_byte)
{
    uint32_t id = server_open(1000, 1000);
    uint8_t data[300];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    recorder.quiet = true;
    recorder.take = 1;
    for (int i = 0; i < 3; i++)
        scripted_send(&s, SSH_MSG_CHANNEL_DATA, "uS", id, data + (size_t)i * 100, (size_t)100);
    send_eof(id);
    scripted_expect(&s, "");
    ck_assert_uint_eq(recorder.len, 300);
    ck_assert_mem_eq(recorder.bytes, data, 300);
    scripted_told(&s, "eof;");
    stop();
}
END_TEST

START_TEST(data_that_was_not_accepted_is_offered_again_on_resume_before_eof)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    send_data(id, 100);
    send_data(id, 50);
    send_eof(id);
    scripted_expect(&s, "");
    ck_assert_ptr_null(strstr(s.real->log, "eof"));
    s.real->log[0] = 0;
    recorder.take = SIZE_MAX;
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "data 100;data 50;eof;");
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "");
    stop();
}
END_TEST

START_TEST(extended_data_that_was_not_accepted_is_offered_again)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, 1, "error");
    send_eof(id);
    scripted_expect(&s, "");
    recorder.take = SIZE_MAX;
    s.real->log[0] = 0;
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "extended 5;eof;");
    ck_assert_mem_eq(recorder.bytes, "error", 5);
    stop();
}
END_TEST

/* A conforming peer sends no more data there. */
START_TEST(the_window_is_not_reopened_after_eof)
{
    uint32_t id = server_open(1000, 1000);

    recorder.quiet = true;
    recorder.take = 0;
    for (int i = 0; i < 3; i++)
        send_data(id, CHANNEL_PACKET_MAX);
    send_data(id, CHANNEL_PACKET_MAX - 1);
    send_eof(id);
    scripted_expect(&s, "");
    recorder.take = SIZE_MAX;
    nacre_channel_resume(recorder.ch);
    scripted_expect(&s, "");
    scripted_told(&s, "eof;");
    stop();
}
END_TEST

/* Twisted Conch sends EOF while data waits for a window, and waits for ever without one. */
START_TEST(a_window_of_0_is_reopened_once_after_eof)
{
    uint32_t id = server_open(1000, 1000);

    recorder.quiet = true;
    recorder.take = 0;
    for (int i = 0; i < 4; i++)
        send_data(id, CHANNEL_PACKET_MAX);
    send_eof(id);
    scripted_expect(&s, "");
    recorder.take = SIZE_MAX;
    nacre_channel_resume(recorder.ch);
    scripted_expect(&s, "adjust 7;");
    ck_assert_uint_ge(s.got[7].adjusted, WINDOW_INITIAL);
    nacre_channel_resume(recorder.ch);
    look();
    scripted_expect(&s, "");
    scripted_told(&s, "eof;");
    send_data(id, 1);
    scripted_expect(&s, BAD);
    stop();
}
END_TEST

START_TEST(data_before_the_program_starts_waits_for_it)
{
    uint32_t id;

    server_start();
    id = scripted_open(&s, 7, 100000, 1000);
    recorder.take = 0;
    send_data(id, 10);
    scripted_expect(&s, "");
    recorder.take = SIZE_MAX;
    recorder.echo = true;
    s.real->log[0] = 0;
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 1);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", id, "signal", 0, "TERM");
    scripted_expect(&s, "success 7;data 7 10;");
    scripted_told(&s, "request shell;data 10;request signal TERM;"); /* in their order */
    stop();
}
END_TEST

/* ---- data to the peer ---- */

/* [4254/5/1, 5.2/4, 5.2/8] */
START_TEST(no_more_is_sent_than_the_window_allows)
{
    uint32_t id = server_open(0, 1000);

    ck_assert_uint_eq(nacre_channel_space(recorder.ch), 0);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 10), 0);
    send_adjust(id, 0);
    scripted_expect(&s, "");
    scripted_told(&s, "");
    send_adjust(id, 1);
    scripted_expect(&s, "");
    scripted_told(&s, "writable;");
    ck_assert_uint_eq(nacre_channel_space(recorder.ch), 1);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 10), 1);
    send_adjust(id, 2);
    scripted_expect(&s, "data 7 1;");
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 1), 1);
    ck_assert_uint_eq(nacre_channel_write_extended(recorder.ch, zeros, 10), 1);
    scripted_expect(&s, "data 7 1;extended 7 1;");
    stop();
}
END_TEST

START_TEST(a_window_that_opens_by_a_byte_at_a_time_is_used_byte_by_byte)
{
    uint32_t id = server_open(0, 1000);

    recorder.write = write_one;
    ck_assert_uint_eq(write_one(recorder.ch), 0);
    for (int i = 0; i < 50; i++) {
        send_adjust(id, 1);
        scripted_expect(&s, "data 7 1;");
    }
    stop();
}
END_TEST

/* [4254/5.2/5, 5.1/7] */
START_TEST(no_message_is_larger_than_the_maximum_packet_size)
{
    static const uint32_t sizes[] = {1, 16, 100, 32768, 65536, 0xffffffff};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        (void)server_open(40000, sizes[i]);
        ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 500), 500);
        scripted_run(&s);
        if (sizes[i] > 500)
            ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 35000), 35000);
        scripted_run(&s);
        ck_assert_uint_ge(s.got[7].data, 500);
        ck_assert_uint_le(s.got[7].largest, sizes[i] < 32768 ? sizes[i] : 32768);
        stop();
    }
}
END_TEST

START_TEST(a_maximum_packet_size_of_zero_allows_only_control_messages)
{
    uint32_t id = server_open(1000, 0);

    ck_assert_uint_eq(nacre_channel_space(recorder.ch), 0);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 0);
    send_adjust(id, 1000);
    scripted_expect(&s, "");
    scripted_told(&s, ""); /* writable would be wrong */
    nacre_channel_close(recorder.ch);
    scripted_expect(&s, "eof 7;close 7;");
    stop();
}
END_TEST

/* [4254/5.2/1, 5.2/2] */
START_TEST(a_window_of_more_than_32_bits_disconnects)
{
    static const struct {
        uint32_t initial, more;
        bool good;
    } rows[] = {{0xffffffff, 0, true},  {0xffffffff, 1, false}, {1, 0xfffffffe, true},
                {1, 0xffffffff, false}, {0, 0xffffffff, true},  {0x80000000, 0x80000000, false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t id = server_open(rows[i].initial, 1000);

        send_adjust(id, rows[i].more);
        scripted_expect(&s, rows[i].good ? "" : BAD);
        stop();
    }
}
END_TEST

/* [4254/5.3/3, 5.4/5] */
START_TEST(requests_eof_and_close_need_no_window)
{
    uint32_t id = server_open(0, 1000);

    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "1");
    scripted_expect(&s, "success 7;");
    nacre_channel_exit_status(recorder.ch, 1);
    nacre_channel_eof(recorder.ch);
    scripted_expect(&s, "request 7 exit-status;eof 7;");
    nacre_channel_close(recorder.ch);
    scripted_expect(&s, "close 7;");
    stop();
}
END_TEST

START_TEST(a_write_outside_callbacks_wakes_the_owner)
{
    unsigned wakes;

    (void)server_open(1000, 1000);
    wakes = s.real->wakes;
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 1);
    ck_assert_uint_gt(s.real->wakes, wakes);
    wakes = s.real->wakes;
    nacre_channel_eof(recorder.ch);
    ck_assert_uint_gt(s.real->wakes, wakes);
    wakes = s.real->wakes;
    nacre_channel_close(recorder.ch);
    ck_assert_uint_gt(s.real->wakes, wakes);
    scripted_expect(&s, "data 7 1;eof 7;close 7;");
    stop();
}
END_TEST

static void write_and_stop(struct nacre_channel *ch)
{
    (void)nacre_channel_write(ch, "x", 1);
    recorder.where = NULL;
}

START_TEST(a_write_inside_a_callback_does_not_wake_the_owner)
{
    uint32_t id = server_open(1000, 1000);
    unsigned wakes = s.real->wakes;

    recorder.where = "data";
    recorder.act = write_and_stop;
    send_data(id, 10);
    scripted_expect(&s, "data 7 1;");
    ck_assert_uint_eq(s.real->wakes, wakes);
    stop();
}
END_TEST

/* ---- the end of a channel ---- */

/* [4254/5.3/2, 5.3/4] */
/* The windows of closed channels do not count: the 16 MiB are for those that are alive. */
START_TEST(after_many_channels_a_window_still_grows)
{
    server_start();
    for (int i = 0; i < 300; i++) {
        send_close(scripted_open(&s, 7, 1000, 1000));
        scripted_run(&s);
    }
    s.got[7].adjusted = 0;
    recorder.quiet = true;
    s.log[0] = s.real->log[0] = 0;
    send_data(scripted_open(&s, 7, 1000, 1000), CHANNEL_PACKET_MAX);
    send_data(0, CHANNEL_PACKET_MAX);
    scripted_expect(&s, "adjust 7;");
    ck_assert_uint_eq(s.got[7].adjusted, 2 * CHANNEL_PACKET_MAX + WINDOW_INITIAL);
    stop();
}
END_TEST

/* Send this many bytes, half an initial window in each `ms` milliseconds. */
static void use_window(uint32_t id, uint64_t bytes, uint64_t ms)
{
    for (uint64_t sent = 0; sent < bytes; sent += CHANNEL_PACKET_MAX) {
        if (sent % (WINDOW_INITIAL / 2) == 0)
            s.pair.now_ms += ms;
        send_data(id, CHANNEL_PACKET_MAX);
        scripted_run(&s);
        recorder.len = 0;
        s.log[0] = 0;
    }
}

/* A slow connection or application does not need a larger window, so it gets none. */
START_TEST(a_window_that_is_used_slowly_does_not_grow)
{
    uint32_t id = server_open(1000, 1000);

    recorder.quiet = true;
    use_window(id, 4 * WINDOW_INITIAL, WINDOW_QUICK_MS + 1);
    ck_assert_uint_eq(s.got[7].adjusted, 4 * WINDOW_INITIAL); /* only what was accepted */
    s.got[7].adjusted = 0;
    use_window(id, 4 * WINDOW_INITIAL, WINDOW_QUICK_MS);
    ck_assert_uint_gt(s.got[7].adjusted, 4 * WINDOW_INITIAL);
    s.got[7].adjusted = 0;
    use_window(id, 4 * WINDOW_INITIAL, WINDOW_QUICK_MS / 8);
    ck_assert_uint_gt(s.got[7].adjusted, 8 * WINDOW_INITIAL);
    stop();
}
END_TEST

/* All windows together: the initial window of each, and one budget for their growth. */
START_TEST(windows_grow_to_the_budget_and_no_further)
{
    const uint64_t enough = 2 * WINDOW_MAX;
    uint64_t windows = 0;
    uint32_t id[2];

    server_start();
    recorder.quiet = true;
    id[0] = scripted_open(&s, 7, 1000, 1000);
    id[1] = scripted_open(&s, 8, 1000, 1000);
    for (int i = 0; i < 2; i++) {
        use_window(id[i], enough, 0);
        windows += WINDOW_INITIAL + s.got[7 + i].adjusted - enough;
    }
    ck_assert_uint_gt(WINDOW_INITIAL + s.got[7].adjusted - enough, WINDOW_MAX - 2 * WINDOW_STEP);
    ck_assert_uint_le(WINDOW_INITIAL + s.got[7].adjusted - enough, WINDOW_MAX);
    ck_assert_uint_le(windows, WINDOW_BUDGET + 2 * WINDOW_INITIAL);
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, data_past_the_window_disconnects);
    add_loop(suite, data_past_the_maximum_packet_size_disconnects, 0, 2);
    add_test(suite, data_past_a_smaller_maximum_disconnects);
    add_test(suite, empty_data_has_no_effect);
    add_loop(suite, data_and_a_second_eof_after_eof_disconnect, 0, 3);
    add_test(suite, the_window_reopens_as_data_is_accepted_and_never_too_far);
    add_test(suite, a_window_that_is_used_slowly_does_not_grow);
    add_test(suite, windows_grow_to_the_budget_and_no_further);
    add_test(suite, only_accepted_bytes_reopen_the_window);
    add_test(suite, extended_data_shares_the_window_and_is_reported_separately);
    add_loop(suite, extended_data_without_a_handler_is_dropped_and_reopens_the_window, 0, 2);
    add_test(suite, an_application_without_handlers_drops_data_and_refuses_requests);
    add_test(suite, an_application_that_accepts_a_byte_at_a_time_gets_every_byte);
    add_test(suite, data_that_was_not_accepted_is_offered_again_on_resume_before_eof);
    add_test(suite, extended_data_that_was_not_accepted_is_offered_again);
    add_test(suite, the_window_is_not_reopened_after_eof);
    add_test(suite, a_window_of_0_is_reopened_once_after_eof);
    add_test(suite, data_before_the_program_starts_waits_for_it);
    add_test(suite, no_more_is_sent_than_the_window_allows);
    add_test(suite, a_window_that_opens_by_a_byte_at_a_time_is_used_byte_by_byte);
    add_test(suite, no_message_is_larger_than_the_maximum_packet_size);
    add_test(suite, a_maximum_packet_size_of_zero_allows_only_control_messages);
    add_test(suite, a_window_of_more_than_32_bits_disconnects);
    add_test(suite, requests_eof_and_close_need_no_window);
    add_test(suite, a_write_outside_callbacks_wakes_the_owner);
    add_test(suite, a_write_inside_a_callback_does_not_wake_the_owner);
    add_test(suite, after_many_channels_a_window_still_grows);
}
