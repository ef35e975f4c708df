/* Outgoing messages: the queue, the room for them, and a peer that does not read. Two real
 * transports in memory. */
#include "tests/support/suite.h"
#include "tests/support/loop_transport.h"
#include "tests/support/wiped.h"
#include "transport/kex.h"
#include "transport/kex_state.h"
#include "transport/send.h"

#include <stdlib.h>

static struct loop loop;

static void set_up(void)
{
    loop_open(&loop);
    loop_connect(&loop);
}

/* Send large messages until there is no room for more; nothing is delivered. Returns their number.
 */
static size_t fill(struct loop_end *e, size_t len)
{
    size_t count = 0;

    for (; transport_room(&e->transport) >= 1 + 4 + len; count++)
        loop_end_send(e, SSH_MSG_CHANNEL_DATA, len);
    return count;
}

/* Deliver the client's output to the server, whose socket accepts nothing. */
static void deliver_to_blocked_server(void)
{
    struct bytes output = transport_output(&loop.client.transport);
    uint8_t *copy = memcpy(malloc(output.len), output.at, output.len);

    transport_sent(&loop.client.transport, output.len);
    loop_end_receive(&loop.server, (struct bytes){copy, output.len}, 0);
    free(copy);
}

START_TEST(a_message_that_uses_all_the_room_can_be_sent)
{
    struct transport *t = &loop.server.transport;
    size_t room;

    set_up();
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 30000);
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 30000);
    room = transport_room(t);
    ck_assert_uint_gt(room, 40000);
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, room - 5);
    ck_assert(!transport_ended(t));
    ck_assert_uint_eq(transport_room(t), 0);
    ck_assert_uint_le(transport_output(t).len, BLOCK_LARGE - TRANSPORT_RESERVE);
    loop_run(&loop);
    ck_assert_uint_eq(loop.client.received_count, 3);
    ck_assert_uint_gt(transport_room(t), 100000);
    loop_close(&loop);
}
END_TEST

START_TEST(small_messages_have_room_when_bulk_transfers_do_not)
{
    struct transport *t = &loop.server.transport;
    size_t bulk, small = 0;

    set_up();
    bulk = fill(&loop.server, 1000);
    for (; transport_control_room(t); small++)
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_WINDOW_ADJUST, 4);
    ck_assert_uint_gt(small, 50);
    ck_assert(!transport_ended(t));
    loop_run(&loop);
    ck_assert_uint_eq(loop.client.received_count, bulk + small);
    loop_close(&loop);
}
END_TEST

/* A request that fills a packet of 256 KiB is sent wherever a byte of a bulk transfer is. */
START_TEST(a_large_request_fits_beside_full_output_and_leaves_the_reserve)
{
    struct transport *t = &loop.server.transport;
    size_t bulk, small = 0;

    set_up();
    loop.client.transport.receiving.large = true;
    ck_assert(!transport_request_room(t, TRANSPORT_REQUEST_MAX + 1));
    bulk = fill(&loop.server, 1000);
    while (transport_room(t) > 400) {
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 1);
        bulk++;
    }
    ck_assert(!transport_request_room(t, TRANSPORT_MESSAGE_MAX));
    ck_assert(transport_request_room(t, TRANSPORT_MESSAGE_MAX + 1));
    ck_assert(transport_request_room(t, TRANSPORT_REQUEST_MAX));
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_REQUEST, TRANSPORT_REQUEST_MAX - 5);
    ck_assert(!transport_ended(t));
    ck_assert(!transport_request_room(t, TRANSPORT_MESSAGE_MAX + 1)); /* one at a time */
    ck_assert_uint_eq(transport_room(t), 0);
    for (; transport_control_room(t); small++)
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_WINDOW_ADJUST, 4);
    ck_assert_uint_gt(small, 50);
    ck_assert_int_eq(kex_begin(t), 0);
    ck_assert(!transport_ended(t));
    loop_run(&loop);
    ck_assert(!transport_ended(t));
    ck_assert_uint_eq(loop.client.received_count, bulk + 1 + small);
    ck_assert_int_eq(loop.server.exchanges, 2);
    ck_assert_uint_eq(buffer_limit(&t->out), BLOCK_LARGE);
    loop_close(&loop);
}
END_TEST

