/* Which groups are one user's alone, and what that permits. */
#include "apps/files/private_group.h"
#include "apps/files/trusted_file.h"
#include "apps/files/trusted_folder.h"
#include "tests/support/scratch.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { TEXT_MAX = 1024 };

static char passwd[TEXT_MAX], group[TEXT_MAX];

/* U and G in a row's text are this process's user and group, V and H are others. */
static const char *fill(char out[TEXT_MAX], const char *text)
{
    size_t len = 0;

    for (; *text != 0; text++) {
        unsigned long number = *text == 'U' || *text == 'V' ? geteuid() : getegid();

        if (strchr("UGVH", *text) != NULL)
            len += (size_t)snprintf(out + len, TEXT_MAX - len, "%lu",
                                    number + (*text == 'V' || *text == 'H'));
        else
            out[len++] = *text;
    }
    out[len] = '\0';
    return out;
}

static void learn(const char *users, const char *groups)
{
    char users_file[512];

    (void)snprintf(users_file, sizeof users_file, "%s",
                   scratch_write("passwd", fill(passwd, users), 0644));
    private_group_learn(geteuid(), getegid(), users_file,
                        scratch_write("group", fill(group, groups), 0644));
}

static bool may_write(const char *name)
{
    struct stat status;

    ck_assert_int_eq(lstat(scratch_path(name), &status), 0);
    return private_group_has(&status, -1, scratch_path(name));
}

#define ME "me:x:U:G::/:/bin/sh\n"
#define SOMEBODY "you:x:V:H::/:/bin/sh\n"

static const struct {
    const char *users, *groups;
    bool is_private;
} rows[] = {
    {ME, "me:x:G:\n", true},
    {SOMEBODY ME, "you:x:H:\nme:x:G:me\n", true},
    {ME, "me:x:G:me,me\n", true},
    {ME "again:x:U:G::/:/bin/sh\n", "me:x:G:\n", true}, /* another name of the same user */
    {"# comment\n\nnonsense\n" ME, "nonsense\n\nme:x:G:\n", true},
    {ME, "me:x:G:you\n", false},
    {ME, "me:x:G:me,you\n", false},
    {ME, "me:x:G:you,me\n", false},
    {ME, "staff:x:G:\n", true}, /* the name does not matter */
    {ME, "me:x:H:\n", false},
    {ME, "me:x:G:\nme:x:G:you\n", false}, /* its second entry has another member */
    {ME, "me:x:G:\nthem:x:G:you\n", false},
    {ME "you:x:V:G::/:/bin/sh\n", "me:x:G:\n", false}, /* the first group of another user too */
    {"you:x:V:G::/:/bin/sh\n" ME, "me:x:G:\n", false},
    {"me:x:U:H::/:/bin/sh\n", "me:x:G:\n", false}, /* only a further group of the user */
    {"me:x:V:G::/:/bin/sh\n", "me:x:G:\n", false},
    {SOMEBODY, "me:x:G:\n", false},
    {"", "me:x:G:\n", false},
    {ME, "", false},
};

START_TEST(a_group_is_private_if_nobody_else_is_in_it)
{
    learn(rows[_i].users, rows[_i].groups);
    ck_assert_msg(may_write("passwd") == rows[_i].is_private, "%s\n%s", passwd, group);
}
END_TEST

START_TEST(without_the_files_no_group_is_private)
{
    learn(ME, "me:x:G:\n");
    ck_assert(may_write("passwd"));
    private_group_learn(geteuid(), getegid(), "/nonexistent", scratch_path("group"));
    ck_assert(!may_write("passwd"));
    learn(ME, "me:x:G:\n");
    private_group_learn(geteuid(), getegid(), scratch_path("passwd"), "/nonexistent");
    ck_assert(!may_write("passwd"));
}
END_TEST

START_TEST(the_group_of_another_user_is_not_ours)
{
    struct stat status;

    learn(ME, "me:x:G:\n");
    ck_assert_int_eq(lstat(scratch_path("passwd"), &status), 0);
    status.st_gid++;
    ck_assert(!private_group_has(&status, -1, scratch_path("passwd")));
    private_group_learn(geteuid(), status.st_gid, scratch_path("passwd"), scratch_path("group"));
    ck_assert(!private_group_has(&status, -1, scratch_path("passwd")));
}
END_TEST

