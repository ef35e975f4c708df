/* Key re-exchange: when it begins, and what is queued until its end. RFC 4253 section 9. */
#include "tests/support/loop_transport.h"
#include "tests/support/suite.h"
#include "transport/kex.h"

static struct loop loop;

static void check_rekeyed(const struct bytes id, int exchanges)
{
    ck_assert_int_eq(loop.server.exchanges, exchanges);
    ck_assert_int_eq(loop.client.exchanges, exchanges);
    ck_assert_int_eq(loop.server.transport.phase, PHASE_CONNECTION);
    ck_assert_int_eq(loop.client.transport.phase, PHASE_CONNECTION);
    ck_assert_ptr_null(loop.server.transport.kex);
    ck_assert_ptr_null(loop.client.transport.kex);
    assert_bytes(transport_session_id(&loop.server.transport), id);
    assert_bytes(transport_session_id(&loop.client.transport), id);
}

/* 4253/9/2, 4253/9/3, 4253/7.2/2: the server, the client, both at once; the session identifier
 * stays. */
START_TEST(either_end_or_both_may_begin_an_exchange)
{
    uint8_t id[32];

    loop_open(&loop);
    loop_connect(&loop);
    memcpy(id, loop.server.transport.session_id, sizeof id);
    for (int who = 1; who <= 9; who++) {
        if (who % 3 != 0)
            ck_assert_int_eq(kex_begin(&loop.server.transport), 0);
        if (who % 3 != 1)
            ck_assert_int_eq(kex_begin(&loop.client.transport), 0);
        loop_run(&loop);
        check_rekeyed(BYTES_OF_ARRAY(id), 1 + who);
    }
    loop_close(&loop);
}
END_TEST

/* Count the messages from 50 on that were sent between our KEXINIT and our NEWKEYS. */
static size_t sent_in_exchange(const struct loop_end *e)
{
    size_t count = 0;
    bool exchange = false;

    for (size_t i = 0; i < e->seen_count; i++) {
        if (e->seen[i].direction != NACRE_SENT)
            continue;
        if (e->seen[i].number == SSH_MSG_KEXINIT)
            exchange = true;
        if (e->seen[i].number == SSH_MSG_NEWKEYS)
            exchange = false;
        count += exchange && e->seen[i].number >= SSH_MSG_USERAUTH_REQUEST;
    }
    return count;
}

static int check_order(struct loop_end *e, uint8_t number, struct reader *r)
{
    (void)number;
    ck_assert_uint_eq(read_string(r).len, e->received_count);
    return 0;
}

/* 4253/7.1/17, 4253/9/8 */
START_TEST(messages_sent_during_an_exchange_are_queued_in_order)
{
    loop_open(&loop);
    loop.server.on_message = loop.client.on_message = check_order;
    loop_connect(&loop);
    for (size_t i = 1; i <= 400; i++) {
        if (i % 100 == 30)
            ck_assert_int_eq(kex_begin(&loop.server.transport), 0);
        if (i % 100 == 60)
            ck_assert_int_eq(kex_begin(&loop.client.transport), 0);
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, i);
        loop_end_send(&loop.client, SSH_MSG_CHANNEL_DATA, i);
        if (i % 50 == 0)
            loop_run(&loop);
    }
    loop_run(&loop);
    ck_assert_uint_eq(loop.server.received_count, 400);
    ck_assert_uint_eq(loop.client.received_count, 400);
    ck_assert_uint_eq(sent_in_exchange(&loop.server), 0);
    ck_assert_uint_eq(sent_in_exchange(&loop.client), 0);
    ck_assert_int_ge(loop.server.exchanges, 5);
    loop_close(&loop);
}
END_TEST

START_TEST(bulk_transfers_have_no_room_during_an_exchange)
{
    loop_open(&loop);
    loop_connect(&loop);
    ck_assert_uint_gt(transport_room(&loop.server.transport), 64 * 1024);
    ck_assert(transport_control_room(&loop.server.transport));
    ck_assert_int_eq(kex_begin(&loop.server.transport), 0);
    ck_assert_uint_eq(transport_room(&loop.server.transport), 0);
    ck_assert(!transport_control_room(&loop.server.transport));
    loop_run(&loop);
    ck_assert_uint_gt(transport_room(&loop.server.transport), 64 * 1024);
    loop_close(&loop);
}
END_TEST

