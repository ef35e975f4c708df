/* The user and the capabilities, each attempt in a process of its own. */
#include "apps/confine/parts.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
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

static bool is_nobody(void *context)
{
    const struct confinement *c = context;

    return geteuid() == c->uid && getegid() == c->gid;
}

static int try_as_nobody(void)
{
    struct confinement c = {.user = "nobody", .reads = {outside}};
    char errbuf[256] = "";

    if (!confine_find_user(&c, errbuf, sizeof errbuf) ||
        !confine_try(&c, is_nobody, &c, errbuf, sizeof errbuf) || geteuid() != 0 || getegid() != 0)
        return 1;
    if (!confine_can_read(&c, errbuf, sizeof errbuf))
        return 2;
    if (!confine_identity(&c, &(struct confine_note){0}) ||
        confine_can_read(&c, errbuf, sizeof errbuf))
        return 3;
    return strstr(errbuf, "secret: Permission denied: the user nobody cannot read it") ? 0 : 4;
}

START_TEST(root_that_became_a_user_cannot_go_back)
{
    (void)snprintf(outside, sizeof outside, "%s", scratch_write("secret", "secret", 0600));
    succeeds_in_child(become_root);
    if (geteuid() != 0) /* only root can try the rest */
        return;
    succeeds_in_child(become_nobody);
    succeeds_in_child(try_as_nobody);
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
    add_test(suite, root_that_became_a_user_cannot_go_back);
    add_test(suite, root_without_a_user_keeps_only_reading_and_locking);
}