/* Otherwise two peers that send each other such requests could wait for each other for ever. */
START_TEST(while_a_large_request_waits_the_peer_is_answered)
{
    static const uint8_t ping[] = {SSH_MSG_PING, 0, 0, 0, 0}, unknown[] = {19};
    struct transport *t = &loop.server.transport;

    set_up();
    loop.client.transport.receiving.large = true;
    (void)fill(&loop.server, 1000);
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_REQUEST, TRANSPORT_REQUEST_MAX - 5);
    for (int i = 0; i < 3; i++) {
        loop_end_inject(&loop.client, BYTES_OF_ARRAY(ping));
        loop_end_inject(&loop.client, BYTES_OF_ARRAY(unknown));
    }
    deliver_to_blocked_server();
    ck_assert(!transport_ended(t));
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_PONG), 3);
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_UNIMPLEMENTED), 3);
    loop_run(&loop);
    ck_assert(!transport_ended(t) && !transport_ended(&loop.client.transport));
    loop_close(&loop);
}
END_TEST

/* 4253/11.4/1: a peer that sends requests and never reads. */
START_TEST(requests_are_answered_while_the_reserve_lasts_and_then_wait)
{
    const uint8_t unknown[] = {19};
    struct transport *t = &loop.server.transport;

    set_up();
    (void)fill(&loop.server, 1000);
    for (int i = 0; i < 4000; i++) {
        loop_end_inject(&loop.client, BYTES_OF_ARRAY(unknown));
        if (i % 1000 == 999)
            deliver_to_blocked_server();
    }
    ck_assert(!transport_ended(t));
    ck_assert_uint_le(transport_output(t).len, BLOCK_LARGE);
    ck_assert_uint_gt(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_UNIMPLEMENTED), 10);
    ck_assert_uint_lt(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_UNIMPLEMENTED), 4000);
    loop_run(&loop);
    ck_assert_uint_eq(loop_end_count(&loop.client, NACRE_RECEIVED, SSH_MSG_UNIMPLEMENTED), 4000);
    loop_close(&loop);
}
END_TEST

START_TEST(input_waits_until_a_full_chunk_of_output_is_sent)
{
    const uint8_t unknown[] = {19};
    struct transport *t = &loop.server.transport;
    size_t room;
    struct bytes output;

    set_up();
    ck_assert(!transport_process(t, false)); /* nothing to do */
    (void)fill(&loop.server, 1000);
    loop_end_inject(&loop.client, BYTES_OF_ARRAY(unknown));
    output = transport_output(&loop.client.transport);
    memcpy(transport_input(t, &room), output.at, output.len);
    transport_received(t, output.len);
    ck_assert(transport_process(t, false)); /* it stopped before the end */
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_UNIMPLEMENTED), 0);
    ck_assert(!transport_process(t, true)); /* the socket is full: the reserve is used */
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_UNIMPLEMENTED), 1);
    transport_sent(&loop.client.transport, output.len);
    loop_close(&loop);
}
END_TEST

/* The reserve must fit the longest answer and the KEXINIT that may follow it, wherever it begins.
 */
START_TEST(a_rekey_may_be_due_when_the_output_is_full)
{
    static uint8_t ping[5 + 4096] = {SSH_MSG_PING, 0, 0, 0x10, 0};
    const uint8_t unknown[] = {19};
    struct transport *t = &loop.server.transport;

    for (size_t answers = 0; answers < 200; answers++) {
        set_up();
        (void)fill(&loop.server, 1000);
        while (transport_control_room(t))
            loop_end_send(&loop.server, SSH_MSG_CHANNEL_WINDOW_ADJUST, 4);
        for (size_t i = 0; i < answers; i++)
            loop_end_inject(&loop.client, BYTES_OF_ARRAY(unknown));
        loop_end_inject(&loop.client, BYTES_OF_ARRAY(ping)); /* after its answer a rekey is due */
        loop.server.config.rekey_bytes = t->sending.bytes + answers * 40 + 1000;
        deliver_to_blocked_server();
        ck_assert_msg(!transport_ended(t), "%s after %zu answers", t->end.text, answers);
        loop_close(&loop);
    }
}
END_TEST