/* 4253/9/7 */
START_TEST(a_rekey_begins_when_it_is_due)
{
    loop_open(&loop);
    loop.server.config.rekey_bytes = 10000;
    loop_connect(&loop);
    for (int i = 0; i < 100; i++) {
        loop_end_send(&loop.client, SSH_MSG_CHANNEL_DATA, 1000); /* the server only receives */
        loop_run(&loop);
    }
    ck_assert_int_ge(loop.server.exchanges, 1 + 8);
    ck_assert_uint_eq(loop.server.received_count, 100);
    loop_close(&loop);
}
END_TEST

START_TEST(sending_alone_makes_a_rekey_due)
{
    loop_open(&loop);
    loop.server.config.rekey_bytes = 10000;
    loop_connect(&loop);
    for (int i = 0; i < 20; i++)
        loop_end_send(&loop.server, SSH_MSG_CHANNEL_DATA, 1000);
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_KEXINIT), 1);
    (void)transport_process(&loop.server.transport, false);
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_KEXINIT), 2);
    loop_run(&loop);
    ck_assert_uint_eq(loop.client.received_count, 20);
    loop_close(&loop);
}
END_TEST

/* Use the keys so much that one more packet of `size` bytes reaches the limit, or is the last that
 * does not. */
static void set_used(struct direction *d, bool by_packets, uint64_t size, bool reaches)
{
    if (by_packets)
        d->packets = (UINT32_C(1) << 30) - (reaches ? 1 : 2);
    else
        d->bytes = (UINT64_C(1) << d->cipher->rekey_log2) - size - (reaches ? 0 : 1);
}

static void send_near_limit(const char *cipher, bool sending, bool by_packets, bool reaches)
{
    struct direction *d;
    uint64_t size;

    loop_open(&loop);
    loop.server.config.algorithms[ALGORITHM_CIPHER] = cipher;
    loop_connect(&loop);
    d = sending ? &loop.server.transport.sending : &loop.server.transport.receiving;
    size = d->bytes;
    loop_end_send(sending ? &loop.server : &loop.client, SSH_MSG_CHANNEL_DATA, 1000);
    loop_run(&loop);
    size = d->bytes - size;
    ck_assert_uint_gt(size, 1000);
    set_used(d, by_packets, size, reaches);
    loop_end_send(sending ? &loop.server : &loop.client, SSH_MSG_CHANNEL_DATA, 1000);
    loop_run(&loop);
    ck_assert_msg(loop.server.exchanges == (reaches ? 2 : 1), "%s %s %s: %d exchanges", cipher,
                  sending ? "sending" : "receiving", by_packets ? "packets" : "bytes",
                  loop.server.exchanges);
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_KEXINIT), reaches ? 2 : 1);
    ck_assert_uint_eq(loop_end_count(&loop.client, NACRE_SENT, SSH_MSG_KEXINIT), reaches ? 2 : 1);
    if (reaches) /* no rekey is due for new keys */
        ck_assert(d->packets < 10 && d->bytes < 1000);
    loop_close(&loop);
}

/* RFC 4344 section 3.1, before 2^31 packets; section 3.2 and RFC 4253 section 9, bytes. The packet
 * that reaches the limit begins a rekey, the one before it does not. */
START_TEST(the_packet_that_reaches_a_limit_of_its_keys_begins_a_rekey)
{
    for (const struct algorithm *cipher = algorithms_of(ALGORITHM_CIPHER); cipher->name != NULL;
         cipher++)
        for (int way = 0; way < 8; way++)
            send_near_limit(cipher->name, way & 1, way & 2, way & 4);
}
END_TEST

/* RFC 4344 section 3.2: 2^(128/4) blocks of 16 bytes; RFC 4253 section 9: 1 GiB for
 * chacha20-poly1305, whose block size gives no limit. */
START_TEST(every_cipher_has_the_limit_of_bytes_that_the_rfcs_require)
{
    for (const struct algorithm *a = algorithms_of(ALGORITHM_CIPHER); a->name != NULL; a++) {
        const struct cipher_method *cipher = a->method;
        bool aes = strncmp(a->name, "aes", 3) == 0;

        ck_assert_msg(cipher->rekey_log2 == (aes ? 36 : 30), "%s: 2^%d bytes", a->name,
                      cipher->rekey_log2);
    }
}
END_TEST

