/* Which messages are legal before the login. RFC 4252 sections 5 and 6. */
#include "tests/support/auth_script.h"

#include <string.h>

/* [4252/6/3] RFC 4250 section 4.1.2: 60 to 79 belong to the method in progress */
START_TEST(messages_that_a_server_sends_do_not_log_in_a_client)
{
    static const struct {
        uint8_t number;
        const char *answer;
    } rows[] = {
        {SSH_MSG_USERAUTH_FAILURE, "disconnect 2;"},
        {SSH_MSG_USERAUTH_SUCCESS, "disconnect 2;"},
        {SSH_MSG_USERAUTH_BANNER, "disconnect 2;"},
        {SSH_MSG_USERAUTH_PK_OK, "disconnect 2;"},
        {SSH_MSG_USERAUTH_INFO_RESPONSE, "disconnect 2;"},
        {79, "unimplemented;"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start_server();
        scripted_send(&s, rows[i].number, "");
        scripted_expect(&s, rows[i].answer);
        ck_assert(!s.real->authenticated);
        scripted_clear(&s);
    }
}
END_TEST

/* [4252/6/1] */
START_TEST(connection_messages_before_the_login_disconnect)
{
    static const struct {
        uint8_t number;
        const char *fields, *text;
    } rows[] = {
        {SSH_MSG_GLOBAL_REQUEST, "s?", "keepalive@openssh.com"},
        {SSH_MSG_CHANNEL_OPEN, "suuu", "session"},
        {SSH_MSG_CHANNEL_DATA, "us", ""},
        {SSH_MSG_CHANNEL_REQUEST, "us?", ""},
        {SSH_MSG_CHANNEL_CLOSE, "u", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start_server();
        if (rows[i].fields[0] == 's')
            scripted_send(&s, rows[i].number, rows[i].fields, rows[i].text, 1, 1, 1);
        else
            scripted_send(&s, rows[i].number, rows[i].fields, 0, "x", 1);
        scripted_expect(&s, "disconnect 2;");
        scripted_told(&s, "");
        scripted_clear(&s);
    }
}
END_TEST

static unsigned refusals_reported(void)
{
    unsigned count = 0;

    for (const char *at = s.real->log; (at = strstr(at, "refused")) != NULL; at++)
        count++;
    return count;
}

/* Of many proofs in one piece, one is verified per loop iteration, and the next is due at once. */
START_TEST(each_proof_waits_for_its_own_loop_iteration)
{
    struct proof wrong;

    start_server();
    wrong = right_proof();
    wrong.flip = 0;
    for (int i = 0; i < 3; i++)
        send_proof(&wrong);
    deliver_without_ticks();
    for (unsigned i = 1; i <= 3; i++) {
        ck_assert_uint_eq(refusals_reported(), i);
        ck_assert_int_eq(nacre_session_deadline(s.real->session) <= s.pair.now_ms, i < 3);
        nacre_session_tick(s.real->session, s.pair.now_ms);
    }
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, messages_that_a_server_sends_do_not_log_in_a_client);
    add_test(suite, connection_messages_before_the_login_disconnect);
    add_test(suite, each_proof_waits_for_its_own_loop_iteration);
}
