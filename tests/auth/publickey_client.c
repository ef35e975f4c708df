/* The public key method of a client. RFC 4252 section 7. */
#include "apps/files/key.h"
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

/* ---- keys whose secret is elsewhere ---- */

enum reply { AT_ONCE, LATER, REFUSED, WRONG };

static struct {
    struct pair pair;
    enum reply reply;
    unsigned questions;
    struct nacre_signing *open;
} x;

static void reply(struct nacre_signing *signing)
{
    uint8_t signature[NACRE_SIGNATURE_MAX];
    size_t len, signed_len;
    const uint8_t *data = nacre_signing_data(signing, &len);

    signed_len =
        nacre_key_sign(&x.pair.user_key, nacre_signing_algorithm(signing), data, len, signature);
    ck_assert_uint_gt(signed_len, 0);
    signature[signed_len - 1] ^= x.reply == WRONG;
    nacre_signing_answer(signing, x.reply == REFUSED ? NULL : signature, signed_len);
}

static void on_sign(void *context, struct nacre_signing *signing)
{
    ck_assert_ptr_eq(context, &x);
    ck_assert_ptr_eq(nacre_signing_context(signing), &x.pair.client);
    x.questions++;
    if (x.reply == LATER)
        x.open = signing;
    else
        reply(signing);
}

/* A client with an external key, and then perhaps with the same key at hand. */
static struct nacre_key *log_in(enum reply how, size_t key_count)
{
    static const struct nacre_key *keys[2];
    struct nacre_key *external;

    memset(&x, 0, sizeof x);
    x.reply = how;
    pair_init(&x.pair, 1);
    external = nacre_key_external(&x.pair.user_key, on_sign, &x);
    keys[0] = external;
    keys[1] = &x.pair.user_key;
    x.pair.policy.password = NULL;
    x.pair.client_config.keys = keys;
    x.pair.client_config.key_count = key_count;
    pair_start(&x.pair);
    pair_run(&x.pair);
    return external;
}

static void end_login(struct nacre_key *external)
{
    pair_clear(&x.pair);
    nacre_key_free(external);
}

START_TEST(an_external_key_may_sign_at_once)
{
    struct nacre_key *external = log_in(AT_ONCE, 1);

    ck_assert(x.pair.server.authenticated);
    ck_assert_uint_eq(x.questions, 1);
    end_login(external);
}
END_TEST

START_TEST(an_external_key_may_sign_later)
{
    struct nacre_key *external = log_in(LATER, 1);

    ck_assert(!x.pair.server.authenticated);
    reply(x.open);
    pair_run(&x.pair);
    ck_assert(x.pair.server.authenticated);
    end_login(external);
}
END_TEST

/* Neither a refusal nor a wrong signature reaches the server. */
START_TEST(the_next_key_follows_one_that_does_not_sign)
{
    struct nacre_key *external = log_in(_i == 0 ? REFUSED : WRONG, 2);

    ck_assert_uint_eq(x.questions, 1);
    ck_assert(x.pair.server.authenticated);
    end_login(external);
    external = log_in(_i == 0 ? REFUSED : WRONG, 1);
    ck_assert(!x.pair.server.authenticated);
    ck_assert(x.pair.client.ended);
    end_login(external);
}
END_TEST

START_TEST(a_signature_for_a_session_that_is_gone_does_nothing)
{
    struct nacre_key *external = log_in(LATER, 1);

    nacre_session_disconnect(x.pair.client.session, NACRE_WE_CLOSED, "enough");
    if (_i == 0)
        reply(x.open);
    pair_clear(&x.pair);
    if (_i == 1)
        nacre_signing_answer(x.open, NULL, 0);
    nacre_key_free(external);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_client_signs_with_the_key_that_the_server_accepts);
    add_test(suite, a_list_of_algorithms_that_changes_after_the_query_does_not_confuse_the_client);
    add_loop(suite, a_client_accepts_another_name_for_its_rsa_key, 0, 3);
    add_loop(suite, a_client_does_not_sign_without_a_matching_query, 0, 5);
    add_test(suite, a_client_signs_over_the_first_session_identifier_after_a_rekey);
    add_test(suite, an_external_key_may_sign_at_once);
    add_test(suite, an_external_key_may_sign_later);
    add_loop(suite, the_next_key_follows_one_that_does_not_sign, 0, 2);
    add_loop(suite, a_signature_for_a_session_that_is_gone_does_nothing, 0, 2);
}
