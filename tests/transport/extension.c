/* EXT_INFO and ping. RFC 8308; PROTOCOL section 1.8, draft-miller-ssh-ping. A real transport
 * against a scripted peer. */
#include "tests/support/suite.h"
#include "tests/support/script_peer.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct loop_end real;
static struct script script;

static const struct script_kexinit wants_ext_info[] = {
    [NACRE_SERVER] = {.kex = "curve25519-sha256,ext-info-s"},
    [NACRE_CLIENT] = {.kex = "curve25519-sha256,ext-info-c"},
};

/* Up to NEWKEYS, with a peer that requests EXT_INFO. */
static void meet(enum nacre_role role)
{
    script_meet(&script, &real, role, false);
    script_exchange(&script, &real, &wants_ext_info[1 - role]);
}

/* The value of an extension in a received EXT_INFO; at == NULL when it is absent. */
static struct bytes extension_in(struct bytes payload, const char *wanted)
{
    struct bytes found = {NULL, 0};
    struct reader r = read_from(payload);
    uint32_t count;

    ck_assert_uint_eq(read_u8(&r), SSH_MSG_EXT_INFO);
    count = read_u32(&r);
    for (uint32_t i = 0; i < count; i++) {
        struct bytes name = read_string(&r);
        struct bytes value = read_string(&r);

        if (bytes_are(name, wanted))
            found = value;
    }
    ck_assert(read_done(&r)); /* 8308/2.3/1 */
    return found;
}

/* 8308/3.1/1, 8308/3.1/2 */
START_TEST(a_server_sends_server_sig_algs)
{
    uint8_t out[2048];
    struct writer w = write_to(out, sizeof out);
    struct bytes payload;

    meet(NACRE_SERVER);
    payload = script_expect(&script, &real, SSH_MSG_EXT_INFO);
    write_default_names(&w, ALGORITHM_PUBLIC_KEY);
    assert_bytes(extension_in(payload, "server-sig-algs"), written_bytes(&w));
    assert_bytes(extension_in(payload, "ping@openssh.com"), bytes_of("0"));
    script_part(&script, &real);
}
END_TEST

/* 8308/2.4/1: the client's is the very next packet, then SERVICE_REQUEST. */
START_TEST(a_client_sends_ext_info_right_after_newkeys)
{
    struct bytes payload;

    meet(NACRE_CLIENT);
    payload = script_expect(&script, &real, SSH_MSG_EXT_INFO);
    ck_assert_ptr_null(extension_in(payload, "server-sig-algs").at);
    (void)script_expect(&script, &real, SSH_MSG_SERVICE_REQUEST);
    script_part(&script, &real);
}
END_TEST

/* 8308/2.2/5 */
START_TEST(ext_info_is_not_sent_to_a_peer_that_did_not_request_it)
{
    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++) {
        script_meet_connected(&script, &real, role, true);
        ck_assert_uint_eq(loop_end_count(&real, NACRE_SENT, SSH_MSG_EXT_INFO), 0);
        script_part(&script, &real);
    }
}
END_TEST

/* EXT_INFO with this count, the same extension `pairs` times, and `more` bytes after it. */
static void send_ext_info_with(uint32_t count, size_t pairs, struct bytes name, struct bytes value,
                               size_t more)
{
    static uint8_t payload[60000];
    struct writer w = write_to(payload, sizeof payload);

    write_u8(&w, SSH_MSG_EXT_INFO);
    write_u32(&w, count);
    for (size_t i = 0; i < pairs; i++) {
        write_string(&w, name);
        write_string(&w, value);
    }
    for (size_t i = 0; i < more; i++)
        write_u8(&w, 0);
    ck_assert(!w.bad);
    script_send(&script, written_bytes(&w));
}

/* 8308/2.2/1, 8308/2.5/1, 8308/2.5/3, 8308/2.5/4, 8308/2.5/5, 8308/3.1/6 */
START_TEST(well_formed_ext_info_is_accepted_whatever_its_extensions)
{
    static const char value[31000] = {0, 1, 2, 3};
    static const struct {
        uint32_t count;
        const char *name, *value;
        size_t value_len; /* 0: to its NUL */
    } cases[] = {
        {0, "", "", 0},
        {1, "foo@example.com", "x", 0},
        {100, "foo@example.com", "x", 0},
        {1, "", "", 0},
        {1, "foo@example.com", value, sizeof value},
        {2, "server-sig-algs", "ssh-ed25519,rsa-sha2-512", 0},
        {1, "server-sig-algs", "", 0},
        {1, "server-sig-algs", ",,,", 0},
        {1, "server-sig-algs", value, sizeof value},
        {1, "publickey-hostbound@openssh.com", "1", 0},
        {1, "no-flow-control", "p", 0},
        {1, "delay-compression", value, 8},
    };

    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++)
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct bytes v = {(const uint8_t *)cases[i].value, cases[i].value_len};

            if (v.len == 0)
                v = bytes_of(cases[i].value);
            meet(role);
            send_ext_info_with(cases[i].count, cases[i].count, bytes_of(cases[i].name), v, 0);
            script_pump(&script, &real);
            ck_assert_msg(!transport_ended(&real.transport), "case %zu", i);
            ck_assert(!real.transport.peer.hostbound);
            script_part(&script, &real);
        }
}
END_TEST

