/* The limits of one session, with a virtual clock. Each test shows that what exceeds a limit is
 * ended, refused or delayed, and what stays within it is not. */
#include "connection/parts.h"
#include "tests/support/scripted.h"
#include "tests/support/suite.h"
#include "transport/rate.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

enum {
    SECOND = 1000,
};

static struct scripted s;
static unsigned met[NACRE_LIMITS];

static void on_limited(void *context, enum nacre_limit limit)
{
    ck_assert_ptr_eq(context, s.real);
    met[limit]++;
}

static const struct nacre_observer observer = {.limited = on_limited};

static void prepare(void)
{
    memset(met, 0, sizeof met);
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.observer = &observer;
}

static void set_rate(enum nacre_limit limit, uint32_t burst, uint32_t per_minute)
{
    s.pair.server_limits.rates[limit - NACRE_LIMIT_OPENS] = (struct nacre_rate){burst, per_minute};
}

/* Let time pass, and tick the session at each of its deadlines only. */
static void pass(uint64_t ms)
{
    uint64_t until = s.pair.now_ms + ms;

    for (;;) {
        uint64_t deadline = nacre_session_deadline(s.real->session);

        s.pair.now_ms = deadline < until ? deadline : until;
        if (deadline > until)
            return;
        nacre_session_tick(s.real->session, s.pair.now_ms);
        scripted_run(&s);
        ck_assert_uint_gt(nacre_session_deadline(s.real->session), s.pair.now_ms);
    }
}

/* ---- the bucket ---- */

START_TEST(a_rate_allows_its_burst_and_then_so_many_per_minute)
{
    const struct nacre_rate rate = {3, 60};
    uint64_t spent = 0, now = 1000000;

    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(rate_take(&spent, rate, now), 0);
    ck_assert_uint_eq(rate_take(&spent, rate, now), now + SECOND);
    ck_assert_uint_eq(rate_take(&spent, rate, now + SECOND), now + 2 * SECOND);
    now += 3600 * SECOND; /* a bucket never holds more than the burst */
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(rate_take(&spent, rate, now), 0);
    ck_assert_uint_ne(rate_take(&spent, rate, now), 0);
}
END_TEST

START_TEST(a_rate_without_a_burst_is_no_limit)
{
    uint64_t spent = 0;

    for (int i = 0; i < 100000; i++)
        ck_assert_uint_eq(rate_take(&spent, (struct nacre_rate){0, 0}, 0), 0);
}
END_TEST

START_TEST(zero_means_the_default_and_unlimited_means_no_limit)
{
    struct nacre_limits limits = {.handshake_ms = NACRE_UNLIMITED,
                                  .auth_delay_ms = NACRE_UNLIMITED,
                                  .window = 1,
                                  .rates = {{NACRE_UNLIMITED, 1}, {5, 0}, {7, 8}}};

    limits_resolve(&limits, NACRE_SERVER);
    ck_assert_uint_eq(limits.handshake_ms, 0);
    ck_assert_uint_eq(limits.auth_delay_ms, 0);
    ck_assert_uint_eq(limits.keepalive_count, 3);
    ck_assert_uint_eq(limits.window, 64 * 1024);
    ck_assert_uint_eq(limits.rates[0].burst, 0);
    ck_assert_uint_eq(limits.rates[1].burst, 0);
    ck_assert_uint_eq(limits.rates[2].burst, 7);
    ck_assert_uint_eq(limits.rates[3].burst, 4);
    limits = (struct nacre_limits){0};
    limits_resolve(&limits, NACRE_CLIENT);
    ck_assert_uint_eq(limits.handshake_ms, 0);
    ck_assert_uint_eq(limits.rates[3].burst, 0);
    ck_assert_uint_eq(limits.rates[4].burst, 100); /* the one rate that a client limits */
}
END_TEST

/* ---- before the login ---- */

START_TEST(the_whole_login_has_a_deadline)
{
    prepare();
    scripted_start(&s);
    pass(120 * SECOND - 1);
    ck_assert(!s.real->ended);
    pass(1);
    scripted_expect(&s, "disconnect 11;");
    ck_assert_str_eq(s.real->why_text, "login timeout");
    ck_assert_uint_eq(met[NACRE_LIMIT_LOGIN_GRACE], 1);
    scripted_clear(&s);
}
END_TEST

static void guess(void)
{
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?s", "alice", "ssh-connection", "password", 0,
                  "wrong");
    scripted_run(&s);
}

