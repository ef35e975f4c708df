/* Whole sessions in memory: both roles of the library against each other. */
#include "tests/support/pair.h"
#include "tests/support/suite.h"
#include "tests/support/tables.h"
#include "transport/cipher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/valgrind.h>

/* For the server too: some MACs are off by default. */
static void protect(struct pair *p, int which)
{
    struct protection protection = protection_at(which);

    p->server_config.ciphers = p->client_config.ciphers = protection.cipher->name;
    p->server_config.macs = p->client_config.macs =
        protection.mac == NULL ? NULL : protection.mac->name;
}

/* ---- a short session, in all the ways a network can deliver it ---- */

static void short_session(struct pair *p)
{
    struct nacre_channel *ch;

    pair_start(p);
    ch = pair_open(p);
    ck_assert_int_eq(nacre_channel_pty(ch, "xterm", 80, 24), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    pair_run(p);
    ck_assert_uint_eq(nacre_channel_write(ch, "hello", 5), 5);
    nacre_channel_eof(ch);
    pair_run(p);
    ck_assert_uint_eq(p->got_len, 5);
    ck_assert_mem_eq(p->got, "hello", 5);
    ck_assert_int_eq(p->replies_good, 2);
    ck_assert_str_eq(p->server.log,
                     "open;request pty-req xterm;request shell;eof;closed we closed;");
    ck_assert_str_eq(p->client.log, "open;request exit-status;eof;close;closed peer closed;");
}

START_TEST(a_session_works_with_every_cipher_in_pieces_of_any_size)
{
    static const size_t chunks[] = {0, 1, 7, 4096};
    struct protection protection = protection_at(_i / 4);
    const struct nacre_negotiated *n;
    struct pair p;

    pair_init(&p, 1);
    p.chunk = chunks[_i % 4];
    protect(&p, _i / 4);
    short_session(&p);
    n = nacre_session_negotiated(p.server.session);
    ck_assert_str_eq(n->cipher_client_to_server, protection.cipher->name);
    ck_assert_str_eq(n->cipher_server_to_client, protection.cipher->name);
    ck_assert_pstr_eq(n->mac_client_to_server,
                      protection.mac == NULL ? NULL : protection.mac->name);
    ck_assert_pstr_eq(n->mac_server_to_client,
                      protection.mac == NULL ? NULL : protection.mac->name);
    ck_assert(n->strict);
    pair_clear(&p);
}
END_TEST

START_TEST(a_key_logs_in_without_a_password)
{
    struct pair p;

    pair_init(&p, 1);
    p.client_config.password = NULL;
    p.client_config.keys = p.user_keys;
    p.client_config.key_count = 1;
    short_session(&p);
    pair_clear(&p);
}
END_TEST

/* The client uses only keys whose algorithms are in its own list. */
START_TEST(a_key_of_an_algorithm_that_the_client_does_not_list_is_not_used)
{
    static const char *const lists[] = {"rsa-sha2-512,ecdsa-sha2-nistp256", "ssh-ed25519"};
    struct pair p;

    pair_init(&p, 1);
    p.client_config.password = NULL;
    p.client_config.keys = p.user_keys;
    p.client_config.key_count = 1;
    p.client_config.public_key = lists[_i];
    pair_start(&p);
    pair_run(&p);
    ck_assert(p.client.authenticated == (_i == 1));
    pair_clear(&p);
}
END_TEST

static void digest_of(struct pair *p, struct end *e, uint8_t digest[32])
{
    short_session(p);
    ck_assert(hash_finish(&e->digest, digest));
    ck_assert(hash_start(&e->digest, &hash_sha256));
    pair_clear(p);
}

START_TEST(the_same_seed_gives_the_same_bytes_however_they_are_delivered)
{
    uint8_t whole[32], dripped[32], other[32];
    struct pair p;

    pair_init(&p, 9);
    digest_of(&p, _i == 0 ? &p.server : &p.client, whole);
    pair_init(&p, 9);
    p.chunk = 1;
    digest_of(&p, _i == 0 ? &p.server : &p.client, dripped);
    pair_init(&p, 10);
    digest_of(&p, _i == 0 ? &p.server : &p.client, other);
    ck_assert_mem_eq(whole, dripped, 32);
    ck_assert_mem_ne(whole, other, 32);
}
END_TEST

/* ---- logins that fail ---- */

static void expect_no_login(struct pair *p)
{
    pair_start(p);
    pair_run(p);
    ck_assert(!p->server.authenticated);
    ck_assert(!p->client.authenticated);
    ck_assert(p->client.ended);
    ck_assert(p->server.ended);
    ck_assert_int_eq(p->client.why.cause, NACRE_AUTH_FAILED);
    ck_assert_int_eq(p->server.why.cause, NACRE_DISCONNECTED);
    pair_clear(p);
}

START_TEST(a_wrong_password_an_unknown_user_and_a_wrong_key_do_not_log_in)
{
    struct pair p;

    pair_init(&p, 1);
    p.client_config.password = "wrong";
    expect_no_login(&p);

    pair_init(&p, 1);
    p.client_config.user = "mallory";
    expect_no_login(&p);

    pair_init(&p, 1);
    p.client_config.password = NULL;
    expect_no_login(&p);

    pair_init(&p, 1);
    p.user_keys[0] = &p.other_key;
    p.client_config.password = NULL;
    p.client_config.keys = p.user_keys;
    p.client_config.key_count = 1;
    expect_no_login(&p);
}
END_TEST

START_TEST(a_login_that_takes_too_long_is_ended)
{
    struct pair p;

    pair_init(&p, 1);
    pair_start(&p);
    pair_step(&p);
    ck_assert_uint_le(nacre_session_deadline(p.server.session), 120 * 1000);
    p.now_ms += 120 * 1000;
    nacre_session_tick(p.server.session, p.now_ms);
    ck_assert(p.server.ended);
    ck_assert_int_eq(p.server.why.cause, NACRE_TIMED_OUT);
    pair_clear(&p);
}
END_TEST

START_TEST(another_host_key_is_not_accepted)
{
    struct pair p;

    pair_init(&p, 1);
    p.host_keys[0] = &p.other_key;
    pair_start(&p);
    pair_run(&p);
    ck_assert_int_eq(p.client.why.cause, NACRE_HOST_KEY_REJECTED);
    ck_assert_uint_eq(p.client.why.code, 9); /* HOST_KEY_NOT_VERIFIABLE */
    ck_assert_int_eq(p.server.why.cause, NACRE_DISCONNECTED);
    pair_clear(&p);
}
END_TEST

/* A password that another thread checks: messages that arrive meanwhile wait. */
static struct nacre_decision *waiting;

static void decide_later(void *context, struct nacre_decision *d, const char *user,
                         const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    waiting = d;
}

START_TEST(a_decision_may_come_later)
{
    struct pair p;

    pair_init(&p, 1);
    p.policy.password = decide_later;
    pair_start(&p);
    pair_run(&p);
    ck_assert_ptr_nonnull(waiting);
    ck_assert(!p.client.authenticated);
    nacre_decide(waiting, true);
    pair_pass(&p, 1);
    ck_assert(p.client.authenticated);
    pair_clear(&p);
}
END_TEST

START_TEST(a_decision_may_come_after_the_session_has_ended)
{
    struct pair p;

    pair_init(&p, 1);
    p.policy.password = decide_later;
    pair_start(&p);
    pair_run(&p);
    ck_assert_ptr_nonnull(waiting);
    nacre_session_free(p.server.session);
    nacre_decide(waiting, true);
    ck_assert_uint_eq(nacre_endpoint_memory_in_use(p.server.endpoint), 0);
    p.server.session = nacre_session_new(p.server.endpoint, &p.server, 0);
    p.server.ended = false;
    pair_clear(&p);
}
END_TEST

/* ---- every bit flip ends in one clean disconnect ---- */

/* Flip one bit of a data packet, and send much more after it, because a larger length waits for
 * more bytes. Returns false when the bit is past the packet's end. */
static bool flip(int which, size_t bit)
{
    static const uint8_t more[32 * 1024], huge[200 * 1024];
    struct pair p;
    struct nacre_channel *ch;
    bool inside;

    pair_init(&p, 5);
    p.client_config.kex = "curve25519-sha256"; /* the fastest: there are many sessions */
    protect(&p, which);
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    pair_run(&p);
    ck_assert_uint_eq(nacre_channel_write(ch, "some data", 9), 9);
    end_hold(&p.client);
    inside = bit / 8 < p.client.wire_len;
    if (inside) {
        p.client.wire[p.client.wire_head + bit / 8] ^= (uint8_t)(1 << bit % 8);
        for (int i = 0; i < 3; i++) {
            ck_assert_uint_eq(nacre_channel_write(ch, more, sizeof more), sizeof more);
            end_hold(&p.client);
        }
        ck_assert_int_eq(nacre_channel_request(ch, "x@y", false, huge, sizeof huge),
                         NACRE_SEND_DONE); /* more than any length */
        end_hold(&p.client);
        pair_run(&p);
        ck_assert(p.server.ended);
        ck_assert_int_eq(p.server.why.cause, NACRE_PROTOCOL_ERROR);
        ck_assert_int_eq(p.client.why.cause, NACRE_DISCONNECTED);
        ck_assert_uint_eq(p.client.why.code, p.server.why.code);
        ck_assert_uint_eq(p.got_len, 0); /* nothing of it was delivered */
        ck_assert_str_eq(p.server.log, "open;request shell;closed protocol error;");
    }
    pair_clear(&p);
    return inside;
}

/* Of the MACs, one over the plaintext and one over the ciphertext: a session for every bit takes
 * long, and tests/transport/packet.c has the rest. */
static bool has_been_flipped(int which)
{
    const struct algorithm *mac = protection_at(which).mac;

    for (int i = 0; mac != NULL && i < which; i++) {
        const struct algorithm *other = protection_at(i).mac;

        if (other != NULL && ((const struct mac_method *)other->method)->encrypt_first ==
                                 ((const struct mac_method *)mac->method)->encrypt_first)
            return true;
    }
    return false;
}

START_TEST(every_flipped_bit_ends_in_one_clean_disconnect)
{
    const size_t step = RUNNING_ON_VALGRIND ? 29 : 1; /* there a session takes 50 times as long */
    size_t bit;

    if (has_been_flipped(_i))
        return;
    for (bit = 0; flip(_i, bit); bit += step)
        ;
    ck_assert_uint_ge(bit, 8 * (4 + 24 + 16)); /* length, one or two blocks, tag */
}
END_TEST

/* ---- much data ---- */

/* Write n bytes of a pattern as space allows. */
static size_t fed;

static void feed(struct nacre_channel *ch, size_t total)
{
    uint8_t block[1000];

    while (fed < total) {
        size_t want = total - fed < sizeof block ? total - fed : sizeof block;
        size_t n;

        for (size_t i = 0; i < want; i++)
            block[i] = (uint8_t)((fed + i) * 7 + (fed + i) / 251);
        n = nacre_channel_write(ch, block, want);
        fed += n;
        if (n < want)
            return;
    }
}

static void check_pattern(const struct pair *p, size_t total)
{
    ck_assert_uint_eq(p->got_len, total);
    for (size_t i = 0; i < total; i++)
        if (p->got[i] != (uint8_t)(i * 7 + i / 251))
            ck_abort_msg("byte %zu is wrong", i);
}

static void echo_much(struct pair *p, size_t total)
{
    struct nacre_channel *ch;

    fed = 0;
    pair_start(p);
    ch = pair_open(p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    for (int i = 0; i < 1000000 && fed < total; i++) {
        feed(ch, total);
        pair_step(p);
    }
    nacre_channel_eof(ch);
    pair_run(p);
    check_pattern(p, total);
    ck_assert_ptr_nonnull(strstr(p->client.log, "closed peer closed;"));
    pair_clear(p);
}

START_TEST(a_megabyte_comes_back_with_every_cipher)
{
    struct pair p;

    pair_init(&p, 2);
    protect(&p, _i);
    echo_much(&p, RUNNING_ON_VALGRIND ? 1 << 18 : 1 << 20);
}
END_TEST

START_TEST(rekeying_every_few_packets_loses_nothing)
{
    struct pair p;

    pair_init(&p, 2);
    protect(&p, _i % 3);
    (_i < 3 ? &p.server_config : &p.client_config)->rekey_bytes = 20000;
    p.chunk = 1000;
    echo_much(&p, 1 << 19);
}
END_TEST

START_TEST(both_rekey_at_once_and_by_time)
{
    struct pair p;
    struct nacre_channel *ch;

    pair_init(&p, 2);
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    pair_run(&p);
    for (int i = 0; i < 5; i++) {
        p.now_ms += 3600 * 1000;
        nacre_session_tick(p.server.session, p.now_ms);
        nacre_session_tick(p.client.session, p.now_ms);
        ck_assert_uint_eq(nacre_channel_write(ch, "x", 1), 0); /* not during the key exchange */
        pair_run(&p);
        ck_assert_uint_eq(nacre_channel_write(ch, "x", 1), 1);
    }
    pair_run(&p);
    ck_assert_uint_eq(p.got_len, 5);
    pair_clear(&p);
}
END_TEST

/* ---- a peer that does not read ---- */

START_TEST(a_peer_that_never_reads_cannot_make_the_session_grow)
{
    struct pair p;
    struct nacre_channel *ch;
    size_t most = 0;

    fed = 0;
    pair_init(&p, 3);
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    pair_run(&p);
    p.client_reads = false;
    for (int i = 0; i < 20000; i++) {
        feed(ch, 3 << 20);
        pair_step(&p);
        if (nacre_endpoint_memory_in_use(p.server.endpoint) > most)
            most = nacre_endpoint_memory_in_use(p.server.endpoint);
    }
    ck_assert_uint_ge(fed, 128 * 1024);   /* the whole first window was accepted */
    ck_assert_uint_lt(fed, 3 << 20);      /* ... and then it stopped */
    ck_assert_uint_lt(most, 1024 * 1024); /* windows and buffers only */
    ck_assert(!p.server.ended);

    p.client_reads = true; /* it reads again, and every byte arrives */
    for (int i = 0; i < 1000000 && fed < 3 << 20; i++) {
        feed(ch, 3 << 20);
        pair_step(&p);
    }
    nacre_channel_eof(ch);
    pair_run(&p);
    check_pattern(&p, 3 << 20);
    pair_clear(&p);
}
END_TEST

/* ---- the ends ---- */

START_TEST(a_lost_connection_gives_closed_alone)
{
    struct pair p;
    struct nacre_channel *ch;

    pair_init(&p, 4);
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    pair_run(&p);
    nacre_session_lost(p.server.session);
    ck_assert_str_eq(p.server.log, "open;request shell;closed connection lost;");
    pair_clear(&p);
}
END_TEST

START_TEST(one_of_several_channels_closes_and_the_others_continue)
{
    struct pair p;
    struct nacre_channel *chs[10];

    pair_init(&p, 4);
    pair_start(&p);
    for (int i = 0; i < 10; i++) {
        chs[i] = pair_open(&p);
        ck_assert_int_eq(nacre_channel_shell(chs[i]), NACRE_SEND_DONE);
    }
    pair_run(&p);
    p.server.log[0] = p.client.log[0] = 0;
    nacre_channel_close(chs[4]);
    pair_run(&p);
    ck_assert_str_eq(p.server.log, "eof;closed we closed;");
    ck_assert_str_eq(p.client.log, "closed we closed;");
    for (int i = 0; i < 10; i++)
        if (i != 4)
            ck_assert_uint_eq(nacre_channel_write(chs[i], "x", 1), 1);
    pair_run(&p);
    ck_assert_uint_eq(p.got_len, 9);
    pair_clear(&p);
}
END_TEST

START_TEST(one_channel_more_than_the_cap_is_refused)
{
    struct pair p;

    pair_init(&p, 4);
    p.server_config.channels_max = 3;
    pair_start(&p);
    for (int i = 0; i < 4; i++)
        (void)pair_open(&p);
    ck_assert_str_eq(p.client.log, "open;open;open;closed open refused;");
    pair_clear(&p);
}
END_TEST

START_TEST(shutting_down_sends_what_was_accepted_and_then_the_disconnect)
{
    struct pair p;
    struct nacre_channel *ch;

    pair_init(&p, 4);
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    pair_run(&p);
    ck_assert_uint_eq(nacre_channel_write(ch, "last", 4), 4);
    (void)pair_step(&p);
    nacre_session_disconnect(p.server.session, NACRE_SHUTTING_DOWN, "going home");
    ck_assert_str_eq(p.server.log, "open;request shell;closed shutting down;");
    pair_run(&p);
    ck_assert_uint_eq(p.got_len, 4);
    ck_assert_str_eq(p.client.log, "open;closed disconnected by peer;");
    ck_assert_str_eq(p.client.why.text, "going home");
    pair_clear(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_timeout(suite, 240);
    add_loop(suite, a_session_works_with_every_cipher_in_pieces_of_any_size, 0,
             4 * protection_count());
    add_test(suite, a_key_logs_in_without_a_password);
    add_loop(suite, a_key_of_an_algorithm_that_the_client_does_not_list_is_not_used, 0, 2);
    add_loop(suite, the_same_seed_gives_the_same_bytes_however_they_are_delivered, 0, 2);
    add_test(suite, a_wrong_password_an_unknown_user_and_a_wrong_key_do_not_log_in);
    add_test(suite, a_login_that_takes_too_long_is_ended);
    add_test(suite, another_host_key_is_not_accepted);
    add_test(suite, a_decision_may_come_later);
    add_test(suite, a_decision_may_come_after_the_session_has_ended);
    add_loop(suite, every_flipped_bit_ends_in_one_clean_disconnect, 0, protection_count());
    add_loop(suite, a_megabyte_comes_back_with_every_cipher, 0, protection_count());
    add_loop(suite, rekeying_every_few_packets_loses_nothing, 0, 6);
    add_test(suite, both_rekey_at_once_and_by_time);
    add_test(suite, a_peer_that_never_reads_cannot_make_the_session_grow);
    add_test(suite, a_lost_connection_gives_closed_alone);
    add_test(suite, one_of_several_channels_closes_and_the_others_continue);
    add_test(suite, one_channel_more_than_the_cap_is_refused);
    add_test(suite, shutting_down_sends_what_was_accepted_and_then_the_disconnect);
}
