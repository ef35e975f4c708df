/* What the measures ask of the kernel, and what they report when it refuses. The system calls come
 * here, so the kernel may be of any version. */
#include "apps/confine/parts.h"
#include "tests/support/scratch.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CREATE_RULESET = 444, ADD_RULE, RESTRICT_SELF, LATEST = 6 };

static long version;       /* of the kernel's Landlock; -1: it has none */
static long refused;       /* the system call that fails, or 0 */
static int refused_option; /* of prctl, or 0 */
static long answer;        /* of seccomp */

static void note_rule(const void *rule)
{
    char link[64], path[256] = "";
    uint64_t allowed;
    int32_t folder;

    memcpy(&allowed, rule, sizeof allowed);
    memcpy(&folder, (const uint8_t *)rule + sizeof allowed, sizeof folder);
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", (int)folder);
    ck_assert_int_gt(readlink(link, path, sizeof path - 1), 0);
    note("allow %llx %s;", (unsigned long long)allowed, path);
}

static long landlock(long number, const void *what)
{
    uint64_t r[3];

    if (number == RESTRICT_SELF) {
        note("restrict;");
        return 0;
    }
    if (what == NULL)
        return version;
    memcpy(r, what, sizeof r);
    note("ruleset %llx %llx %llx;", (unsigned long long)r[0], (unsigned long long)r[1],
         (unsigned long long)r[2]);
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* This process has every capability. */
static long capabilities(long number, struct __user_cap_data_struct *data)
{
    if (number == SYS_capget)
        memset(data, 0xff, _LINUX_CAPABILITY_U32S_3 * sizeof *data);
    else
        note("capabilities %x %x %x, %x %x %x;", data[0].permitted, data[0].effective,
             data[0].inheritable, data[1].permitted, data[1].effective, data[1].inheritable);
    return 0;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
long __wrap_syscall(long number, ...);
int __wrap_prctl(int option, ...);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

long __wrap_syscall(long number, ...)
{
    long a[4];
    va_list values;

    va_start(values, number);
    for (size_t i = 0; i < (number == SYS_capget || number == SYS_capset ? 2 : 3); i++)
        a[i] = va_arg(values, long);
    va_end(values);
    errno = EPERM;
    if (number == refused)
        return -1;
    if (number == SYS_capget || number == SYS_capset)
        return capabilities(number, (struct __user_cap_data_struct *)(uintptr_t)a[1]);
    if (number == SYS_seccomp)
        return answer;
    if (number != ADD_RULE)
        return landlock(number, (const void *)(uintptr_t)a[0]);
    note_rule((const void *)(uintptr_t)a[2]);
    return 0;
}

int __wrap_prctl(int option, ...)
{
    unsigned long value;
    va_list values;

    va_start(values, option);
    value = va_arg(values, unsigned long);
    va_end(values);
    errno = EPERM;
    if (option == refused_option)
        return -1;
    note("prctl %d %lu;", option, value);
    return 0;
}

static void before(void)
{
    version = LATEST;
    noted[0] = 0;
}

static struct confine_note files(const struct confinement *c, bool good)
{
    struct confine_note n = {0};

    noted[0] = 0;
    ck_assert_int_eq(confine_files(c, &n), good);
    return n;
}

/* linux/landlock.h: a right that the kernel does not know is an error, one that is not in the set
 * is not taken away. */
START_TEST(each_version_of_landlock_is_used_in_full)
{
    static const char *const sets[] = {"",
                                       "ruleset 1fff 0 0;", /* files and folders */
                                       "ruleset 3fff 0 0;", /* LANDLOCK_ACCESS_FS_REFER */
                                       "ruleset 7fff 0 0;", /* LANDLOCK_ACCESS_FS_TRUNCATE */
                                       "ruleset 7fff 3 0;", /* LANDLOCK_ACCESS_NET_* */
                                       "ruleset ffff 3 0;", /* LANDLOCK_ACCESS_FS_IOCTL_DEV */
                                       "ruleset ffff 3 3;", /* LANDLOCK_SCOPE_* */
                                       "ruleset ffff 3 3;"};
    const struct confinement c = {0};

    for (version = 1; version <= LATEST + 1; version++) {
        struct confine_note n = files(&c, true);

        ck_assert_msg(strncmp(noted, sets[version], strlen(sets[version])) == 0, "%ld: %s", version,
                      noted);
        ck_assert_str_eq(n.value, "none");
        ck_assert_str_eq(n.reason, "");
        ck_assert_str_eq(noted + strlen(noted) - 9, "restrict;");
    }
}
END_TEST

START_TEST(each_use_of_a_folder_has_its_rights)
{
    const struct confinement c = {.reads = {"/usr/lib/%u"},
                                  .reloads = {"/usr/bin/x"},
                                  .searches = {"/usr/share"},
                                  .appends = "/var/log/x"};
    struct confine_note n = files(&c, true);

    assert_says(noted, ";allow 4 /dev/null;");
    assert_says(noted, ";allow 4 /usr/lib;allow 4 /usr/bin;allow c /usr/share;allow 102 /var/log;"
                       "restrict;");
    ck_assert_str_eq(n.value, "/usr/lib,/usr/bin,/usr/share");
    ck_assert_str_eq(n.reason, "");
}
END_TEST

START_TEST(files_that_cannot_be_confined_are_reported)
{
    static const struct {
        long version, refused;
        const char *says;
    } rows[] = {
        {-1, 0, "not confined: Operation not permitted (Landlock: missing from this kernel)"},
        {0, 0, "not confined: Operation not permitted (Landlock: missing from this kernel)"},
        {1, RESTRICT_SELF, "not permitted (Landlock: enforcing the ruleset)"}};
    const struct confinement c = {.reads = {"/usr/lib/x"}, .appends = "/var/log/x"};
    struct confine_note n;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        version = rows[i].version;
        refused = rows[i].refused;
        n = files(&c, false);
        assert_says(n.reason, rows[i].says);
    }
    version = LATEST;
    refused = ADD_RULE;
    n = files(&c, true);
    assert_says(n.reason, "not permitted, so ");
    ck_assert_str_eq(n.value, "none");
}
END_TEST

static bool confined(const struct confinement *c, struct confine_note notes[CONFINE_MEASURES])
{
    char errbuf[256] = "";

    noted[0] = 0;
    return confine(c, notes, errbuf, sizeof errbuf);
}

/* "user=alice capabilities=none ...", without the user and the number of calls */
static void expect(const struct confine_note notes[CONFINE_MEASURES], const char *expected)
{
    char all[1024] = "";

    for (size_t i = 1; i < CONFINE_MEASURES; i++) {
        size_t len = strlen(all);
        bool list = strcmp(notes[i].name, "calls") == 0 && notes[i].value[0] != 'n';

        (void)snprintf(all + len, sizeof all - len, "%s=%s ", notes[i].name,
                       list ? "list" : notes[i].value);
    }
    ck_assert_str_eq(all, expected);
}

START_TEST(each_kind_of_server_takes_its_measures)
{
    struct confinement c = {.locked_memory = 5};
    struct confine_note notes[CONFINE_MEASURES];
    char dropped[64], expected[256];

    ck_assert(confined(&c, notes));
    (void)snprintf(dropped, sizeof dropped, "capabilities %x %x 0, 0 0 0;",
                   geteuid() == 0 ? 1 << CAP_DAC_READ_SEARCH | 1 << CAP_IPC_LOCK : 0,
                   geteuid() == 0 ? 1 << CAP_DAC_READ_SEARCH | 1 << CAP_IPC_LOCK : 0);
    (void)snprintf(expected, sizeof expected,
                   "capabilities=%s locked_bytes=5 undumpable=yes no_core=yes "
                   "no_new_privileges=yes files=none calls=list ",
                   geteuid() == 0 ? "reading,locking" : "none");
    expect(notes, expected);
    ck_assert_int_eq(strncmp(noted, dropped, strlen(dropped)), 0);
    ck_assert_int_eq(strncmp(noted + strlen(dropped), "prctl 4 0;prctl 38 1;ruleset ", 29), 0);
    c.starts_programs = true;
    ck_assert(confined(&c, notes));
    ck_assert_str_eq(noted, "prctl 4 0;");
    expect(notes, "capabilities=no locked_bytes=5 undumpable=yes no_core=no "
                  "no_new_privileges=no files=no calls=no ");
    c.off = true;
    ck_assert(confined(&c, notes));
    ck_assert_str_eq(noted, "");
    expect(notes, "capabilities=no locked_bytes=no undumpable=no no_core=no "
                  "no_new_privileges=no files=no calls=no ");
}
END_TEST

/* The server starts nevertheless, and says which measure is missing. */
START_TEST(each_measure_that_fails_is_reported)
{
    static const struct {
        long refused;
        int option;
        const char *name, *says;
    } rows[] = {{SYS_capget, 0, "capabilities", "capabilities cannot be dropped: Operation not"},
                {SYS_capset, 0, "capabilities", "capabilities cannot be dropped: Operation not"},
                {0, PR_SET_DUMPABLE, "undumpable", "memory stays readable: Operation not"},
                {0, PR_SET_NO_NEW_PRIVS, "no_new_privileges", "new privileges: Operation not"},
                {CREATE_RULESET, 0, "files", "access to files is not confined: Operation not"},
                {SYS_seccomp, 0, "calls", "system calls are not confined: Operation not"},
                {0, 0, "calls", "system calls are not confined: another thread"},
                {0, 0, "locked_bytes", "no memory can be locked"}};
    const struct confinement c = {.locked_memory = 0};
    struct confine_note notes[CONFINE_MEASURES];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t at = 0;

        refused = rows[i].refused;
        refused_option = rows[i].option;
        answer = 7; /* the thread that has another filter */
        ck_assert(confined(&c, notes));
        while (strcmp(notes[at].name, rows[i].name) != 0)
            at++;
        ck_assert_str_eq(notes[at].value, "no");
        assert_says(notes[at].reason, rows[i].says);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, before, NULL);
    add_test(suite, each_version_of_landlock_is_used_in_full);
    add_test(suite, each_use_of_a_folder_has_its_rights);
    add_test(suite, files_that_cannot_be_confined_are_reported);
    add_test(suite, each_kind_of_server_takes_its_measures);
    add_test(suite, each_measure_that_fails_is_reported);
}
