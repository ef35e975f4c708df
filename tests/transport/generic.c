/* The identification string, DISCONNECT, IGNORE, DEBUG, UNIMPLEMENTED and services. RFC 4253
 * sections 4.2, 10 and 11. A real transport against a scripted peer. */
#include "tests/support/suite.h"
#include "tests/support/script_peer.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct loop_end real;
static struct script script;

static void send_number(uint8_t number)
{
    script_send(&script, (struct bytes){&number, 1});
}

/* A phase of the real server, reached without strict kex. */
static void reach(enum phase phase)
{
    script_meet(&script, &real, NACRE_SERVER, false);
    if (phase == PHASE_KEXINIT)
        script_pump(&script, &real);
    if (phase == PHASE_FIRST)
        script_exchange(&script, &real, NULL);
    if (phase >= PHASE_AUTH)
        script_connect(&script, &real, NULL);
    if (phase == PHASE_CONNECTION)
        loop_end_log_in(&real);
    ck_assert_int_eq(real.transport.phase, phase);
}

static const enum phase phases[] = {PHASE_VERSION, PHASE_KEXINIT, PHASE_FIRST, PHASE_AUTH,
                                    PHASE_CONNECTION};

/* Forget what was received so far. */
static void drain(void)
{
    script_pump(&script, &real);
    while (script_next(&script).len > 0)
        continue;
}

/* 4253/4.2/1 */
START_TEST(the_identification_is_sent_without_waiting)
{
    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++) {
        struct bytes output;

        loop_end_init(&real, role);
        ck_assert(loop_end_start(&real));
        output = transport_output(&real.transport);
        ck_assert_uint_gt(output.len, 10);
        ck_assert_mem_eq(output.at, "SSH-2.0-", 8);
        ck_assert_mem_eq(output.at + output.len - 2, "\r\n", 2);
        loop_end_clear(&real);
    }
}
END_TEST

/* 4253/4.2/7, 4253/4.2/16, 4253/5.1/2, 4253/5.1/3 */
START_TEST(a_wrong_identification_ends_the_session)
{
    static const struct {
        const char *line;
        uint32_t reason;
    } cases[] = {
        {"GET / HTTP/1.0\r\n\r\n", SSH_DISCONNECT_PROTOCOL_ERROR},
        {"\x16\x03\x01\x02", SSH_DISCONNECT_PROTOCOL_ERROR},
        {"SSH-1.5-x\r\n", SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED},
        {"SSH-3.0-x\r\n", SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED},
        {"SSH-2.0\r\n", SSH_DISCONNECT_PROTOCOL_ERROR},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        loop_end_init(&real, NACRE_SERVER);
        script_init(&script, NACRE_CLIENT, false);
        ck_assert(loop_end_start(&real));
        script_raw(&script, bytes_of(cases[i].line));
        script_expect_disconnect(&script, &real, cases[i].reason);
        script_part(&script, &real);
    }
}
END_TEST

/* 4253/4.2/10, 4253/4.2/11: they are not hashed, and their number is bounded. */
START_TEST(a_client_accepts_64_lines_before_the_identification)
{
    for (int lines = 0; lines <= 65; lines += lines == 0 ? 63 : 1) {
        loop_end_init(&real, NACRE_CLIENT);
        script_init(&script, NACRE_SERVER, false);
        ck_assert(loop_end_start(&real));
        for (int i = 0; i < lines; i++)
            script_raw(&script, bytes_of(i % 2 == 0 ? "Welcome to this server\r\n" : "\n"));
        script_version(&script);
        if (lines <= 64)
            script_connect(&script, &real, NULL);
        else
            script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
        script_part(&script, &real);
    }
}
END_TEST

/* 4253/4.2/9, 4253/4.2/15, 4253/5.1/1: the signature proves that the whole line was hashed. */
START_TEST(the_whole_identification_is_hashed)
{
    static const char *const versions[] = {"SSH-2.0-x", "SSH-2.0-x ", "SSH-2.0-x a comment - here",
                                           "SSH-1.99-x", "SSH-2.0-x\xc3\xa9"};

    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++)
        for (size_t i = 0; i < COUNT(versions); i++) {
            loop_end_init(&real, role);
            script_init(&script, 1 - role, false);
            script.version = versions[i];
            ck_assert(loop_end_start(&real));
            script_version(&script);
            script_connect(&script, &real, NULL);
            script_part(&script, &real);
        }
}
END_TEST

