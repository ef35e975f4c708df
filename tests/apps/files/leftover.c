#include "apps/files/leftover.h"
#include "tests/support/suite.h"

START_TEST(what_editors_and_package_managers_leave_is_recognised)
{
    static const char *const names[] = {
        ".alice.swp",     ".alice.swo",      ".#alice",
        "#alice#",        "alice~",          "alice.~1~",
        "alice.bak",      "alice.BAK",       "alice.orig",
        "alice.rej",      "alice.save",      "alice.tmp",
        "alice.old",      "alice.swp",       "alice.swo",
        "alice.swn",      "alice.swx",       "alice.dpkg-old",
        "alice.dpkg-new", "alice.dpkg-dist", "alice.dpkg-tmp",
        "alice.dpkg-bak", "alice.ucf-old",   "alice.ucf-dist",
        "alice.rpmnew",   "alice.rpmsave",   "alice.rpmorig",
        "alice.pacnew",   "alice.pacsave",   "alice.pacorig",
        "alice.rpmmoved", "alice.apk-new",   "a.b.orig",
        ".alice",         "..alice",         "#alice",
        "alice.rpmsave2", "alice.dpkg-old2", "~",
        ".bak",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_msg(leftover_name(names[i]), "%s", names[i]);
}
END_TEST

START_TEST(other_names_are_users)
{
    static const char *const names[] = {"alice",  "alice.smith", "bak",     "save", "a~b", "a#",
                                        "rpmnew", "dpkg-",       "al.dpkg", "tmp",  "a.b", ""};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_msg(!leftover_name(names[i]), "%s", names[i]);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, what_editors_and_package_managers_leave_is_recognised);
    add_test(suite, other_names_are_users);
}
