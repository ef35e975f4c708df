/* Logins to a server program: its policy, asked by a real server and a real client. */
#include "apps/daemon/log.h"
#include "apps/daemon/login.h"
#include "tests/support/client_story.h"

#include <stdio.h>

static struct login login;
static struct served served;
static struct nacre_key_grant seen; /* of the last login, its lists left out */
static char command[64];            /* ... and its forced command; "": none */
static unsigned remembered;         /* connections whose state was still there after the end */

static void on_authenticated(struct nacre_peer *peer, const char *user)
{
    const struct nacre_key_grant *grant = login_grant(peer);

    (void)user;
    seen.pty = grant->pty;
    seen.port_forwarding = grant->port_forwarding;
    seen.agent_forwarding = grant->agent_forwarding;
    seen.x11_forwarding = grant->x11_forwarding;
    seen.user_rc = grant->user_rc;
    (void)snprintf(command, sizeof command, "%s", grant->command != NULL ? grant->command : "");
}

static void on_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    (void)why;
    login_forget(peer);
    remembered += nacre_peer_data(peer) != NULL;
    login_forget(peer); /* has nothing left to do */
}

static const struct nacre_server_events events = {.authenticated = on_authenticated,
                                                  .ended = on_ended};

/* A server that knows a password of alice, and a key of hers with these options. */
static void serve_logins(const char *options)
{
    static struct nacre_auth_policy policy;
    char line[1024], errbuf[512];

    log_threshold(LOG_ERROR);
    (void)snprintf(line, sizeof line, "%s %s\n", options, openssh_ed25519_public);
    login.authorized_keys = nacre_authorized_keys_open(scratch_write("keys", line, 0600));
    login.passwords = nacre_password_file_open(scratch_write("passwords", "alice:secret\n", 0600),
                                               errbuf, sizeof errbuf);
    ck_assert_ptr_nonnull(login.authorized_keys);
    ck_assert_msg(login.passwords != NULL, "%s", errbuf);
    policy = login_policy(&login);
    serve_config(&served, (struct nacre_server_config){.auth = &policy,
                                                       .events = &events,
                                                       .context = &login,
                                                       .limits.auth_delay_ms = NACRE_UNLIMITED,
                                                       .admission.penalties.off = true});
}

static void end_logins(void)
{
    end_server(&served);
    ck_assert_uint_eq(remembered, 0);
    nacre_password_file_close(login.passwords);
    nacre_authorized_keys_close(login.authorized_keys);
}

static bool logs_in(const char *user, const char *password, const struct nacre_key *key)
{
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};

    client.user = user;
    client.password = password;
    client.keys = &key;
    client.key_count = key != NULL;
    live(&client, address(&served), &story);
    return story.ready == 1;
}

static struct nacre_key *read_key(void)
{
    char errbuf[512];
    struct nacre_key *key =
        nacre_key_read(scratch_write("key", openssh_ed25519, 0600), errbuf, sizeof errbuf);

    ck_assert_msg(key != NULL, "%s", errbuf);
    return key;
}

START_TEST(only_the_right_password_logs_in)
{
    serve_logins("");
    ck_assert(logs_in("alice", "secret", NULL));
    ck_assert(!logs_in("alice", "wrong", NULL));
    ck_assert(!logs_in("bob", "secret", NULL));
    end_logins();
}
END_TEST

START_TEST(a_login_with_a_password_may_do_everything)
{
    serve_logins("restrict,command=\"true\"");
    ck_assert(logs_in("alice", "secret", NULL));
    ck_assert(seen.pty && seen.port_forwarding);
    ck_assert(seen.agent_forwarding && seen.x11_forwarding && seen.user_rc);
    ck_assert_str_eq(command, "");
    end_logins();
}
END_TEST

START_TEST(a_login_with_a_key_may_do_what_its_options_allow)
{
    struct nacre_key *key = read_key();

    serve_logins("restrict,pty,command=\"true\"");
    ck_assert(logs_in("alice", NULL, key));
    ck_assert(seen.pty && !seen.port_forwarding);
    ck_assert(!seen.agent_forwarding && !seen.x11_forwarding && !seen.user_rc);
    ck_assert_str_eq(command, "true");
    end_logins();
    nacre_key_free(key);
}
END_TEST

START_TEST(another_key_does_not_log_in)
{
    char errbuf[512];
    struct nacre_key *other = nacre_key_make(scratch_path("other"), errbuf, sizeof errbuf);

    serve_logins("");
    ck_assert(!logs_in("alice", NULL, other));
    end_logins();
    nacre_key_free(other);
}
END_TEST

/* The key that was only asked about does not restrict, nor allow, anything. */
START_TEST(a_password_after_a_key_that_was_refused_is_a_login_with_a_password)
{
    struct nacre_key *key = read_key();

    serve_logins("from=\"192.0.2.1\",restrict");
    ck_assert(logs_in("alice", "secret", key));
    ck_assert(seen.pty && seen.port_forwarding);
    end_logins();
    nacre_key_free(key);
}
END_TEST

START_TEST(methods_without_a_file_are_not_offered)
{
    struct nacre_auth_policy policy;

    login = (struct login){.require = "publickey,password", .banner = "hello\r\n"};
    policy = login_policy(&login);
    ck_assert(policy.password == NULL);
    ck_assert(policy.publickey == NULL);
    ck_assert(policy.interactive == NULL);
    ck_assert_str_eq(policy.require, "publickey,password");
    ck_assert_str_eq(policy.banner, "hello\r\n");
}
END_TEST

START_TEST(keyboard_interactive_asks_for_the_password_if_it_is_on)
{
    login = (struct login){.keyboard_interactive = true, .require = "keyboard-interactive"};
    serve_logins("");
    ck_assert(logs_in("alice", "secret", NULL));
    ck_assert(!logs_in("alice", "wrong", NULL));
    end_logins();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, only_the_right_password_logs_in);
    add_test(suite, a_login_with_a_password_may_do_everything);
    add_test(suite, a_login_with_a_key_may_do_what_its_options_allow);
    add_test(suite, another_key_does_not_log_in);
    add_test(suite, a_password_after_a_key_that_was_refused_is_a_login_with_a_password);
    add_test(suite, methods_without_a_file_are_not_offered);
    add_test(suite, keyboard_interactive_asks_for_the_password_if_it_is_on);
}