START_TEST(each_failed_attempt_doubles_the_delay)
{
    prepare();
    s.pair.server_limits.auth_delay_ms = 250;
    scripted_start(&s);
    for (uint64_t delay = 250; delay <= 4000; delay *= 2) {
        guess();
        pass(delay - 1);
        scripted_expect(&s, "");
        pass(1);
        scripted_expect(&s, "auth-failure publickey,password;");
    }
    guess();
    scripted_expect(&s, "disconnect 14;");
    ck_assert_uint_eq(met[NACRE_LIMIT_AUTH_TRIES], 1);
    scripted_clear(&s);
}
END_TEST

START_TEST(messages_after_a_failed_attempt_wait_too)
{
    prepare();
    s.pair.server_limits.auth_delay_ms = 250;
    scripted_start(&s);
    guess();
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?s", "alice", "ssh-connection", "password", 0,
                  "secret");
    pass(249);
    scripted_expect(&s, "");
    pass(1);
    scripted_expect(&s, "auth-failure publickey,password;"
                        "auth-success;");
    scripted_clear(&s);
}
END_TEST

static struct nacre_decision *open_decision;

static void decide_later(void *context, struct nacre_decision *decision, const char *user,
                         const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    open_decision = decision;
}

/* Checking the hash took 200 of the 250 ms. */
START_TEST(a_slow_check_is_part_of_the_delay)
{
    prepare();
    s.pair.server_limits.auth_delay_ms = 250;
    s.pair.policy.password = decide_later;
    scripted_start(&s);
    guess();
    s.pair.now_ms += 200;
    nacre_decide(open_decision, false);
    scripted_expect(&s, "");
    pass(49);
    scripted_expect(&s, "");
    pass(1);
    scripted_expect(&s, "auth-failure publickey,password;");
    scripted_clear(&s);
}
END_TEST

START_TEST(as_many_attempts_as_configured)
{
    prepare();
    s.pair.server_limits.auth_tries = 2;
    scripted_start(&s);
    guess();
    scripted_expect(&s, "auth-failure publickey,password;");
    guess();
    scripted_expect(&s, "disconnect 14;");
    scripted_clear(&s);
}
END_TEST

/* ---- after it ---- */

/* Send the i-th message of a kind that has a rate; `answer` is the immediate reply. */
static void send_open(uint32_t i)
{
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "nonsense@example.com", i, 1, 1);
}

static void send_request(uint32_t i)
{
    (void)i;
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", 0, "nonsense@example.com", 1);
}

static void send_global(uint32_t i)
{
    (void)i;
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", "nonsense@example.com", 1);
}

static const struct {
    enum nacre_limit limit;
    void (*send)(uint32_t i);
    const char *answer;
} rates[] = {
    {NACRE_LIMIT_OPENS, send_open, "open-failure 5 3;"},
    {NACRE_LIMIT_REQUESTS, send_request, "failure 5;"},
    {NACRE_LIMIT_GLOBALS, send_global, "request-failure;"},
};

START_TEST(messages_beyond_a_rate_wait_and_are_answered)
{
    const size_t len = strlen(rates[_i].answer);
    char expected[64 * 5] = "";

    prepare();
    set_rate(rates[_i].limit, 5, 60);
    scripted_login(&s);
    if (rates[_i].limit == NACRE_LIMIT_REQUESTS)
        ck_assert_uint_eq(scripted_open(&s, 5, 1000, 1000), 0);
    for (int i = 0; i < 20; i++)
        rates[_i].send(5);
    for (size_t i = 0; i < 6; i++) /* the first one too many is answered, and the next waits */
        (void)snprintf(expected + i * len, sizeof expected - i * len, "%s", rates[_i].answer);
    scripted_expect(&s, expected);
    ck_assert_uint_eq(met[rates[_i].limit], 1);
    for (int i = 0; i < 14; i++) {
        pass(SECOND - 1);
        scripted_expect(&s, "");
        pass(1);
        scripted_expect(&s, rates[_i].answer);
    }
    scripted_expect(&s, "");
    ck_assert(!s.real->ended);
    scripted_clear(&s);
}
END_TEST

/* A flood waits at the peer, and uses no memory here. */
START_TEST(a_flood_is_not_buffered)
{
    size_t before;

    prepare();
    set_rate(NACRE_LIMIT_GLOBALS, 1, 60);
    scripted_login(&s);
    for (int i = 0; i < 800; i++)
        send_global(0);
    scripted_run(&s);
    before = nacre_endpoint_memory_in_use(s.real->endpoint);
    ck_assert_uint_lt(before, 2 * BLOCK_LARGE);
    pass(10 * SECOND);
    ck_assert_uint_le(nacre_endpoint_memory_in_use(s.real->endpoint), before);
    scripted_clear(&s);
}
END_TEST

