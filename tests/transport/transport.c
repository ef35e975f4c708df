/* The engine: two real transports, server and client, in memory. RFC 4253. What a single message
 * does is in kex.c, generic.c and extension.c. */
#include "tests/support/loop_transport.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"
#include "transport/kex.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct loop loop;

static const char whole_course[] = "kexinit kex newkeys first service auth ";

START_TEST(two_ends_reach_authentication_under_every_cipher_also_byte_by_byte)
{
    static const size_t chunks[] = {0, 1, 7};

    for (const struct algorithm *cipher = algorithms_of(ALGORITHM_CIPHER); cipher->name != NULL;
         cipher++)
        for (size_t i = 0; i < COUNT(chunks); i++) {
            loop_open(&loop);
            loop.chunk = chunks[i];
            loop.client.config.algorithms[ALGORITHM_CIPHER] = cipher->name;
            loop_start(&loop);
            loop_run(&loop);
            ck_assert_str_eq(loop.server.phases, whole_course);
            ck_assert_str_eq(loop.client.phases, whole_course);
            ck_assert_str_eq(loop.server.negotiated.cipher_client_to_server, cipher->name);
            ck_assert_str_eq(loop.client.negotiated.cipher_server_to_client, cipher->name);
            assert_bytes(transport_session_id(&loop.server.transport),
                         transport_session_id(&loop.client.transport));
            ck_assert(transport_is_protected(&loop.server.transport));
            ck_assert(transport_is_protected(&loop.client.transport));
            loop_close(&loop);
        }
}
END_TEST

static void expect_sent(const struct loop_end *e, const struct loop_message *expected, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < e->seen_count; i++) {
        if (e->seen[i].direction != NACRE_SENT)
            continue;
        ck_assert_uint_lt(n, count);
        ck_assert_uint_eq(e->seen[i].number, expected[n].number);
        ck_assert_uint_eq(e->seen[i].seq, expected[n].seq);
        n++;
    }
    ck_assert_uint_eq(n, count);
}

/* strict/3.3/1 */
START_TEST(both_ends_send_the_specified_messages_with_these_sequence_numbers)
{
    static const struct loop_message server[] = {{.number = SSH_MSG_KEXINIT, .seq = 0},
                                                 {.number = SSH_MSG_KEX_ECDH_REPLY, .seq = 1},
                                                 {.number = SSH_MSG_NEWKEYS, .seq = 2},
                                                 {.number = SSH_MSG_EXT_INFO, .seq = 0},
                                                 {.number = SSH_MSG_SERVICE_ACCEPT, .seq = 1}};
    static const struct loop_message client[] = {{.number = SSH_MSG_KEXINIT, .seq = 0},
                                                 {.number = SSH_MSG_KEX_ECDH_INIT, .seq = 1},
                                                 {.number = SSH_MSG_NEWKEYS, .seq = 2},
                                                 {.number = SSH_MSG_EXT_INFO, .seq = 0},
                                                 {.number = SSH_MSG_SERVICE_REQUEST, .seq = 1}};

    loop_open(&loop);
    loop_start(&loop);
    loop_run(&loop);
    expect_sent(&loop.server, server, COUNT(server));
    expect_sent(&loop.client, client, COUNT(client));
    loop_close(&loop);
}
END_TEST

/* Both ends see the same messages, numbered alike. */
START_TEST(what_one_end_sends_the_other_receives)
{
    size_t at = 0;

    loop_open(&loop);
    loop_connect(&loop);
    for (size_t i = 0; i < loop.client.seen_count; i++) {
        if (loop.client.seen[i].direction != NACRE_SENT)
            continue;
        while (loop.server.seen[at].direction != NACRE_RECEIVED)
            at++;
        ck_assert_uint_eq(loop.server.seen[at].number, loop.client.seen[i].number);
        ck_assert_uint_eq(loop.server.seen[at].seq, loop.client.seen[i].seq);
        at++;
    }
    loop_close(&loop);
}
END_TEST

/* Log in, begin another exchange and queue a message, as far as memory allows. */
static void go_on(struct loop_end *e)
{
    if (loop.server.transport.phase != PHASE_AUTH || loop.client.transport.phase != PHASE_AUTH)
        return;
    loop_end_log_in(&loop.server);
    loop_end_log_in(&loop.client);
    (void)kex_begin(&e->transport);
    loop_end_send(e, SSH_MSG_CHANNEL_DATA, 10000);
    loop_run(&loop);
}