/* An exchange with a full output: queued messages are sent bit by bit, in order. */
static int check_order(struct loop_end *e, uint8_t number, struct reader *r)
{
    (void)number;
    ck_assert_uint_eq(read_string(r).len, e->received_count);
    return 0;
}

START_TEST(queued_messages_are_sent_as_the_output_drains)
{
    set_up();
    loop.client.on_message = check_order;
    for (size_t i = 1; i <= 400; i++)
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, i);
    ck_assert_int_eq(kex_begin(&loop.server.transport), 0);
    for (size_t i = 401; i <= 600; i++)
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, i);
    ck_assert(!transport_ended(&loop.server.transport));
    loop.chunk = 1000;
    loop_run(&loop);
    ck_assert_uint_eq(loop.client.received_count, 600);
    ck_assert_uint_eq(buffer_len(&loop.server.transport.queued), 0);
    loop_close(&loop);
}
END_TEST

/* After NEWKEYS, while some messages are still queued, a new one is queued after them. */
START_TEST(no_message_overtakes_queued_ones)
{
    struct transport *t = &loop.server.transport;
    size_t i = 1;

    set_up();
    loop.client.on_message = check_order;
    ck_assert_int_eq(kex_begin(t), 0);
    for (; i <= 480; i++)
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, i);
    loop_end_receive(&loop.client, transport_output(t), 0); /* KEXINIT */
    transport_sent(t, transport_output(t).len);
    deliver_to_blocked_server(); /* its KEXINIT and share: NEWKEYS follows */
    ck_assert(t->kex != NULL && !t->queueing);
    ck_assert_uint_gt(buffer_len(&t->queued), 0);
    ck_assert_uint_eq(transport_room(t), 0);
    ck_assert_uint_le(transport_output(t).len, BLOCK_LARGE - TRANSPORT_RESERVE);
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, i);
    loop_run(&loop);
    ck_assert_uint_eq(loop.client.received_count, i);
    loop_close(&loop);
}
END_TEST

static int answer(struct loop_end *e, uint8_t number, struct reader *r)
{
    (void)number;
    (void)r;
    loop_end_send(e, SSH_MSG_CHANNEL_SUCCESS, 1000);
    return 0;
}

/* Answers are queued too; a peer that sends requests and does not read must not overflow the queue.
 */
START_TEST(input_waits_while_too_much_is_queued)
{
    enum { REPLY_AND_NEWKEYS = 1000, REQUESTS = 300 }; /* bytes of output that the client reads */
    struct transport *t = &loop.server.transport;

    set_up();
    ck_assert_int_eq(kex_begin(t), 0);
    for (int i = 0; i < 120; i++)
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 1000);
    loop_end_receive(&loop.client, transport_output(t), 0); /* KEXINIT */
    transport_sent(t, transport_output(t).len);
    deliver_to_blocked_server(); /* its KEXINIT and share */
    loop_end_receive(&loop.client, (struct bytes){transport_output(t).at, REPLY_AND_NEWKEYS}, 0);
    transport_sent(t, REPLY_AND_NEWKEYS);
    deliver_to_blocked_server(); /* its NEWKEYS */
    ck_assert_ptr_null(t->kex);
    ck_assert_uint_gt(buffer_len(&t->queued), 0);

    loop.server.on_message = answer;
    for (int i = 0; i < REQUESTS; i++)
        loop_end_send(&loop.client, SSH_MSG_CHANNEL_REQUEST, 10);
    deliver_to_blocked_server();
    ck_assert(!transport_ended(t));
    ck_assert_uint_lt(loop.server.received_count, REQUESTS);
    loop_run(&loop);
    ck_assert_uint_eq(loop.server.received_count, REQUESTS);
    ck_assert_uint_eq(loop.client.received_count, 120 + REQUESTS);
    loop_close(&loop);
}
END_TEST