START_TEST(an_exchange_may_follow_every_single_message)
{
    loop_open(&loop);
    loop.server.config.rekey_bytes = loop.client.config.rekey_bytes = 1;
    loop_start(&loop);
    /* rekeys follow each other without end now: only so many rounds */
    for (int i = 0; i < 50; i++) {
        struct bytes output = transport_output(&loop.client.transport);
        uint8_t copy[8192];

        memcpy(copy, output.at, output.len);
        transport_sent(&loop.client.transport, output.len);
        loop_end_receive(&loop.server, (struct bytes){copy, output.len}, 0);
        output = transport_output(&loop.server.transport);
        memcpy(copy, output.at, output.len);
        transport_sent(&loop.server.transport, output.len);
        loop_end_receive(&loop.client, (struct bytes){copy, output.len}, 0);
        ck_assert(!transport_ended(&loop.server.transport));
        ck_assert(!transport_ended(&loop.client.transport));
    }
    loop_close(&loop);
}
END_TEST

START_TEST(old_keys_begin_a_rekey_at_the_deadline)
{
    struct transport *t = &loop.server.transport;

    loop_open(&loop);
    loop.server.config.rekey_ms = 5000;
    loop_connect(&loop);
    ck_assert(transport_deadline(t) == 1000 + 5000);
    transport_tick(t, 5999);
    ck_assert_ptr_null(t->kex);
    transport_tick(t, 6000);
    ck_assert_ptr_nonnull(t->kex);
    ck_assert(transport_deadline(t) == 6000 + TRANSPORT_KEX_MS);
    loop_run(&loop);
    ck_assert_int_eq(loop.server.exchanges, 2);
    ck_assert(transport_deadline(t) == 6000 + 5000);
    loop_close(&loop);
}
END_TEST

/* 4253/9/10 */
START_TEST(an_exchange_that_does_not_end_times_out)
{
    struct transport *t = &loop.server.transport;

    loop_open(&loop);
    loop_connect(&loop);
    ck_assert_int_eq(kex_begin(t), 0);
    transport_tick(t, transport_deadline(t) - 1);
    ck_assert(!transport_ended(t));
    transport_tick(t, transport_deadline(t));
    ck_assert_int_eq(t->end.cause, NACRE_TIMED_OUT);
    loop_close(&loop);
}
END_TEST

/* A loop that sleeps until the deadline must not wake up at once for ever. */
START_TEST(no_deadline_stays_in_the_past)
{
    loop_open(&loop);
    loop.server.config.rekey_ms = 1;
    ck_assert(loop_end_start(&loop.server));
    ck_assert(loop_end_start(&loop.client));
    for (uint64_t now = 1000; now < 1000 + 200 * 1000; now += 1000) {
        if (now == 5000) {
            loop_end_log_in(&loop.server);
            loop_end_log_in(&loop.client);
        }
        transport_tick(&loop.server.transport, now);
        ck_assert(transport_deadline(&loop.server.transport) > now);
        if (now < 10000)
            loop_run(&loop);
        ck_assert(transport_ended(&loop.server.transport) ||
                  transport_deadline(&loop.server.transport) > now ||
                  loop.server.transport.phase >= PHASE_AUTH);
    }
    ck_assert(transport_deadline(&loop.server.transport) == UINT64_MAX);
    loop_close(&loop);
}
END_TEST

START_TEST(keys_without_a_time_limit_never_grow_old)
{
    loop_open(&loop);
    loop.server.config.rekey_ms = UINT64_MAX;
    loop_connect(&loop);
    ck_assert(transport_deadline(&loop.server.transport) == UINT64_MAX);
    transport_tick(&loop.server.transport, UINT64_MAX / 2);
    ck_assert_ptr_null(loop.server.transport.kex);
    loop_close(&loop);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, either_end_or_both_may_begin_an_exchange);
    add_test(suite, messages_sent_during_an_exchange_are_queued_in_order);
    add_test(suite, bulk_transfers_have_no_room_during_an_exchange);
    add_test(suite, a_rekey_begins_when_it_is_due);
    add_test(suite, sending_alone_makes_a_rekey_due);
    add_test(suite, the_packet_that_reaches_a_limit_of_its_keys_begins_a_rekey);
    add_test(suite, every_cipher_has_the_limit_of_bytes_that_the_rfcs_require);
    add_test(suite, an_exchange_may_follow_every_single_message);
    add_test(suite, old_keys_begin_a_rekey_at_the_deadline);
    add_test(suite, an_exchange_that_does_not_end_times_out);
    add_test(suite, no_deadline_stays_in_the_past);
    add_test(suite, keys_without_a_time_limit_never_grow_old);
}
