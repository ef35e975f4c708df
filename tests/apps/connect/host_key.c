/* Whether it is the right server: known_hosts files and the client. */
#include "tests/support/client_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void remember(const struct nacre_key *key, const char *file, const char *where)
{
    const struct nacre_known_hosts hosts = {.file = file};
    struct nacre_host_key shown = {.host = "127.0.0.1"};
    char errbuf[512];

    shown.port = (uint16_t)atoi(strrchr(where, ':') + 1);
    shown.key = nacre_key_blob(key, &shown.len);
    ck_assert_msg(nacre_known_hosts_add(&hosts, &shown, true, errbuf, sizeof errbuf), "%s", errbuf);
}

START_TEST(a_known_host_is_accepted_without_a_question)
{
    struct nacre_known_hosts hosts = {.file = scratch_path("known_hosts")};
    struct nacre_client_config config = config_for();
    struct story s = {0};
    struct served server;

    serve(&server, "127.0.0.1:0");
    remember(server.key, hosts.file, address(&server));
    config.known_hosts = &hosts;
    config.host_key = NULL;
    live(&config, address(&server), &s);
    assert_told(&s);
    end_server(&server);
}
END_TEST

/* Ed25519 comes first by itself; the server has a key of another type too, which is the known one.
 */
START_TEST(of_several_keys_a_known_one_is_asked_for)
{
    struct nacre_known_hosts hosts = {.file = scratch_path("known_hosts")};
    struct nacre_client_config config = config_for();
    struct story s = {0};
    struct served server;

    serve_with(&server, "127.0.0.1:0", openssh_nistp256);
    remember(server.other, hosts.file, address(&server));
    config.known_hosts = &hosts;
    config.host_key = NULL;
    live(&config, address(&server), &s);
    assert_told(&s);
    config.host_key_algorithms = "ssh-ed25519"; /* the program's own list stays as it is */
    s = (struct story){0};
    live(&config, address(&server), &s);
    assert_says(s.text, "HAS CHANGED");
    end_server(&server);
}
END_TEST

START_TEST(known_under_another_name)
{
    struct nacre_known_hosts hosts = {.file = scratch_path("known_hosts")};
    struct nacre_client_config config = config_for();
    struct story s = {0};
    struct served server;

    serve(&server, "127.0.0.1:0");
    remember(server.key, hosts.file, "127.0.0.1:1");
    config.known_hosts = &hosts;
    config.known_as = "127.0.0.1:1";
    config.host_key = NULL;
    live(&config, address(&server), &s);
    assert_told(&s);
    end_server(&server);
}
END_TEST

/* Refused: no login is tried, and the end tells a person why. */
static void assert_refused(const char *line, const char *says)
{
    struct nacre_known_hosts hosts = {.file = scratch_path("known_hosts")};
    struct nacre_client_config config = config_for();
    struct story s = {0};
    struct served server;
    char command[1024];

    serve(&server, "127.0.0.1:0");
    (void)snprintf(command, sizeof command,
                   "k=$(cut -d' ' -f1,2 '%s.pub'); o='ssh-ed25519 "
                   "AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVn';"
                   " h='[127.0.0.1]:%s'; printf '%s\\n' >'%s'",
                   scratch_path("host_key"), strrchr(address(&server), ':') + 1, line, hosts.file);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): names that we made */
    config.known_hosts = &hosts;
    config.host_key = NULL;
    live(&config, address(&server), &s);
    ck_assert_uint_eq(s.ready, 0);
    assert_says(s.text, says);
    end_server(&server);
}

START_TEST(a_changed_host_key_is_refused)
{
    assert_refused("'\"$h $o\"'", "HAS CHANGED");
}
END_TEST

START_TEST(a_revoked_host_key_is_refused)
{
    assert_refused("'\"$h $k\"'\\n@revoked * '\"$k\"'", "REVOKED");
}
END_TEST

START_TEST(an_unknown_host_is_refused)
{
    assert_refused("", "is not known");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_known_host_is_accepted_without_a_question);
    add_test(suite, of_several_keys_a_known_one_is_asked_for);
    add_test(suite, known_under_another_name);
    add_test(suite, a_changed_host_key_is_refused);
    add_test(suite, a_revoked_host_key_is_refused);
    add_test(suite, an_unknown_host_is_refused);
}