/* Each allocation fails in turn: the session ends with that cause, and nothing leaks. */
START_TEST(memory_may_run_out_anywhere)
{
    bool failed[2] = {true, true};

    for (size_t i = 1; failed[0] || failed[1]; i++)
        for (int side = 0; side < 2; side++) {
            struct loop_end *e = side == 0 ? &loop.server : &loop.client;

            loop_open(&loop);
            e->fail_at = i;
            if (loop_end_start(&loop.server) && loop_end_start(&loop.client)) {
                loop_run(&loop);
                go_on(e);
            }
            failed[side] = e->allocations >= i;
            if (transport_ended(&e->transport))
                ck_assert_int_eq(e->transport.end.cause, NACRE_OUT_OF_RESOURCES);
            loop_close(&loop);
        }
}
END_TEST

/* 4253/6.4/2: each byte of the encrypted stream of a client in turn. */
START_TEST(a_changed_byte_ends_the_session_with_one_disconnect)
{
    static const uint8_t more[PACKET_LENGTH_LARGE];
    size_t len = 1;

    for (size_t i = 0; i < len; i++) {
        uint8_t copy[512];
        struct bytes output;

        loop_open(&loop);
        loop_connect(&loop);
        loop_end_send(&loop.client, SSH_MSG_CHANNEL_DATA, 20);
        loop_end_send(&loop.client, SSH_MSG_CHANNEL_DATA, 200);
        output = transport_output(&loop.client.transport);
        len = output.len;
        memcpy(copy, output.at, len);
        copy[i] ^= 0x10;
        loop_end_receive(&loop.server, (struct bytes){copy, len}, 0);
        loop_end_receive(&loop.server, BYTES_OF_ARRAY(more), 0); /* when a length became larger */
        ck_assert(transport_ended(&loop.server.transport));
        ck_assert(loop.server.transport.end.code == SSH_DISCONNECT_MAC_ERROR ||
                  loop.server.transport.end.code == SSH_DISCONNECT_PROTOCOL_ERROR);
        ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_DISCONNECT), 1);
        loop_close(&loop);
    }
}
END_TEST

static void send_ignore(struct loop_end *e, size_t len)
{
    static uint8_t message[PACKET_MESSAGE_LARGE] = {SSH_MSG_IGNORE};

    store_u32(message + 1, (uint32_t)len - 5);
    loop_end_inject(e, (struct bytes){message, len});
}

static void send_large_ignore(struct loop_end *e)
{
    send_ignore(e, PACKET_MESSAGE_LARGE);
}

/* Sshd's limit for those who have logged in. Its memory is given back, however it arrives. */
START_TEST(after_the_login_a_packet_of_256_kib_is_received)
{
    static const size_t chunks[] = {0, 1000, 70000};
    struct pool *pool = &loop.server.pool;

    loop_open(&loop);
    loop_connect(&loop);
    loop.chunk = chunks[_i];
    transport_authenticated(&loop.server.transport);
    for (size_t before = 0; before < 3; before++) {
        for (size_t i = 0; i < before; i++)
            loop_end_send(&loop.client, SSH_MSG_CHANNEL_DATA, 30000);
        send_large_ignore(&loop.client);
        loop_end_send(&loop.client, SSH_MSG_CHANNEL_DATA, 100);
        loop_run(&loop);
        ck_assert(!transport_ended(&loop.server.transport));
    }
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_RECEIVED, SSH_MSG_IGNORE), 3);
    ck_assert_uint_eq(loop.server.received_count, 6);
    transport_release_idle(&loop.server.transport);
    ck_assert_uint_lt(pool->in_use, BLOCK_LARGE);
    loop_close(&loop);
}
END_TEST

/* Packets that just fit into a block of 128 KiB, or just do not. */
START_TEST(packets_about_the_size_of_a_block_are_received)
{
    unsigned count = 0;

    loop_open(&loop);
    loop_connect(&loop);
    loop.chunk = 10000;
    transport_authenticated(&loop.server.transport);
    for (size_t len = BLOCK_LARGE - 1200; len < BLOCK_LARGE + 100; len += 7, count++) {
        send_ignore(&loop.client, len);
        loop_run(&loop);
        loop_end_send(&loop.client, SSH_MSG_CHANNEL_DATA, 100);
        loop_run(&loop);
        ck_assert_msg(!transport_ended(&loop.server.transport), "%zu bytes", len);
    }
    ck_assert_uint_eq(loop.server.received_count, count);
    loop_close(&loop);
}
END_TEST