/* 4253/9/10: a queue that overflows during an exchange ends the session. */
START_TEST(queued_messages_are_bounded)
{
    set_up();
    ck_assert_int_eq(kex_begin(&loop.server.transport), 0);
    for (int i = 0; i < 1000; i++)
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 1000);
    ck_assert_int_eq(loop.server.transport.end.cause, NACRE_OUT_OF_RESOURCES);
    ck_assert_uint_le(loop.server.pool.in_use, 3 * BLOCK_LARGE);
    loop_run(&loop);
    ck_assert_int_eq(loop.client.transport.end.cause, NACRE_DISCONNECTED);
    loop_close(&loop);
}
END_TEST

/* Are these bytes in a free block of the pool? */
static bool pool_remembers(const struct pool *pool, const char *secret)
{
    static const size_t size[BLOCK_CLASSES] = {BLOCK_SMALL, BLOCK_LARGE, BLOCK_HUGE};

    for (size_t class = 0; class < BLOCK_CLASSES; class ++)
        for (struct free_block *b = pool->free[class]; b != NULL; b = b->next)
            if (memmem(b, size[class], secret, strlen(secret)) != NULL)
                return true;
    return false;
}

static void send_secret(struct loop_end *e, const char *secret)
{
    struct writer w = transport_begin(&e->transport, SSH_MSG_USERAUTH_REQUEST, 100);

    write_text(&w, secret);
    transport_send(&e->transport, &w);
}

START_TEST(a_secret_leaves_nothing_behind_wherever_it_waited)
{
    static const char secret[] = "correct horse battery staple";

    for (int ends = 0; ends < 2; ends++) {
        loop_open(&loop);
        loop_start(&loop);
        loop_run(&loop);
        ck_assert_int_eq(kex_begin(&loop.client.transport), 0);
        send_secret(&loop.client, secret);
        for (int i = 0; i < 10; i++) /* it moves to a large block */
            loop_end_send(&loop.client, SSH_MSG_USERAUTH_REQUEST, 1000);
        if (ends)
            transport_lost(&loop.client.transport);
        else
            loop_run(&loop);
        ck_assert_uint_eq(loop.server.received_count, ends ? 0 : 11);
        transport_clear(&loop.client.transport);
        transport_clear(&loop.server.transport);
        ck_assert(!pool_remembers(&loop.client.pool, secret));
        ck_assert(!pool_remembers(&loop.server.pool, secret));
        pool_clear(&loop.client.pool);
        pool_clear(&loop.server.pool);
    }
}
END_TEST

START_TEST(a_secret_that_was_received_leaves_nothing_behind)
{
    static const char secret[] = "correct horse battery staple";

    loop_open(&loop);
    loop_start(&loop);
    loop_run(&loop);
    send_secret(&loop.client, secret);
    loop_run(&loop);
    ck_assert_uint_eq(loop.server.received_count, 1);
    transport_release_idle(&loop.server.transport);
    ck_assert(!pool_remembers(&loop.server.pool, secret));
    loop_close(&loop);
}
END_TEST

START_TEST(a_message_longer_than_its_room_ends_the_session)
{
    struct writer w;

    set_up();
    w = transport_begin(&loop.server.transport, SSH_MSG_CHANNEL_DATA, 10);
    write_text(&w, "more than ten bytes");
    transport_send(&loop.server.transport, &w);
    ck_assert_int_eq(loop.server.transport.end.cause, NACRE_OUT_OF_RESOURCES);
    loop_run(&loop);
    ck_assert_int_eq(loop.client.transport.end.cause, NACRE_DISCONNECTED);
    loop_close(&loop);
}
END_TEST

