/* What a server program reads before it serves. */
#include "apps/daemon/setup.h"
#include "apps/daemon/confined.h"
#include "apps/files/key_file.h"
#include "tests/support/child.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct server_program program = {.name = "program"};
static struct server_options options;
static struct setup setup;
static char problems[4096];

static void on_problem(void *context, const char *value, const char *sentence)
{
    (void)context;
    (void)snprintf(problems + strlen(problems), sizeof problems - strlen(problems), "%s|%s\n",
                   value != NULL ? value : "", sentence);
}

static bool read_setup(bool all, bool only_try)
{
    const struct setup_report report = {.problem = on_problem, .all = all, .only_try = only_try};

    problems[0] = 0;
    setup = (struct setup){.program = &program, .options = &options};
    return setup_read(&setup, &report);
}

static void add_key(const char *name, const char *text)
{
    static char names[8][512];
    char *copy = names[options.host_keys.count];

    (void)snprintf(copy, sizeof names[0], "%s", scratch_write(name, text, 0600));
    options.host_keys.items[options.host_keys.count++] = copy;
}

static void set_up(void)
{
    static char passwords[512];

    log_threshold(LOG_ERROR);
    (void)snprintf(passwords, sizeof passwords, "%s",
                   scratch_write("passwords", "alice:secret\n", 0600));
    options = (struct server_options){.passwords = passwords, .no_sandbox = true};
}

START_TEST(host_keys_are_read_in_their_order)
{
    add_key("p256", openssh_nistp256);
    add_key("ed25519", openssh_ed25519);
    ck_assert(read_setup(false, false));
    ck_assert_str_eq(nacre_key_type(setup.host_keys.keys[0]), "ecdsa-sha2-nistp256");
    ck_assert_str_eq(nacre_key_type(setup.host_keys.keys[1]), "ssh-ed25519");
    ck_assert_ptr_null(setup.host_keys.keys[2]);
    setup_clear(&setup);
}
END_TEST

/* event=forbidden, and the folders of all files that are read again */
START_TEST(a_sandbox_knows_the_files_and_reports_forbidden_calls)
{
    options.banner_file = scratch_path("banner");
    (void)scratch_write("banner", "hello", 0600);
    add_key("ed25519", openssh_ed25519);
    ck_assert(read_setup(false, false));
    ck_assert(setup.confinement.forbidden == log_forbidden);
    ck_assert_str_eq(setup.confinement.reads[0], options.passwords);
    ck_assert_ptr_null(setup.confinement.reads[1]);
    ck_assert_str_eq(setup.confinement.reloads[0], options.banner_file);
    ck_assert_str_eq(setup.confinement.reloads[1], options.host_keys.items[0]);
    ck_assert_ptr_null(setup.confinement.reloads[2]);
    setup_clear(&setup);
}
END_TEST

START_TEST(without_all_the_first_problem_is_the_only_one)
{
    options.banner_file = "/no/such/banner";
    add_key("bad", "nonsense");
    add_key("ed25519", openssh_ed25519);
    ck_assert(!read_setup(false, false));
    assert_says(problems, "/bad|");
    ck_assert_ptr_null(strstr(problems, "banner|"));
    setup_clear(&setup);
    ck_assert(!read_setup(true, true));
    assert_says(problems, "/bad|");
    assert_says(problems, "/no/such/banner|/no/such/banner: cannot read");
    ck_assert_str_eq(nacre_key_type(setup.host_keys.keys[0]), "ssh-ed25519");
    setup_clear(&setup);
}
END_TEST

static int make_default_key(void)
{
    if (chdir(scratch_path(".")) != 0 || mkdir("hostkeys", 0700) != 0)
        return 1;
    if (!read_setup(false, true) || setup.host_keys.keys[0] != NULL ||
        access(DEFAULT_HOST_KEY, F_OK) == 0)
        return 2;
    setup_clear(&setup);
    if (!read_setup(false, false) || setup.host_keys.keys[0] == NULL ||
        setup.host_keys.keys[1] != NULL)
        return 3;
    setup_clear(&setup);
    return access(DEFAULT_HOST_KEY, F_OK) == 0 ? 0 : 4;
}

START_TEST(the_default_host_key_is_made_unless_it_is_only_tried)
{
    log_threshold(LOG_INFO);
    succeeds_in_child(make_default_key);
    assert_says(child_said, " event=hostkey type=ssh-ed25519 fingerprint=SHA256:");
    assert_says(child_said, " file=" DEFAULT_HOST_KEY "\n");
}
END_TEST

static int read_bad_passwords(void)
{
    options.passwords = scratch_write("bad", "alice:secret:more\nbob:secret:more\n", 0600);
    add_key("ed25519", openssh_ed25519);
    if (!read_setup(false, false))
        return 1;
    setup_clear(&setup);
    return 0;
}

START_TEST(each_line_that_is_wrong_is_logged)
{
    log_threshold(LOG_WARN);
    succeeds_in_child(read_bad_passwords);
    assert_says(child_said, " level=warn event=passwords reason=\"");
    assert_says(strchr(child_said, '\n') + 1, " level=warn event=passwords reason=\"");
}
END_TEST

START_TEST(a_count_of_keepalives_may_have_a_keyword_of_its_own)
{
    options.limits.keepalive_count = 7;
    add_key("ed25519", openssh_ed25519);
    ck_assert(read_setup(false, false));
    ck_assert_uint_eq(setup_config(&setup).limits->keepalive_count, 7);
    options.limits.limits.keepalive_count = 8;
    ck_assert_uint_eq(setup_config(&setup).limits->keepalive_count, 8);
    setup_clear(&setup);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, set_up, NULL);
    add_test(suite, host_keys_are_read_in_their_order);
    add_test(suite, a_sandbox_knows_the_files_and_reports_forbidden_calls);
    add_test(suite, without_all_the_first_problem_is_the_only_one);
    add_test(suite, the_default_host_key_is_made_unless_it_is_only_tried);
    add_test(suite, each_line_that_is_wrong_is_logged);
    add_test(suite, a_count_of_keepalives_may_have_a_keyword_of_its_own);
}
