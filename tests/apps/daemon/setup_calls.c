/* What a server program reads, call by call: the functions that read are the test's. */
#include "apps/daemon/confined.h"
#include "apps/daemon/files.h"
#include "apps/daemon/setup.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *failing, *unreachable; /* a call, a path; or NULL */
static int open_failure;                  /* an error of open(2); 0: it works */
static bool has_policy;
static char one; /* its address is what matters */

static bool step(const char *name)
{
    note("%s;", name);
    return failing == NULL || strcmp(failing, name) != 0;
}

static bool step_in(const char *name, char *errbuf, size_t size)
{
    const struct errbuf p = {errbuf, size};

    return step(name) || errbuf_say(&p, "%s failed", name);
}

static void on_password(void *context, struct nacre_decision *decision, const char *user,
                        const char *password)
{
    (void)context;
    (void)decision;
    (void)user;
    (void)password;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_open64(const char *path, int flags, ...);

OWN(int, open64, const char *path, int flags, ...)
{
    if (open_failure == 0)
        return __real_open64(path, flags, 0600);
    errno = open_failure;
    return -1;
}

OWN(bool, confine_find_user, struct confinement *c, char *errbuf, size_t size)
{
    c->changes_user = true;
    return step_in("find_user", errbuf, size);
}

OWN(bool, confine_reaches, const struct confinement *c, const char *pattern)
{
    note("reaches %s;", pattern);
    return c->appends != NULL && (unreachable == NULL || strcmp(unreachable, pattern) != 0);
}

OWN(bool, confine_can_read, const struct confinement *c, char *errbuf, size_t size)
{
    (void)c;
    return step_in("can_read", errbuf, size);
}

OWN(bool, confine_try, const struct confinement *c, bool (*job)(void *context), void *context,
    char *errbuf, size_t size)
{
    (void)c;
    return step_in("try", errbuf, size) && job(context);
}

OWN(bool, host_keys_add, struct host_keys *keys, const struct host_key_reading *how,
    const char *file, const struct errbuf *p)
{
    (void)keys;
    note("key%s%s%s %s;", how->make ? " make" : "", how->quiet ? " quiet" : "",
         how->before != NULL ? " before" : "", file);
    return failing == NULL || strcmp(failing, "key") != 0 || errbuf_say(p, "%s: no key", file);
}

OWN(struct nacre_file_login *, files_open_login, const struct server_options *o, const char *banner,
    void (*trouble)(void *context, const char *about, const char *sentence), const struct errbuf *p)
{
    (void)o;
    note("login%s%s;", banner != NULL ? " banner" : "", trouble != NULL ? "" : " quiet");
    if (failing == NULL || strcmp(failing, "login") != 0)
        return (struct nacre_file_login *)(void *)&one;
    (void)errbuf_say(p, "no login");
    return NULL;
}

OWN(bool, files_read_banner, const char *path, char banner[NACRE_BANNER_MAX + 1],
    const struct errbuf *p)
{
    note("banner %s;", path);
    banner[0] = 'b';
    return failing == NULL || strcmp(failing, "banner") != 0 || errbuf_say(p, "no banner");
}

OWN(const struct nacre_auth_policy *, nacre_file_login_policy, const struct nacre_file_login *login)
{
    static struct nacre_auth_policy policy;

    (void)login;
    policy.password = has_policy ? on_password : NULL;
    return &policy;
}

OWN(void, nacre_file_login_free, struct nacre_file_login *login)
{
    note("free login%s;", login != NULL ? "" : " none");
}

OWN(void, host_keys_clear, struct host_keys *keys)
{
    (void)keys;
    note("clear keys;");
}

OWN(void, server_options_clear, struct server_options *o)
{
    (void)o;
    note("clear options;");
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static const struct nacre_channel_app app;
static const struct nacre_forwarding forwarding;
static const struct server_program program = {
    .name = "program", .app = &app, .forwarding = &forwarding, .descriptors_each = 5};
static struct server_options options;
static struct setup setup, before;

static void on_problem(void *context, const char *value, const char *sentence)
{
    ck_assert_ptr_eq(context, &one);
    note("%s|%s;", value != NULL ? value : "", sentence);
}

enum { ALL = 1, ONLY_TRY = 2, AGAIN = 4 };

static bool read_setup(int how)
{
    const struct setup_report report = {.context = &one,
                                        .problem = on_problem,
                                        .all = (how & ALL) != 0,
                                        .only_try = (how & ONLY_TRY) != 0,
                                        .before = (how & AGAIN) != 0 ? &before : NULL};

    noted[0] = 0;
    setup = (struct setup){.program = &program, .options = &options};
    return setup_read(&setup, &report);
}

static void set_up(void)
{
    ck_assert_int_eq(chdir(scratch_path("")), 0);
    failing = unreachable = NULL;
    open_failure = 0;
    has_policy = true;
    options = (struct server_options){.passwords = "users",
                                      .authorized_keys = "keys",
                                      .banner_file = "hello",
                                      .user = "alice",
                                      .log_file = "log",
                                      .level = LOG_INFO,
                                      .host_keys = {.items = {"a", "b"}, .count = 2}};
    before = (struct setup){.confinement = {.appends = "log", .changes_user = true}};
}

START_TEST(everything_is_read_in_this_order)
{
    ck_assert(read_setup(0));
    expect_notes("find_user;key a;key b;try;can_read;login banner;banner hello;");
    ck_assert(read_setup(ONLY_TRY));
    expect_notes("find_user;key quiet a;key quiet b;try;can_read;login banner quiet;"
                 "banner hello;");
    options.banner_file = NULL;
    ck_assert(read_setup(0));
    expect_notes("find_user;key a;key b;try;can_read;login;");
    ck_assert(setup.observer.negotiated != NULL && setup.observer.message == NULL);
    options.level = LOG_TRACE;
    ck_assert(read_setup(0));
    ck_assert(setup.observer.message != NULL);
    noted[0] = 0;
}
END_TEST

START_TEST(a_second_time_the_files_must_be_within_reach)
{
    ck_assert(read_setup(AGAIN));
    expect_notes("reaches users;reaches keys;reaches hello;key before a;key before b;try;"
                 "login banner;banner hello;");
    ck_assert(!setup.confinement.changes_user);
    options.passwords = options.authorized_keys = options.banner_file = NULL;
    ck_assert(read_setup(AGAIN));
    expect_notes("key before a;key before b;try;login;");
}
END_TEST

#define BEYOND ": outside of the folders that the sandbox allows: restart the server;"

START_TEST(each_file_out_of_reach_is_a_problem)
{
    static const char *const paths[] = {"users", "keys", "hello"};
    char expected[256];

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        unreachable = paths[i];
        ck_assert(!read_setup(AGAIN));
        (void)snprintf(expected, sizeof expected, "%s|%s" BEYOND, paths[i], paths[i]);
        assert_says(noted, expected);
        ck_assert_ptr_null(strstr(noted, "key before"));
    }
    noted[0] = 0;
}
END_TEST

START_TEST(the_first_problem_ends_it_unless_all_are_wanted)
{
    static const struct {
        const char *failing, *problem, *next;
    } rows[] = {
        {"find_user", "alice|find_user failed;", "key a;"},
        {"key", "a|a: no key;", "key b;"},
        {"try", "alice|try failed;", "banner hello;"},
        {"can_read", "|can_read failed;", "banner hello;"},
        {"login", "users|no login;", "banner hello;"},
        {"banner", "hello|no banner;", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].problem);

        failing = rows[i].failing;
        ck_assert(!read_setup(0));
        ck_assert_str_eq(noted + strlen(noted) - len, rows[i].problem);
        ck_assert(!read_setup(ALL));
        ck_assert_ptr_nonnull(strstr(strstr(noted, rows[i].problem) + len, rows[i].next));
    }
    noted[0] = 0;
}
END_TEST

