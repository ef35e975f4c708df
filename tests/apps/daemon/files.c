/* The files that a server program reads when it starts. */
#include "apps/daemon/files.h"
#include "apps/files/key_file.h"
#include "tests/support/child.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct server_program program = {.name = "program"};
static char banner[NACRE_BANNER_MAX + 1];

/* ---- the banner ---- */

static bool read_banner(const char *text, size_t len)
{
    char file[256];
    const struct server_options o = {.banner_file = file};

    (void)snprintf(file, sizeof file, "%s", scratch_write_bytes("banner", text, len, 0600));
    memset(banner, 'x', sizeof banner);
    return files_read_banner(&program, &o, banner);
}

START_TEST(lines_of_the_banner_end_in_cr_lf)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"one\ntwo", "one\r\ntwo"},
        {"one\r\ntwo\r\n", "one\r\ntwo\r\n"},
        {"\n\n", "\r\n\r\n"},
        {"\r\n\n", "\r\n\r\n"},
        {"\xc3\xbf\n", "\xc3\xbf\r\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert(read_banner(rows[i][0], strlen(rows[i][0])));
        ck_assert_str_eq(banner, rows[i][1]);
    }
}
END_TEST

START_TEST(no_banner_is_an_empty_one)
{
    const struct server_options none = {.banner_file = NULL};

    ck_assert(files_read_banner(&program, &none, banner));
}
END_TEST

static int read_long_banner(void)
{
    char text[NACRE_BANNER_MAX + 2];

    memset(text, 'a', sizeof text);
    if (!read_banner(text, NACRE_BANNER_MAX - 1) || strlen(banner) != NACRE_BANNER_MAX - 1)
        return 1;
    return read_banner(text, NACRE_BANNER_MAX + 1) ? 2 : 0;
}

START_TEST(a_banner_has_up_to_4096_bytes)
{
    succeeds_in_child(read_long_banner);
    ck_assert_str_eq(child_said, "program: the banner is longer than 4096 bytes\n");
}
END_TEST

static int read_missing_banner(void)
{
    const struct server_options o = {.banner_file = "/no/such/banner"};
    const struct server_options folder = {.banner_file = "/"};

    return files_read_banner(&program, &o, banner) || files_read_banner(&program, &folder, banner);
}

START_TEST(a_banner_that_cannot_be_read_is_named)
{
    succeeds_in_child(read_missing_banner);
    ck_assert_str_eq(child_said,
                     "program: /no/such/banner: cannot read the banner: No such file or directory\n"
                     "program: /: cannot read the banner: Is a directory\n");
}
END_TEST

/* ---- host keys ---- */

static int make_default_key(void)
{
    const struct server_options o = {.no_sandbox = true};
    const struct confinement c = {.off = true};
    const struct nacre_key *keys[OPTION_LIST_MAX + 1] = {NULL};

    if (chdir(scratch_path(".")) != 0 || mkdir("hostkeys", 0700) != 0)
        return 1;
    if (!files_read_host_keys(&program, &o, &c, keys) || keys[0] == NULL || keys[1] != NULL)
        return 2;
    files_free_host_keys(keys);
    return access(DEFAULT_HOST_KEY, F_OK) == 0 ? 0 : 3;
}

START_TEST(the_default_host_key_is_made)
{
    succeeds_in_child(make_default_key);
    assert_says(child_said, " event=hostkey type=ssh-ed25519 fingerprint=SHA256:");
    assert_says(child_said, " file=" DEFAULT_HOST_KEY "\n");
}
END_TEST

/* In this process, where a sanitizer sees what is not freed. */
START_TEST(host_keys_are_read_in_their_order)
{
    const struct confinement c = {.off = true};
    const struct nacre_key *keys[OPTION_LIST_MAX + 1] = {NULL};
    struct server_options o = {.no_sandbox = true};

    log_threshold(LOG_ERROR);
    o.host_keys.items[0] = scratch_write("p256", openssh_nistp256, 0600);
    o.host_keys.items[1] = scratch_write("ed25519", openssh_ed25519, 0600);
    o.host_keys.count = 2;
    ck_assert(files_read_host_keys(&program, &o, &c, keys));
    ck_assert_str_eq(nacre_key_type(keys[0]), "ecdsa-sha2-nistp256");
    ck_assert_str_eq(nacre_key_type(keys[1]), "ssh-ed25519");
    ck_assert_ptr_null(keys[2]);
    files_free_host_keys(keys);
}
END_TEST