/* More are asked for than are remembered: what was forgotten is learned again, from the system. */
START_TEST(the_last_answers_are_remembered)
{
    learn(ME, "me:x:G:\n");
    for (uid_t i = 1; i <= 3; i++)
        private_group_learn(geteuid() + i, getegid() + i, "/dev/null", "/dev/null");
    ck_assert(may_write("passwd"));
    private_group_learn(geteuid(), getegid(), "/dev/null", "/dev/null"); /* replaces an answer */
    ck_assert(!may_write("passwd"));
    learn(ME, "me:x:G:\n");
    ck_assert(may_write("passwd"));
}
END_TEST

static void give_to_others(const char *name)
{
    static const struct {
        uint32_t version;
        struct {
            uint16_t tag, permissions;
            uint32_t id;
        } rows[5];
    } list = {2, {{1, 7, -1u}, {2, 7, 65534}, {4, 5, -1u}, {16, 7, -1u}, {32, 5, -1u}}};

    if (setxattr(scratch_path(name), "system.posix_acl_access", &list, sizeof list, 0) != 0)
        ck_assert_int_eq(chmod(scratch_path(name), 0777), 0); /* there are no such lists here */
}

/* The group's bits are then what the list permits anybody. */
START_TEST(an_access_control_list_may_name_others)
{
    char said[512] = "";
    struct errbuf p = errbuf_in(said, sizeof said);
    struct trusted_file file;

    learn(ME, "me:x:G:\n");
    ck_assert_int_eq(mkdir(scratch_path("d"), 0755), 0);
    scratch_write("d/f", "x", 0664);
    ck_assert_int_eq(trusted_file_read(&file, scratch_path("d/f"), OTHERS_MAY_READ, TEXT_MAX, &p),
                     FILE_READ);
    trusted_file_clear(&file);
    give_to_others("d/f");
    ck_assert_int_eq(trusted_file_read(&file, scratch_path("d/f"), OTHERS_MAY_READ, TEXT_MAX, &p),
                     FILE_BAD);
    assert_says(said, "writable by others");
    give_to_others("d");
    scratch_write("d/g", "x", 0600);
    ck_assert(!trusted_folder_check(scratch_path("d/g"), &p));
    assert_says(said, "others can write to the folder");
}
END_TEST

/* ... but a secret is for nobody's group, and a mode that lets all others write is no better. */
START_TEST(what_a_private_group_may_write)
{
    static const struct {
        mode_t folder, file, forbidden;
        bool good;
    } modes[] = {
        {0775, 0664, OTHERS_MAY_READ, true},  {0770, 0660, OTHERS_MAY_READ, true},
        {02775, 0620, OTHERS_MAY_READ, true}, {0775, 0666, OTHERS_MAY_READ, false},
        {0777, 0664, OTHERS_MAY_READ, false}, {0773, 0644, OTHERS_MAY_READ, false},
        {0755, 0602, OTHERS_MAY_READ, false}, {0755, 0660, OTHERS_MAY_NOTHING, false},
    };
    char said[512] = "";
    struct errbuf p = errbuf_in(said, sizeof said);

    for (int is_private = 0; is_private <= 1; is_private++) {
        learn(ME, is_private ? "me:x:G:\n" : "me:x:G:you\n");
        (void)mkdir(scratch_path("d"), 0755);
        for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
            struct trusted_file file;
            enum trusted_file_result result;

            scratch_write("d/f", "x", modes[i].file);
            ck_assert_int_eq(chmod(scratch_path("d"), modes[i].folder), 0);
            result =
                trusted_file_read(&file, scratch_path("d/f"), modes[i].forbidden, TEXT_MAX, &p);
            ck_assert_msg((result == FILE_READ) == (is_private && modes[i].good), "%zu: %s", i,
                          said);
            trusted_file_clear(&file);
        }
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, a_group_is_private_if_nobody_else_is_in_it, 0, sizeof rows / sizeof rows[0]);
    add_test(suite, without_the_files_no_group_is_private);
    add_test(suite, the_group_of_another_user_is_not_ours);
    add_test(suite, the_last_answers_are_remembered);
    add_test(suite, an_access_control_list_may_name_others);
    add_test(suite, what_a_private_group_may_write);
}