/* 8308/2.3/1 */
START_TEST(ext_info_with_a_wrong_count_ends_the_session)
{
    static const struct {
        uint32_t count;
        size_t pairs, more;
    } cases[] = {{1, 0, 0},          {2, 1, 0}, {0, 1, 0}, {1, 2, 0},
                 {0xffffffff, 3, 0}, {1, 1, 1}, {1, 1, 4}, {2, 1, 7}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        meet(NACRE_SERVER);
        send_ext_info_with(cases[i].count, cases[i].pairs, bytes_of("a"), bytes_of("b"),
                           cases[i].more);
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
        script_part(&script, &real);
    }
}
END_TEST

/* 8308/2.4/2, 8308/2.4/3, 8308/2.4/4: with 0 to 2 messages before it. */
START_TEST(a_client_may_send_ext_info_first_and_only_then)
{
    for (int before = 0; before < 3; before++) {
        meet(NACRE_SERVER);
        if (before == 1)
            script_text(&script, SSH_MSG_IGNORE, "");
        if (before == 2)
            script_text(&script, SSH_MSG_SERVICE_REQUEST, "ssh-userauth");
        send_ext_info_with(1, 1, bytes_of("publickey-hostbound@openssh.com"), bytes_of("0"), 0);
        script_pump(&script, &real);
        ck_assert(transport_ended(&real.transport) == (before > 0));
        ck_assert(real.transport.peer.hostbound == (before == 0));
        script_part(&script, &real);
    }
}
END_TEST

START_TEST(a_server_may_send_ext_info_first_and_during_authentication)
{
    for (int first = 0; first < 2; first++) {
        meet(NACRE_CLIENT);
        if (first)
            send_ext_info_with(0, 0, bytes_of(""), bytes_of(""), 0);
        script_text(&script, SSH_MSG_SERVICE_ACCEPT, "ssh-userauth");
        send_ext_info_with(1, 1, bytes_of("publickey-hostbound@openssh.com"), bytes_of("0"), 0);
        script_pump(&script, &real);
        ck_assert(real.transport.peer.hostbound);
        ck_assert_int_eq(real.transport.phase, PHASE_AUTH);
        loop_end_log_in(&real);
        send_ext_info_with(0, 0, bytes_of(""), bytes_of(""), 0);
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
        script_part(&script, &real);
    }
}
END_TEST

/* 8308/3.1/3, 8308/3.1/4 */
START_TEST(a_client_remembers_which_signatures_the_server_accepts)
{
    const struct algorithm *ed25519 = algorithm_find(ALGORITHM_PUBLIC_KEY, bytes_of("ssh-ed25519"));
    const struct algorithm *rsa = algorithm_find(ALGORITHM_PUBLIC_KEY, bytes_of("rsa-sha2-512"));

    const struct algorithm *nistp =
        algorithm_find(ALGORITHM_PUBLIC_KEY, bytes_of("ecdsa-sha2-nistp256"));
    const struct algorithm *sha256 = algorithm_find(ALGORITHM_PUBLIC_KEY, bytes_of("rsa-sha2-256"));

    meet(NACRE_CLIENT);
    ck_assert(transport_peer_takes(&real.transport, ed25519));
    ck_assert(transport_peer_takes(&real.transport, rsa));
    ck_assert(transport_peer_takes(&real.transport, sha256));
    send_ext_info_with(1, 1, bytes_of("server-sig-algs"), bytes_of("x,rsa-sha2-512,y"), 0);
    script_pump(&script, &real);
    ck_assert(transport_peer_takes(&real.transport, rsa));
    ck_assert(!transport_peer_takes(&real.transport, sha256));
    /* As in OpenSSH, the list restricts RSA only: Conch lists ssh-ed25519 and accepts ECDSA. */
    ck_assert(transport_peer_takes(&real.transport, ed25519));
    ck_assert(transport_peer_takes(&real.transport, nistp));
    script_part(&script, &real);
}
END_TEST

enum { PING_MAX = TRANSPORT_MESSAGE_MAX - 1 - 4 }; /* bytes of data that are answered */

/* A ping of `len` bytes, beginning with `first`. */
static void ping(uint8_t first, size_t len)
{
    static uint8_t payload[40000];
    struct writer w = write_to(payload, sizeof payload);

    write_u8(&w, SSH_MSG_PING);
    write_u32(&w, (uint32_t)len);
    for (size_t i = 0; i < len; i++)
        write_u8(&w, (uint8_t)(first + i));
    ck_assert(!w.bad);
    script_send(&script, written_bytes(&w));
}

static void expect_pong(uint8_t first, size_t len)
{
    struct bytes payload = script_expect(&script, &real, SSH_MSG_PONG);
    struct reader r = read_from((struct bytes){payload.at + 1, payload.len - 1});
    struct bytes data = read_string(&r);
    bool same = read_done(&r) && data.len == len;

    for (size_t i = 0; i < len && same; i++)
        same = data.at[i] == (uint8_t)(first + i);
    ck_assert(same);
}

