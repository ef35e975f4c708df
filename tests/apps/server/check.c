/* What is wrong with a server's configuration is found and explained when the server is made. */
#include "apps/server/check.h"

#include "tests/support/client_story.h"

static char errbuf[512];

static bool is_good(const struct nacre_server_config *config)
{
    const struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    return server_check(config, &p);
}

/* The member may have that value, but not one more. */
static void assert_most(struct nacre_server_config *config, uint32_t *member, uint32_t most,
                        const char *says)
{
    uint32_t before = *member;

    *member = most;
    ck_assert_msg(is_good(config), "%s", errbuf);
    *member = most + 1;
    ck_assert(!is_good(config));
    assert_says(errbuf, says);
    *member = before;
}

START_TEST(limits_on_connections_make_sense)
{
    struct nacre_admission admission = {0}, *a = &admission;
    struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER, .admission = a};

    ck_assert(is_good(&config));
    assert_most(&config, &a->startups_rate, 100, "startups_rate is 101");
    assert_most(&config, &a->startups_begin, 1000, "begin is 1001, more than startups_full, which");
    a->startups_full = 50; /* less than the default of the other */
    ck_assert(!is_good(&config));
    a->startups_begin = 50;
    ck_assert(is_good(&config));
    assert_most(&config, &a->netblock_v4, 32, "33 and 64 bits");
    assert_most(&config, &a->netblock_v6, 128, "32 and 129 bits");
    assert_most(&config, &a->penalty_min_ms, 600 * 1000, "min_ms is 600001");
    a->penalty_min_ms = 600 * 1000 + 1;
    a->no_penalties = true;
    ck_assert(is_good(&config));
}
END_TEST

START_TEST(the_number_of_workers_is_bounded)
{
    struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER, .workers = 1024};

    ck_assert(is_good(&config));
    config.workers = 1025;
    ck_assert(!is_good(&config));
    assert_says(errbuf, "workers is 1025");
}
END_TEST

START_TEST(sources_without_penalties_can_be_parsed)
{
    struct nacre_admission admission = {.penalty_exempt = "10.0.0.0/8,::1"};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                               .admission = &admission};

    ck_assert(is_good(&config));
    admission.penalty_exempt = "10.0.0.0/99";
    ck_assert(!is_good(&config));
    assert_says(errbuf, "'10.0.0.0/99'");
}
END_TEST

/* What the endpoint and the listeners refuse is reported by the server too. */
START_TEST(a_policy_that_lets_nobody_in_is_refused)
{
    static const struct nacre_auth_policy none = {.require = "publikey"};
    static const char *const loopback[] = {"127.0.0.1:0", NULL};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                               .listen = loopback,
                                               .host_key_file = scratch_path("key"),
                                               .auth = &none};

    ck_assert_ptr_null(nacre_server_new(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "auth offers no method");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, limits_on_connections_make_sense);
    add_test(suite, the_number_of_workers_is_bounded);
    add_test(suite, sources_without_penalties_can_be_parsed);
    add_test(suite, a_policy_that_lets_nobody_in_is_refused);
}
