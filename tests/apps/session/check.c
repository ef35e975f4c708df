/* What is wrong with a configuration is found and explained when the endpoint is made. */
#include "apps/session/check.h"

#include "tests/support/pair.h"
#include "tests/support/suite.h"

#include <string.h>

static struct pair p;

/* A configuration that is good, to be changed. */
static struct nacre_endpoint_config config_of(enum nacre_role role)
{
    pair_init(&p, 1);
    return role == NACRE_SERVER ? p.server_config : p.client_config;
}

static void assert_refused(const struct nacre_endpoint_config *config, const char *says)
{
    char errbuf[1024] = "";

    ck_assert_ptr_null(nacre_endpoint_new(config, errbuf, sizeof errbuf));
    ck_assert_msg(strstr(errbuf, says) != NULL, "'%s' does not say '%s'", errbuf, says);
    ck_assert_ptr_null(nacre_endpoint_new(config, NULL, 0));
    ck_assert_ptr_null(nacre_endpoint_new(config, NULL, 100)); /* no buffer, whatever its size */
}

static void assert_accepted(const struct nacre_endpoint_config *config)
{
    char errbuf[1024] = "";
    struct nacre_endpoint *e = nacre_endpoint_new(config, errbuf, sizeof errbuf);

    ck_assert_msg(e != NULL, "%s", errbuf);
    ck_assert_str_eq(errbuf, "");
    nacre_endpoint_free(e);
}

START_TEST(a_required_method_must_be_one_that_is_offered)
{
    static const struct {
        const char *require, *says;
    } rows[] = {
        {"publickey", NULL},
        {"password,publickey", NULL},
        {"publikey", "'publikey' is not a method"},
        {"password,", "'' is not a method"},
        {"", "'' is not a method"},
        {",password", "'' is not a method"},
        {"publickey, password", "' password' is not a method"},
        {"Password", "'Password' is not a method"},
        {"none", "'none' is not a method"},
        {"hostbased", "'hostbased' is not a method"},
        {"publickey-hostbound-v00@openssh.com", "is not a method"},
        {"publickey,keyboard-interactive", "'keyboard-interactive' must succeed, but"},
    };
    struct nacre_endpoint_config config = config_of(NACRE_SERVER);

    p.policy.require = rows[_i].require;
    if (rows[_i].says == NULL)
        assert_accepted(&config);
    else
        assert_refused(&config, rows[_i].says);
}
END_TEST

START_TEST(each_required_method_needs_its_function)
{
    struct nacre_endpoint_config config = config_of(NACRE_SERVER);

    p.policy.require = "publickey,password";
    assert_accepted(&config);
    p.policy.publickey = NULL;
    assert_refused(&config, "'publickey' must succeed, but");
    p.policy.require = "password";
    assert_accepted(&config);
    p.policy.require = NULL;
    p.policy.password = NULL;
    assert_refused(&config, "offers no method");
    config.auth = NULL; /* said outright: nobody */
    assert_accepted(&config);
}
END_TEST

static void on_change(void *context, struct nacre_decision *d, const char *user, const char *old,
                      const char *new)
{
    (void)context;
    (void)user;
    (void)old;
    (void)new;
    nacre_decide(d, false);
}

START_TEST(a_change_of_passwords_needs_passwords)
{
    struct nacre_endpoint_config config = config_of(NACRE_SERVER);

    p.policy.change_password = on_change;
    assert_accepted(&config);
    p.policy.password = NULL;
    assert_refused(&config, "auth.change_password");
}
END_TEST

START_TEST(a_banner_has_at_most_4096_bytes)
{
    static char banner[4096 + 2];
    struct nacre_endpoint_config config = config_of(NACRE_SERVER);

    memset(banner, 'b', 4096);
    p.policy.banner = banner;
    assert_accepted(&config);
    banner[4096] = 'b';
    assert_refused(&config, "auth.banner has 4097 bytes");
}
END_TEST

