/* The ready policy: password files and authorized keys, asked by a real server and a real client.
 */
#include "apps/files/password_edit.h"
#include "apps/server/file_login.h"
#include "tests/support/client_story.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/pair.h"

#include <stdio.h>
#include <string.h>

static struct nacre_file_login *login;
static struct served served;
static struct nacre_key_grant seen; /* of the last login, its lists left out */
static char command[64];            /* ... its forced command; "": none */
static char who[128];               /* ... the user, methods and the key's comment */
static char troubles[1024], attempts[256];

static bool undecides; /* as without memory or descriptors to read the file */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
bool __real_nacre_authorized_keys_check(struct nacre_authorized_keys *keys,
                                        const struct nacre_key_login *asked,
                                        const struct nacre_key_grant **grant, char *errbuf,
                                        size_t size);

OWN(bool, nacre_authorized_keys_check, struct nacre_authorized_keys *keys,
    const struct nacre_key_login *asked, const struct nacre_key_grant **grant, char *errbuf,
    size_t size)
{
    bool granted = __real_nacre_authorized_keys_check(keys, asked, grant, errbuf, size);

    if (undecides)
        ((struct nacre_key_grant *)*grant)->undecided = true;
    return granted;
}

static bool is_busy; /* with other password checks */

bool __real_nacre_peer_offload(struct nacre_peer *peer, void (*work)(void *job),
                               void (*done)(void *job), void *job);

