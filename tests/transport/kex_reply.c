/* A server's reply in an exchange, as a client judges it. RFC 4253 section 8, RFC 8731. */
#include "tests/support/script_peer.h"
#include "tests/support/suite.h"

static struct loop_end real;
static struct script script;

/* A server's KEX_ECDH_REPLY with one fault. */
enum fault {
    NONE,
    KEY_OF_ANOTHER,
    KEY_TYPE,
    KEY_LONGER,
    SIGNATURE_BIT,
    SIGNATURE_NAME,
    OTHER_HASH,
    SHARE_LEN,
    ZERO_SHARE,
    MORE,
    FAULTS
};

static void write_host_key(struct writer *w, enum fault fault)
{
    struct bytes blob = private_key_blob(&script.host_key);
    uint8_t *begin = write_string_begin(w);

    write_bytes(w, blob);
    if (fault == KEY_OF_ANOTHER)
        w->at[-1] ^= 1;
    if (fault == KEY_TYPE)
        w->at[-(ptrdiff_t)blob.len + 4] ^= 1;
    if (fault == KEY_LONGER)
        write_u8(w, 0);
    write_string_end(w, begin);
}

static void write_signature(struct writer *w, enum fault fault)
{
    uint8_t *begin = write_string_begin(w);

    if (fault == OTHER_HASH)
        script.hash[0] ^= 1;
    ck_assert(key_sign(&script.host_key, &signature_ed25519, BYTES_OF_ARRAY(script.hash), w));
    if (fault == SIGNATURE_BIT)
        w->at[-1] ^= 1;
    if (fault == SIGNATURE_NAME)
        begin[8] ^= 1;
    write_string_end(w, begin);
}

static void send_reply(enum fault fault)
{
    uint8_t payload[512];
    struct writer w = write_to(payload, sizeof payload);

    write_u8(&w, SSH_MSG_KEX_ECDH_REPLY);
    write_host_key(&w, fault);
    if (fault == ZERO_SHARE)
        memset(script.shares[NACRE_SERVER], 0, 32);
    write_string(&w, (struct bytes){script.shares[NACRE_SERVER], fault == SHARE_LEN ? 31 : 32});
    write_signature(&w, fault);
    if (fault == MORE)
        write_u8(&w, 0);
    ck_assert(!w.bad);
    script_send(&script, written_bytes(&w));
}

/* 4253/7/6, 4253/6.6/1, 4253/6.6/2, 4253/6.6/3, 4253/8/5, 4253/8/6, 8731/3/1, 8731/3/2 */
START_TEST(a_client_continues_only_after_a_correct_reply)
{
    for (enum fault fault = NONE; fault < FAULTS; fault++) {
        script_meet(&script, &real, NACRE_CLIENT, true);
        script_kexinit(&script, NULL);
        script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
        script_take_init(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_INIT));
        send_reply(fault);
        if (fault == NONE)
            (void)script_expect(&script, &real, SSH_MSG_NEWKEYS);
        else
            script_expect_disconnect(&script, &real,
                                     fault == MORE ? SSH_DISCONNECT_PROTOCOL_ERROR
                                                   : SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
        ck_assert_uint_eq(loop_end_count(&real, NACRE_SENT, SSH_MSG_NEWKEYS), fault == NONE);
        script_part(&script, &real);
    }
}
END_TEST

/* 4253/9/9 */
START_TEST(a_wrong_reply_in_a_later_exchange_ends_the_session)
{
    script_meet_connected(&script, &real, NACRE_CLIENT, true);
    script_kexinit(&script, NULL);
    script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
    script_take_init(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_INIT));
    send_reply(SIGNATURE_BIT);
    script_expect_disconnect(&script, &real, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
    script_part(&script, &real);
}
END_TEST

/* 4251/4.1/1, 4251/4.1/2, 4251/9.3.4/1: nothing is sent to the wrong server. */
START_TEST(a_host_key_that_is_not_accepted_ends_the_session)
{
    for (int later = 0; later < 2; later++) {
        script_meet(&script, &real, NACRE_CLIENT, true);
        if (later)
            script_connect(&script, &real, NULL);
        real.host_key_is_known = false;
        script_kexinit(&script, NULL);
        script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
        script_take_init(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_INIT));
        script_reply(&script);
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE);
        ck_assert_uint_eq(loop_end_count(&real, NACRE_SENT, SSH_MSG_SERVICE_REQUEST),
                          (size_t)later);
        script_part(&script, &real);
    }
}
END_TEST

START_TEST(a_client_that_cannot_judge_host_keys_accepts_none)
{
    script_meet(&script, &real, NACRE_CLIENT, true);
    real.config.host_key_accepted = NULL;
    script_kexinit(&script, NULL);
    script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
    script_take_init(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_INIT));
    script_reply(&script);
    script_expect_disconnect(&script, &real, SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE);
    script_part(&script, &real);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_client_continues_only_after_a_correct_reply);
    add_test(suite, a_wrong_reply_in_a_later_exchange_ends_the_session);
    add_test(suite, a_host_key_that_is_not_accepted_ends_the_session);
    add_test(suite, a_client_that_cannot_judge_host_keys_accepts_none);
}