START_TEST(host_keys_are_there_and_of_a_type_in_use)
{
    struct nacre_endpoint_config config = config_of(NACRE_SERVER);
    const struct nacre_key *keys[] = {&p.host_key, NULL};

    config.host_keys = keys;
    assert_accepted(&config);
    config.host_key_count = 2;
    assert_refused(&config, "host_keys[1] is NULL");
    p.other_key.is_public = true;
    keys[1] = &p.other_key;
    assert_refused(&config, "host_keys[1] is a public key");
    config.host_keys = NULL;
    assert_refused(&config, "host_keys is NULL");
    config = config_of(NACRE_SERVER);
    config.host_key = "rsa-sha2-512,ecdsa-sha2-nistp256";
    assert_refused(&config, "(rsa-sha2-512,ecdsa-sha2-nistp256)");
    config.host_key = "rsa-sha2-512,ssh-ed25519";
    assert_accepted(&config);
    config.host_key = "-ssh-ed25519";
    assert_refused(&config, "no host key is of a type");
}
END_TEST

START_TEST(a_clients_user_has_at_most_255_bytes)
{
    struct nacre_endpoint_config config = config_of(NACRE_CLIENT);
    static char user[NACRE_USER_MAX + 2];

    config.user = NULL; /* each session has its own */
    assert_accepted(&config);
    memset(user, 'u', NACRE_USER_MAX);
    config.user = user;
    assert_accepted(&config);
    user[NACRE_USER_MAX] = 'u';
    assert_refused(&config, "the user name has 256 bytes");
}
END_TEST

START_TEST(a_clients_password_and_keys_can_be_used)
{
    struct nacre_endpoint_config config = config_of(NACRE_CLIENT);
    static char password[NACRE_PASSWORD_MAX + 2];
    const struct nacre_key *keys[] = {&p.user_key, NULL};

    memset(password, 'p', NACRE_PASSWORD_MAX);
    config.password = password;
    assert_accepted(&config);
    password[NACRE_PASSWORD_MAX] = 'p';
    assert_refused(&config, "the password has 1025 bytes");
    config.password = NULL;
    config.keys = keys;
    config.key_count = 1;
    assert_accepted(&config);
    config.key_count = 2;
    assert_refused(&config, "keys[1] is NULL");
    p.other_key.is_public = true;
    keys[1] = &p.other_key;
    assert_refused(&config, "keys[1] is a public key");
    config.keys = NULL;
    assert_refused(&config, "keys is NULL");
}
END_TEST

static void *allocate(void *context, size_t size)
{
    (void)context;
    (void)size;
    return NULL;
}

START_TEST(an_allocator_has_both_functions)
{
    struct nacre_endpoint_config config = config_of(NACRE_CLIENT);
    const struct nacre_memory half = {allocate, NULL, NULL};

    config.secrets = &half;
    assert_refused(&config, "secrets: needs both");
    config.secrets = NULL;
    config.memory = &half;
    assert_refused(&config, "memory: needs both");
}
END_TEST

START_TEST(a_rate_has_a_burst_and_a_number_per_minute)
{
    static const struct {
        struct nacre_rate rate;
        bool good;
    } rows[] = {
        {{0, 0}, true},  {{5, 6}, true}, {{NACRE_UNLIMITED, 0}, true}, {{NACRE_UNLIMITED, 6}, true},
        {{5, 0}, false}, /* was: no limit at all */
        {{0, 6}, false}};
    struct nacre_endpoint_config config = config_of(NACRE_SERVER);
    struct nacre_limits limits = {0};

    limits.rates[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS] = rows[_i].rate;
    config.limits = &limits;
    if (rows[_i].good)
        assert_accepted(&config);
    else
        assert_refused(&config, "'rekeys' has a burst of");
}
END_TEST

START_TEST(the_role_is_one_of_two)
{
    struct nacre_endpoint_config config = config_of(NACRE_CLIENT);

    config.role = (enum nacre_role)7;
    assert_refused(&config, "role");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_required_method_must_be_one_that_is_offered, 0, 12);
    add_test(suite, each_required_method_needs_its_function);
    add_test(suite, a_change_of_passwords_needs_passwords);
    add_test(suite, a_banner_has_at_most_4096_bytes);
    add_test(suite, host_keys_are_there_and_of_a_type_in_use);
    add_test(suite, a_clients_user_has_at_most_255_bytes);
    add_test(suite, a_clients_password_and_keys_can_be_used);
    add_test(suite, an_allocator_has_both_functions);
    add_loop(suite, a_rate_has_a_burst_and_a_number_per_minute, 0, 6);
    add_test(suite, the_role_is_one_of_two);
}
