/* Key exchange: order, strict kex, malformed messages, new keys. RFC 4253 sections 7 to 9, RFC
 * 8731, draft-ietf-sshm-strict-kex sections 3.2 and 3.3. A real transport against a scripted peer.
 */
#include "tests/support/suite.h"
#include "tests/support/script_peer.h"
#include "tests/support/wiped.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct loop_end real;
static struct script script;

/* Messages that the scripted client sends in an exchange, by name. */
static void kexinit(void)
{
    script_kexinit(&script, NULL);
}

static void share(void)
{
    script_init_share(&script);
}

static void newkeys(void)
{
    const uint8_t payload[] = {SSH_MSG_NEWKEYS};

    script_send(&script, BYTES_OF_ARRAY(payload));
}

static void reply(void)
{
    script_text(&script, SSH_MSG_KEX_ECDH_REPLY, "reply");
}

static void gex_request(void)
{
    script_text(&script, 34, "group exchange");
}

static void ignore(void)
{
    script_text(&script, SSH_MSG_IGNORE, "nothing");
}

static void debug(void)
{
    const uint8_t payload[] = {SSH_MSG_DEBUG, 1, 0, 0, 0, 1, 'x', 0, 0, 0, 0};

    script_send(&script, BYTES_OF_ARRAY(payload));
}

static void unimplemented(void)
{
    const uint8_t payload[] = {SSH_MSG_UNIMPLEMENTED, 0, 0, 0, 0};

    script_send(&script, BYTES_OF_ARRAY(payload));
}

static void unknown(void)
{
    script_text(&script, 25, "what is this");
}

static void ext_info(void)
{
    const uint8_t payload[] = {SSH_MSG_EXT_INFO, 0, 0, 0, 0};

    script_send(&script, BYTES_OF_ARRAY(payload));
}

static void service_request(void)
{
    script_text(&script, SSH_MSG_SERVICE_REQUEST, "ssh-userauth");
}

static void auth_request(void)
{
    script_text(&script, SSH_MSG_USERAUTH_REQUEST, "alice");
}

static void channel_data(void)
{
    script_text(&script, SSH_MSG_CHANNEL_DATA, "data");
}

/* The first exchange of a client, with an extra message before that step. */
static void exchange_with(size_t step, void (*extra)(void))
{
    static void (*const steps[])(void) = {kexinit, share, newkeys};

    for (size_t i = 0; i < COUNT(steps); i++) {
        if (i == step)
            extra();
        steps[i]();
    }
}

/* strict/3.2/1, strict/3.2/2: before KEXINIT, before the share, before NEWKEYS. */
START_TEST(strict_kex_accepts_only_messages_of_the_exchange)
{
    static void (*const extras[])(void) = {ignore,       debug,        unimplemented,
                                           unknown,      ext_info,     service_request,
                                           auth_request, channel_data, gex_request};

    for (size_t step = 0; step < 3; step++)
        for (size_t i = 0; i < COUNT(extras); i++) {
            script_meet(&script, &real, NACRE_SERVER, true);
            exchange_with(step, extras[i]);
            script_pump(&script, &real);
            ck_assert_msg(transport_ended(&real.transport), "message %zu at step %zu", i, step);
            ck_assert(!real.started[SERVICE_AUTH]);
            script_part(&script, &real);
        }
}
END_TEST

/* 4253/7.1/22, 4253/11.2/1, 4253/11.3/1, 4253/11.4/3 */
START_TEST(without_strict_kex_ignorable_messages_may_come_between)
{
    static void (*const extras[])(void) = {ignore, debug, unimplemented};

    for (size_t i = 0; i < COUNT(extras); i++) {
        script_meet(&script, &real, NACRE_SERVER, false);
        extras[i]();
        script_kexinit(&script, NULL);
        extras[i]();
        script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
        script_init_share(&script);
        extras[i]();
        script_take_reply(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_REPLY));
        (void)script_expect(&script, &real, SSH_MSG_NEWKEYS);
        extras[i]();
        script_newkeys(&script);
        script_take_newkeys(&script);
        script_expect_silence(&script, &real);
        ck_assert_int_eq(real.transport.phase, PHASE_FIRST);
        script_part(&script, &real);
    }
}
END_TEST