/* ossh/1.8/1, ping/4/2 */
START_TEST(a_ping_is_answered_with_all_its_data)
{
    static const size_t lengths[] = {0, 1, 1000, 4096, 4097, 30000, 32768, PING_MAX};

    script_meet_connected(&script, &real, (enum nacre_role)_i, true);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        ping((uint8_t)i, lengths[i]);
        expect_pong((uint8_t)i, lengths[i]);
    }
    ping(0, PING_MAX + 1); /* its answer would be longer than every peer must accept */
    script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
    script_part(&script, &real);
}
END_TEST

/* A rekey of ours begins, an hour after the last. */
static void begin_rekey(void)
{
    transport_tick(&real.transport, 1000 + 3600 * 1000);
    script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
}

/* The script's part of it. */
static void finish_rekey(void)
{
    script_kexinit(&script, NULL);
    script_init_share(&script);
    script_take_reply(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_REPLY));
    (void)script_expect(&script, &real, SSH_MSG_NEWKEYS);
    script_take_newkeys(&script);
}

/* ossh/1.8/2: between our KEXINIT and our NEWKEYS none is sent, then all are, in order. */
START_TEST(pongs_wait_for_the_end_of_a_key_exchange)
{
    script_meet_connected(&script, &real, NACRE_SERVER, true);
    begin_rekey();
    for (uint8_t i = 0; i < 20; i++)
        ping(i, i);
    script_expect_silence(&script, &real);
    finish_rekey();
    for (uint8_t i = 0; i < 20; i++)
        expect_pong(i, i);
    script_part(&script, &real);
}
END_TEST

/* The draft's section 4: "SHOULD limit the number of queued replies". None is dropped: what fits
 * is answered, and one byte more ends the session. */
START_TEST(pings_past_the_space_for_answers_end_the_session)
{
    enum { EACH = 4 * 1024 - (4 + 1 + 4) /* bytes of data: the answer and its length are 4 KiB */ };
    uint8_t count = 64 / 4;

    script_meet_connected(&script, &real, NACRE_SERVER, true);
    begin_rekey();
    for (uint8_t i = 0; i < count; i++)
        ping(i, EACH);
    script_expect_silence(&script, &real);
    if (_i == 0) {
        finish_rekey();
        for (uint8_t i = 0; i < count; i++)
            expect_pong(i, EACH);
    } else {
        ping(count, 0);
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
    }
    ck_assert_uint_le(real.pool.in_use, 512 * 1024);
    script_part(&script, &real);
}
END_TEST

/* ping/4/3 */
START_TEST(a_ping_before_the_login_is_not_answered)
{
    script_meet_connected(&script, &real, NACRE_SERVER, false);
    ping(0, 10);
    script_expect_silence(&script, &real);
    script_part(&script, &real);
}
END_TEST

/* ping/4/1 */
START_TEST(a_pong_is_never_answered)
{
    script_meet_connected(&script, &real, NACRE_SERVER, true);
    script_text(&script, SSH_MSG_PONG, "pong");
    script_send(&script, (struct bytes){(const uint8_t[]){SSH_MSG_PONG}, 1});
    script_expect_silence(&script, &real);
    script_part(&script, &real);
}
END_TEST

START_TEST(a_malformed_ping_ends_the_session)
{
    static const struct {
        uint8_t payload[8];
        size_t len;
    } cases[] = {{{192}, 1},
                 {{192, 0, 0, 0}, 4},
                 {{192, 0, 0, 0, 3, 'a', 'b'}, 7},
                 {{192, 0xff, 0xff, 0xff, 0xff, 'a'}, 6},
                 {{192, 0, 0, 0, 1, 'a', 'b'}, 7}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        script_meet_connected(&script, &real, NACRE_SERVER, true);
        script_send(&script, (struct bytes){cases[i].payload, cases[i].len});
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
        script_part(&script, &real);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_server_sends_server_sig_algs);
    add_test(suite, a_client_sends_ext_info_right_after_newkeys);
    add_test(suite, ext_info_is_not_sent_to_a_peer_that_did_not_request_it);
    add_test(suite, well_formed_ext_info_is_accepted_whatever_its_extensions);
    add_test(suite, ext_info_with_a_wrong_count_ends_the_session);
    add_test(suite, a_client_may_send_ext_info_first_and_only_then);
    add_test(suite, a_server_may_send_ext_info_first_and_during_authentication);
    add_test(suite, a_client_remembers_which_signatures_the_server_accepts);
    add_loop(suite, a_ping_is_answered_with_all_its_data, NACRE_SERVER, NACRE_CLIENT + 1);
    add_test(suite, pongs_wait_for_the_end_of_a_key_exchange);
    add_loop(suite, pings_past_the_space_for_answers_end_the_session, 0, 2);
    add_test(suite, a_ping_before_the_login_is_not_answered);
    add_test(suite, a_pong_is_never_answered);
    add_test(suite, a_malformed_ping_ends_the_session);
}
