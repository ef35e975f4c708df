/* The host key: known_hosts files and the client. */
#include "tests/support/client_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void remember(const struct nacre_key *key, const char *file, const char *where)
{
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER, .file = file};
    struct nacre_host_key shown = {.host = "127.0.0.1"};
    char errbuf[512];

    shown.port = (uint16_t)atoi(strrchr(where, ':') + 1);
    shown.key = nacre_key_blob(key, &shown.len);
    ck_assert_msg(nacre_known_hosts_add(&hosts, &shown, true, errbuf, sizeof errbuf), "%s", errbuf);
}

START_TEST(a_known_host_key_is_accepted_without_host_key_callback)
{
    struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER,
                                      .file = scratch_path("known_hosts")};
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

/* Ed25519 comes first by default, but the known key is the server's other one. */
START_TEST(a_known_key_is_preferred_to_other_keys_of_the_server)
{
    struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER,
                                      .file = scratch_path("known_hosts")};
    struct nacre_client_config config = config_for();
    struct story s = {0};
    struct served server;

    serve_with(&server, "127.0.0.1:0", openssh_nistp256);
    remember(server.other, hosts.file, address(&server));
    config.known_hosts = &hosts;
    config.host_key = NULL;
    live(&config, address(&server), &s);
    assert_told(&s);
    config.host_key_algorithms = "ssh-ed25519"; /* the program's own list is not reordered */
    s = (struct story){0};
    live(&config, address(&server), &s);
    assert_says(s.text, "HAS CHANGED");
    end_server(&server);
}
END_TEST

START_TEST(known_as_names_the_host_in_known_hosts)
{
    struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER,
                                      .file = scratch_path("known_hosts")};
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

/* No login is attempted, and the text of the end says why. */
static void assert_refused(const char *line, const char *says)
{
    struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER,
                                      .file = scratch_path("known_hosts")};
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

/* ---- an answer that comes later ---- */

static struct nacre_client *waiting;

static enum nacre_answer ask_later(struct nacre_client *client, const struct nacre_host_key *shown,
                                   enum nacre_host_verdict verdict, const char *sentence)
{
    (void)shown;
    ck_assert_int_eq(verdict, NACRE_HOST_UNKNOWN);
    assert_says(sentence, "not known");
    if (waiting != NULL) /* only the first of them waits */
        return NACRE_GRANT;
    waiting = client;
    return NACRE_LATER;
}

/* The other client goes on meanwhile. */
START_TEST(an_answer_about_a_host_key_may_come_later)
{
    struct nacre_client_config config = config_for();
    struct nacre_clients *clients;
    struct story first = {0}, second = {0};
    struct served server;
    bool accepted = _i == 1;

    waiting = NULL;
    serve(&server, "127.0.0.1:0");
    config.host_key = ask_later;
    clients = clients_with(&config);
    join(clients, address(&server), &first);
    while (waiting == NULL)
        (void)nacre_clients_run_once(clients, 1000);
    join(clients, address(&server), &second);
    while (second.ended == 0)
        (void)nacre_clients_run_once(clients, 1000);
    assert_told(&second);
    ck_assert_uint_eq(first.ready, 0);
    nacre_client_answer_host_key(waiting, accepted);
    nacre_clients_run(clients);
    ck_assert_uint_eq(first.ended, 1);
    ck_assert_uint_eq(first.ready, accepted);
    if (!accepted) {
        ck_assert_int_eq(first.why.cause, NACRE_HOST_KEY_REJECTED);
        assert_says(first.text, "is not known");
    }
    nacre_clients_free(clients);
    end_server(&server);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_known_host_key_is_accepted_without_host_key_callback);
    add_test(suite, a_known_key_is_preferred_to_other_keys_of_the_server);
    add_test(suite, known_as_names_the_host_in_known_hosts);
    add_test(suite, a_changed_host_key_is_refused);
    add_test(suite, a_revoked_host_key_is_refused);
    add_test(suite, an_unknown_host_is_refused);
    add_loop(suite, an_answer_about_a_host_key_may_come_later, 0, 2);
}