/* byte SSH_MSG_DISCONNECT, uint32 reason, string description, string language */
static void send_disconnect(uint32_t reason, struct bytes text)
{
    static uint8_t payload[2048];
    struct writer w = write_to(payload, sizeof payload);

    write_u8(&w, SSH_MSG_DISCONNECT);
    write_u32(&w, reason);
    write_string(&w, text);
    write_text(&w, "en");
    ck_assert(!w.bad);
    script_send(&script, written_bytes(&w));
}

/* 4253/11.1/1, 4253/11.1/2, strict/3.2/5 */
START_TEST(a_disconnect_ends_the_session_in_every_phase_without_an_answer)
{
    static const uint32_t reasons[] = {0, 1, 2, 3, 11, 15, 16, 0x80000000, 0xffffffff};

    for (size_t p = 0; p < COUNT(phases); p++)
        for (size_t i = 0; i < COUNT(reasons); i++) {
            size_t sent;

            reach(phases[p]);
            drain();
            sent = real.seen_count;
            send_disconnect(reasons[i], bytes_of("so long"));
            script_pump(&script, &real);
            ck_assert_int_eq(real.transport.end.cause, NACRE_DISCONNECTED);
            ck_assert_uint_eq(real.transport.end.code, reasons[i]);
            ck_assert_str_eq(real.transport.end.text, "so long");
            ck_assert_uint_eq(transport_output(&real.transport).len, 0);
            ck_assert_uint_eq(script_next(&script).len, 0);
            ck_assert_uint_eq(real.seen_count, sent + 1);
            script_part(&script, &real);
        }
}
END_TEST

/* 4253/11.1/3 */
START_TEST(nothing_after_a_disconnect_has_an_effect)
{
    reach(PHASE_CONNECTION);
    send_disconnect(11, bytes_of("so long"));
    script_text(&script, SSH_MSG_CHANNEL_DATA, "data");
    script_text(&script, 200, "unknown");
    script_pump(&script, &real);
    ck_assert_uint_eq(real.received_count, 0);
    loop_end_send(&real, SSH_MSG_CHANNEL_DATA, 10);
    ck_assert_uint_eq(transport_room(&real.transport), 0);
    ck_assert_uint_eq(transport_output(&real.transport).len, 0);
    script_part(&script, &real);
}
END_TEST

/* The peer does not read the output that was pending. */
START_TEST(pending_output_is_dropped_on_a_disconnect)
{
    uint8_t input[256];
    struct bytes sealed;

    reach(PHASE_CONNECTION);
    drain();
    loop_end_send(&real, SSH_MSG_CHANNEL_DATA, 10);
    ck_assert_uint_gt(transport_output(&real.transport).len, 0);
    send_disconnect(11, bytes_of("so long"));
    sealed = buffer_contents(&script.out);
    memcpy(input, sealed.at, sealed.len);
    loop_end_receive(&real, (struct bytes){input, sealed.len}, 0);
    ck_assert_int_eq(real.transport.end.cause, NACRE_DISCONNECTED);
    ck_assert_uint_eq(transport_output(&real.transport).len, 0);
    script_part(&script, &real);
}
END_TEST

/* 4253/11.1/5, 4251/9.2/1, 4251/4.5/1: UTF-8, without C0 and C1 controls. */
START_TEST(control_characters_are_removed_from_the_text_of_a_disconnect)
{
    static const struct {
        const char *sent;
        size_t len;
        const char *shown;
    } cases[] = {
        {"so long", 7, "so long"},
        {"", 0, ""},
        {"a\x1b[1m\r\n\t\0\x7f", 10, "a?[1m?????"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9a", 14,
         "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9a"},
        {"\x9b"
         "1m",
         3, "?1m"}, /* CSI, in 8 bits */
        {"\xc2\x9b"
         "1m",
         4, "??1m"}, /* and as UTF-8 */
        {"\xc2\xa0", 2, "\xc2\xa0"},
        {"\xc0\x9b\xff\xfe", 4, "????"}, /* not UTF-8 */
        {"\xe2\x82", 2, "??"},
        {"\xe2\x82.", 3, "??."},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        reach(PHASE_AUTH);
        send_disconnect(11, (struct bytes){(const uint8_t *)cases[i].sent, cases[i].len});
        script_pump(&script, &real);
        ck_assert_str_eq(real.transport.end.text, cases[i].shown);
        script_part(&script, &real);
    }
}
END_TEST