/* A sandbox may leave a key that the server has read as root out of its reach. */
START_TEST(a_key_that_the_sandbox_hides_needs_a_restart)
{
#define RESTART "; restart the server to use the key;"
    static const struct {
        int how, failure;
        bool exists, restarts;
    } rows[] = {
        {AGAIN, EACCES, true, true}, {AGAIN, ENOENT, false, false}, {AGAIN, 0, true, false},
        {0, EACCES, true, false},    {0, 0, true, false},
    };

    (void)scratch_write("a", "", 0600);
    failing = "key";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_failure = rows[i].failure;
        ck_assert(!read_setup(rows[i].how));
        open_failure = 0;
        assert_says(noted, rows[i].restarts ? "a|a: no key" RESTART : "a|a: no key;");
    }
    noted[0] = 0;
}
END_TEST

/* Half of the space of a sentence is for the remedy. */
START_TEST(a_long_reason_leaves_space_for_the_remedy)
{
    static char name[600];

    memset(name, 'n', sizeof name - 1);
    options.host_keys.items[0] = name;
    failing = "key";
    open_failure = EACCES;
    ck_assert(!read_setup(AGAIN));
    open_failure = 0;
    ck_assert_uint_eq(strspn(strstr(noted, "|") + 1, "n"), SETUP_SENTENCE_MAX / 2);
    assert_says(noted, RESTART);
    noted[0] = 0;
}
END_TEST

