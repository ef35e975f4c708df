/* The files that a server program reads when it starts. */
#include "apps/daemon/files.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char banner[NACRE_BANNER_MAX + 1], sentence[8192];
static const struct errbuf p = {sentence, sizeof sentence};

/* ---- the banner ---- */

static bool read_banner(const char *text, size_t len)
{
    const char *file = scratch_write_bytes("banner", text, len, 0600);

    memset(banner, 'x', sizeof banner);
    return files_read_banner(file, banner, &p);
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

START_TEST(a_banner_has_up_to_4096_bytes)
{
    char text[NACRE_BANNER_MAX + 2];

    memset(text, 'a', sizeof text);
    ck_assert(read_banner(text, NACRE_BANNER_MAX));
    ck_assert_uint_eq(strlen(banner), NACRE_BANNER_MAX);
    ck_assert(!read_banner(text, NACRE_BANNER_MAX + 1));
    ck_assert_str_eq(sentence, "the banner is longer than 4096 bytes");
    text[NACRE_BANNER_MAX - 1] = '\n'; /* two bytes */
    ck_assert(!read_banner(text, NACRE_BANNER_MAX));
    text[NACRE_BANNER_MAX - 2] = '\n';
    ck_assert(read_banner(text, NACRE_BANNER_MAX - 1));
    ck_assert_uint_eq(strlen(banner), NACRE_BANNER_MAX);
}
END_TEST

START_TEST(a_banner_that_cannot_be_read_is_named)
{
    ck_assert(!files_read_banner("/no/such/banner", banner, &p));
    ck_assert_str_eq(sentence,
                     "/no/such/banner: cannot read the banner: No such file or directory");
    ck_assert(!files_read_banner("/", banner, &p));
    ck_assert_str_eq(sentence, "/: cannot read the banner: Is a directory");
}
END_TEST

/* ---- who may log in ---- */

static char troubles[1024];

static void on_trouble(void *context, const char *about, const char *text)
{
    size_t len = strlen(troubles);

    (void)context;
    (void)snprintf(troubles + len, sizeof troubles - len, "%s: %s\n", about, text);
}

/* What it opens can be used for passwords, and for keys. */
static bool opens(const struct server_options *o, bool passwords, bool keys)
{
    struct nacre_file_login *login = files_open_login(o, "hello", on_trouble, &p);
    const struct nacre_auth_policy *policy = login ? nacre_file_login_policy(login) : NULL;
    bool good = policy != NULL && (policy->password != NULL) == passwords &&
                (policy->publickey != NULL) == keys && strcmp(policy->banner, "hello") == 0;

    nacre_file_login_free(login);
    return good;
}

static int open_default_passwords(void)
{
    struct server_options o = {.authorized_keys = "keys"};

    if (chdir(scratch_path(".")) != 0 || strcmp(files_passwords(&o), DEFAULT_PASSWORDS) != 0)
        return 1;
    if (!opens(&o, false, true))
        return 2;
    o.authorized_keys = NULL; /* nobody could log in */
    if (opens(&o, true, false))
        return 3;
    (void)scratch_write(DEFAULT_PASSWORDS, "alice:secret\n", 0600);
    if (!opens(&o, true, false))
        return 4;
    o.authorized_keys = "keys";
    if (!opens(&o, true, true))
        return 5;
    o.passwords = "other"; /* one that was named must be there */
    return opens(&o, true, true) ? 6 : 0;
}

START_TEST(the_default_password_file_may_be_missing_if_there_are_keys)
{
    succeeds_in_child(open_default_passwords);
}
END_TEST

START_TEST(each_line_that_is_wrong_is_a_sentence)
{
    const struct server_options o = {
        .passwords = scratch_write("passwords", "alice:secret:more\nbob:secret:more\n", 0600)};

    troubles[0] = 0;
    ck_assert(opens(&o, true, false));
    assert_says(troubles, "passwords: ");
    assert_says(troubles, "/passwords:1: ");
    assert_says(troubles, "/passwords:2: ");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, lines_of_the_banner_end_in_cr_lf);
    add_test(suite, a_banner_has_up_to_4096_bytes);
    add_test(suite, a_banner_that_cannot_be_read_is_named);
    add_test(suite, the_default_password_file_may_be_missing_if_there_are_keys);
    add_test(suite, each_line_that_is_wrong_is_a_sentence);
}
