/* The configuration that many sessions share. */
#include "apps/session/parts.h"
#include "tests/support/pair.h"
#include "tests/support/scarce.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"
#include "transport/pool.h"

#include <string.h>

static struct pair p;

static void assert_no_endpoint(const struct nacre_endpoint_config *config, const char *says)
{
    char errbuf[1024] = "";

    ck_assert_ptr_null(nacre_endpoint_new(config, errbuf, sizeof errbuf));
    ck_assert_msg(strstr(errbuf, says) != NULL, "%s", errbuf);
    ck_assert_ptr_null(nacre_endpoint_new(config, NULL, 0));
}

START_TEST(an_unknown_algorithm_is_named)
{
    struct nacre_endpoint_config config = {
        .version = NACRE_VERSION_NUMBER, .role = NACRE_CLIENT, .user = "alice"};
    const char **const lists[] = {&config.kex, &config.host_key, &config.public_key,
                                  &config.ciphers, &config.macs};
    static const char *const kinds[] = {"key exchange", "host key", "public key", "cipher", "MAC"};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        *lists[i] = "+rot13";
        assert_no_endpoint(&config, "'rot13' is not known");
        assert_no_endpoint(&config, kinds[i]);
        *lists[i] = "";
        assert_no_endpoint(&config, kinds[i]);
        *lists[i] = NULL;
    }
}
END_TEST

START_TEST(a_server_needs_a_host_key)
{
    const struct nacre_endpoint_config config = {.version = NACRE_VERSION_NUMBER,
                                                 .role = NACRE_SERVER};

    assert_no_endpoint(&config, "host key");
}
END_TEST

START_TEST(lists_are_read_as_options_are)
{
    pair_init(&p, 5);
    p.server_config.ciphers = "-*gcm*,chacha*";
    p.client_config.ciphers = "^aes128-ctr";
    pair_start(&p);
    pair_run(&p);
    ck_assert_str_eq(nacre_session_negotiated(p.client.session)->cipher_client_to_server,
                     "aes128-ctr");
    pair_clear(&p);
}
END_TEST

/* ... with the structs that it points to. */
START_TEST(the_configuration_is_copied)
{
    struct scarce scarce;
    struct nacre_endpoint_config config = {.version = NACRE_VERSION_NUMBER,
                                           .role = NACRE_CLIENT,
                                           .user = "alice",
                                           .auth = &(struct nacre_auth_policy){0},
                                           .observer = &(struct nacre_observer){0},
                                           .memory = &scarce.memory,
                                           .secrets = &scarce.memory,
                                           .limits = &(struct nacre_limits){0}};
    const struct nacre_endpoint_config *own;
    struct nacre_endpoint *endpoint;
    struct nacre_session *session;
    size_t len;

    scarce_init(&scarce, 0, false);
    endpoint = nacre_endpoint_new(&config, NULL, 0);
    ck_assert_ptr_nonnull(endpoint);
    own = &endpoint->config;
    ck_assert(own->auth == &endpoint->policy && own->observer == &endpoint->observer);
    ck_assert(own->memory == &endpoint->memory && own->secrets == &endpoint->secrets);
    ck_assert_ptr_eq(own->limits, &endpoint->limits);
    memset(&config, 0xff, sizeof config);
    session = nacre_session_new(endpoint, NULL, 1000);
    ck_assert_ptr_nonnull(session);
    ck_assert_ptr_nonnull(nacre_session_output(session, &len));
    ck_assert_uint_gt(len, 0);
    nacre_session_free(session);
    nacre_endpoint_free(endpoint);
}
END_TEST

START_TEST(its_memory_is_that_of_its_sessions)
{
    const struct nacre_endpoint_config config = {
        .version = NACRE_VERSION_NUMBER, .role = NACRE_CLIENT, .user = "alice"};
    struct nacre_endpoint *endpoint = nacre_endpoint_new(&config, NULL, 0);
    struct nacre_session *one, *two;
    size_t each;

    ck_assert_uint_eq(nacre_endpoint_memory_in_use(endpoint), 0);
    one = nacre_session_new(endpoint, NULL, 1000);
    each = nacre_endpoint_memory_in_use(endpoint);
    ck_assert_uint_gt(each, 0);
    two = nacre_session_new(endpoint, NULL, 1000);
    ck_assert_uint_eq(nacre_endpoint_memory_in_use(endpoint), 2 * each);
    nacre_session_free(two);
    nacre_session_free(one);
    ck_assert_uint_eq(nacre_endpoint_memory_in_use(endpoint), 0);
    nacre_endpoint_free(endpoint);
}
END_TEST

