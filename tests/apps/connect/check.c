/* What is wrong with a connection is a sentence before it begins. */
#include "apps/connect/check.h"
#include "tests/support/suite.h"
#include "tests/support/scratch.h"

#include <string.h>

static const struct nacre_client_config clients = {.version = NACRE_VERSION_NUMBER,
                                                   .user = "alice"},
                                        nobody = {.user = NULL};

static void assert_refused(const struct nacre_client_config *all,
                           struct nacre_connection_config config, const char *says)
{
    char sentence[512];
    const struct errbuf p = errbuf_in(sentence, sizeof sentence);

    ck_assert_msg(!check_connection(all, &config, &p), "%s", says);
    assert_says(sentence, says);
}

static void assert_accepted(const struct nacre_client_config *all,
                            struct nacre_connection_config config)
{
    char sentence[512];
    const struct errbuf p = errbuf_in(sentence, sizeof sentence);

    ck_assert_msg(check_connection(all, &config, &p), "%s", sentence);
}

START_TEST(a_connection_has_an_address_and_a_user)
{
    assert_accepted(&clients, (struct nacre_connection_config){.version = NACRE_VERSION_NUMBER,
                                                               .address = "host:22"});
    assert_accepted(&nobody, (struct nacre_connection_config){.version = NACRE_VERSION_NUMBER,
                                                              .address = "host:22",
                                                              .user = "bob"});
    assert_refused(&clients,
                   (struct nacre_connection_config){.version = NACRE_VERSION_NUMBER, .user = "bob"},
                   "no address");
    assert_refused(
        &nobody,
        (struct nacre_connection_config){.version = NACRE_VERSION_NUMBER, .address = "host:22"},
        "no user");
}
END_TEST

START_TEST(what_a_connection_logs_in_with_can_be_used)
{
    static char user[NACRE_USER_MAX + 2], password[NACRE_PASSWORD_MAX + 2];
    const struct nacre_key *keys[1] = {NULL};
    struct nacre_connection_config config = {
        .version = NACRE_VERSION_NUMBER, .address = "host:22", .user = user};

    memset(user, 'u', NACRE_USER_MAX);
    memset(password, 'p', NACRE_PASSWORD_MAX);
    config.password = password;
    assert_accepted(&nobody, config);
    password[NACRE_PASSWORD_MAX] = 'p';
    assert_refused(&nobody, config, "the password has 1025 bytes");
    config.password = NULL;
    config.key_count = 1;
    assert_refused(&nobody, config, "keys is NULL");
    config.keys = keys;
    assert_refused(&nobody, config, "keys[0] is NULL");
    user[NACRE_USER_MAX] = 'u';
    assert_refused(&nobody, config, "the user name has 256 bytes");
}
END_TEST

/* It would not be used. */
START_TEST(a_password_without_a_user_is_refused)
{
    assert_refused(&clients,
                   (struct nacre_connection_config){
                       .version = NACRE_VERSION_NUMBER, .address = "host:22", .password = "secret"},
                   "need a `user`");
}
END_TEST

START_TEST(known_as_is_an_address)
{
    const struct nacre_known_hosts none = {.version = NACRE_VERSION_NUMBER, .file = NULL};
    struct nacre_client_config config = {
        .version = NACRE_VERSION_NUMBER, .user = "alice", .known_as = "host:22"};
    char sentence[512];
    const struct errbuf p = errbuf_in(sentence, sizeof sentence);

    assert_refused(&clients,
                   (struct nacre_connection_config){
                       .version = NACRE_VERSION_NUMBER, .address = "host:22", .known_as = "host"},
                   "known_as: host is not an address");
    ck_assert(check_clients(&config, &p));
    config.known_as = ":22";
    ck_assert(!check_clients(&config, &p));
    assert_says(sentence, "known_as: :22 is not an address");
    config.known_as = NULL;
    config.known_hosts = &none;
    ck_assert(!check_clients(&config, &p));
    assert_says(sentence, "known_hosts has no file");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_connection_has_an_address_and_a_user);
    add_test(suite, what_a_connection_logs_in_with_can_be_used);
    add_test(suite, a_password_without_a_user_is_refused);
    add_test(suite, known_as_is_an_address);
}