START_TEST(the_default_key_is_made_only_by_a_server_that_starts)
{
    static const struct {
        int how;
        const char *key;
    } missing[] = {{0, "key make " DEFAULT_HOST_KEY ";"},
                   {AGAIN, "key before " DEFAULT_HOST_KEY ";"},
                   {ONLY_TRY, NULL}};

    options.host_keys.count = 0;
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        ck_assert(read_setup(missing[i].how));
        if (missing[i].key != NULL)
            assert_says(noted, missing[i].key);
        else
            ck_assert_ptr_null(strstr(noted, "key "));
    }
    ck_assert_int_eq(mkdir("hostkeys", 0700), 0);
    (void)scratch_write(DEFAULT_HOST_KEY, "", 0600);
    ck_assert(read_setup(ONLY_TRY));
    assert_says(noted, ";key quiet " DEFAULT_HOST_KEY ";");
    noted[0] = 0;
}
END_TEST

/* ---- what a sandbox must leave ---- */

static void expect_names(const char *const *names, const char *expected)
{
    noted[0] = 0;
    for (; *names != NULL; names++)
        note("%s;", *names);
    expect_notes(expected);
}

START_TEST(a_sandbox_leaves_the_files_that_are_read_again)
{
    ck_assert(read_setup(0));
    expect_names(setup.confinement.reads, "users;keys;");
    expect_names(setup.confinement.reloads, "hello;a;b;");
    expect_names(setup.confinement.searches, "");
    ck_assert_str_eq(setup.confinement.appends, "log");
    ck_assert_str_eq(setup.confinement.user, "alice");
    ck_assert(!setup.confinement.off && !setup.confinement.starts_programs);
    options = (struct server_options){.no_sandbox = true};
    ck_assert(read_setup(0));
    expect_names(setup.confinement.reads, "");
    expect_names(setup.confinement.reloads, DEFAULT_HOST_KEY ";");
    ck_assert(setup.confinement.off);
    (void)scratch_write(DEFAULT_PASSWORDS, "", 0600);
    ck_assert(read_setup(0));
    expect_names(setup.confinement.reads, DEFAULT_PASSWORDS ";");
}
END_TEST

/* The configuration's files come first. */
START_TEST(a_sandbox_leaves_64_files_and_folders_for_a_reload)
{
    static const struct option_use none[] = {{0}};
    static const struct command_line line = {.name = "program", .uses = none};
    char text[8192] = "", name[32];

    for (int i = 0; i < 70; i++) {
        (void)snprintf(name, sizeof name, "d%d/*", i);
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "Include %s\n", name);
    }
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), "Include other\n");
    options.config.config = config_new(&line);
    (void)scratch_write("other", "", 0600);
    config_read(options.config.config, scratch_write("conf", text, 0600));
    ck_assert(read_setup(0));
    ck_assert_ptr_eq(setup.confinement.reloads[0], config_file(options.config.config, 0));
    ck_assert_ptr_eq(setup.confinement.reloads[1], config_file(options.config.config, 1));
    ck_assert_str_eq(setup.confinement.reloads[2], "hello");
    ck_assert_str_eq(setup.confinement.reloads[4], "b");
    for (size_t i = 0; i < CONFINE_RELOADS_MAX; i++)
        ck_assert_ptr_eq(setup.confinement.searches[i], config_searched(options.config.config, i));
    ck_assert_ptr_null(setup.confinement.searches[CONFINE_RELOADS_MAX]);
    ck_assert_str_eq(setup.confinement.appends, "log"); /* what follows them */
    config_free(options.config.config);
    noted[0] = 0;
}
END_TEST

/* ---- the configuration of the server ---- */