OWN(bool, nacre_peer_offload, struct nacre_peer *peer, void (*work)(void *job),
    void (*done)(void *job), void *job)
{
    return !is_busy && __real_nacre_peer_offload(peer, work, done, job);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void on_authenticated(struct nacre_peer *peer, const char *user)
{
    const struct nacre_login *l = nacre_peer_login(peer);
    const struct nacre_key_grant *grant = nacre_file_login_grant(l);
    const char *comment = nacre_login_key_comment(l), *second = nacre_login_method(l, 1);

    seen.pty = grant->pty;
    seen.port_forwarding = grant->port_forwarding;
    seen.agent_forwarding = grant->agent_forwarding;
    seen.x11_forwarding = grant->x11_forwarding;
    seen.user_rc = grant->user_rc;
    (void)snprintf(command, sizeof command, "%s", grant->command != NULL ? grant->command : "");
    ck_assert_str_eq(user, nacre_login_user(l));
    (void)snprintf(who, sizeof who, "%s %s %s %s", user, nacre_login_method(l, 0),
                   second != NULL ? second : "-", comment != NULL ? comment : "-");
}

static const struct nacre_server_events events = {.authenticated = on_authenticated};

static void on_trouble(void *context, const char *about, const char *sentence)
{
    size_t len = strlen(troubles);

    ck_assert_ptr_eq(context, troubles);
    (void)snprintf(troubles + len, sizeof troubles - len, "%s: %s\n", about, sentence);
}

static void on_attempted(void *context, const char *user, const char *method, bool granted)
{
    size_t len = strlen(attempts);

    ck_assert_ptr_nonnull(nacre_peer_loop(context));
    (void)snprintf(attempts + len, sizeof attempts - len, "%s %s %s;", granted ? "yes" : "no", user,
                   method);
}

/* alice has a password, and a key with these options. */
static struct nacre_file_login_config files(const char *options)
{
    static char passwords[256], keys[256];
    char line[1024];

    troubles[0] = attempts[0] = who[0] = 0;
    (void)snprintf(line, sizeof line, "%s %s", options, openssh_ed25519_public);
    (void)snprintf(keys, sizeof keys, "%s", scratch_write("keys", line, 0600));
    (void)snprintf(passwords, sizeof passwords, "%s",
                   scratch_write("passwords", "alice:secret\n", 0600));
    return (struct nacre_file_login_config){.version = NACRE_VERSION_NUMBER,
                                            .passwords = passwords,
                                            .authorized_keys = keys,
                                            .attempted = on_attempted,
                                            .trouble = on_trouble,
                                            .trouble_context = troubles};
}

static void open_login(struct nacre_file_login_config config)
{
    char errbuf[512] = "";

    login = nacre_file_login_new(&config, errbuf, sizeof errbuf);
    ck_assert_msg(login != NULL, "%s", errbuf);
}

static void serve_login(struct nacre_server_config config)
{
    if (config.events == NULL)
        config.events = &events;
    config.limits = &(struct nacre_limits){.auth_delay_ms = NACRE_UNLIMITED};
    config.admission = &(struct nacre_admission){.no_penalties = true};
    serve_config(&served, config);
}

static void serve_files(struct nacre_file_login_config config)
{
    open_login(config);
    serve_login((struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                             .auth = nacre_file_login_policy(login)});
}

static void serve_logins(const char *options)
{
    serve_files(files(options));
}

static void end_logins(void)
{
    end_server(&served);
    nacre_file_login_free(login);
    login = NULL;
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
    ck_assert_str_eq(troubles, "");
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

START_TEST(a_key_is_for_the_addresses_of_its_line)
{
    struct nacre_key *key = read_key();

    serve_logins(_i == 0 ? "from=\"127.0.0.1\"" : "from=\"127.0.0.2\"");
    ck_assert_int_eq(logs_in("alice", NULL, key), _i == 0);
    end_logins();
    nacre_key_free(key);
}
END_TEST

START_TEST(methods_without_a_file_are_not_offered)
{
    struct nacre_file_login_config config = files("");
    const struct nacre_auth_policy *policy;

    config.require = "password";
    config.banner = "hello\r\n";
    config.authorized_keys = NULL;
    open_login(config);
    policy = nacre_file_login_policy(login);
    ck_assert(policy->password != NULL);
    ck_assert(policy->publickey == NULL);
    ck_assert(policy->interactive == NULL);
    ck_assert_str_eq(policy->require, "password");
    ck_assert_str_eq(policy->banner, "hello\r\n");
    nacre_file_login_free(login);
    config.authorized_keys = "keys";
    config.passwords = NULL;
    open_login(config);
    policy = nacre_file_login_policy(login);
    ck_assert(policy->password == NULL);
    ck_assert(policy->publickey != NULL);
    nacre_file_login_free(login);
}
END_TEST

START_TEST(users_who_are_kept_out_are_answered_as_with_a_wrong_password)
{
    static const struct {
        const char *allow, *deny;
        bool good;
    } rows[] = {{"bob,al*@127.0.0.0/8", NULL, true},
                {"bob,al*@192.0.2.1", NULL, false},
                {NULL, "*@127.*", false}};
    struct nacre_key *key = nacre_key_read(scratch_write("k", openssh_ed25519, 0600), NULL, 0);
    struct nacre_file_login_config config = files("");

    config.allow_users = rows[_i].allow;
    config.deny_users = rows[_i].deny;
    serve_files(config);
    ck_assert(logs_in("alice", "secret", NULL) == rows[_i].good);
    ck_assert(logs_in("alice", "wrong", key) == rows[_i].good);
    ck_assert(!logs_in("alice", "wrong", NULL));
    end_logins();
    nacre_key_free(key);
}
END_TEST

START_TEST(a_list_of_users_that_is_wrong_is_refused)
{
    struct nacre_file_login_config config = files("");
    char errbuf[512];

    config.deny_users = "alice,@10.0.0.1";
    ck_assert_ptr_null(nacre_file_login_new(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "'alice,@10.0.0.1' is not a list of users");
}
END_TEST

START_TEST(keyboard_interactive_asks_for_the_password_if_it_is_on)
{
    struct nacre_file_login_config config = files("");

    config.keyboard_interactive = true;
    config.require = "keyboard-interactive";
    serve_files(config);
    ck_assert(logs_in("alice", "secret", NULL));
    ck_assert_str_eq(who, "alice keyboard-interactive - -");
    ck_assert(!logs_in("alice", "wrong", NULL));
    ck_assert_str_eq(attempts, "yes alice keyboard-interactive;no alice keyboard-interactive;");
    ck_assert_str_eq(troubles, "");
    end_logins();
}
END_TEST

START_TEST(the_login_says_what_was_proved)
{
    struct nacre_file_login_config config = files("pty");
    struct nacre_key *key = read_key();

    config.require = "publickey,password";
    serve_files(config);
    ck_assert(!logs_in("alice", NULL, key));
    ck_assert(!logs_in("alice", "secret", NULL));
    ck_assert(logs_in("alice", "secret", key));
    ck_assert_str_eq(who, "alice publickey password test");
    end_logins();
    nacre_key_free(key);
}
END_TEST

/* Its check runs on another thread. */
START_TEST(a_hashed_password_logs_in)
{
    struct nacre_file_login_config config = files("");
    char errbuf[512];

    ck_assert_int_eq(
        nacre_password_file_edit(config.passwords, "alice", "sesame", errbuf, sizeof errbuf),
        NACRE_PASSWORD_CHANGED);
    serve_files(config);
    ck_assert(!logs_in("alice", "secret", NULL));
    ck_assert(logs_in("alice", "sesame", NULL));
    ck_assert_str_eq(troubles, "");
    is_busy = true;
    ck_assert(!logs_in("alice", "sesame", NULL));
    is_busy = false;
    ck_assert_str_eq(troubles, "auth: too many password checks are waiting: one was refused\n");
    end_logins();
}
END_TEST

START_TEST(trouble_with_a_file_is_reported)
{
    struct nacre_key *key = read_key();
    struct nacre_file_login_config config = files("no-such-option");

    config.passwords = scratch_write("others", "alice:secret:cut\n", 0600);
    serve_files(config);
    assert_says(troubles, "passwords: ");
    ck_assert(!logs_in("alice", NULL, key));
    assert_says(troubles, "authorized_keys: ");
    end_logins();
    nacre_key_free(key);
}
END_TEST

/* Nor does the client wait for an answer that never comes. */
START_TEST(a_key_that_cannot_be_looked_up_does_not_log_in)
{
    struct nacre_key *key = read_key();

    serve_logins("");
    undecides = true;
    ck_assert(!logs_in("alice", NULL, key));
    undecides = false;
    ck_assert(logs_in("alice", NULL, key));
    end_logins();
    nacre_key_free(key);
}
END_TEST

START_TEST(a_login_that_is_of_no_use_is_not_made)
{
    struct nacre_file_login_config config = {.version = NACRE_VERSION_NUMBER, .passwords = NULL};
    char errbuf[512] = "";

    ck_assert_ptr_null(nacre_file_login_new(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "nobody could log in");
    config.passwords = "/nonexistent/passwords";
    ck_assert_ptr_null(nacre_file_login_new(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "/nonexistent/passwords");
    ck_assert_ptr_null(nacre_file_login_new(&config, NULL, 0));
}
END_TEST

START_TEST(a_server_can_name_the_files_itself)
{
    struct nacre_file_login_config config = files("restrict,command=\"true\"");
    struct nacre_key *key = read_key();

    serve_login((struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                             .password_file = config.passwords,
                                             .authorized_keys = config.authorized_keys});
    ck_assert(logs_in("alice", "secret", NULL));
    ck_assert_str_eq(command, "");
    ck_assert(logs_in("alice", NULL, key));
    ck_assert_str_eq(command, "true");
    end_server(&served);
    nacre_key_free(key);
}
END_TEST

static void on_server_trouble(void *context, const char *sentence)
{
    on_trouble(context, "server", sentence);
}

START_TEST(a_server_reports_trouble_with_its_own_files)
{
    static const struct nacre_server_events reporting = {.authenticated = on_authenticated,
                                                         .trouble = on_server_trouble};
    struct nacre_file_login_config config = files("no-such-option");
    struct nacre_key *key = read_key();

    serve_login((struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                             .password_file = config.passwords,
                                             .authorized_keys = config.authorized_keys,
                                             .events = &reporting,
                                             .context = troubles});
    ck_assert(!logs_in("alice", NULL, key));
    end_server(&served);
    assert_says(troubles, "server: ");
    assert_says(troubles, "no-such-option");
    nacre_key_free(key);
}
END_TEST

START_TEST(a_server_does_not_ignore_the_files_that_it_is_given)
{
    const struct nacre_auth_policy policy = {.password = NULL};
    const struct nacre_server_config both = {
        .version = NACRE_VERSION_NUMBER, .auth = &policy, .password_file = "passwords"};
    const struct nacre_server_config missing = {.version = NACRE_VERSION_NUMBER,
                                                .host_key_file = scratch_path("host_key"),
                                                .password_file = "/nonexistent/passwords"};
    char errbuf[512] = "";

    ck_assert_ptr_null(nacre_server_new(&both, errbuf, sizeof errbuf));
    assert_says(errbuf, "password_file");
    ck_assert_ptr_null(nacre_server_new(&missing, errbuf, sizeof errbuf));
    assert_says(errbuf, "/nonexistent/passwords");
    ck_assert(!nacre_server_check(&both, errbuf, sizeof errbuf));
    assert_says(errbuf, "password_file");
}
END_TEST

static unsigned refused; /* the allocation that fails, from 1 */

static void check_without_memory(void *context, struct nacre_decision *decision, const char *user,
                                 const char *password)
{
    leftovers_refuse(refused);
    nacre_file_login_policy(login)->password(context, decision, user, password);
    leftovers_refuse(0);
}

START_TEST(a_password_that_is_not_checked_for_lack_of_memory_is_reported)
{
    struct nacre_file_login_config config = files("");
    struct pair p;

    config.on_own_loop = true;
    config.attempted = NULL;
    open_login(config);
    for (refused = 1, p.server.authenticated = false; !p.server.authenticated; refused++) {
        troubles[0] = 0;
        (void)scratch_write("passwords", "alice:secret\n", 0600); /* it is read again */
        pair_init(&p, 1);
        p.policy = *nacre_file_login_policy(login);
        p.policy.password = check_without_memory;
        pair_start(&p);
        pair_run(&p);
        ck_assert_int_eq(strstr(troubles, "auth: out of memory") == NULL, p.server.authenticated);
        pair_clear(&p);
    }
    ck_assert_uint_gt(refused, 5); /* the check, the file's text and index, and the job failed */
    nacre_file_login_free(login);
}
END_TEST

/* Two sessions in memory, whose context is not a peer. */
START_TEST(sessions_on_a_loop_of_ones_own_can_use_it)
{
    struct nacre_file_login_config config = files("");
    struct nacre_key *key = read_key();
    struct pair p;

    config.on_own_loop = true;
    config.attempted = NULL;
    open_login(config);
    pair_init(&p, 1);
    p.policy = *nacre_file_login_policy(login);
    if (_i == 1) {
        p.client_config.keys = (const struct nacre_key *const *)&key;
        p.client_config.key_count = 1;
        p.client_config.password = NULL;
    }
    pair_start(&p);
    pair_run(&p);
    ck_assert(p.server.authenticated);
    ck_assert_str_eq(nacre_login_method(nacre_session_login(p.server.session), 0),
                     _i == 1 ? "publickey" : "password");
    pair_clear(&p);
    nacre_file_login_free(login);
    nacre_key_free(key);
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
    add_loop(suite, a_key_is_for_the_addresses_of_its_line, 0, 2);
    add_test(suite, methods_without_a_file_are_not_offered);
    add_loop(suite, users_who_are_kept_out_are_answered_as_with_a_wrong_password, 0, 3);
    add_test(suite, a_list_of_users_that_is_wrong_is_refused);
    add_test(suite, keyboard_interactive_asks_for_the_password_if_it_is_on);
    add_test(suite, the_login_says_what_was_proved);
    add_test(suite, a_hashed_password_logs_in);
    add_test(suite, trouble_with_a_file_is_reported);
    add_test(suite, a_key_that_cannot_be_looked_up_does_not_log_in);
    add_test(suite, a_login_that_is_of_no_use_is_not_made);
    add_test(suite, a_server_can_name_the_files_itself);
    add_test(suite, a_server_reports_trouble_with_its_own_files);
    add_test(suite, a_server_does_not_ignore_the_files_that_it_is_given);
    add_test(suite, a_password_that_is_not_checked_for_lack_of_memory_is_reported);
    add_loop(suite, sessions_on_a_loop_of_ones_own_can_use_it, 0, 2);
}
