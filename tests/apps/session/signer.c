/* Client: a key whose secret is elsewhere, and whose signature comes later. */
#include "apps/session/signer.h"

#include "tests/support/auth_script.h"

static unsigned asked;
static bool able;
static uint8_t to_sign[1024];
static size_t to_sign_len;

static bool never(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                  struct bytes data, struct writer *w)
{
    (void)key;
    (void)algorithm;
    (void)data;
    (void)w;
    ck_abort_msg("the session waited for the signature");
    return false;
}

static bool note(void *context, const struct nacre_key *key,
                 const struct signature_algorithm *algorithm, struct bytes data)
{
    ck_assert_ptr_nonnull(context);
    ck_assert_ptr_nonnull(key);
    ck_assert_str_eq(algorithm->name, "ssh-ed25519");
    ck_assert_uint_le(data.len, sizeof to_sign);
    memcpy(to_sign, data.at, data.len);
    to_sign_len = data.len;
    asked++;
    return able;
}

/* Up to PK_OK, with a key that is elsewhere. */
static void begin(void)
{
    asked = 0;
    able = true;
    start_client();
    endpoint_set_signer(s.real->endpoint, note);
    s.pair.user_key.sign = never;
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
    scripted_expect(&s, "auth " BOUND ";");
    send_pk_ok("ssh-ed25519", &s.pair.user_key);
}

static void clear(void)
{
    s.pair.user_key.sign = NULL;
    scripted_clear(&s);
}

enum { SIGNATURE = 4 + 11 + 4 + 64 /* bytes of the blob */ };

static struct bytes signature(void)
{
    static uint8_t blob[SIGNATURE];
    struct nacre_key key = s.pair.user_key;
    struct writer w = write_to(blob, sizeof blob);

    key.sign = NULL;
    ck_assert(key_sign(&key, &signature_ed25519, (struct bytes){to_sign, to_sign_len}, &w));
    ck_assert_uint_eq(written(&w), SIGNATURE);
    return written_bytes(&w);
}

START_TEST(the_proof_is_sent_when_the_signature_comes)
{
    struct reader r;

    begin();
    scripted_expect(&s, "");
    ck_assert_uint_eq(asked, 1);
    ck_assert_uint_gt(to_sign_len, 32 + 50);
    session_signed(s.real->session, signature());
    scripted_expect(&s, "auth " BOUND ";");
    r = read_from((struct bytes){s.last + s.last_len - 4 - SIGNATURE, 4 + SIGNATURE});
    assert_bytes(read_string(&r), signature());
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_expect(&s, "");
    ck_assert(s.real->authenticated);
    clear();
}
END_TEST

START_TEST(a_key_that_does_not_sign_is_followed_by_the_next_method)
{
    begin();
    if (_i == 0) {
        scripted_expect(&s, "");
        session_signed(s.real->session, (struct bytes){NULL, 0});
    } else {
        able = false;
    }
    scripted_expect(&s, "auth none;");
    session_signed(s.real->session, signature()); /* too late */
    scripted_expect(&s, "");
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
    scripted_expect(&s, "auth password;");
    clear();
}
END_TEST

START_TEST(a_signature_that_nobody_waits_for_is_ignored)
{
    begin();
    scripted_expect(&s, "");
    switch (_i) {
    case 0: /* the server has refused meanwhile */
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
        scripted_expect(&s, "auth password;");
        break;
    case 1: /* ... has ended the session */
        scripted_send(&s, SSH_MSG_DISCONNECT, "uss", SSH_DISCONNECT_BY_APPLICATION, "", "");
        break;
    case 2: /* ... has accepted the user without it */
        scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
        break;
    default: /* the second one */
        session_signed(s.real->session, signature());
        scripted_expect(&s, "auth " BOUND ";");
    }
    scripted_expect(&s, "");
    session_signed(s.real->session, signature());
    scripted_expect(&s, "");
    clear();
}
END_TEST

START_TEST(a_second_pk_ok_meanwhile_is_an_error)
{
    begin();
    scripted_expect(&s, "");
    send_pk_ok("ssh-ed25519", &s.pair.user_key);
    scripted_expect(&s, "disconnect 2;");
    session_signed(s.real->session, signature());
    scripted_expect(&s, "");
    clear();
}
END_TEST

START_TEST(a_faulty_signature_is_not_sent)
{
    struct bytes right;
    uint8_t wrong[SIGNATURE];

    begin();
    scripted_expect(&s, "");
    right = signature();
    memcpy(wrong, right.at, right.len);
    wrong[SIGNATURE - 1] ^= 1;
    session_signed(s.real->session, (struct bytes){wrong, sizeof wrong});
    scripted_expect(&s, "auth none;");
    clear();
}
END_TEST

/* What is signed names the first session identifier, and the proof waits for the exchange. */
START_TEST(a_rekey_meanwhile_changes_nothing)
{
    begin();
    scripted_expect(&s, "");
    nacre_session_rekey(s.real->session);
    session_signed(s.real->session, signature());
    scripted_expect(&s, "auth " BOUND ";");
    clear();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_proof_is_sent_when_the_signature_comes);
    add_loop(suite, a_key_that_does_not_sign_is_followed_by_the_next_method, 0, 2);
    add_loop(suite, a_signature_that_nobody_waits_for_is_ignored, 0, 4);
    add_test(suite, a_second_pk_ok_meanwhile_is_an_error);
    add_test(suite, a_faulty_signature_is_not_sent);
    add_test(suite, a_rekey_meanwhile_changes_nothing);
}
