/* The end of a login: reported once, and before the first channel. RFC 4252 sections 5.1 and 5.3.
 */
#include "tests/support/auth_script.h"

/* [4252/5.1/6, 5.1/7, 5.1/8, 5.3/1] */
START_TEST(success_is_sent_once_and_later_requests_are_ignored)
{
    start_server();
    send_password("alice", "secret");
    send_password("alice", "secret");
    send_good_query();
    send_bad_password();
    scripted_send_bytes(&s, (const uint8_t[]){SSH_MSG_USERAUTH_REQUEST},
                        1); /* ignored, so not malformed */
    scripted_send_bytes(&s, (const uint8_t[]){SSH_MSG_USERAUTH_PK_OK}, 1);
    scripted_send_bytes(&s, (const uint8_t[]){61}, 1);
    transport_set_phase(&s.t, PHASE_CONNECTION);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    transport_set_phase(&s.t, PHASE_AUTH);
    scripted_expect(&s, "auth-success;confirmation 7;");
    scripted_told(&s, "granted alice password;open;");
    scripted_clear(&s);
}
END_TEST

static void note_authenticated(void *context, const char *user)
{
    end_note(context, "authenticated %s;", user);
    ((struct end *)context)->authenticated = true;
}

START_TEST(the_owner_is_notified_of_the_login_before_the_first_channel)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.authenticated = note_authenticated;
    scripted_start(&s);
    send_password("alice", "secret");
    transport_set_phase(&s.t, PHASE_CONNECTION);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    transport_set_phase(&s.t, PHASE_AUTH);
    scripted_expect(&s, "auth-success;confirmation 7;");
    scripted_told(&s, "authenticated alice;open;");
    scripted_clear(&s);
}
END_TEST

static void end_when_told(void *context, const char *user)
{
    struct end *e = context;

    (void)user;
    nacre_session_disconnect(e->session, NACRE_SHUTTING_DOWN, "not now");
}

START_TEST(a_session_that_is_ended_at_its_login_starts_no_connection_service)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.authenticated = end_when_told;
    scripted_start(&s);
    send_password("alice", "secret");
    scripted_expect(&s, "auth-success;disconnect 11;");
    expect_ended(NACRE_SHUTTING_DOWN, SSH_DISCONNECT_BY_APPLICATION);
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, success_is_sent_once_and_later_requests_are_ignored);
    add_test(suite, the_owner_is_notified_of_the_login_before_the_first_channel);
    add_test(suite, a_session_that_is_ended_at_its_login_starts_no_connection_service);
}
