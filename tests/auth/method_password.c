/* The password method, to a server. RFC 4252 section 8. */
#include "tests/support/auth_script.h"

#include <stdio.h>
#include <string.h>

/* ---- server: refusals ---- */

START_TEST(the_longest_user_name_and_password_arrive_whole)
{
    static char user[NACRE_USER_MAX + 1], password[NACRE_PASSWORD_MAX + 1];
    char told[400];

    memset(user, 'u', sizeof user - 1);
    memset(password, 'p', sizeof password - 1);
    start_server();
    send_password(user, password);
    scripted_expect(&s, "auth-failure " METHODS ";");
    (void)snprintf(told, sizeof told, "refused %s password;", user);
    scripted_told(&s, told);
    scripted_clear(&s);
}
END_TEST

/* [4252/8/6] */
START_TEST(a_password_change_is_refused)
{
    start_server();
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?ss", "alice", "ssh-connection", "password", 1,
                  "secret", "new");
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "refused alice password;");
    scripted_clear(&s);
}
END_TEST

/* ---- client ---- */

/* [4252/8/5]: byte SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, string prompt, string language tag */
START_TEST(a_client_that_is_asked_for_a_new_password_ends_with_an_authentication_error)
{
    start_client();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
    scripted_expect(&s, "auth password;");
    scripted_send(&s, 60, "ss", "Your password has expired", "en");
    scripted_expect(&s, "disconnect 14;");
    expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    scripted_clear(&s);
}
END_TEST

START_TEST(a_password_too_long_to_send_fails_the_login_alone)
{
    static char password[NACRE_PASSWORD_MAX + 1000];

    memset(password, 'p', sizeof password - 1);
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.password = password;
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
    scripted_expect(&s, "disconnect 14;");
    expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_longest_user_name_and_password_arrive_whole);
    add_test(suite, a_password_change_is_refused);
    add_test(suite, a_client_that_is_asked_for_a_new_password_ends_with_an_authentication_error);
    add_test(suite, a_password_too_long_to_send_fails_the_login_alone);
}