START_TEST(the_configuration_has_every_option)
{
    static char kex[] = "k", host_key[] = "h", public_key[] = "p", ciphers[] = "c", macs[] = "m";
    struct nacre_server_config c;

    options.listen = (struct option_list){.items = {"x"}, .count = 1};
    options.backlog = 1;
    options.rekey_bytes = 2;
    options.rekey_ms = 3;
    options.limits = (struct limit_options){.limits = {.keepalive_count = 4},
                                            .admission = {.max_connections = 5},
                                            .channels_max = 6,
                                            .login_grace_ms = 7,
                                            .max_memory = 8,
                                            .per_user_max_memory = 9};
    options.algorithms.lists[NACRE_KEX] = kex;
    options.algorithms.lists[NACRE_HOST_KEY] = host_key;
    options.algorithms.lists[NACRE_PUBLIC_KEY] = public_key;
    options.algorithms.lists[NACRE_CIPHER] = ciphers;
    options.algorithms.lists[NACRE_MAC] = macs;
    options.algorithms.require_strict_kex = true;
    setup = (struct setup){.program = &program,
                           .options = &options,
                           .workers = 10,
                           .sockets = {.sockets = {11}, .count = 1}};
    c = setup_config(&setup);
    ck_assert(c.listen == options.listen.items && c.sockets == setup.sockets.sockets);
    ck_assert(c.socket_count == 1 && c.backlog == 1 && c.workers == 10);
    ck_assert(c.host_keys == setup.host_keys.keys && c.auth == NULL && c.session == &app);
    ck_assert(c.forwarding == &forwarding && c.context == &setup && c.released == setup_released);
    ck_assert(c.rekey_bytes == 2 && c.rekey_ms == 3 && c.channels_max == 6);
    ck_assert(c.login_grace_ms == 7 && c.max_memory == 8 && c.per_user_max_memory == 9);
    ck_assert(c.kex == kex && c.host_key == host_key && c.public_key == public_key);
    ck_assert(c.ciphers == ciphers && c.macs == macs && c.require_strict_kex);
    ck_assert(c.observer == &setup.observer && c.limits == &setup.limits);
    ck_assert(c.limits->keepalive_count == 4 && c.admission == &setup.admission);
    ck_assert(c.admission->max_connections == 5 && c.admission->descriptors_each == 5);
    setup.login = (struct nacre_file_login *)(void *)&one;
    ck_assert_ptr_nonnull(setup_config(&setup).auth);
}
END_TEST

START_TEST(a_setup_is_cleared_once_and_frees_its_own_options)
{
    struct setup *own = calloc(1, sizeof *own);

    setup = (struct setup){.login = (struct nacre_file_login *)(void *)&one};
    setup_released(&setup);
    expect_notes("free login;clear keys;");
    setup_released(&setup);
    expect_notes("free login none;clear keys;");
    own->own = calloc(1, sizeof *own->own);
    setup_released(own);
    expect_notes("free login none;clear keys;clear options;");
}
END_TEST

/* ---- methods that must succeed ---- */

START_TEST(a_method_that_is_required_is_offered)
{
#define NO_KEYS "--require publickey needs --authorized-keys;"
#define NO_INTERACTIVE "--require keyboard-interactive needs --keyboard-interactive;"
#define NO_PASSWORDS "--require password or keyboard-interactive needs a password file;"
    static const struct {
        const char *require;
        bool keys, interactive, passwords;
        const char *problem;
    } rows[] = {
        {NULL, false, false, false, NULL},
        {"publickey", true, false, false, NULL},
        {"publickey", false, true, true, NO_KEYS},
        {"password", false, false, true, NULL},
        {"password", true, true, false, NO_PASSWORDS},
        {"keyboard-interactive", false, true, true, NULL},
        {"keyboard-interactive", true, false, true, NO_INTERACTIVE},
        {"keyboard-interactive", true, true, false, NO_PASSWORDS},
        {"publickey,password", true, false, true, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        options.require = rows[i].require;
        options.authorized_keys = rows[i].keys ? "keys" : NULL;
        options.keyboard_interactive = rows[i].interactive;
        has_policy = rows[i].passwords;
        ck_assert_int_eq(read_setup(ALL), rows[i].problem == NULL);
        if (rows[i].problem != NULL)
            assert_says(noted, rows[i].problem);
    }
    noted[0] = 0;
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, set_up, NULL);
    add_test(suite, everything_is_read_in_this_order);
    add_test(suite, a_second_time_the_files_must_be_within_reach);
    add_test(suite, each_file_out_of_reach_is_a_problem);
    add_test(suite, the_first_problem_ends_it_unless_all_are_wanted);
    add_test(suite, a_key_that_the_sandbox_hides_needs_a_restart);
    add_test(suite, a_long_reason_leaves_space_for_the_remedy);
    add_test(suite, the_default_key_is_made_only_by_a_server_that_starts);
    add_test(suite, a_sandbox_leaves_the_files_that_are_read_again);
    add_test(suite, a_sandbox_leaves_64_files_and_folders_for_a_reload);
    add_test(suite, the_configuration_has_every_option);
    add_test(suite, a_setup_is_cleared_once_and_frees_its_own_options);
    add_test(suite, a_method_that_is_required_is_offered);
}