START_TEST(the_text_of_a_disconnect_is_shortened_between_characters)
{
    static const char euro[] = "\xe2\x82\xac";
    char text[1000];

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i < 1 ? 'x' : euro[(i - 1) % 3];
    reach(PHASE_AUTH);
    send_disconnect(11, (struct bytes){(uint8_t *)text, sizeof text});
    script_pump(&script, &real);
    ck_assert_uint_eq(strlen(real.transport.end.text), 253); /* of 255 */
    ck_assert_mem_eq(real.transport.end.text, text, 253);
    script_part(&script, &real);
}
END_TEST

START_TEST(a_malformed_disconnect_ends_the_session_too)
{
    static const struct {
        uint8_t payload[16];
        size_t len;
    } cases[] = {{{1}, 1},
                 {{1, 0, 0}, 3},
                 {{1, 0, 0, 0, 11}, 5},
                 {{1, 0, 0, 0, 11, 0, 0, 0, 9, 'x'}, 10},
                 {{1, 0, 0, 0, 11, 0xff, 0xff, 0xff, 0xff, 'x'}, 10},
                 {{1, 0, 0, 0, 11, 0, 0, 0, 1, 'x'}, 10},
                 {{1, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 9}, 14}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        reach(PHASE_AUTH);
        drain();
        script_send(&script, (struct bytes){cases[i].payload, cases[i].len});
        script_pump(&script, &real);
        ck_assert_int_eq(real.transport.end.cause, NACRE_DISCONNECTED);
        ck_assert_uint_eq(script_next(&script).len, 0);
        script_part(&script, &real);
    }
}
END_TEST

/* 4253/11.2/1, 4253/11.2/2, 4253/11.3/1, 4253/11.4/3, 4253/6.1/1: long, short and malformed ones
 * too. */
START_TEST(ignore_debug_and_unimplemented_do_nothing_in_any_phase)
{
    static uint8_t payload[30000];
    static const size_t lengths[] = {1, 2, 5, 9, 32, sizeof payload};

    for (size_t p = 0; p < COUNT(phases); p++)
        for (int number = SSH_MSG_IGNORE; number <= SSH_MSG_DEBUG; number++)
            for (size_t i = 0; i < COUNT(lengths); i++) {
                reach(phases[p]);
                drain();
                memset(payload, (int)i, sizeof payload);
                payload[0] = (uint8_t)number;
                script_send(&script, (struct bytes){payload, lengths[i]});
                script_pump(&script, &real);
                ck_assert(!transport_ended(&real.transport));
                ck_assert_uint_eq(loop_end_count(&real, NACRE_SENT, SSH_MSG_UNIMPLEMENTED), 0);
                script_part(&script, &real);
            }
}
END_TEST

/* RFC 4253 section 11.4: byte SSH_MSG_UNIMPLEMENTED, uint32 packet sequence number */
static void expect_unimplemented(uint32_t seq)
{
    struct bytes payload = script_expect(&script, &real, SSH_MSG_UNIMPLEMENTED);
    struct reader r = read_from(payload);

    (void)read_u8(&r);
    ck_assert_uint_eq(read_u32(&r), seq);
    ck_assert(read_done(&r));
}

/* 4253/11.4/1, 4253/11.4/2, 4250/4.1.1/1 */
START_TEST(unknown_messages_are_answered_in_order_with_their_sequence_number)
{
    static const uint8_t numbers[] = {8,   9,   19,  22,  29,  0,   83,  89,
                                      101, 127, 128, 150, 191, 194, 200, 255};

    reach(PHASE_CONNECTION);
    drain();
    for (size_t i = 0; i < COUNT(numbers); i++) {
        send_number(numbers[i]);
        script_text(&script, SSH_MSG_IGNORE, "in between");
    }
    for (size_t i = 0; i < COUNT(numbers); i++)
        expect_unimplemented(script.sending.seq - 2 * (uint32_t)(COUNT(numbers) - i));
    script_expect_silence(&script, &real);
    script_part(&script, &real);
}
END_TEST