/* A stranger's packet takes no more memory than before. */
START_TEST(before_the_login_a_packet_over_64_kib_disconnects_at_its_first_block)
{
    size_t before;

    loop_open(&loop);
    loop_start(&loop);
    loop_run(&loop);
    before = loop.server.pool.in_use;
    send_large_ignore(&loop.client);
    loop_end_receive(&loop.server, (struct bytes){transport_output(&loop.client.transport).at, 32},
                     0);
    ck_assert_int_eq(loop.server.transport.end.cause, NACRE_PROTOCOL_ERROR);
    ck_assert_str_eq(loop.server.transport.end.text, "packet_length is not acceptable");
    ck_assert_uint_le(loop.server.pool.in_use, before + 2 * BLOCK_SMALL);
    loop_close(&loop);
}
END_TEST

START_TEST(the_first_failure_sticks)
{
    struct transport *t = &loop.server.transport;

    loop_open(&loop);
    loop_connect(&loop);
    ck_assert_int_eq(transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, "first"), 2);
    ck_assert_int_eq(transport_fail(t, SSH_DISCONNECT_MAC_ERROR, "second"), 5);
    transport_lost(t);
    ck_assert_int_eq(t->end.cause, NACRE_PROTOCOL_ERROR);
    ck_assert_uint_eq(t->end.code, 2);
    ck_assert_str_eq(t->end.text, "first");
    loop_run(&loop);
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_DISCONNECT), 1);
    loop_close(&loop);
}
END_TEST

START_TEST(a_lost_connection_sends_nothing)
{
    struct transport *t = &loop.server.transport;

    loop_open(&loop);
    loop_connect(&loop);
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 20);
    transport_lost(t);
    ck_assert_int_eq(t->end.cause, NACRE_CONNECTION_LOST);
    ck_assert_uint_eq(transport_output(t).len, 0);
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_DISCONNECT), 0);
    loop_close(&loop);
}
END_TEST

START_TEST(an_ended_session_accepts_no_messages_and_sends_none)
{
    size_t seen;

    loop_open(&loop);
    loop_connect(&loop);
    loop_end_send(&loop.client, SSH_MSG_CHANNEL_DATA, 20);
    (void)transport_fail(&loop.server.transport, SSH_DISCONNECT_BY_APPLICATION, "enough");
    seen = loop.server.seen_count;
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 20);
    loop_run(&loop);
    ck_assert_uint_eq(loop.server.seen_count, seen);
    ck_assert_uint_eq(loop.server.received_count, 0);
    ck_assert_int_eq(loop.client.transport.end.cause, NACRE_DISCONNECTED);
    ck_assert_uint_eq(loop.client.transport.end.code, SSH_DISCONNECT_BY_APPLICATION);
    ck_assert_str_eq(loop.client.transport.end.text, "enough");
    loop_close(&loop);
}
END_TEST

static int pause(struct loop_end *e, uint8_t number, struct reader *r)
{
    (void)number;
    (void)r;
    transport_pause(&e->transport);
    return 0;
}

START_TEST(a_pause_lasts_until_it_is_lifted)
{
    loop_open(&loop);
    loop.server.on_message = pause;
    loop_connect(&loop);
    for (int i = 0; i < 5; i++)
        loop_end_send(&loop.client, SSH_MSG_CHANNEL_DATA, 20);
    for (size_t i = 1; i <= 5; i++) {
        loop_run(&loop);
        ck_assert_uint_eq(loop.server.received_count, i);
        loop.server.wakes = 0;
        transport_enter(&loop.server.transport);
        transport_resume(&loop.server.transport);
        transport_leave(&loop.server.transport);
        ck_assert_int_eq(loop.server.wakes, 1);
    }
    loop_close(&loop);
}
END_TEST

