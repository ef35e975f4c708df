/* Server: malformed requests, and requests that are refused. RFC 4252 sections 5, 5.2 and 9. */
#include "tests/support/auth_script.h"
#include "tests/support/scarce.h"

#include <stdio.h>
#include <string.h>

/* ---- malformed requests ---- */

enum form { NONE, PASSWORD, CHANGE, QUERY, PROOF, FORMS };

static size_t encode(enum form form, uint8_t *out, size_t room)
{
    struct bytes blob = private_key_blob(&s.pair.user_key);
    struct proof proof = right_proof();
    uint8_t signature[256];
    size_t signature_len;

    switch (form) {
    case NONE:
        return scripted_encode(out, room, SSH_MSG_USERAUTH_REQUEST, "sss", "alice",
                               "ssh-connection", "none");
    case PASSWORD:
        return scripted_encode(out, room, SSH_MSG_USERAUTH_REQUEST, "sss?s", "alice",
                               "ssh-connection", "password", 0, "secret");
    case CHANGE:
        return scripted_encode(out, room, SSH_MSG_USERAUTH_REQUEST, "sss?ss", "alice",
                               "ssh-connection", "password", 1, "secret", "new");
    case QUERY:
        return scripted_encode(out, room, SSH_MSG_USERAUTH_REQUEST, "sss?sS", "alice",
                               "ssh-connection", "publickey", 0, "ssh-ed25519", blob.at, blob.len);
    default:
        signature_len = sign(&proof, signature, sizeof signature);
        return scripted_encode(out, room, SSH_MSG_USERAUTH_REQUEST, "sss?sSS", "alice",
                               "ssh-connection", "publickey", 1, "ssh-ed25519", blob.at, blob.len,
                               signature, signature_len);
    }
}

/* Sections 5, 5.2, 7 and 8 */
START_TEST(a_request_that_ends_early_or_late_disconnects)
{
    uint8_t message[1024];
    size_t len;

    start_server();
    len = encode((enum form)_i, message, sizeof message - 1);
    scripted_clear(&s);
    for (size_t n = 1; n <= len + 1; n++) {
        if (n == len)
            continue;
        start_server();
        (void)encode((enum form)_i, message, sizeof message - 1); /* signed for this session */
        message[len] = 0;
        scripted_send_bytes(&s, message, n);
        scripted_expect(&s, "disconnect 2;");
        expect_ended(NACRE_PROTOCOL_ERROR, SSH_DISCONNECT_PROTOCOL_ERROR);
        ck_assert(!s.real->authenticated);
        scripted_clear(&s);
    }
}
END_TEST

START_TEST(a_string_longer_than_its_message_disconnects)
{
    static const uint32_t lengths[] = {0x7fffffff, 0x80000000, 0xffffffff, 64};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        start_server();
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "ux", lengths[i], "alice", (size_t)5);
        scripted_expect(&s, "disconnect 2;");
        scripted_clear(&s);
    }
}
END_TEST

/* ---- refusals ---- */

/* [4252/5/2, 5/3, 5/5, 7/8, 8/6, 8/7, 9/2] */
START_TEST(a_request_that_cannot_be_granted_is_refused_and_the_session_lives)
{
    static char long_user[NACRE_USER_MAX + 2], long_password[30001];
    const struct {
        const char *user, *service, *method, *password, *told;
        size_t password_len;
    } rows[] = {
        {"alice", "ssh-connection", "password", "wrong", "refused alice password;", 5},
        {"alice", "ssh-connection", "password", "", "refused alice password;", 0},
        {"alice", "ssh-connection", "password", "secret\0", "refused alice password;", 7},
        {"alice", "ssh-connection", "password", long_password, "refused alice password;", 1024},
        {"alice", "ssh-connection", "password", long_password, "refused alice password;", 1025},
        {"alice", "ssh-connection", "password", long_password, "refused alice password;", 30000},
        {"bob", "ssh-connection", "password", "secret", "refused bob password;", 6},
        {"", "ssh-connection", "password", "secret", "refused  password;", 6},
        {long_user, "ssh-connection", "password", "secret",
         "refused uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu... (256 bytes) password;", 6},
        {"alice", "no-such@example.com", "password", "secret", "refused alice password;", 6},
        {"alice", "ssh-userauth", "password", "secret", "refused alice password;", 6},
        {"alice", "", "password", "secret", "refused alice password;", 6},
        {"alice", "ssh-connection", "foo@example.com", "secret", "refused alice unknown;", 6},
        {"alice", "ssh-connection", "", "secret", "refused alice unknown;", 6},
        {"alice", "ssh-connection", "hostbased", "secret", "refused alice unknown;", 6},
        {"alice", "ssh-connection", "PASSWORD", "secret", "refused alice unknown;", 6},
    };

    memset(long_user, 'u', sizeof long_user - 1);
    memset(long_password, 'p', sizeof long_password - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start_server();
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?S", rows[i].user, rows[i].service,
                      rows[i].method, 0, rows[i].password, rows[i].password_len);
        scripted_expect(&s, "auth-failure " METHODS ";");
        scripted_told(&s, rows[i].told);
        send_password("alice", "secret");
        scripted_expect(&s, "auth-success;");
        scripted_told(&s, "granted alice password;");
        scripted_clear(&s);
    }
}
END_TEST