START_TEST(too_many_proofs_of_host_keys_are_refused)
{
    struct bytes blob;

    prepare();
    set_rate(NACRE_LIMIT_PROOFS, 2, 1);
    scripted_login(&s);
    blob = private_key_blob(&s.pair.host_key);
    for (int i = 0; i < 4; i++)
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", "hostkeys-prove-00@openssh.com", 1,
                      blob.at, blob.len);
    scripted_expect(&s, "message 81;message 81;request-failure;request-failure;");
    ck_assert_uint_eq(met[NACRE_LIMIT_PROOFS], 2);
    pass(61 * SECOND); /* refused ones do not count */
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", "hostkeys-prove-00@openssh.com", 1, blob.at,
                  blob.len);
    scripted_expect(&s, "message 81;");
    scripted_clear(&s);
}
END_TEST

/* ---- what is held ---- */

START_TEST(channels_and_their_memory_are_bounded)
{
    static const uint8_t data[32 * 1024];

    prepare();
    s.pair.server_config.channels_max = 4;
    s.pair.server_limits.window = 256 * 1024;
    scripted_login(&s);
    (void)scripted_open(&s, 0, 1000, 1000); /* 128 KiB of window */
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuux", "session", 1, 1, 1, data, sizeof data);
    scripted_expect(
        &s, "open-failure 1 4;"); /* the window would fit, but not with the bytes of the open */
    ck_assert_uint_eq(met[NACRE_LIMIT_WINDOW], 1);
    (void)scripted_open(&s, 1, 1000, 1000);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 2, 1, 1);
    scripted_expect(&s, "open-failure 2 4;");
    ck_assert_uint_eq(met[NACRE_LIMIT_WINDOW], 2);
    scripted_send(&s, SSH_MSG_CHANNEL_CLOSE, "u", 0);
    scripted_expect(&s, "close 0;");
    (void)scripted_open(&s, 2, 1000, 1000);
    scripted_clear(&s);
}
END_TEST

START_TEST(one_channel_too_many_is_refused)
{
    prepare();
    s.pair.server_config.channels_max = 2;
    scripted_login(&s);
    (void)scripted_open(&s, 0, 1000, 1000);
    (void)scripted_open(&s, 1, 1000, 1000);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 2, 1, 1);
    scripted_expect(&s, "open-failure 2 4;");
    ck_assert_uint_eq(met[NACRE_LIMIT_CHANNELS], 1);
    scripted_clear(&s);
}
END_TEST

START_TEST(a_small_budget_is_enough_for_two_channels)
{
    prepare();
    s.pair.server_limits.window = 1;
    scripted_login(&s);
    (void)scripted_open(&s, 0, 1000, 1000);
    (void)scripted_open(&s, 1, 1000, 1000);
    scripted_clear(&s);
}
END_TEST

/* A change that makes an idle session larger is a decision, not an accident. The rest of its memory
 * is libcrypto's and, in a server, struct nacre_peer: tests/bench/parts. */
START_TEST(an_idle_session_takes_little_memory)
{
    enum { MOST = 1440 }; /* bytes */
    struct pair p;

    pair_init(&p, 1);
    p.client_config.ciphers = "chacha20-poly1305@openssh.com"; /* whose state is not libcrypto's */
    pair_start(&p);
    (void)pair_open(&p);
    nacre_session_received(p.server.session, 0, p.now_ms); /* as when a socket has no more */
    ck_assert_uint_le(nacre_endpoint_memory_in_use(p.server.endpoint), MOST);
    pair_clear(&p);
}
END_TEST

START_TEST(every_limit_has_its_own_name)
{
    for (int i = 0; i < NACRE_LIMITS; i++) {
        ck_assert_ptr_nonnull(nacre_limit_name((enum nacre_limit)i));
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(nacre_limit_name((enum nacre_limit)i),
                             nacre_limit_name((enum nacre_limit)j));
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_rate_allows_its_burst_and_then_so_many_per_minute);
    add_test(suite, a_rate_without_a_burst_is_no_limit);
    add_test(suite, zero_means_the_default_and_unlimited_means_no_limit);
    add_test(suite, the_whole_login_has_a_deadline);
    add_test(suite, each_failed_attempt_doubles_the_delay);
    add_test(suite, messages_after_a_failed_attempt_wait_too);
    add_test(suite, a_slow_check_is_part_of_the_delay);
    add_test(suite, as_many_attempts_as_configured);
    add_loop(suite, messages_beyond_a_rate_wait_and_are_answered, 0, 3);
    add_test(suite, a_flood_is_not_buffered);
    add_test(suite, too_many_proofs_of_host_keys_are_refused);
    add_test(suite, channels_and_their_memory_are_bounded);
    add_test(suite, one_channel_too_many_is_refused);
    add_test(suite, a_small_budget_is_enough_for_two_channels);
    add_test(suite, an_idle_session_takes_little_memory);
    add_test(suite, every_limit_has_its_own_name);
}