/* 4253/7.1/19, 4253/7.1/21, 4253/7.1/23, 4253/7.3/4, 4253/12/1, 8308/2.4/4, strict/3.2/3 */
START_TEST(messages_out_of_order_end_the_session)
{
    static void (*const orders[][4])(void) = {
        {newkeys},
        {share},
        {reply},
        {service_request},
        {auth_request},
        {channel_data},
        {ext_info},
        {kexinit, newkeys},
        {kexinit, kexinit},
        {kexinit, reply},
        {kexinit, gex_request},
        {kexinit, ext_info},
        {kexinit, service_request},
        {kexinit, auth_request},
        {kexinit, channel_data},
        {kexinit, share, share},
        {kexinit, share, kexinit},
        {kexinit, share, reply},
        {kexinit, share, channel_data},
        {kexinit, share, service_request},
    };

    for (int strict = 0; strict < 2; strict++)
        for (size_t i = 0; i < COUNT(orders); i++) {
            script_meet(&script, &real, NACRE_SERVER, strict == 1);
            for (size_t step = 0; step < 4 && orders[i][step] != NULL; step++)
                orders[i][step]();
            script_pump(&script, &real);
            ck_assert_msg(transport_ended(&real.transport), "order %zu", i);
            ck_assert_int_eq(real.transport.end.cause, NACRE_PROTOCOL_ERROR);
            script_part(&script, &real);
        }
}
END_TEST

/* 4253/7.3/4, 4253/7.1/23, 4253/7.1/21: the same in a later exchange, and without one. */
START_TEST(messages_out_of_order_under_keys_end_the_session)
{
    static void (*const orders[][4])(void) = {
        {newkeys},
        {share},
        {reply},
        {gex_request},
        {kexinit, newkeys},
        {kexinit, kexinit},
        {kexinit, reply},
        {kexinit, gex_request},
        {kexinit, ext_info},
        {kexinit, channel_data},
        {kexinit, auth_request},
        {kexinit, service_request},
        {kexinit, share, share},
        {kexinit, share, channel_data},
    };

    for (size_t i = 0; i < COUNT(orders); i++) {
        script_meet_connected(&script, &real, NACRE_SERVER, true);
        for (size_t step = 0; step < 4 && orders[i][step] != NULL; step++)
            orders[i][step]();
        script_pump(&script, &real);
        ck_assert_msg(transport_ended(&real.transport), "order %zu", i);
        ck_assert_uint_eq(real.received_count, 0);
        script_part(&script, &real);
    }
}
END_TEST

/* strict/3.2/7, 4253/11.4/1 */
START_TEST(in_a_later_exchange_ignorable_messages_may_come_between)
{
    script_meet_connected(&script, &real, NACRE_SERVER, true);
    script_kexinit(&script, NULL);
    ignore();
    debug();
    script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
    unknown();
    (void)script_expect(&script, &real, SSH_MSG_UNIMPLEMENTED);
    script_init_share(&script);
    unimplemented();
    script_take_reply(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_REPLY));
    script_part(&script, &real);
}
END_TEST

/* 4253/7.1/23: correct except for its number. */
START_TEST(a_share_under_another_number_is_refused)
{
    for (int number = SSH_MSG_KEX_METHOD_FIRST; number <= SSH_MSG_KEX_METHOD_LAST; number++) {
        uint8_t payload[1 + 4 + 32] = {(uint8_t)number, 0, 0, 0, 32, 9};

        script_meet(&script, &real, NACRE_SERVER, true);
        kexinit();
        script_send(&script, BYTES_OF_ARRAY(payload));
        script_pump(&script, &real);
        ck_assert(transport_ended(&real.transport) == (number != SSH_MSG_KEX_ECDH_INIT));
        script_part(&script, &real);
    }
}
END_TEST

/* 4253/7.3/5 */
START_TEST(newkeys_with_a_payload_is_malformed)
{
    const uint8_t payload[] = {SSH_MSG_NEWKEYS, 0};

    script_meet(&script, &real, NACRE_SERVER, true);
    kexinit();
    share();
    script_send(&script, BYTES_OF_ARRAY(payload));
    script_pump(&script, &real);
    ck_assert(transport_ended(&real.transport));
    ck_assert_uint_eq(real.transport.end.code, SSH_DISCONNECT_PROTOCOL_ERROR);
    script_part(&script, &real);
}
END_TEST

/* A string that declares `len` bytes and has these, and `more` bytes after it. */
static void send_share(const uint8_t *bytes, size_t have, uint32_t len, size_t more)
{
    uint8_t payload[128] = {SSH_MSG_KEX_ECDH_INIT};

    store_u32(payload + 1, len);
    memcpy(payload + 5, bytes, have);
    script_send(&script, (struct bytes){payload, 5 + have + more});
}

