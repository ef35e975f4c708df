/* Rekeys cost the end that is asked for them; beyond the rate they wait. Whole sessions in memory.
 */
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { SECOND = 1000 };

static unsigned exchanges;

static void on_negotiated(void *context, const struct nacre_negotiated *choice)
{
    (void)context;
    (void)choice;
    exchanges++;
}

static const struct nacre_observer counting = {.negotiated = on_negotiated};

/* The client rekeys again and again. */
static void rekey_on(struct pair *p, unsigned until)
{
    while (exchanges < until) {
        unsigned before = exchanges;

        nacre_session_rekey(p->client.session);
        pair_run(p);
        if (exchanges == before)
            return;
    }
}

static void pair_with_rekeys(struct pair *p, uint32_t burst)
{
    pair_init(p, 3);
    p->server_limits.rates[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS] = (struct nacre_rate){burst, 60};
    p->client_config.observer = &counting;
    pair_start(p);
    (void)pair_open(p);
    exchanges = 0;
}

static void finish_exchange(struct pair *p)
{
    for (int i = 0; i < 20; i++)
        pair_pass(p, 100);
}

START_TEST(endless_rekeys_wait)
{
    static struct pair p;
    struct nacre_channel *ch;

    pair_with_rekeys(&p, 4);
    rekey_on(&p, 100);
    pair_run(&p);
    ck_assert_uint_lt(exchanges, 6);
    ck_assert(!p.server.ended);
    finish_exchange(&p); /* two seconds, one exchange each */
    exchanges = 0;
    for (int i = 0; i < 10; i++) {
        nacre_session_rekey(p.client.session);
        pair_pass(&p, 1000);
    }
    ck_assert_uint_ge(exchanges, 9);
    ck_assert_uint_le(exchanges, 10);
    ch = nacre_session_open_channel(p.client.session, "session", &p.client_app, NULL, NULL, 0);
    finish_exchange(&p);
    ck_assert(ch != NULL || !p.client.ended);
    pair_clear(&p);
}
END_TEST

/* RekeyLimit 16K: what was transferred does not pay for a rekey. It is answered later. */
START_TEST(rekeys_after_a_transfer_are_charged_too)
{
    static struct pair p;
    static const uint8_t data[16 * 1024];
    struct nacre_channel *ch;

    pair_with_rekeys(&p, 4);
    ch = pair_open(&p);
    exchanges = 0;
    for (int i = 0; i < 20; i++) {
        (void)nacre_channel_write(ch, data, sizeof data);
        pair_run(&p);
        nacre_session_rekey(p.client.session);
        pair_run(&p);
    }
    ck_assert_uint_ge(exchanges, 4);
    ck_assert_uint_le(exchanges, 5);
    finish_exchange(&p);
    exchanges = 0;
    for (int i = 0; i < 10; i++) {
        (void)nacre_channel_write(ch, data, sizeof data);
        nacre_session_rekey(p.client.session);
        pair_pass(&p, 1000);
    }
    ck_assert_uint_ge(exchanges, 9);
    ck_assert_uint_le(exchanges, 10);
    ck_assert(!p.server.ended && !p.client.ended);
    pair_clear(&p);
}
END_TEST

static const struct {
    const char *kex;
    uint32_t tokens;
} costs[] = {
    {"mlkem768x25519-sha256", 1},
    {"sntrup761x25519-sha512", 1},
    {"curve25519-sha256", 1},
    {"ecdh-sha2-nistp256", 1},
    {"ecdh-sha2-nistp384", 6},
    {"ecdh-sha2-nistp521", 2},
    {"diffie-hellman-group14-sha256", 4},
    {"diffie-hellman-group16-sha512", 18},
    {"diffie-hellman-group-exchange-sha256", 9}, /* our client asks for 3072 bits */
};

/* The burst allows two; the third waits for all its tokens, one per second, before it computes. */
START_TEST(a_rekey_counts_as_often_as_it_costs_more)
{
    static struct pair p;

    pair_init(&p, 3);
    p.server_config.kex = p.client_config.kex = costs[_i].kex;
    p.server_limits.rates[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS] =
        (struct nacre_rate){2 * costs[_i].tokens, 60};
    p.client_config.observer = &counting;
    pair_start(&p);
    (void)pair_open(&p);
    exchanges = 0;
    rekey_on(&p, 100);
    ck_assert_uint_eq(exchanges, 3);
    for (unsigned ms = 0; ms < costs[_i].tokens * SECOND - 100; ms += 100) {
        ck_assert_str_eq(nacre_session_phase(p.server.session), "rekey");
        pair_pass(&p, 100);
    }
    ck_assert_str_eq(nacre_session_phase(p.server.session), "rekey");
    pair_pass(&p, 200);
    ck_assert_str_eq(nacre_session_phase(p.server.session), "connection");
    pair_clear(&p);
}
END_TEST

/* The client, too, limits what the other end may make it compute. */
START_TEST(a_client_makes_a_server_that_rekeys_endlessly_wait)
{
    static struct pair p;

    pair_init(&p, 3);
    p.client_limits.rates[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS] = (struct nacre_rate){4, 60};
    p.client_config.observer = &counting;
    pair_start(&p);
    (void)pair_open(&p);
    exchanges = 0;
    for (int i = 0; i < 100; i++) {
        nacre_session_rekey(p.server.session);
        pair_run(&p);
    }
    ck_assert_uint_ge(exchanges, 4);
    ck_assert_uint_le(exchanges, 6);
    exchanges = 0;
    for (int i = 0; i < 10; i++) {
        nacre_session_rekey(p.server.session);
        pair_pass(&p, 1000);
    }
    ck_assert_uint_ge(exchanges, 9);
    ck_assert_uint_le(exchanges, 11);
    ck_assert(!p.server.ended && !p.client.ended);
    pair_clear(&p);
}
END_TEST

/* While the peer's exchange waits for its quota, its silence is our doing. */
START_TEST(an_exchange_that_waits_is_no_silence)
{
    static struct pair p;

    pair_init(&p, 3);
    p.server_limits.rates[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS] = (struct nacre_rate){1, 1};
    p.server_limits.keepalive_ms = 5 * SECOND;
    p.server_limits.keepalive_count = 2;
    pair_start(&p);
    (void)pair_open(&p);
    for (int i = 0; i < 2; i++) {
        nacre_session_rekey(p.client.session);
        pair_run(&p);
    }
    for (int i = 0; i < 59; i++) {
        pair_pass(&p, SECOND);
        ck_assert_str_eq(nacre_session_phase(p.server.session), "rekey");
    }
    for (int i = 0; i < 60; i++)
        pair_pass(&p, SECOND);
    ck_assert(!p.server.ended && !p.client.ended);
    ck_assert_str_eq(nacre_session_phase(p.server.session), "connection");
    pair_clear(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, endless_rekeys_wait);
    add_test(suite, rekeys_after_a_transfer_are_charged_too);
    add_loop(suite, a_rekey_counts_as_often_as_it_costs_more, 0, COUNT(costs));
    add_test(suite, an_exchange_that_waits_is_no_silence);
    add_test(suite, a_client_makes_a_server_that_rekeys_endlessly_wait);
}
