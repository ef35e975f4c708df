/* What a peer's rekeys may cost: one before the login, and after it a rate by cost. RFC 4253
 * section 9. */
#include "transport/kex_quota.h"

#include "tests/support/script_peer.h"
#include "tests/support/suite.h"
#include "transport/kex.h"
#include "transport/kex_state.h"
#include "transport/rekey.h"

static struct loop_end real;
static struct script script;
static struct loop loop;

static enum nacre_role other(enum nacre_role role)
{
    return role == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER;
}

/* After so many steps of the login: the first exchange, SERVICE_REQUEST, SERVICE_ACCEPT. */
static void meet(enum nacre_role role, int step)
{
    if (step == 2) {
        script_meet_connected(&script, &real, role, false);
        return;
    }
    script_meet(&script, &real, role, true);
    script_exchange(&script, &real, NULL);
    while (step == 1 && script_next(&script).len > 0) /* EXT_INFO, the client's SERVICE_REQUEST */
        ;
}

START_TEST(a_second_rekey_before_the_login_ends_the_session)
{
    for (int role = 0; role < 2; role++)
        for (int step = 0; step < 3; step++) {
            meet((enum nacre_role)role, step);
            if (step == 0 && role == NACRE_CLIENT) { /* its SERVICE_REQUEST comes first */
                script_part(&script, &real);
                continue;
            }
            script_exchange(&script, &real, NULL);
            ck_assert(!transport_ended(&real.transport));
            script_kexinit(&script, NULL);
            script_init_share(&script);
            script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
            ck_assert_str_eq(real.transport.end.text, "second rekey before the login");
            ck_assert_int_eq(real.exchanges, 2);
            script_part(&script, &real);
        }
}
END_TEST

START_TEST(the_rekeys_of_both_ends_count_apart)
{
    loop_open(&loop);
    loop_start(&loop);
    loop_run(&loop);
    for (int i = 0; i < 5; i++) { /* neither begins a second one itself */
        transport_rekey(&loop.client.transport);
        loop_run(&loop);
        transport_rekey(&loop.server.transport);
        loop_run(&loop);
    }
    ck_assert_int_eq(loop.server.exchanges, 1 + 2);
    ck_assert(!transport_ended(&loop.server.transport));
    loop_end_log_in(&loop.server);
    loop_end_log_in(&loop.client);
    for (int i = 0; i < 5; i++) {
        transport_rekey(&loop.client.transport);
        loop_run(&loop);
    }
    ck_assert_int_eq(loop.server.exchanges, 1 + 2 + 5);
    ck_assert(!transport_ended(&loop.server.transport));
    loop_close(&loop);
}
END_TEST

/* With a small --rekey-limit, a stranger could make the server begin exchanges by sending. */
START_TEST(configured_limits_begin_no_rekey_before_the_login)
{
    struct transport *t = &loop.server.transport;

    loop_open(&loop);
    loop.server.config.rekey_bytes = 1;
    loop.server.config.rekey_ms = 1;
    loop_start(&loop);
    loop_run(&loop);
    transport_tick(t, t->now_ms + 1000);
    loop_run(&loop);
    ck_assert_int_eq(loop.server.exchanges, 1);
    ck_assert(transport_deadline(t) > t->now_ms + 3000 * UINT64_C(1000));
    loop_end_log_in(&loop.server);
    loop_end_log_in(&loop.client);
    transport_tick(t, t->now_ms);
    ck_assert_ptr_nonnull(t->kex);
    loop_close(&loop);
}
END_TEST

/* The cipher's own limit holds; when it is reached a second time the session ends. */
START_TEST(keys_are_not_used_for_more_than_they_may_before_the_login)
{
    struct transport *t = &loop.server.transport;

    loop_open(&loop);
    loop_start(&loop);
    loop_run(&loop);
    ck_assert_int_eq(t->phase, PHASE_AUTH);
    t->receiving.bytes = (UINT64_C(1) << t->receiving.cipher->rekey_log2) - 1;
    rekey_if_due(t);
    ck_assert_ptr_null(t->kex);
    t->receiving.bytes++;
    rekey_if_due(t);
    ck_assert_ptr_nonnull(t->kex);
    loop_run(&loop);
    ck_assert_int_eq(loop.server.exchanges, 2);
    t->receiving.bytes = (UINT64_C(1) << t->receiving.cipher->rekey_log2) - 1;
    rekey_if_due(t);
    ck_assert(!transport_ended(t));
    t->receiving.bytes++;
    rekey_if_due(t);
    ck_assert(transport_ended(t));
    ck_assert_str_eq(t->end.text, "too many bytes before the login");
    loop_close(&loop);
}
END_TEST

static uint64_t bucket_of(const struct loop_end *e)
{
    return e->transport.pace.buckets[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS];
}

