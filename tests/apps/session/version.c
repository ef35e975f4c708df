/* Every configuration says with which headers its program was compiled. */
#include "apps/session/version.h"
#include "apps/connect/client.h"
#include "apps/files/authorized_keys.h"
#include "apps/files/key.h"
#include "apps/runtime/offload.h"
#include "apps/server/file_login.h"
#include "apps/server/server.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static char errbuf[512];

static bool check(uint32_t version)
{
    const struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    return version_check("struct nacre_thing", version, &p);
}

START_TEST(versions_up_to_that_of_the_library_are_good)
{
    ck_assert(check(0x000100));
    ck_assert(check(NACRE_VERSION_NUMBER));
}
END_TEST

START_TEST(others_are_explained)
{
    ck_assert(!check(0));
    ck_assert_str_eq(errbuf,
                     "struct nacre_thing: version is missing: set it to NACRE_VERSION_NUMBER");
    ck_assert(!check(1));
    ck_assert_str_eq(errbuf, "struct nacre_thing: version is 1, which is none: set it to "
                             "NACRE_VERSION_NUMBER");
    ck_assert(!check(0x7f0203));
    ck_assert_str_eq(errbuf, "struct nacre_thing: the program was compiled for nacre 127.2.3, but "
                             "runs with the library of nacre " NACRE_VERSION
                             ": install a library that is as new");
    ck_assert(!check(NACRE_VERSION_NUMBER + 1));
}
END_TEST

static void assert_missing(const char *name)
{
    char sentence[128];

    (void)snprintf(sentence, sizeof sentence, "struct %s: version is missing", name);
    ck_assert_msg(strstr(errbuf, sentence) == errbuf, "%s", errbuf);
}

static void make_key(struct nacre_key **key)
{
    *key = nacre_key_generate("ed25519", 0, errbuf, sizeof errbuf);
    ck_assert_msg(*key != NULL, "%s", errbuf);
}

START_TEST(every_configuration_needs_its_version)
{
    const size_t size = sizeof errbuf;
    const struct nacre_server_config server = {.host_key_file = "/nonexistent/key"};
    const struct nacre_known_hosts hosts = {.file = "/nonexistent/hosts"};
    const struct nacre_host_key shown = {.host = "h", .port = 22};
    const struct nacre_client_config bad = {.version = NACRE_VERSION_NUMBER, .known_hosts = &hosts};
    char list[512];

    ck_assert_ptr_null(nacre_endpoint_new(&(struct nacre_endpoint_config){0}, errbuf, size));
    assert_missing("nacre_endpoint_config");
    ck_assert_ptr_null(nacre_server_new(&server, errbuf, size));
    assert_missing("nacre_server_config");
    ck_assert(!nacre_server_check(&server, errbuf, size));
    assert_missing("nacre_server_config");
    ck_assert_ptr_null(nacre_clients_new(&(struct nacre_client_config){0}, errbuf, size));
    assert_missing("nacre_client_config");
    ck_assert_ptr_null(nacre_clients_new(&bad, errbuf, size));
    assert_missing("nacre_known_hosts");
    ck_assert_ptr_null(nacre_file_login_new(&(struct nacre_file_login_config){0}, errbuf, size));
    assert_missing("nacre_file_login_config");
    ck_assert_int_eq(nacre_known_hosts_check(&hosts, &shown, errbuf, size), NACRE_HOST_UNCHECKED);
    assert_missing("nacre_known_hosts");
    ck_assert(!nacre_known_hosts_add(&hosts, &shown, false, errbuf, size));
    assert_missing("nacre_known_hosts");
    ck_assert(!nacre_known_hosts_prefer(&hosts, "h", 22, NULL, list, sizeof list));
}
END_TEST

START_TEST(so_do_the_smaller_ones)
{
    const struct nacre_client_config config = {.version = NACRE_VERSION_NUMBER};
    const struct nacre_connection_config connection = {.address = "127.0.0.1:1", .user = "alice"};
    struct nacre_clients *clients = nacre_clients_new(&config, errbuf, sizeof errbuf);
    struct nacre_authorized_keys *keys = nacre_authorized_keys_open("/nonexistent/keys");
    struct nacre_key *key;
    char text[4096];

    ck_assert(clients != NULL && keys != NULL);
    ck_assert_ptr_null(nacre_client_connect_with(clients, &connection, errbuf, sizeof errbuf));
    assert_missing("nacre_connection_config");
    nacre_clients_free(clients);
    ck_assert(!nacre_authorized_keys_check(keys, &(struct nacre_key_login){.user = "alice"}, NULL,
                                           errbuf, sizeof errbuf));
    assert_missing("nacre_key_login");
    nacre_authorized_keys_close(keys);
    ck_assert(!nacre_known_hosts_add(&(struct nacre_known_hosts){.file = "/nonexistent/hosts"},
                                     &(struct nacre_host_key){.host = "h"}, false, errbuf,
                                     sizeof errbuf));
    assert_missing("nacre_known_hosts");
    make_key(&key);
    ck_assert(!nacre_key_print_private(key, &(struct nacre_key_protection){0}, text, sizeof text,
                                       errbuf, sizeof errbuf));
    assert_missing("nacre_key_protection");
    ck_assert_str_eq(text, "");
    nacre_key_free(key);
}
END_TEST

static void do_nothing(void *argument)
{
    (void)argument;
}

START_TEST(a_job_without_a_version_is_not_done)
{
    struct nacre_offload *offload = nacre_offload_new(1);
    struct nacre_mailbox *home;
    const struct nacre_job job = {.work = do_nothing, .done = do_nothing};

    ck_assert(offload != NULL && (home = nacre_mailbox_new()) != NULL);
    errno = 0;
    ck_assert(!nacre_offload_submit(offload, &job, home));
    ck_assert_int_eq(errno, EINVAL);
    nacre_offload_free(offload);
    nacre_mailbox_free(home);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, versions_up_to_that_of_the_library_are_good);
    add_test(suite, others_are_explained);
    add_test(suite, every_configuration_needs_its_version);
    add_test(suite, so_do_the_smaller_ones);
    add_test(suite, a_job_without_a_version_is_not_done);
}
