/* The user and the capabilities, each attempt in a process of its own. */
#include "apps/confine/parts.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char outside[256]; /* a file that only root can read */

START_TEST(an_unknown_user_is_refused)
{
    struct confinement c = {.user = "no-such-user-here"};
    char errbuf[256] = "";

    ck_assert(!confine_find_user(&c, errbuf, sizeof errbuf));
    assert_says(errbuf, "--user no-such-user-here: there is no such user");
}
END_TEST

START_TEST(the_current_user_may_be_named)
{
    const struct passwd *own = getpwuid(geteuid());
    struct confinement c = {.user = own != NULL ? own->pw_name : NULL};
    struct confine_note note = {0};
    char errbuf[256] = "";

    ck_assert(confine_find_user(&c, errbuf, sizeof errbuf));
    ck_assert(!c.changes_user);
    ck_assert(confine_identity(&c, &note));
}
END_TEST

/* These return 0, or a number that says what went wrong. */
static int become_nobody(void)
{
    struct confinement c = {.user = "nobody"};
    struct confine_note note = {0};
    char errbuf[256] = "";
    gid_t groups[8];

    if (!confine_find_user(&c, errbuf, sizeof errbuf) || !c.changes_user)
        return 1;
    if (!confine_identity(&c, &note) || strcmp(note.value, "nobody") != 0)
        return 2;
    if (getuid() != c.uid || geteuid() != c.uid || getgid() != c.gid || getegid() != c.gid ||
        getgroups(8, groups) > 1)
        return 3;
    return setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0 && open(outside, O_RDONLY) < 0 ? 0
                                                                                              : 4;
}

static int become_root(void)
{
    struct confinement c = {.user = "root"};
    char errbuf[256] = "";

    if (geteuid() == 0 && setuid(65534) != 0)
        return 1;
    return confine_find_user(&c, errbuf, sizeof errbuf) ||
           strstr(errbuf, "--user root: only root can become another user") == NULL;
}

/* Also its groups: root's are not nobody's. The file is unreadable to it already. */
static bool is_nobody(void *context)
{
    const struct confinement *c = context;
    char errbuf[256];
    gid_t groups[8];
    int count = getgroups(8, groups);

    return geteuid() == c->uid && getegid() == c->gid && count == 1 && groups[0] == c->gid &&
           !confine_can_read(c, errbuf, sizeof errbuf);
}

static int try_as_nobody(void)
{
    struct confinement c = {.user = "nobody", .reads = {outside}};
    const gid_t before[2] = {7, 8};
    gid_t after[8];
    char errbuf[256] = "";

    if (setgroups(2, before) != 0 || !confine_find_user(&c, errbuf, sizeof errbuf) ||
        !confine_try(&c, is_nobody, &c, errbuf, sizeof errbuf) || geteuid() != 0 ||
        getegid() != 0 || getgroups(8, after) != 2 || after[0] != 7 || after[1] != 8)
        return 1;
    if (!confine_can_read(&c, errbuf, sizeof errbuf))
        return 2;
    if (!confine_identity(&c, &(struct confine_note){0}) ||
        confine_can_read(&c, errbuf, sizeof errbuf))
        return 3;
    return strstr(errbuf, "secret: Permission denied: the user nobody cannot read it") ? 0 : 4;
}

/* Root in part: a set-uid program, for example. */
static int become_nobody_in_part(void)
{
    struct confinement c = {.user = "nobody"};
    char errbuf[256] = "";

    if (seteuid(65534) != 0)
        return 1;
    return confine_find_user(&c, errbuf, sizeof errbuf) || !c.changes_user ||
           strstr(errbuf, "only root can become") == NULL;
}

/* Folders of files whose names depend on the user: it is enough to enter them. */
static char closed[256], open_folder[256], absent[256];

static int read_patterns(void)
{
    struct confinement c = {.reads = {absent, open_folder}};
    char errbuf[256] = "";

    if (setgid(65534) != 0 || setuid(65534) != 0)
        return 1;
    if (!confine_can_read(&c, errbuf, sizeof errbuf))
        return 2;
    c.reads[1] = closed;
    return !confine_can_read(&c, errbuf, sizeof errbuf) && strstr(errbuf, "closed: ") != NULL ? 0
                                                                                              : 3;
}

