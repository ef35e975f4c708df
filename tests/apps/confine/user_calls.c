/* Becoming another user, call by call: the system's users and identities are the test's. */
#include "apps/confine/parts.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *failing; /* a call; or NULL */
static uid_t uids[3];       /* real, effective, saved */
static gid_t gids[3];
static bool returns;       /* a way back to root stays open */
static int lookup_failure; /* of a user; 0: there is none */
static const char *unreadable;
static int access_failure;
static uint32_t permitted, capabilities[2]; /* before; permitted and effective afterwards */
static char errbuf[512];

static struct passwd alice = {
    .pw_name = (char[]){"alice"}, .pw_uid = 5, .pw_gid = 6, .pw_dir = (char[]){"/home/alice"}};
static char shell[] = "/bin/rc", no_shell[] = "";

/* 0, or -1 with EPERM */
static int step(const char *name)
{
    errno = EPERM;
    return failing != NULL && strcmp(failing, name) == 0 ? -1 : 0;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(struct passwd *, getpwnam, const char *name)
{
    errno = lookup_failure;
    return strcmp(name, "alice") == 0 ? &alice : NULL;
}

OWN(struct passwd *, getpwuid, uid_t uid)
{
    return uid == 5 ? &alice : NULL;
}

OWN(uid_t, getuid, void)
{
    return uids[0];
}

OWN(uid_t, geteuid, void)
{
    return uids[1];
}

OWN(gid_t, getegid, void)
{
    return gids[1];
}

OWN(int, getgroups, int size, gid_t *list)
{
    if (step("getgroups") != 0 || size < 2)
        return -1;
    list[0] = 7;
    list[1] = 8;
    return 2;
}

OWN(int, setgroups, size_t size, const gid_t *list)
{
    note("groups %zu %u %u;", size, list[0], list[1]);
    return step("setgroups");
}

OWN(int, initgroups, const char *user, gid_t group)
{
    note("groups of %s %u;", user, group);
    return step("initgroups");
}

OWN(int, setegid, gid_t gid)
{
    note("egid %u;", gid);
    return step(gid == 6 ? "setegid" : "setegid back");
}

OWN(int, seteuid, uid_t uid)
{
    note("euid %u;", uid);
    return step(uid == 5 ? "seteuid" : "seteuid back");
}

OWN(int, setresgid, gid_t r, gid_t e, gid_t s)
{
    note("gids %u %u %u;", r, e, s);
    gids[0] = r;
    gids[1] = e;
    gids[2] = s;
    return step("setresgid");
}

OWN(int, setresuid, uid_t r, uid_t e, uid_t s)
{
    note("uids %u %u %u;", r, e, s);
    if (r == 0)
        return returns ? 0 : -1;
    uids[0] = r;
    uids[1] = e;
    uids[2] = s;
    return step("setresuid");
}

/* The identity may be another than what was set: `failing` is then the member that differs. */
OWN(int, getresuid, uid_t *r, uid_t *e, uid_t *s)
{
    *r = uids[0] + (step("ruid") != 0);
    *e = uids[1] + (step("euid") != 0);
    *s = uids[2] + (step("suid") != 0);
    return step("getresuid");
}

OWN(int, getresgid, gid_t *r, gid_t *e, gid_t *s)
{
    *r = gids[0] + (step("rgid") != 0);
    *e = gids[1] + (step("egid") != 0);
    *s = gids[2] + (step("sgid") != 0);
    return step("getresgid");
}

OWN(int, faccessat, int folder, const char *path, int mode, int flags)
{
    note("%s %d%s;", path, mode, folder == AT_FDCWD && flags == AT_EACCESS ? "" : " otherwise");
    errno = access_failure;
    return unreadable != NULL && strcmp(unreadable, path) == 0 ? -1 : 0;
}

OWN(long, syscall, long number, struct __user_cap_header_struct *header,
    struct __user_cap_data_struct *data)
{
    if (header->version != _LINUX_CAPABILITY_VERSION_3 || header->pid != 0)
        return -1;
    if (number == SYS_capget) {
        memset(data, 0, 2 * sizeof *data);
        data[0].permitted = permitted;
        return step("capget");
    }
    capabilities[0] = data[0].permitted;
    capabilities[1] = data[0].effective;
    if (data[0].inheritable != 0 || data[1].permitted != 0 || data[1].effective != 0)
        return -1;
    return step("capset");
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void become(uid_t real, uid_t effective)
{
    uids[0] = real;
    uids[1] = uids[2] = effective;
    gids[0] = gids[1] = gids[2] = 1;
    noted[0] = errbuf[0] = 0;
    failing = NULL;
}

static void set_up(void)
{
    become(0, 0);
    alice.pw_shell = shell;
    returns = false;
    lookup_failure = 0;
}

static struct confinement as_alice(void)
{
    return (struct confinement){.user = "alice", .uid = 5, .gid = 6, .changes_user = true};
}

/* ---- finding a user ---- */

START_TEST(a_user_is_found_by_name)
{
    struct confinement c = {.user = "alice"};

    ck_assert(confine_find_user(&c, errbuf, sizeof errbuf));
    ck_assert(c.changes_user && c.uid == 5 && c.gid == 6);
    c = (struct confinement){.user = NULL};
    ck_assert(confine_find_user(&c, errbuf, sizeof errbuf));
    ck_assert(!c.changes_user);
    c.user = "bob";
    ck_assert(!confine_find_user(&c, errbuf, sizeof errbuf));
    ck_assert_str_eq(errbuf, "--user bob: there is no such user");
    lookup_failure = EIO;
    ck_assert(!confine_find_user(&c, errbuf, sizeof errbuf));
    ck_assert_str_eq(errbuf, "--user bob: there is no such user: Input/output error");
}
END_TEST

START_TEST(only_root_becomes_another_user)
{
    static const struct {
        uid_t real, effective;
        bool good, changes;
    } rows[] = {
        {0, 0, true, true},  {5, 5, true, false}, {5, 0, true, true},
        {0, 5, false, true}, {7, 7, false, true}, {5, 7, false, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct confinement c = {.user = "alice"};

        become(rows[i].real, rows[i].effective);
        ck_assert_int_eq(confine_find_user(&c, errbuf, sizeof errbuf), rows[i].good);
        ck_assert_str_eq(errbuf,
                         rows[i].good ? "" : "--user alice: only root can become another user");
        ck_assert_int_eq(c.changes_user, rows[i].changes);
    }
}
END_TEST

static void expect_variables(const char *user, const char *of_shell)
{
    ck_assert_str_eq(getenv("USER"), user);
    ck_assert_str_eq(getenv("LOGNAME"), user);
    ck_assert_str_eq(getenv("SHELL"), of_shell);
    ck_assert_str_eq(getenv("HOME"), strcmp(user, "alice") == 0 ? "/home/alice" : "before");
}

START_TEST(programs_inherit_the_variables_of_a_login)
{
    static const char *const names[] = {"USER", "LOGNAME", "SHELL", "HOME"};
    struct confinement c = {.user = "alice"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)setenv(names[i], "before", 1);
    ck_assert(confine_find_user(&c, errbuf, sizeof errbuf));
    expect_variables("before", "before");
    c.starts_programs = true;
    ck_assert(confine_find_user(&c, errbuf, sizeof errbuf));
    expect_variables("alice", "/bin/rc");
    alice.pw_shell = no_shell;
    ck_assert(confine_find_user(&c, errbuf, sizeof errbuf));
    expect_variables("alice", "/bin/sh");
}
END_TEST

/* ---- for a while ---- */

static bool job_succeeds;

static bool job(void *context)
{
    ck_assert_ptr_eq(context, errbuf);
    note("job;");
    return job_succeeds;
}

START_TEST(a_job_is_done_as_that_user)
{
    struct confinement c = as_alice();

    for (int i = 0; i < 2; i++) {
        job_succeeds = i != 0;
        ck_assert_int_eq(confine_try(&c, job, errbuf, errbuf, sizeof errbuf), job_succeeds);
        expect_notes("groups of alice 6;egid 6;euid 5;job;euid 0;egid 1;groups 2 7 8;");
        c.changes_user = false;
        ck_assert_int_eq(confine_try(&c, job, errbuf, errbuf, sizeof errbuf), job_succeeds);
        expect_notes("job;");
        c.changes_user = true;
    }
    ck_assert_str_eq(errbuf, "");
}
END_TEST

START_TEST(who_cannot_change_there_or_back_fails)
{
#define THERE "--user alice: cannot become that user: Operation not permitted"
#define BACK "--user alice: cannot become root again: Operation not permitted"
    static const char *const rows[][3] = {
        {"getgroups", "", THERE},
        {"initgroups", "groups of alice 6;", THERE},
        {"setegid", "groups of alice 6;egid 6;", THERE},
        {"seteuid", "groups of alice 6;egid 6;euid 5;", THERE},
        {"seteuid back", "groups of alice 6;egid 6;euid 5;job;euid 0;", BACK},
        {"setegid back", "groups of alice 6;egid 6;euid 5;job;euid 0;egid 1;", BACK},
        {"setgroups", "groups of alice 6;egid 6;euid 5;job;euid 0;egid 1;groups 2 7 8;", BACK},
    };
    const struct confinement c = as_alice();

    job_succeeds = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        failing = rows[i][0];
        ck_assert(!confine_try(&c, job, errbuf, errbuf, sizeof errbuf));
        expect_notes(rows[i][1]);
        ck_assert_str_eq(errbuf, rows[i][2]);
    }
}
END_TEST

/* ---- for good ---- */

START_TEST(a_user_is_changed_for_good)
{
    const struct confinement c = as_alice();
    struct confine_note result = {0};

    ck_assert(confine_identity(&c, &result));
    expect_notes("groups of alice 6;gids 6 6 6;uids 5 5 5;uids 0 0 0;");
    ck_assert_str_eq(result.value, "alice");
    ck_assert_str_eq(result.reason, "");
}
END_TEST

START_TEST(an_identity_that_is_not_complete_is_refused)
{
    static const char *const steps[] = {"initgroups", "setresgid", "setresuid", "getresuid",
                                        "getresgid",  "ruid",      "euid",      "suid",
                                        "rgid",       "egid",      "sgid"};
    const struct confinement c = as_alice();

    for (size_t i = 0; i <= sizeof steps / sizeof steps[0]; i++) {
        struct confine_note result = {0};

        become(0, 0);
        returns = i == sizeof steps / sizeof steps[0];
        failing = returns ? NULL : steps[i];
        ck_assert_msg(!confine_identity(&c, &result), "%s", returns ? "returns" : steps[i]);
        ck_assert_ptr_nonnull(strstr(result.reason, "--user alice: cannot become that user: "));
    }
    noted[0] = 0;
}
END_TEST

START_TEST(who_stays_root_is_warned_unless_it_was_asked_for)
{
    struct confinement c = {.user = NULL};
    struct confine_note result = {0};

    ck_assert(confine_identity(&c, &result));
    ck_assert_str_eq(result.value, "id 0");
    ck_assert_str_eq(result.reason, "this server runs as root; use --user NAME with a user who "
                                    "owns nothing else");
    result = (struct confine_note){0};
    c.user = "root";
    ck_assert(confine_identity(&c, &result));
    ck_assert_str_eq(result.reason, "");
    become(7, 7);
    c.user = NULL;
    ck_assert(confine_identity(&c, &result));
    ck_assert_str_eq(result.value, "id 7");
    ck_assert_str_eq(result.reason, "");
    expect_notes("");
}
END_TEST

/* ---- reading again ---- */

START_TEST(what_may_not_be_read_is_named)
{
    struct confinement c = {.reads = {"/etc/users", "/home/%u/keys"}};

    become(5, 5);
    ck_assert(confine_can_read(&c, errbuf, sizeof errbuf));
    expect_notes("/etc/users 4;/home 1;");
    access_failure = ENOENT;
    unreadable = "/etc/users";
    ck_assert(confine_can_read(&c, errbuf, sizeof errbuf)); /* it may come */
    access_failure = EACCES;
    ck_assert(!confine_can_read(&c, errbuf, sizeof errbuf));
    ck_assert_ptr_nonnull(strstr(
        errbuf, "/etc/users: Permission denied: the user alice cannot read it, and the server"));
    noted[0] = 0;
    unreadable = "/home";
    ck_assert(!confine_can_read(&c, errbuf, sizeof errbuf));
    expect_notes("/etc/users 4;/home 1;");
    become(7, 7);
    ck_assert(!confine_can_read(&c, errbuf, sizeof errbuf));
    ck_assert_ptr_nonnull(strstr(errbuf, "/home: Permission denied: the user id 7 cannot"));
    noted[0] = 0;
}
END_TEST

/* ---- capabilities ---- */

START_TEST(root_keeps_two_capabilities_and_others_none)
{
    const uint32_t two = 1u << CAP_DAC_READ_SEARCH | 1u << CAP_IPC_LOCK;
    const struct confinement c = {.user = NULL};
    struct confine_note result = {0};

    permitted = UINT32_MAX;
    ck_assert(confine_capabilities(&c, &result));
    ck_assert_str_eq(result.value, "reading,locking");
    ck_assert(capabilities[0] == two && capabilities[1] == two);
    permitted = ~two;
    ck_assert(confine_capabilities(&c, &result));
    ck_assert_str_eq(result.value, "none");
    ck_assert(capabilities[0] == 0 && capabilities[1] == 0);
    permitted = UINT32_MAX;
    become(5, 5);
    ck_assert(confine_capabilities(&c, &result));
    ck_assert_str_eq(result.value, "none");
    ck_assert(capabilities[0] == 0 && capabilities[1] == 0);
    ck_assert_str_eq(result.reason, "");
}
END_TEST

START_TEST(capabilities_that_stay_are_a_reason)
{
    static const char *const calls[] = {"capget", "capset"};
    const struct confinement c = {.user = NULL};

    for (size_t i = 0; i < 2; i++) {
        struct confine_note result = {0};

        failing = calls[i];
        ck_assert(!confine_capabilities(&c, &result));
        ck_assert_str_eq(result.reason, "capabilities cannot be dropped: Operation not permitted");
        ck_assert_str_eq(result.value, "");
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, set_up, NULL);
    add_test(suite, a_user_is_found_by_name);
    add_test(suite, only_root_becomes_another_user);
    add_test(suite, programs_inherit_the_variables_of_a_login);
    add_test(suite, a_job_is_done_as_that_user);
    add_test(suite, who_cannot_change_there_or_back_fails);
    add_test(suite, a_user_is_changed_for_good);
    add_test(suite, an_identity_that_is_not_complete_is_refused);
    add_test(suite, who_stays_root_is_warned_unless_it_was_asked_for);
    add_test(suite, what_may_not_be_read_is_named);
    add_test(suite, root_keeps_two_capabilities_and_others_none);
    add_test(suite, capabilities_that_stay_are_a_reason);
}