/* 8731/3/1, 8731/3/3, 4253/8/6, 4251/5/9 */
START_TEST(a_share_of_another_length_fails_the_exchange)
{
    static const struct {
        size_t have;
        uint32_t len;
        size_t more;
    } cases[] = {{0, 0, 0},   {31, 31, 0}, {33, 33, 0},         {64, 64, 0},
                 {32, 33, 0}, {32, 31, 0}, {32, 0xffffffff, 0}, {32, 32, 1},
                 {32, 32, 4}, {31, 32, 0}, {0, 32, 0}};
    uint8_t bytes[64];

    memset(bytes, 9, sizeof bytes);
    for (size_t i = 0; i < COUNT(cases); i++) {
        script_meet(&script, &real, NACRE_SERVER, true);
        kexinit();
        send_share(bytes, cases[i].have, cases[i].len, cases[i].more);
        script_expect_disconnect(&script, &real,
                                 cases[i].have == cases[i].len && cases[i].more == 0
                                     ? SSH_DISCONNECT_KEY_EXCHANGE_FAILED
                                     : SSH_DISCONNECT_PROTOCOL_ERROR);
        script_part(&script, &real);
    }
}
END_TEST

/* 8731/3/2: RFC 7748 section 6.1, "all-zero value": the points of order 1, 2, 4 and 8, and their
 * non-canonical encodings. */
START_TEST(a_share_that_gives_a_zero_secret_fails_the_exchange)
{
    static const uint8_t points[][32] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
         0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
         0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
         0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
         0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    };

    for (size_t i = 0; i < COUNT(points); i++)
        for (int top = 0; top < 2; top++) {
            uint8_t point[32];

            memcpy(point, points[i], sizeof point);
            point[31] |= (uint8_t)(top << 7);
            script_meet(&script, &real, NACRE_SERVER, true);
            kexinit();
            send_share(point, 32, 32, 0);
            script_expect_disconnect(&script, &real, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
            script_part(&script, &real);
        }
}
END_TEST

/* 8731/3/5, 4251/5/3, 4253/7.2/4: some of these secrets begin with a zero, half with a high bit. */
START_TEST(two_hundred_exchanges_agree_on_every_secret)
{
    bool high = false, low = false;

    script_meet_connected(&script, &real, NACRE_SERVER, true);
    for (int i = 0; i < 200; i++) {
        script_exchange(&script, &real, NULL);
        high = high || script.secret_len == 4 + 33;
        low = low || script.secret_len == 4 + 32;
    }
    ck_assert(high && low);
    ck_assert_int_eq(real.exchanges, 201);
    script_part(&script, &real);
}
END_TEST

/* A packet under other keys or numbers: its length is not plausible, or its tag is wrong. */
static void expect_not_understood(void)
{
    script_pump(&script, &real);
    ck_assert(transport_ended(&real.transport));
    ck_assert(real.transport.end.code == SSH_DISCONNECT_MAC_ERROR ||
              real.transport.end.code == SSH_DISCONNECT_PROTOCOL_ERROR);
    script_expect_disconnect(&script, &real, real.transport.end.code);
}

/* strict/3.3/1, strict/3.3/2, strict/3.3/4: a peer that numbers its packets otherwise is not
 * understood. */
START_TEST(sequence_numbers_restart_under_strict_kex_only)
{
    for (int strict = 0; strict < 2; strict++)
        for (int later = 0; later < 2; later++) {
            script_meet(&script, &real, NACRE_SERVER, strict == 1);
            if (later)
                script_connect(&script, &real, NULL);
            script_kexinit(&script, NULL);
            script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
            script_init_share(&script);
            script_take_reply(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_REPLY));
            (void)script_expect(&script, &real, SSH_MSG_NEWKEYS);
            script_take_newkeys(&script);
            script.strict = !script.strict;
            script_newkeys(&script);
            ignore();
            expect_not_understood();
            script_part(&script, &real);
        }
}
END_TEST

/* 4253/7.3/1, 4253/7.3/2, 4253/9/6 */
START_TEST(after_newkeys_a_packet_under_the_old_keys_is_refused)
{
    script_meet_connected(&script, &real, NACRE_SERVER, true);
    script_kexinit(&script, NULL);
    script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
    script_init_share(&script);
    script_take_reply(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_REPLY));
    (void)script_expect(&script, &real, SSH_MSG_NEWKEYS);
    newkeys(); /* and the script keeps using its old keys */
    ignore();
    script_take_newkeys(&script);
    expect_not_understood();
    script_part(&script, &real);
}
END_TEST

/* 4253/7.1/20: messages in flight when we send our KEXINIT are read, until the peer's KEXINIT. */
START_TEST(messages_in_flight_are_read_until_the_peer_sends_kexinit)
{
    script_meet_connected(&script, &real, NACRE_SERVER, true);
    transport_tick(&real.transport, 1000 + 3600 * 1000); /* an hour later: a rekey begins */
    for (int i = 0; i < 200; i++)
        channel_data();
    script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
    ck_assert_uint_eq(real.received_count, 200);
    ck_assert_int_eq(real.transport.phase, PHASE_CONNECTION);
    script_kexinit(&script, NULL);
    script_init_share(&script);
    script_take_reply(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_REPLY));
    (void)script_expect(&script, &real, SSH_MSG_NEWKEYS);
    script_take_newkeys(&script);
    script_newkeys(&script);
    channel_data();
    script_expect_silence(&script, &real);
    ck_assert_uint_eq(real.received_count, 201);
    script_part(&script, &real);
}
END_TEST