/* strict/3.3/3 */
START_TEST(the_first_packet_after_newkeys_is_number_0_under_strict_kex)
{
    for (int strict = 0; strict < 2; strict++) {
        script_meet(&script, &real, NACRE_SERVER, strict == 1);
        script_exchange(&script, &real, NULL);
        send_number(19);
        expect_unimplemented(strict ? 0 : 3);
        send_number(19);
        expect_unimplemented(strict ? 1 : 4);
        script_part(&script, &real);
    }
}
END_TEST

/* RFC 4252 section 6; 4253/10/7 */
START_TEST(messages_of_later_protocols_before_the_login_end_the_session)
{
    static const struct {
        enum phase phase;
        uint8_t number;
    } cases[] = {{PHASE_FIRST, SSH_MSG_USERAUTH_REQUEST},
                 {PHASE_FIRST, SSH_MSG_CHANNEL_OPEN},
                 {PHASE_FIRST, 200},
                 {PHASE_AUTH, SSH_MSG_GLOBAL_REQUEST},
                 {PHASE_AUTH, SSH_MSG_CHANNEL_OPEN},
                 {PHASE_AUTH, SSH_MSG_CHANNEL_DATA},
                 {PHASE_AUTH, 127},
                 {PHASE_AUTH, 200}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        reach(cases[i].phase);
        send_number(cases[i].number);
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
        ck_assert_uint_eq(real.received_count, 0);
        script_part(&script, &real);
    }
}
END_TEST

START_TEST(messages_go_to_the_service_of_their_range)
{
    static const uint8_t connection[] = {80, 81, 82, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100};

    reach(PHASE_AUTH);
    send_number(SSH_MSG_USERAUTH_REQUEST);
    drain();
    ck_assert_uint_eq(real.received_count, 1);
    loop_end_log_in(&real);
    for (size_t i = 0; i < COUNT(connection); i++)
        send_number(connection[i]);
    send_number(SSH_MSG_USERAUTH_REQUEST); /* too late: ignored, RFC 4252 section 5.3 */
    script_expect_silence(&script, &real);
    ck_assert_uint_eq(real.received_count, 1 + COUNT(connection));
    ck_assert_mem_eq(real.received + 1, connection, COUNT(connection));
    script_part(&script, &real);
}
END_TEST

/* 4253/10/1 */
START_TEST(a_request_for_authentication_is_accepted_by_name)
{
    struct bytes payload;
    struct reader r;

    reach(PHASE_FIRST);
    script_text(&script, SSH_MSG_SERVICE_REQUEST, "ssh-userauth");
    payload = script_expect(&script, &real, SSH_MSG_SERVICE_ACCEPT);
    r = read_from((struct bytes){payload.at + 1, payload.len - 1});
    assert_bytes(read_string(&r), bytes_of("ssh-userauth"));
    ck_assert(read_done(&r));
    ck_assert(real.started[SERVICE_AUTH]);
    ck_assert(!real.started[SERVICE_CONNECTION]);
    script_part(&script, &real);
}
END_TEST

/* 4253/10/2, 4253/10/3 */
START_TEST(another_service_is_not_available)
{
    static const char *const names[] = {"ssh-connection", "no-such-service", "", "SSH-USERAUTH",
                                        "ssh-userauth@example.com"};

    for (size_t i = 0; i < COUNT(names); i++) {
        reach(PHASE_FIRST);
        script_text(&script, SSH_MSG_SERVICE_REQUEST, names[i]);
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE);
        ck_assert(!real.started[SERVICE_AUTH]);
        script_part(&script, &real);
    }
}
END_TEST

START_TEST(a_malformed_service_request_ends_the_session)
{
    static const struct {
        uint8_t payload[24];
        size_t len;
    } cases[] = {
        {{5}, 1},
        {{5, 0, 0, 0}, 4},
        {{5, 0, 0, 0, 13, 's', 's', 'h', '-', 'u', 's', 'e', 'r', 'a', 'u', 't', 'h'}, 17},
        {{5, 0, 0, 0, 12, 's', 's', 'h', '-', 'u', 's', 'e', 'r', 'a', 'u', 't', 'h', 0}, 18}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        reach(PHASE_FIRST);
        script_send(&script, (struct bytes){cases[i].payload, cases[i].len});
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
        script_part(&script, &real);
    }
}
END_TEST