START_TEST(a_message_without_room_ends_the_session_with_a_disconnect)
{
    set_up();
    while (!transport_ended(&loop.server.transport)) /* without asking */
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 20);
    ck_assert_int_eq(loop.server.transport.end.cause, NACRE_OUT_OF_RESOURCES);
    loop_run(&loop);
    ck_assert_int_eq(loop.client.transport.end.cause, NACRE_DISCONNECTED);
    loop_close(&loop);
}
END_TEST

/* ---- both sides of each limit ---- */

START_TEST(the_room_ends_before_the_reserve)
{
    const size_t most = BLOCK_LARGE - TRANSPORT_RESERVE - PACKET_OVERHEAD;
    struct transport *t = &loop.server.transport;

    set_up();
    loop_occupy(t, &t->out, most - 100);
    ck_assert_uint_eq(transport_room(t), 100);
    ck_assert(transport_request_room(t, 100) && !transport_request_room(t, 101));
    loop_occupy(t, &t->out, most - 1);
    ck_assert_uint_eq(transport_room(t), 1);
    ck_assert(!transport_request_room(t, TRANSPORT_MESSAGE_MAX));
    ck_assert(transport_request_room(t, TRANSPORT_MESSAGE_MAX + 1));
    ck_assert(transport_request_room(t, TRANSPORT_REQUEST_MAX));
    ck_assert(!transport_request_room(t, TRANSPORT_REQUEST_MAX + 1));
    for (size_t len = most; len <= most + 1; len++) {
        loop_occupy(t, &t->out, len);
        ck_assert_uint_eq(transport_room(t), 0);
        ck_assert(!transport_request_room(t, TRANSPORT_MESSAGE_MAX + 1));
    }
    loop_close(&loop);
}
END_TEST

START_TEST(control_messages_and_replies_have_room_up_to_their_limits)
{
    const size_t control =
        BLOCK_LARGE - TRANSPORT_REPLY_MAX - TRANSPORT_KEXINIT_MAX - 1024 - PACKET_OVERHEAD;
    const size_t reply = BLOCK_LARGE - TRANSPORT_KEXINIT_MAX - PACKET_OVERHEAD - 100;
    struct transport *t = &loop.server.transport;

    set_up();
    loop_occupy(t, &t->out, control);
    ck_assert(transport_control_room(t));
    loop_occupy(t, &t->out, control + 1);
    ck_assert(!transport_control_room(t));
    loop_occupy(t, &t->out, reply);
    ck_assert(transport_reply_room(t, SSH_MSG_PONG, 100));
    ck_assert(!transport_reply_room(t, SSH_MSG_PONG, 101));
    loop_close(&loop);
}
END_TEST

/* Optional answers fill half of the queue during an exchange, and all of it while it drains. */
START_TEST(queued_replies_have_room_up_to_their_limits)
{
    struct transport *t = &loop.server.transport;

    set_up();
    loop_occupy(t, &t->queued, 64 * 1024 - 4 - 100);
    t->queueing = true;
    ck_assert(transport_reply_room(t, SSH_MSG_PONG, 100));
    ck_assert(!transport_reply_room(t, SSH_MSG_PONG, 101));
    t->queueing = false;
    ck_assert(transport_reply_room(t, SSH_MSG_PONG, 101));
    loop_occupy(t, &t->queued, BLOCK_LARGE - 4 - 100);
    ck_assert(transport_reply_room(t, SSH_MSG_PONG, 100));
    ck_assert(!transport_reply_room(t, SSH_MSG_PONG, 101));
    loop_close(&loop);
}
END_TEST