/* 4253/9/1, 4253/9/4, 4253/9/8: right after NEWKEYS, before the service, during authentication. */
START_TEST(a_peer_may_begin_an_exchange_in_every_phase)
{
    for (int login = 0; login < 2; login++) {
        script_meet_connected(&script, &real, NACRE_SERVER, login);
        script_exchange(&script, &real, NULL);
        ck_assert_int_eq(real.transport.phase, login ? PHASE_CONNECTION : PHASE_AUTH);
        script_part(&script, &real);
    }
    script_meet(&script, &real, NACRE_SERVER, true);
    script_exchange(&script, &real, NULL);
    script_exchange(&script, &real, NULL);
    ck_assert_int_eq(real.transport.phase, PHASE_SERVICE);
    script_text(&script, SSH_MSG_SERVICE_REQUEST, "ssh-userauth");
    (void)script_expect(&script, &real, SSH_MSG_SERVICE_ACCEPT);
    ck_assert_int_eq(real.transport.phase, PHASE_AUTH);
    script_part(&script, &real);
}
END_TEST

START_TEST(the_shared_secret_is_wiped)
{
    enum { LONGEST = 1024 };

    script_meet_connected(&script, &real, (enum nacre_role)_i, false);
    wiped_record();
    script_exchange(&script, &real, NULL);
    assert_wiped(LONGEST, 1);
    script_part(&script, &real);
}
END_TEST

/* ---- for key logs ---- */

static struct loop pair;
static char labels[2][32]; /* by role: of the secrets that its observer saw */
static uint8_t shared[2][1024];
static size_t shared_len[2];

static void see_secret(void *context, char label, const uint8_t *bytes, size_t len)
{
    const enum nacre_role role = ((const struct loop_end *)context)->config.role;
    const size_t n = strlen(labels[role]);

    ck_assert_uint_lt(n + 1, sizeof labels[role]);
    labels[role][n] = label;
    if (label != 'K')
        return;
    ck_assert_uint_le(len, sizeof shared[role]);
    memcpy(shared[role], bytes, len);
    shared_len[role] = len;
}

static const struct {
    const char *name, *begins; /* with these secrets, in this order */
} observed[] = {
    {"curve25519-sha256", "xKH"},
    {"diffie-hellman-group14-sha256", "xKH"},
    {"diffie-hellman-group-exchange-sha256", "xKH"},
    {"ecdh-sha2-nistp256", "KH"},
    {"mlkem768x25519-sha256", "KH"},
};

START_TEST(both_ends_see_the_secrets_of_each_method)
{
    struct loop_end *ends[] = {&pair.server, &pair.client};

    memset(labels, 0, sizeof labels);
    loop_open(&pair);
    for (int i = 0; i < 2; i++) {
        ends[i]->observer.secret = see_secret;
        ends[i]->config.algorithms[ALGORITHM_KEX] = observed[_i].name;
    }
    loop_connect(&pair);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(strncmp(labels[i], observed[_i].begins, strlen(observed[_i].begins)) == 0,
                      "%s: %s", observed[_i].name, labels[i]);
    assert_bytes((struct bytes){shared[0], shared_len[0]},
                 (struct bytes){shared[1], shared_len[1]});
    ck_assert_uint_gt(shared_len[0], 0);
    loop_close(&pair);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, both_ends_see_the_secrets_of_each_method, 0, COUNT(observed));
    add_test(suite, strict_kex_accepts_only_messages_of_the_exchange);
    add_test(suite, without_strict_kex_ignorable_messages_may_come_between);
    add_test(suite, messages_out_of_order_end_the_session);
    add_test(suite, messages_out_of_order_under_keys_end_the_session);
    add_test(suite, in_a_later_exchange_ignorable_messages_may_come_between);
    add_test(suite, a_share_under_another_number_is_refused);
    add_test(suite, newkeys_with_a_payload_is_malformed);
    add_test(suite, a_share_of_another_length_fails_the_exchange);
    add_test(suite, a_share_that_gives_a_zero_secret_fails_the_exchange);
    add_test(suite, two_hundred_exchanges_agree_on_every_secret);
    add_test(suite, sequence_numbers_restart_under_strict_kex_only);
    add_test(suite, after_newkeys_a_packet_under_the_old_keys_is_refused);
    add_test(suite, messages_in_flight_are_read_until_the_peer_sends_kexinit);
    add_test(suite, a_peer_may_begin_an_exchange_in_every_phase);
    add_loop(suite, the_shared_secret_is_wiped, NACRE_SERVER, NACRE_CLIENT + 1);
}
