/* When input is processed and when it waits, on both sides of each limit. What is done with each
 * message is tested in generic.c, phase.c and whole/reactions.c. */
#include "tests/support/loop_transport.h"
#include "tests/support/suite.h"

#include <stdlib.h>

static struct loop loop;
static struct transport *t;
static const uint8_t unknown[] = {19};

/* One message waits for the server; each that it handles adds an UNIMPLEMENTED to the output. */
static void set_up(void)
{
    struct bytes output;
    size_t room;

    loop_open(&loop);
    loop_connect(&loop);
    t = &loop.server.transport;
    loop_end_inject(&loop.client, BYTES_OF_ARRAY(unknown));
    output = transport_output(&loop.client.transport);
    memcpy(transport_input(t, &room), output.at, output.len);
    transport_received(t, output.len);
}

static bool was_answered(void)
{
    return loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_UNIMPLEMENTED) == 1;
}

START_TEST(the_bytes_that_wait_are_counted)
{
    set_up();
    ck_assert_uint_eq(transport_input_waiting(t), transport_output(&loop.client.transport).len);
    ck_assert(!transport_process(t, true));
    ck_assert_uint_eq(transport_input_waiting(t), 0);
    loop_close(&loop);
}
END_TEST

/* Its beginning was received, and there is no block for the rest. */
START_TEST(a_large_packet_without_memory_ends_the_session)
{
    const size_t len = (size_t)200 * 1024;
    struct bytes output;
    uint8_t *copy;

    loop_open(&loop);
    loop_connect(&loop);
    t = &loop.server.transport;
    t->receiving.large = true;
    loop_end_send(&loop.client, SSH_MSG_CHANNEL_REQUEST, len);
    output = transport_output(&loop.client.transport);
    copy = memcpy(malloc(output.len), output.at, output.len);
    loop_end_receive(&loop.server, (struct bytes){copy, 100}, 0); /* with the packet's length */
    ck_assert(!transport_ended(t));
    loop.server.fail_at = loop.server.allocations + 1;
    loop_end_receive(&loop.server, (struct bytes){copy + 100, output.len - 100}, 0);
    ck_assert_int_eq(t->end.cause, NACRE_OUT_OF_RESOURCES);
    free(copy);
    loop_close(&loop);
}
END_TEST

/* A reply and our KEXINIT must still fit after it. */
START_TEST(a_message_waits_unless_its_reply_fits)
{
    const size_t most = BLOCK_LARGE - TRANSPORT_REPLY_MAX - TRANSPORT_KEXINIT_MAX - PACKET_OVERHEAD;

    set_up();
    loop_occupy(t, &t->out, most + (size_t)_i);
    ck_assert_int_eq(transport_process(t, true), _i == 1);
    ck_assert_int_eq(was_answered(), _i == 0);
    loop_close(&loop);
}
END_TEST

/* A queue that drains still has room for a reply, or input waits. */
START_TEST(a_message_waits_while_little_of_the_queue_is_left)
{
    const size_t most = BLOCK_LARGE - TRANSPORT_REPLY_MAX;

    set_up();
    loop_occupy(t, &t->queued, most + (size_t)_i);
    ck_assert_int_eq(transport_process(t, true), _i == 1);
    ck_assert_int_eq(was_answered(), _i == 0);
    loop_close(&loop);
}
END_TEST

/* A chunk of output is sent before more input is processed: a smaller one with several channels. */
START_TEST(input_waits_for_a_full_chunk_of_output)
{
    static const size_t chunk[] = {(size_t)96 * 1024, (size_t)32 * 1024};

    for (size_t shared = 0; shared < 2; shared++) {
        set_up();
        transport_share_output(t, shared == 1);
        loop_occupy(t, &t->out, chunk[shared] - 1 + (size_t)_i);
        ck_assert_int_eq(transport_process(t, false), _i == 1);
        ck_assert_int_eq(was_answered(), _i == 0);
        loop_close(&loop);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_bytes_that_wait_are_counted);
    add_test(suite, a_large_packet_without_memory_ends_the_session);
    add_loop(suite, a_message_waits_unless_its_reply_fits, 0, 2);
    add_loop(suite, a_message_waits_while_little_of_the_queue_is_left, 0, 2);
    add_loop(suite, input_waits_for_a_full_chunk_of_output, 0, 2);
}