/* Its beginning without control characters, and its length; the NUL does not end it. */
START_TEST(a_user_name_that_is_not_used_is_described)
{
    static uint8_t longest[30000];
    const struct {
        const char *user;
        size_t len;
        const char *told;
    } rows[] = {
        {"alice\0", 6, "refused alice?... (6 bytes) password;"},
        {"\0", 1, "refused ?... (1 bytes) password;"},
        {"a\x1b[2J\n\0b", 8, "refused a?[2J??b... (8 bytes) password;"},
        {(const char *)longest, sizeof longest,
         "refused aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa... (30000 bytes) password;"},
    };

    memset(longest, 'a', sizeof longest);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start_server();
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "Sss?s", rows[i].user, rows[i].len,
                      "ssh-connection", "password", 0, "secret");
        scripted_expect(&s, "auth-failure " METHODS ";");
        scripted_told(&s, rows[i].told);
        send_password("alice", "secret");
        scripted_expect(&s, "auth-success;");
        ck_assert_str_eq(nacre_session_user(s.real->session), "alice");
        scripted_clear(&s);
    }
}
END_TEST

START_TEST(a_user_name_may_have_255_bytes)
{
    char user[NACRE_USER_MAX + 2], told[300];

    ck_assert_int_eq(NACRE_USER_MAX, 255);
    for (size_t len = NACRE_USER_MAX - 1; len <= NACRE_USER_MAX + 1; len++) {
        memset(user, 'u', len);
        user[len] = '\0';
        start_server();
        send_password(user, "secret");
        scripted_expect(&s, "auth-failure " METHODS ";");
        if (len > 255)
            (void)snprintf(user + 48, sizeof user - 48, "... (256 bytes)");
        (void)snprintf(told, sizeof told, "refused %s password;", user);
        scripted_told(&s, told);
        scripted_clear(&s);
    }
}
END_TEST

START_TEST(a_user_name_with_a_nul_is_not_truncated)
{
    start_server();
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "Sss?s", "alice\0x", (size_t)7, "ssh-connection",
                  "password", 0, "secret");
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "refused alice?x... (7 bytes) password;");
    scripted_clear(&s);
}
END_TEST

/* Names of the same length share their memory. */
START_TEST(a_name_that_cannot_be_text_does_not_leave_the_previous_one)
{
    start_server();
    send_password("alice", "wrong");
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "refused alice password;");
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "Sss?s", "al\0ce", (size_t)5, "ssh-connection",
                  "password", 0, "secret");
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "refused al?ce... (5 bytes) password;");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_request_without_memory_for_its_user_name_ends_the_session)
{
    static struct scarce scarce;

    scarce_init(&scarce, 0, false);
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.attempted = note_attempt;
    s.pair.server_config.secrets = &scarce.memory;
    scripted_start(&s);
    scarce.refuse_at = scarce.count + 1;
    send_password("alice", "secret");
    scripted_expect(&s, "disconnect 11;");
    scripted_told(&s, "");
    expect_ended(NACRE_OUT_OF_RESOURCES, SSH_DISCONNECT_BY_APPLICATION);
    ck_assert(!s.real->authenticated);
    scripted_clear(&s);
    ck_assert_uint_eq(scarce.in_use, 0);
}
END_TEST

START_TEST(a_method_without_a_policy_callback_is_neither_listed_nor_granted)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.password = NULL;
    scripted_start(&s);
    send_password("alice", "secret");
    scripted_expect(&s, "auth-failure publickey;");
    scripted_clear(&s);

    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.publickey = NULL;
    scripted_start(&s);
    send_query(&s.pair.user_key);
    scripted_expect(&s, "auth-failure password;");
    scripted_clear(&s);

    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.auth = NULL;
    scripted_start(&s);
    send_password("alice", "secret");
    scripted_expect(&s, "auth-failure ;");
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_request_that_ends_early_or_late_disconnects, 0, FORMS);
    add_test(suite, a_string_longer_than_its_message_disconnects);
    add_test(suite, a_request_that_cannot_be_granted_is_refused_and_the_session_lives);
    add_test(suite, a_user_name_that_is_not_used_is_described);
    add_test(suite, a_user_name_may_have_255_bytes);
    add_test(suite, a_user_name_with_a_nul_is_not_truncated);
    add_test(suite, a_name_that_cannot_be_text_does_not_leave_the_previous_one);
    add_test(suite, a_request_without_memory_for_its_user_name_ends_the_session);
    add_test(suite, a_method_without_a_policy_callback_is_neither_listed_nor_granted);
}
