/* The public key method of a client. RFC 4252 section 7. */
#include "apps/files/key_format.h"
#include "tests/support/auth_script.h"
#include "tests/support/key_texts.h"

#include <string.h>

/* [4252/7/2, 8332/3.2/1] */
START_TEST(a_client_signs_with_the_key_that_the_server_accepts)
{
    struct reader r;
    struct bytes text, blob;

    start_client();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
    scripted_expect(&s, "auth " BOUND ";");
    send_pk_ok("ssh-ed25519", &s.pair.user_key);
    scripted_expect(&s, "auth " BOUND ";");
    r = read_from((struct bytes){s.last + 1, s.last_len - 1});
    text = read_string(&r);
    ck_assert(bytes_are(text, "alice"));
    text = read_string(&r);
    ck_assert(bytes_are(text, "ssh-connection"));
    (void)read_string(&r);
    ck_assert(read_bool(&r));
    text = read_string(&r);
    ck_assert(bytes_are(text, "ssh-ed25519"));
    blob = read_string(&r);
    ck_assert(bytes_equal(blob, private_key_blob(&s.pair.user_key)));
    blob = read_string(&r);
    ck_assert(bytes_equal(blob, private_key_blob(&s.pair.host_key)));
    (void)read_string(&r);
    ck_assert(read_done(&r));
    scripted_clear(&s);
}
END_TEST

/* RFC 8308 section 2.4, PROTOCOL section 1.10 */
START_TEST(a_list_of_algorithms_that_changes_after_the_query_does_not_confuse_the_client)
{
    start_client();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
    scripted_expect(&s, "auth " BOUND ";");
    scripted_send(&s, SSH_MSG_EXT_INFO, "uss", 1, "server-sig-algs", "ssh-rsa");
    send_pk_ok("ssh-ed25519", &s.pair.user_key);
    scripted_expect(&s, "auth " BOUND ";"); /* the server has accepted it */
    scripted_clear(&s);
}
END_TEST

/* node's ssh2 answers ssh-rsa; we sign with the algorithm of the query. RFC 8332 section 3 */
START_TEST(a_client_accepts_another_name_for_its_rsa_key)
{
    static const char *const names[] = {"ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"};
    uint8_t binary[KEY_BINARY_MAX];
    struct nacre_key rsa = {0};
    struct reader r;

    ck_assert_int_eq(key_parse_pkcs1(&rsa, key_binary(pkcs1_rsa, binary)), KEY_GOOD);
    scripted_init(&s, NACRE_CLIENT);
    s.pair.user_keys[0] = &rsa;
    s.pair.client_config.keys = s.pair.user_keys;
    s.pair.client_config.key_count = 1;
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
    scripted_expect(&s, "auth " BOUND ";");
    send_pk_ok(names[_i], &rsa);
    scripted_expect(&s, "auth " BOUND ";");
    r = read_from((struct bytes){s.last + 1, s.last_len - 1});
    for (int i = 0; i < 3; i++)
        (void)read_string(&r);
    ck_assert(read_bool(&r));
    assert_bytes(read_string(&r), bytes_of("rsa-sha2-512"));
    scripted_clear(&s);
    private_key_clear(&rsa);
}
END_TEST

/* [4252/7/13] */
START_TEST(a_client_does_not_sign_without_a_matching_query)
{
    start_client();
    if (_i < 3) {
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
        scripted_expect(&s, "auth " BOUND ";");
    }
    switch (_i) {
    case 0:
        send_pk_ok("ssh-ed25519", &s.pair.other_key);
        break;
    case 1:
        send_pk_ok("ssh-rsa", &s.pair.user_key);
        break;
    case 2: /* twice */
        send_pk_ok("ssh-ed25519", &s.pair.user_key);
        scripted_expect(&s, "auth " BOUND ";");
        send_pk_ok("ssh-ed25519", &s.pair.user_key);
        break;
    case 3: /* after none */
        send_pk_ok("ssh-ed25519", &s.pair.user_key);
        break;
    default: /* after a password, where the number asks for a new one */
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
        scripted_expect(&s, "auth password;");
        send_pk_ok("ssh-ed25519", &s.pair.user_key);
        scripted_expect(&s, "auth none;");
        break;
    }
    scripted_run(&s);
    ck_assert_int_eq(s.real->ended, _i < 4);
    ck_assert_ptr_null(strstr(s.log, "auth"));
    scripted_clear(&s);
}
END_TEST

/* [4252/7/12] */
START_TEST(a_client_signs_over_the_first_session_identifier_after_a_rekey)
{
    struct pair p;

    pair_init(&p, 1);
    p.policy.password = NULL;
    p.client_config.keys = p.user_keys;
    p.client_config.key_count = 1;
    pair_start(&p);
    while (strcmp(nacre_session_phase(p.client.session), "auth") != 0)
        ck_assert(pair_step(&p));
    nacre_session_rekey(p.client.session);
    pair_run(&p);
    ck_assert(p.server.authenticated);
    pair_clear(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_client_signs_with_the_key_that_the_server_accepts);
    add_test(suite, a_list_of_algorithms_that_changes_after_the_query_does_not_confuse_the_client);
    add_loop(suite, a_client_accepts_another_name_for_its_rsa_key, 0, 3);
    add_loop(suite, a_client_does_not_sign_without_a_matching_query, 0, 5);
    add_test(suite, a_client_signs_over_the_first_session_identifier_after_a_rekey);
}
