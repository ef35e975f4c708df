#include "tests/support/password_logins.h"

#include "tests/support/scratch.h"

#include <string.h>

char errbuf[PASSWORD_ERRBUF], warned[PASSWORD_ERRBUF];
struct nacre_password_file *file;

const char *path(void)
{
    return scratch_path("passwords");
}

void write_file(const char *text)
{
    scratch_write("passwords", text, 0600);
}

void open_file(const char *text)
{
    write_file(text);
    file = nacre_password_file_open(path(), errbuf, sizeof errbuf);
    ck_assert_msg(file != NULL, "%s", errbuf);
    memcpy(warned, errbuf, sizeof warned);
}

void close_file(void)
{
    nacre_password_file_close(file);
}

bool logs_in(const char *user, const char *password, bool *slow)
{
    struct nacre_password_check *check =
        nacre_password_file_lookup(file, user, password, errbuf, sizeof errbuf);
    bool good, undecided = true;

    ck_assert_ptr_nonnull(check);
    *slow = nacre_password_check_is_slow(check);
    good = nacre_password_check_run(check, &undecided);
    ck_assert(!undecided);
    nacre_password_check_free(check);
    return good;
}

void assert_in(const char *user, const char *password)
{
    bool slow;

    ck_assert_msg(logs_in(user, password, &slow), "%s:%s is refused", user, password);
    ck_assert_str_eq(errbuf, "");
}

void assert_out(const char *user, const char *password)
{
    bool slow;

    ck_assert_msg(!logs_in(user, password, &slow), "%s:%s is let in", user, password);
}