/* The header before it; the longest padding and tag, and a DISCONNECT of 512 bytes, after it. */
START_TEST(a_message_fits_when_a_disconnect_still_fits_after_it)
{
    const size_t most = BLOCK_LARGE - PACKET_OVERHEAD - 512 - 100;
    struct transport *t = &loop.server.transport;
    struct writer w;

    set_up();
    loop_occupy(t, &t->out, most + (size_t)_i);
    w = transport_begin(t, SSH_MSG_PONG, 100);
    ck_assert_int_eq(w.bad, _i == 1);
    ck_assert_int_eq(transport_ended(t), _i == 1);
    if (_i == 0) {
        (void)transport_malformed(t, "the end");
        ck_assert_uint_gt(buffer_len(&t->out), most);
    }
    loop_close(&loop);
}
END_TEST

/* Two messages wait, and the first one just fits, or just does not. */
START_TEST(a_queued_message_is_sent_when_it_leaves_the_reserve)
{
    enum { LEN = 200 };
    const size_t most = BLOCK_LARGE - TRANSPORT_RESERVE - PACKET_OVERHEAD - LEN;
    struct transport *t = &loop.server.transport;

    set_up();
    t->queueing = true;
    for (int i = 0; i < 2; i++)
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, LEN - 5);
    ck_assert_uint_eq(buffer_len(&t->queued), 2 * (4 + LEN));
    t->queueing = false;
    loop_occupy(t, &t->out, most + (size_t)_i);
    send_queued(t);
    ck_assert_uint_eq(buffer_len(&t->queued), _i == 0 ? 4 + LEN : 2 * (4 + LEN));
    ck_assert_uint_le(buffer_len(&t->out), BLOCK_LARGE - TRANSPORT_RESERVE);
}
END_TEST

/* Exactly the packet with the request, and exactly the block in which it waited for an exchange. */
START_TEST(a_secret_is_wiped_and_nothing_else)
{
    uint64_t before;

    loop_open(&loop);
    loop_start(&loop);
    loop_run(&loop);
    before = transport_output_end(&loop.client.transport);
    send_secret(&loop.client, "correct horse battery staple");
    wiped_record();
    loop_run(&loop);
    ck_assert_uint_eq(loop.server.received_count, 1);
    assert_wiped((size_t)(transport_output_end(&loop.client.transport) - before), 1);
    ck_assert_int_eq(kex_begin(&loop.client.transport), 0);
    send_secret(&loop.client, "correct horse battery staple");
    wiped_record();
    loop_run(&loop);
    ck_assert_uint_eq(loop.server.received_count, 2);
    assert_wiped(BLOCK_SMALL, 1);
    loop_close(&loop);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_message_that_uses_all_the_room_can_be_sent);
    add_test(suite, small_messages_have_room_when_bulk_transfers_do_not);
    add_test(suite, a_large_request_fits_beside_full_output_and_leaves_the_reserve);
    add_test(suite, while_a_large_request_waits_the_peer_is_answered);
    add_test(suite, requests_are_answered_while_the_reserve_lasts_and_then_wait);
    add_test(suite, input_waits_until_a_full_chunk_of_output_is_sent);
    add_test(suite, a_rekey_may_be_due_when_the_output_is_full);
    add_test(suite, queued_messages_are_sent_as_the_output_drains);
    add_test(suite, no_message_overtakes_queued_ones);
    add_test(suite, input_waits_while_too_much_is_queued);
    add_test(suite, queued_messages_are_bounded);
    add_test(suite, a_secret_leaves_nothing_behind_wherever_it_waited);
    add_test(suite, a_secret_that_was_received_leaves_nothing_behind);
    add_test(suite, a_message_longer_than_its_room_ends_the_session);
    add_test(suite, a_message_without_room_ends_the_session_with_a_disconnect);
    add_test(suite, the_room_ends_before_the_reserve);
    add_test(suite, control_messages_and_replies_have_room_up_to_their_limits);
    add_test(suite, queued_replies_have_room_up_to_their_limits);
    add_loop(suite, a_message_fits_when_a_disconnect_still_fits_after_it, 0, 2);
    add_loop(suite, a_queued_message_is_sent_when_it_leaves_the_reserve, 0, 2);
    add_test(suite, a_secret_is_wiped_and_nothing_else);
}
