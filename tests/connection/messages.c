/* A message is one call of the application, also after it was buffered. RFC 4254 section 5.2. */
#include "tests/support/channel_script.h"

#include <stdio.h>
#include <string.h>

static void send_message(uint32_t id, enum stream stream, const char *text)
{
    if (stream == STREAM_DATA)
        scripted_send(&s, SSH_MSG_CHANNEL_DATA, "us", id, text);
    else
        scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, SSH_EXTENDED_DATA_STDERR, text);
}

/* RFC 4254 section 5.2 has messages only; programs such as an echo see where each one ends. */
START_TEST(each_buffered_message_is_one_call)
{
    enum stream stream = (enum stream)_i;
    const char *name = stream == STREAM_DATA ? "data" : "extended";
    uint32_t id = server_open(1000, 1000);
    char expected[64];

    recorder.take = 0;
    send_message(id, stream, "a");
    send_message(id, stream, "bc");
    send_message(id, stream, "");
    send_message(id, stream, "def");
    scripted_expect(&s, "");
    ck_assert_ptr_null(strstr(s.real->log, " 2;"));
    s.real->log[0] = 0;
    recorder.take = SIZE_MAX;
    nacre_channel_resume(recorder.ch);
    (void)snprintf(expected, sizeof expected, "%s 1;%s 2;%s 3;", name, name, name);
    scripted_told(&s, expected);
    ck_assert_mem_eq(recorder.bytes, "abcdef", 6);
    stop();
}
END_TEST

START_TEST(what_is_left_of_a_message_is_offered_again_alone)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take_most = 2;
    send_data(id, 5);
    send_data(id, 4);
    scripted_expect(&s, "");
    s.real->log[0] = 0;
    recorder.take_most = 1;
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "data 3;data 2;");
    recorder.take_most = 3;
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "data 2;data 4;data 3;");
    recorder.take_most = SIZE_MAX;
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "data 3;");
    stop();
}
END_TEST

START_TEST(what_was_not_accepted_is_offered_again_when_more_arrives)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take_most = 0;
    send_data(id, 5);
    scripted_expect(&s, "");
    s.real->log[0] = 0;
    recorder.take_most = SIZE_MAX;
    send_data(id, 4);
    scripted_expect(&s, "");
    scripted_told(&s, "data 5;data 4;");
    stop();
}
END_TEST

/* The largest messages, and a smaller one in each place where a block of memory may end. */
START_TEST(no_message_is_split_either)
{
    uint32_t id = server_open(1000, 1000);
    static const size_t sizes[] = {32768, 30000, 32768, 1, 100, 2000, 32768};

    recorder.take = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        send_data(id, sizes[i]);
    scripted_expect(&s, "");
    s.real->log[0] = 0;
    recorder.take = SIZE_MAX;
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "data 32768;data 30000;data 32768;data 1;data 100;data 2000;data 32768;");
    stop();
}
END_TEST

/* However small they are, where they end takes less memory than their bytes do. */
START_TEST(a_window_of_tiny_messages_takes_no_more_memory_than_twice_its_bytes)
{
    uint32_t id = server_open(1000, 1000);
    size_t before = nacre_endpoint_memory_in_use(s.real->endpoint), size = (size_t)_i;

    recorder.quiet = true;
    recorder.take = 0;
    for (size_t sent = 0; sent + size <= WINDOW_INITIAL; sent += size) {
        send_data(id, size);
        if (sent % 4096 == 0)
            scripted_run(&s);
    }
    scripted_expect(&s, "");
    ck_assert_uint_le(nacre_endpoint_memory_in_use(s.real->endpoint) - before,
                      (size_t)2 * (BLOCK_LARGE + BLOCK_SMALL));
    recorder.take = SIZE_MAX;
    nacre_channel_resume(recorder.ch);
    ck_assert_uint_eq(recorder.len, WINDOW_INITIAL / size * size);
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, each_buffered_message_is_one_call, 0, STREAM_COUNT);
    add_test(suite, what_is_left_of_a_message_is_offered_again_alone);
    add_test(suite, what_was_not_accepted_is_offered_again_when_more_arrives);
    add_test(suite, no_message_is_split_either);
    add_loop(suite, a_window_of_tiny_messages_takes_no_more_memory_than_twice_its_bytes, 1, 5);
}