/* At every step of a session with a bulk transfer, free blocks included. */
START_TEST(its_memory_is_what_its_allocator_holds)
{
    static const char chunk[32 * 1024];
    struct nacre_channel *ch;
    struct scarce scarce;
    struct pair pair;
    size_t most = 0;

    scarce_init(&scarce, 0, false);
    pair_init(&pair, 1);
    pair.server_config.memory = &scarce.memory;
    pair_start(&pair);
    ch = pair_open(&pair);
    for (int i = 0; i < 100; i++) {
        (void)nacre_channel_write(ch, chunk, sizeof chunk);
        (void)pair_step(&pair);
        ck_assert_uint_eq(nacre_endpoint_memory(pair.server.endpoint), scarce.in_use);
        ck_assert_uint_le(nacre_endpoint_memory_in_use(pair.server.endpoint), scarce.in_use);
        most = scarce.in_use > most ? scarce.in_use : most;
    }
    ck_assert_uint_gt(most, BLOCK_LARGE);
    pair_run(&pair);
    pair_pass(&pair, 2000);
    nacre_session_received(pair.server.session, 0, pair.now_ms); /* no more is there */
    ck_assert_uint_lt(nacre_endpoint_memory_in_use(pair.server.endpoint), BLOCK_SMALL);
    ck_assert_uint_gt(scarce.in_use, BLOCK_LARGE); /* kept for the next transfer */
    ck_assert_uint_eq(nacre_endpoint_memory(pair.server.endpoint), scarce.in_use);
    pair_clear(&pair);
    ck_assert_uint_eq(scarce.in_use, 0);
}
END_TEST

START_TEST(new_sessions_take_from_the_endpoints_budget)
{
    struct nacre_budget *budget = nacre_budget_new(1 << 24, NULL);
    struct pair pair;

    pair_init(&pair, 1);
    pair.server_config.budget = budget;
    pair_start(&pair);
    (void)pair_open(&pair);
    ck_assert_uint_gt(nacre_budget_used(budget), 0);
    pair_clear(&pair);
    ck_assert_uint_eq(nacre_budget_used(budget), 0);
    nacre_budget_free(budget);
}
END_TEST

START_TEST(a_session_outlives_its_endpoint)
{
    struct scarce scarce;
    struct nacre_endpoint_config config = {
        .version = NACRE_VERSION_NUMBER, .role = NACRE_CLIENT, .user = "alice"};
    struct nacre_endpoint *endpoint;
    struct nacre_session *session;

    scarce_init(&scarce, 0, false);
    config.memory = &scarce.memory;
    endpoint = nacre_endpoint_new(&config, NULL, 0);
    session = nacre_session_new(endpoint, NULL, 1000);
    nacre_endpoint_free(endpoint);
    nacre_session_tick(session, 2000);
    ck_assert_uint_gt(scarce.in_use, 0);
    nacre_session_free(session);
    ck_assert_uint_eq(scarce.in_use, 0);
    nacre_endpoint_free(NULL);
}
END_TEST

static void fill_with_sevens(void *context, uint8_t *at, size_t len)
{
    *(bool *)context = true;
    memset(at, 7, len);
}

/* The cookie of KEXINIT: RFC 4253 section 7.1. */
START_TEST(a_random_source_is_the_only_one)
{
    bool used = false;
    size_t len;
    const uint8_t *at;

    pair_init(&p, 5);
    p.server_config.random = fill_with_sevens;
    p.server_config.random_context = &used;
    pair_start(&p);
    at = nacre_session_output(p.server.session, &len);
    ck_assert(used);
    ck_assert_ptr_nonnull(memmem(at, len, "\x14\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7", 17));
    pair_clear(&p);
}
END_TEST

START_TEST(an_endpoint_wipes_its_padding)
{
    struct nacre_endpoint_config config = {
        .version = NACRE_VERSION_NUMBER, .role = NACRE_CLIENT, .user = "alice"};
    struct nacre_endpoint *e = nacre_endpoint_new(&config, NULL, 0);

    ck_assert_ptr_nonnull(e);
    wiped_record();
    nacre_endpoint_free(e);
    assert_wiped(sizeof(struct random_stream), 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, an_unknown_algorithm_is_named);
    add_test(suite, a_server_needs_a_host_key);
    add_test(suite, a_random_source_is_the_only_one);
    add_test(suite, lists_are_read_as_options_are);
    add_test(suite, the_configuration_is_copied);
    add_test(suite, its_memory_is_that_of_its_sessions);
    add_test(suite, its_memory_is_what_its_allocator_holds);
    add_test(suite, new_sessions_take_from_the_endpoints_budget);
    add_test(suite, a_session_outlives_its_endpoint);
    add_test(suite, an_endpoint_wipes_its_padding);
}