/* A decision during an exchange takes effect after it. */
START_TEST(a_phase_set_during_an_exchange_waits_for_its_end)
{
    loop_open(&loop);
    loop_start(&loop);
    loop_run(&loop);
    ck_assert_int_eq(kex_begin(&loop.client.transport), 0);
    {
        struct bytes output = transport_output(&loop.client.transport);

        loop_end_receive(&loop.server, output, 0); /* only its KEXINIT */
        transport_sent(&loop.client.transport, output.len);
    }
    ck_assert_int_eq(loop.server.transport.phase, PHASE_REKEY);
    transport_set_phase(&loop.server.transport, PHASE_CONNECTION);
    ck_assert_int_eq(loop.server.transport.phase, PHASE_REKEY);
    loop_run(&loop);
    ck_assert_int_eq(loop.server.transport.phase, PHASE_CONNECTION);
    loop_close(&loop);
}
END_TEST

START_TEST(the_owner_is_not_woken_for_its_own_calls)
{
    loop_open(&loop);
    loop_connect(&loop);
    loop.server.wakes = 0;
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 20);
    ck_assert_int_eq(loop.server.wakes, 1);
    transport_enter(&loop.server.transport);
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 20);
    transport_settled(&loop.server.transport);
    ck_assert_int_eq(loop.server.wakes, 1);
    loop_close(&loop);
}
END_TEST

START_TEST(the_owner_is_woken_once_when_the_outermost_call_is_complete)
{
    loop_open(&loop);
    loop_connect(&loop);
    loop.server.wakes = 0;
    transport_enter(&loop.server.transport);
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 20);
    transport_enter(&loop.server.transport);
    loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 20);
    transport_leave(&loop.server.transport);
    ck_assert_int_eq(loop.server.wakes, 0);
    transport_leave(&loop.server.transport);
    ck_assert_int_eq(loop.server.wakes, 1);
    transport_enter(&loop.server.transport);
    transport_leave(&loop.server.transport);
    ck_assert_int_eq(loop.server.wakes, 1);
    loop_close(&loop);
}
END_TEST

START_TEST(an_idle_session_has_no_buffers)
{
    size_t in_use;

    loop_open(&loop);
    loop_connect(&loop);
    transport_release_idle(&loop.server.transport);
    in_use = loop.server.pool.in_use;
    ck_assert_uint_lt(in_use, BLOCK_SMALL);
    loop_end_send(&loop.client, SSH_MSG_CHANNEL_DATA, 30000);
    loop_run(&loop);
    transport_release_idle(&loop.server.transport);
    ck_assert_uint_eq(loop.server.pool.in_use, in_use);
    loop_close(&loop);
}
END_TEST

START_TEST(a_cleared_transport_is_wiped_and_nothing_else)
{
    static const struct transport zeros;

    loop_open(&loop);
    loop_connect(&loop);
    wiped_record();
    transport_clear(&loop.server.transport);
    assert_wiped(sizeof loop.server.transport, 1);
    ck_assert_mem_eq(&loop.server.transport, &zeros, sizeof zeros);
    ck_assert_ptr_nonnull(loop.server.config.random); /* what follows it */
    transport_clear(&loop.client.transport);
    pool_clear(&loop.server.pool);
    pool_clear(&loop.client.pool);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, two_ends_reach_authentication_under_every_cipher_also_byte_by_byte);
    add_test(suite, both_ends_send_the_specified_messages_with_these_sequence_numbers);
    add_test(suite, what_one_end_sends_the_other_receives);
    add_test(suite, memory_may_run_out_anywhere);
    add_test(suite, a_changed_byte_ends_the_session_with_one_disconnect);
    add_loop(suite, after_the_login_a_packet_of_256_kib_is_received, 0, 3);
    add_test(suite, packets_about_the_size_of_a_block_are_received);
    add_test(suite, before_the_login_a_packet_over_64_kib_disconnects_at_its_first_block);
    add_test(suite, the_first_failure_sticks);
    add_test(suite, a_lost_connection_sends_nothing);
    add_test(suite, an_ended_session_accepts_no_messages_and_sends_none);
    add_test(suite, a_pause_lasts_until_it_is_lifted);
    add_test(suite, a_phase_set_during_an_exchange_waits_for_its_end);
    add_test(suite, the_owner_is_not_woken_for_its_own_calls);
    add_test(suite, the_owner_is_woken_once_when_the_outermost_call_is_complete);
    add_test(suite, an_idle_session_has_no_buffers);
    add_test(suite, a_cleared_transport_is_wiped_and_nothing_else);
}