/* 4253/10/6: it is accepted and has no effect. */
START_TEST(a_repeated_request_for_authentication_is_accepted_again)
{
    reach(PHASE_AUTH);
    real.started[SERVICE_AUTH] = false;
    script_text(&script, SSH_MSG_SERVICE_REQUEST, "ssh-userauth");
    (void)script_expect(&script, &real, SSH_MSG_SERVICE_ACCEPT);
    ck_assert(!real.started[SERVICE_AUTH]);
    ck_assert_int_eq(real.transport.phase, PHASE_AUTH);
    script_part(&script, &real);
}
END_TEST

/* 4253/12/1 */
START_TEST(service_messages_at_the_wrong_time_or_from_the_wrong_side_end_the_session)
{
    static const struct {
        enum phase phase;
        uint8_t number;
    } cases[] = {{PHASE_FIRST, SSH_MSG_SERVICE_ACCEPT},
                 {PHASE_AUTH, SSH_MSG_SERVICE_ACCEPT},
                 {PHASE_CONNECTION, SSH_MSG_SERVICE_REQUEST}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        reach(cases[i].phase);
        script_text(&script, cases[i].number, "ssh-userauth");
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
        script_part(&script, &real);
    }
}
END_TEST

/* 4253/10/4, 4253/10/5 */
START_TEST(a_client_requests_authentication_and_accepts_nothing_else)
{
    static const char *const names[] = {"ssh-connection", "", "ssh-userauth2"};

    for (size_t i = 0; i < COUNT(names); i++) {
        script_meet(&script, &real, NACRE_CLIENT, true);
        script_exchange(&script, &real, NULL);
        (void)script_expect(&script, &real, SSH_MSG_SERVICE_REQUEST);
        script_text(&script, SSH_MSG_SERVICE_ACCEPT, names[i]);
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
        ck_assert(!real.started[SERVICE_AUTH]);
        script_part(&script, &real);
    }
}
END_TEST

/* As some servers send it: without the name, or with the right one. */
START_TEST(a_client_accepts_an_acceptance_without_a_name)
{
    script_meet(&script, &real, NACRE_CLIENT, true);
    script_exchange(&script, &real, NULL);
    (void)script_expect(&script, &real, SSH_MSG_SERVICE_REQUEST);
    script_send(&script, (struct bytes){(const uint8_t[]){SSH_MSG_SERVICE_ACCEPT}, 1});
    script_pump(&script, &real);
    ck_assert(real.started[SERVICE_AUTH]);
    script_part(&script, &real);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_identification_is_sent_without_waiting);
    add_test(suite, a_wrong_identification_ends_the_session);
    add_test(suite, a_client_accepts_64_lines_before_the_identification);
    add_test(suite, the_whole_identification_is_hashed);
    add_test(suite, a_disconnect_ends_the_session_in_every_phase_without_an_answer);
    add_test(suite, nothing_after_a_disconnect_has_an_effect);
    add_test(suite, pending_output_is_dropped_on_a_disconnect);
    add_test(suite, control_characters_are_removed_from_the_text_of_a_disconnect);
    add_test(suite, the_text_of_a_disconnect_is_shortened_between_characters);
    add_test(suite, a_malformed_disconnect_ends_the_session_too);
    add_test(suite, ignore_debug_and_unimplemented_do_nothing_in_any_phase);
    add_test(suite, unknown_messages_are_answered_in_order_with_their_sequence_number);
    add_test(suite, the_first_packet_after_newkeys_is_number_0_under_strict_kex);
    add_test(suite, messages_of_later_protocols_before_the_login_end_the_session);
    add_test(suite, messages_go_to_the_service_of_their_range);
    add_test(suite, a_request_for_authentication_is_accepted_by_name);
    add_test(suite, another_service_is_not_available);
    add_test(suite, a_malformed_service_request_ends_the_session);
    add_test(suite, a_repeated_request_for_authentication_is_accepted_again);
    add_test(suite, service_messages_at_the_wrong_time_or_from_the_wrong_side_end_the_session);
    add_test(suite, a_client_requests_authentication_and_accepts_nothing_else);
    add_test(suite, a_client_accepts_an_acceptance_without_a_name);
}