static int read_missing_key(void)
{
    const struct server_options o = {.host_keys = {.items = {scratch_path("none")}, .count = 1}};
    const struct confinement c = {.off = true};
    const struct nacre_key *keys[OPTION_LIST_MAX + 1] = {NULL};

    return files_read_host_keys(&program, &o, &c, keys) || access(scratch_path("none"), F_OK) == 0;
}

START_TEST(a_host_key_that_was_named_is_not_made)
{
    succeeds_in_child(read_missing_key);
    ck_assert_ptr_eq(strstr(child_said, "program: "), child_said);
    assert_says(child_said, "none: ");
}
END_TEST

/* ---- who may log in ---- */

static int open_default_passwords(void)
{
    struct server_options o = {.authorized_keys = "keys"};
    struct login login = {.passwords = NULL};

    if (chdir(scratch_path(".")) != 0 || strcmp(files_passwords(&o), DEFAULT_PASSWORDS) != 0)
        return 1;
    if (!files_open_passwords(&program, &o, &login) || login.passwords != NULL)
        return 2;
    o.authorized_keys = NULL; /* nobody could log in */
    if (files_open_passwords(&program, &o, &login))
        return 3;
    (void)scratch_write(DEFAULT_PASSWORDS, "alice:secret\n", 0600);
    if (!files_open_passwords(&program, &o, &login) || login.passwords == NULL)
        return 4;
    nacre_password_file_close(login.passwords);
    login.passwords = NULL;
    o.authorized_keys = "keys";
    if (!files_open_passwords(&program, &o, &login) || login.passwords == NULL)
        return 5;
    nacre_password_file_close(login.passwords);
    o.passwords = "other"; /* one that was named must be there */
    return files_open_passwords(&program, &o, &login) ? 6 : 0;
}

START_TEST(the_default_password_file_may_be_missing_if_there_are_keys)
{
    succeeds_in_child(open_default_passwords);
}
END_TEST

static int open_bad_passwords(void)
{
    const struct server_options o = {
        .passwords = scratch_write("passwords", "alice:secret:more\nbob:secret:more\n", 0600)};
    struct login login = {.passwords = NULL};

    if (!files_open_passwords(&program, &o, &login))
        return 1;
    nacre_password_file_close(login.passwords);
    return 0;
}

START_TEST(each_line_that_is_wrong_is_logged)
{
    succeeds_in_child(open_bad_passwords);
    assert_says(child_said, " level=warn event=passwords reason=\"");
    assert_says(strchr(child_said, '\n') + 1, " level=warn event=passwords reason=\"");
}
END_TEST

START_TEST(authorized_keys_are_opened_if_there_are_any)
{
    struct server_options o = {.authorized_keys = NULL};
    struct login login = {.authorized_keys = NULL};

    ck_assert(files_open_authorized_keys(&program, &o, &login));
    ck_assert_ptr_null(login.authorized_keys);
    o.authorized_keys = "keys";
    ck_assert(files_open_authorized_keys(&program, &o, &login));
    ck_assert_ptr_nonnull(login.authorized_keys);
    nacre_authorized_keys_close(login.authorized_keys);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, lines_of_the_banner_end_in_cr_lf);
    add_test(suite, no_banner_is_an_empty_one);
    add_test(suite, a_banner_has_up_to_4096_bytes);
    add_test(suite, a_banner_that_cannot_be_read_is_named);
    add_test(suite, the_default_host_key_is_made);
    add_test(suite, host_keys_are_read_in_their_order);
    add_test(suite, a_host_key_that_was_named_is_not_made);
    add_test(suite, the_default_password_file_may_be_missing_if_there_are_keys);
    add_test(suite, each_line_that_is_wrong_is_logged);
    add_test(suite, authorized_keys_are_opened_if_there_are_any);
}
