/* Client: what it tries, and what a server may send it. RFC 4252 sections 5 and 6. */
#include "tests/support/auth_script.h"

#include <string.h>

START_TEST(a_client_tries_its_keys_and_then_its_password)
{
    start_client();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
    scripted_expect(&s, "auth " BOUND ";");
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
    scripted_expect(&s, "auth password;");
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
    scripted_expect(&s, "disconnect 14;");
    expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    scripted_clear(&s);
}
END_TEST

/* [4252/5.1/9, 5.1/10] */
START_TEST(a_client_with_nothing_left_to_try_ends_with_an_authentication_error)
{
    static const char *const lists[] = {"", "foo@example.com,bar", "none", "keyboard", "passwor"};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        start_client();
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", lists[i], 0);
        scripted_expect(&s, "disconnect 14;");
        expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
        scripted_clear(&s);
    }
}
END_TEST

/* [4252/5.1/11] */
START_TEST(partial_success_is_progress_and_not_a_login)
{
    start_client();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
    scripted_expect(&s, "auth " BOUND ";");
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 1);
    scripted_expect(&s, "auth password;");
    ck_assert(!s.real->authenticated);
    ck_assert_ptr_null(
        nacre_session_open_channel(s.real->session, "session", &s.pair.client_app, NULL, NULL, 0));
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_expect(&s, "");
    ck_assert(s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

/* [4252/5.1/12] */
START_TEST(a_client_accepts_success_in_answer_to_any_request)
{
    start_client();
    if (_i >= 1) {
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
        scripted_expect(&s, "auth " BOUND ";");
    }
    if (_i >= 2) {
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
        scripted_expect(&s, "auth password;");
    }
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_expect(&s, "");
    ck_assert(s.real->authenticated);
    transport_set_phase(&s.t, PHASE_CONNECTION);
    ck_assert_ptr_nonnull(scripted_opened(&s, 1, 100, 100));
    scripted_clear(&s);
}
END_TEST

/* [4252/5.4/1, 5.4/4] */
START_TEST(a_banner_may_come_at_any_time_before_success)
{
    static char text[30000];

    memset(text, 'x', sizeof text);
    start_client();
    scripted_send(&s, SSH_MSG_USERAUTH_BANNER, "ss", "hello\r\n\x1b[2J", "en-GB");
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
    scripted_send(&s, SSH_MSG_USERAUTH_BANNER, "ss", "", "");
    scripted_expect(&s, "auth " BOUND ";");
    scripted_send(&s, SSH_MSG_USERAUTH_BANNER, "Ss", text, sizeof text, "en");
    scripted_send(&s, SSH_MSG_USERAUTH_BANNER, "ss", "again", "");
    send_pk_ok("ssh-ed25519", &s.pair.user_key);
    scripted_expect(&s, "auth " BOUND ";");
    scripted_send(&s, SSH_MSG_USERAUTH_BANNER, "ss", "last", "");
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_expect(&s, "");
    ck_assert(s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

START_TEST(a_message_to_the_client_that_ends_early_or_late_disconnects)
{
    static const struct {
        uint8_t number;
        const char *fields;
    } rows[] = {
        {SSH_MSG_USERAUTH_FAILURE, "s?"},
        {SSH_MSG_USERAUTH_SUCCESS, ""},
        {SSH_MSG_USERAUTH_BANNER, "ss"},
        {SSH_MSG_USERAUTH_PK_OK, "sS"},
    };
    uint8_t message[512] = {0};
    struct bytes blob;
    size_t len;

    for (size_t n = 1;; n++) {
        start_client();
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
        scripted_expect(&s, "auth " BOUND ";");
        memset(message, 0, sizeof message);
        blob = private_key_blob(&s.pair.user_key);
        if (rows[_i].number == SSH_MSG_USERAUTH_FAILURE)
            len = scripted_encode(message, sizeof message, rows[_i].number, "s?", "password", 0);
        else if (rows[_i].number == SSH_MSG_USERAUTH_PK_OK)
            len = scripted_encode(message, sizeof message, rows[_i].number, "sS", "ssh-ed25519",
                                  blob.at, blob.len);
        else
            len = scripted_encode(message, sizeof message, rows[_i].number, rows[_i].fields, "text",
                                  "en");
        if (n != len && n <= len + 1) {
            scripted_send_bytes(&s, message, n);
            scripted_expect(&s, "disconnect 2;");
            expect_ended(NACRE_PROTOCOL_ERROR, SSH_DISCONNECT_PROTOCOL_ERROR);
        }
        scripted_clear(&s);
        if (n > len)
            break;
    }
}
END_TEST

static void ask_without_answer(void *context, const struct nacre_ask *ask)
{
    (void)ask;
    end_note(context, "asked;");
}

START_TEST(a_response_after_the_question_is_settled_is_not_sent)
{
    static const char *const typed[] = {"secret"};

    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.password = NULL;
    s.pair.client_config.ask = ask_without_answer;
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
    scripted_expect(&s, "");
    scripted_told(&s, "asked;");
    if (_i == 0)
        scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    else
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "none", 0);
    scripted_expect(&s, _i == 0 ? "" : "disconnect 14;");
    nacre_session_respond(s.real->session, typed, 1);
    scripted_expect(&s, "");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_malformed_list_of_methods_disconnects)
{
    static const char *const lists[] = {"pass word", "\xff", "a,\n"};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        start_client();
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", lists[i], 0);
        scripted_expect(&s, "disconnect 2;");
        scripted_clear(&s);
    }
}
END_TEST

/* [4252/6/2] */
START_TEST(a_client_disconnects_on_connection_messages_before_success)
{
    start_client();
    if (_i == 0)
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", "hostkeys-00@openssh.com", 1);
    else if (_i == 1)
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 0, 1, 1);
    else
        scripted_send(&s, SSH_MSG_CHANNEL_DATA, "us", 0, "x");
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_client_disconnects_on_an_authentication_request)
{
    start_client();
    send_none();
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_second_success_disconnects)
{
    start_client();
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_client_tries_its_keys_and_then_its_password);
    add_test(suite, a_client_with_nothing_left_to_try_ends_with_an_authentication_error);
    add_test(suite, partial_success_is_progress_and_not_a_login);
    add_loop(suite, a_client_accepts_success_in_answer_to_any_request, 0, 3);
    add_test(suite, a_banner_may_come_at_any_time_before_success);
    add_loop(suite, a_message_to_the_client_that_ends_early_or_late_disconnects, 0, 4);
    add_loop(suite, a_response_after_the_question_is_settled_is_not_sent, 0, 2);
    add_test(suite, a_malformed_list_of_methods_disconnects);
    add_loop(suite, a_client_disconnects_on_connection_messages_before_success, 0, 3);
    add_test(suite, a_client_disconnects_on_an_authentication_request);
    add_test(suite, a_second_success_disconnects);
}