START_TEST(a_file_that_is_missing_may_come_and_a_folder_must_let_the_user_in)
{
    if (geteuid() != 0)
        return;
    (void)snprintf(absent, sizeof absent, "%s", scratch_path("absent"));
    (void)snprintf(open_folder, sizeof open_folder, "%s", scratch_path("open/%u"));
    (void)snprintf(closed, sizeof closed, "%s", scratch_path("closed/%u"));
    ck_assert_int_eq(mkdir(scratch_path("open"), 0711), 0);
    ck_assert_int_eq(mkdir(scratch_path("closed"), 0700), 0);
    ck_assert_int_eq(chmod(scratch_path("open"), 0711), 0);
    ck_assert_int_eq(chmod(scratch_path("."), 0711), 0);
    succeeds_in_child(read_patterns);
}
END_TEST

static int set_home(void)
{
    const struct passwd *own = getpwuid(geteuid());
    struct confinement c = {.user = own->pw_name};
    const char *const names[] = {"HOME", "SHELL", "USER", "LOGNAME"};
    const char *const values[] = {own->pw_dir, own->pw_shell, own->pw_name, own->pw_name};
    char errbuf[256] = "";

    for (size_t i = 0; i < 4; i++)
        (void)setenv(names[i], "before", 1);
    if (!confine_find_user(&c, errbuf, sizeof errbuf))
        return 1;
    for (size_t i = 0; i < 4; i++)
        if (strcmp(getenv(names[i]), "before") != 0)
            return 2;
    c.starts_programs = true;
    if (!confine_find_user(&c, errbuf, sizeof errbuf))
        return 3;
    for (size_t i = 0; i < 4; i++)
        if (strcmp(getenv(names[i]), values[i]) != 0)
            return 4;
    return 0;
}

START_TEST(programs_get_the_environment_of_the_user)
{
    if (getpwuid(geteuid()) != NULL)
        succeeds_in_child(set_home);
}
END_TEST

/* A user without a name, as containers have them. */
static int note_identity(void)
{
    struct confinement c = {.user = NULL};
    struct confine_note note = {0};

    if (!confine_identity(&c, &note) || strstr(note.reason, "this server runs as root") == NULL)
        return 1;
    c.user = "root";
    note.reason[0] = '\0';
    if (!confine_identity(&c, &note) || note.reason[0] != '\0')
        return 2;
    c.user = NULL;
    if (setuid(54321) != 0 || !confine_identity(&c, &note))
        return 3;
    return strcmp(note.value, "id 54321") == 0 && note.reason[0] == '\0' ? 0 : 4;
}

START_TEST(a_server_that_stays_root_is_told_so)
{
    if (geteuid() == 0)
        succeeds_in_child(note_identity);
}
END_TEST

START_TEST(root_that_became_a_user_cannot_go_back)
{
    (void)snprintf(outside, sizeof outside, "%s", scratch_write("secret", "secret", 0600));
    succeeds_in_child(become_root);
    if (geteuid() != 0) /* only root can try the rest */
        return;
    succeeds_in_child(become_nobody);
    succeeds_in_child(try_as_nobody);
    succeeds_in_child(become_nobody_in_part);
}
END_TEST

static int lose_capabilities(void)
{
    const struct confinement c = {0};
    struct confine_note note = {0};

    if (!confine_capabilities(&c, &note))
        return 1;
    if (geteuid() != 0)
        return strcmp(note.value, "none") == 0 ? 0 : 2;
    if (chown(outside, 1, 1) == 0 || setuid(1) == 0 || sethostname("x", 1) == 0)
        return 3;
    if (strcmp(note.value, "reading,locking") != 0)
        return 5;
    return open(outside, O_RDONLY) >= 0 ? 0 : 4; /* root can still read it */
}

START_TEST(root_without_a_user_keeps_only_reading_and_locking)
{
    (void)snprintf(outside, sizeof outside, "%s", scratch_write("secret", "secret", 0600));
    succeeds_in_child(lose_capabilities);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, an_unknown_user_is_refused);
    add_test(suite, the_current_user_may_be_named);
    add_test(suite, a_file_that_is_missing_may_come_and_a_folder_must_let_the_user_in);
    add_test(suite, programs_get_the_environment_of_the_user);
    add_test(suite, a_server_that_stays_root_is_told_so);
    add_test(suite, root_that_became_a_user_cannot_go_back);
    add_test(suite, root_without_a_user_keeps_only_reading_and_locking);
}