/* With one token per millisecond, the bucket counts tokens in thousands. */
static void meet_with_rate(enum nacre_role role, bool login)
{
    script_init(&script, other(role), true);
    loop_end_init(&real, role);
    real.config.limits.rates[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS] =
        (struct nacre_rate){1000000, 60000};
    ck_assert(loop_end_start(&real));
    script_version(&script);
    script_connect(&script, &real, NULL);
    if (login)
        loop_end_log_in(&real);
}

START_TEST(only_rekeys_that_the_peer_begins_after_the_login_are_charged)
{
    for (int role = 0; role < 2; role++) {
        meet_with_rate((enum nacre_role)role, false);
        script_exchange(&script, &real, NULL);
        ck_assert_uint_eq(bucket_of(&real), 0);
        loop_end_log_in(&real);
        ck_assert_int_eq(kex_begin(&real.transport), 0);
        script_exchange(&script, &real, NULL);
        ck_assert_uint_eq(bucket_of(&real), 0);
        for (unsigned i = 1; i <= 3; i++) {
            script_exchange(&script, &real, NULL);
            ck_assert_uint_eq(bucket_of(&real), (1000 + i) * 1000);
        }
        script_part(&script, &real);
    }
}
END_TEST

/* However long the answer has to wait, the exchange has its whole time after it. */
START_TEST(an_exchange_that_waits_for_its_quota_does_not_time_out)
{
    struct transport *t = &real.transport;
    uint64_t until;

    script_meet_connected(&script, &real, NACRE_SERVER, true);
    real.config.limits.rates[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS] = (struct nacre_rate){1, 1};
    for (int i = 0; i < 2; i++) {
        script_kexinit(&script, NULL);
        script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
        script_init_share(&script);
        if (i == 1)
            break;
        script_take_reply(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_REPLY));
        ck_assert_uint_eq(script_expect(&script, &real, SSH_MSG_NEWKEYS).len, 1);
        script_take_newkeys(&script);
        script_newkeys(&script);
        script_expect_silence(&script, &real);
    }
    script_expect_silence(&script, &real);
    until = t->pace.wait_until_ms;
    ck_assert_uint_eq(until, t->now_ms + 60 * 1000);
    ck_assert_uint_eq(t->kex->deadline_ms, until + TRANSPORT_KEX_MS);
    ck_assert_uint_eq(transport_deadline(t), until);
    transport_tick(t, until - 1);
    script_expect_silence(&script, &real);
    transport_tick(t, until);
    (void)transport_process(t, false);
    script_take_reply(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_REPLY));
    script_part(&script, &real);
}
END_TEST

/* The lengths of blobs of RSA keys of 2048, 3072, 4096 and 16384 bits, and of Ed25519 and ECDSA. */
START_TEST(long_rsa_keys_count_more)
{
    ck_assert_uint_eq(kex_quota_for_signing(51), 0);
    ck_assert_uint_eq(kex_quota_for_signing(172), 0);
    ck_assert_uint_eq(kex_quota_for_signing(279), 2);
    ck_assert_uint_eq(kex_quota_for_signing(407), 7);
    ck_assert_uint_eq(kex_quota_for_signing(535), 18);
    ck_assert_uint_eq(kex_quota_for_signing(4096), 8084);
    ck_assert_uint_eq(kex_quota_for_verifying(51), 0);
    ck_assert_uint_eq(kex_quota_for_verifying(535), 1);
    ck_assert_uint_eq(kex_quota_for_verifying(2071), 19);
}
END_TEST

/* What follows KEXINIT waits for a turn of its own, in which first exchanges may go before it. */
START_TEST(a_rekey_ends_the_turn)
{
    struct transport *t = &real.transport;
    size_t room;

    script_meet_connected(&script, &real, NACRE_SERVER, true);
    script_kexinit(&script, NULL);
    script_init_share(&script);
    memcpy(transport_input(t, &room), buffer_contents(&script.out).at, buffer_len(&script.out));
    transport_received(t, buffer_len(&script.out));
    (void)transport_process(t, false);
    ck_assert_uint_eq(loop_end_count(&real, NACRE_SENT, SSH_MSG_KEX_ECDH_REPLY), 1); /* the first */
    ck_assert_uint_eq(transport_deadline(t), t->now_ms);
    transport_tick(t, t->now_ms);
    (void)transport_process(t, false);
    ck_assert_uint_eq(loop_end_count(&real, NACRE_RECEIVED, SSH_MSG_KEX_ECDH_INIT), 2);
    script_part(&script, &real);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_second_rekey_before_the_login_ends_the_session);
    add_test(suite, the_rekeys_of_both_ends_count_apart);
    add_test(suite, configured_limits_begin_no_rekey_before_the_login);
    add_test(suite, keys_are_not_used_for_more_than_they_may_before_the_login);
    add_test(suite, only_rekeys_that_the_peer_begins_after_the_login_are_charged);
    add_test(suite, an_exchange_that_waits_for_its_quota_does_not_time_out);
    add_test(suite, long_rsa_keys_count_more);
    add_test(suite, a_rekey_ends_the_turn);
}
