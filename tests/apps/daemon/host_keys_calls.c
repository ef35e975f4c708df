/* Which host keys are read, and which are kept, call by call: files and keys are the test's. */
#include "apps/daemon/host_keys.h"
#include "apps/daemon/log.h"
#include "apps/files/key_file.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct stat file;      /* of every file */
static int stat_failure;      /* 0: it is there */
static bool unreadable;       /* for root; the user can read it */
static bool user_cannot_read; /* either */
static char keys[8];          /* their addresses are what matters */
static size_t made;
static char errbuf[256];
static const struct errbuf p = {errbuf, sizeof errbuf};

static const struct nacre_key *key_at(size_t i)
{
    return (const struct nacre_key *)(const void *)&keys[i];
}

static struct nacre_key *read_key(const char *what, const char *name, char *problem, size_t size)
{
    note("%s %s;", what, name);
    if (problem == NULL ? user_cannot_read : unreadable) {
        if (problem != NULL)
            (void)snprintf(problem, size, "%s: unreadable", name);
        return NULL;
    }
    return (struct nacre_key *)(void *)&keys[made++];
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(int, stat64, const char *path, struct stat *out)
{
    (void)path;
    *out = file;
    if (stat_failure == 0)
        return 0;
    errno = stat_failure;
    return -1;
}

/* The same on 32-bit machines */
OWN(int, __stat64_time64, const char *path, struct stat *out)
{
    return __wrap_stat64(path, out);
}

OWN(struct nacre_key *, nacre_key_read, const char *name, char *problem, size_t size)
{
    return read_key("read", name, problem, size);
}

OWN(struct nacre_key *, nacre_key_read_or_make, const char *name, char *problem, size_t size)
{
    return read_key("read or make", name, problem, size);
}

OWN(const char *, nacre_key_type, const struct nacre_key *key)
{
    return key == key_at(0) ? "first" : "later";
}

OWN(void, nacre_key_fingerprint, const struct nacre_key *key, char out[NACRE_FINGERPRINT_MAX])
{
    (void)snprintf(out, NACRE_FINGERPRINT_MAX, "print-%d", (int)((const char *)key - keys));
}

OWN(void, nacre_key_free, struct nacre_key *key)
{
    note("free %d;", (int)((const char *)key - keys));
}

OWN(bool, confine_try, const struct confinement *c, bool (*job)(void *context), void *context,
    char *problem, size_t size)
{
    (void)c;
    if (problem != errbuf || size != sizeof errbuf)
        ck_abort_msg("the sentence is lost");
    note("as user: ");
    return job(context);
}

OWN(void, log_end, struct log_line *l)
{
    const char *event = memmem(l->text, l->len, "event=", 6);

    note("[%.*s];", (int)(l->text + l->len - event) - 6, event + 6);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct confinement confinement;
static struct host_keys before, after;

static void set_up(void)
{
    file =
        (struct stat){.st_dev = 1, .st_ino = 2, .st_size = 3, .st_mtim = {4, 5}, .st_ctim = {6, 7}};
    stat_failure = 0;
    unreadable = user_cannot_read = false;
    confinement = (struct confinement){.off = true};
}

static void tear_down(void)
{
    host_keys_clear(&before);
    host_keys_clear(&after);
    noted[0] = 0;
}

static bool add(struct host_keys *to, const char *name)
{
    const struct host_key_reading how = {
        .confinement = &confinement, .before = to == &after ? &before : NULL, .quiet = true};

    return host_keys_add(to, &how, name, &p);
}

START_TEST(a_key_is_read_or_made_and_logged)
{
    const struct host_key_reading how = {.confinement = &confinement, .make = true};

    ck_assert(host_keys_add(&before, &how, "one", &p));
    expect_notes("read or make one;[hostkey type=first fingerprint=print-0 file=one];");
    ck_assert(add(&before, "two"));
    expect_notes("read two;");
    ck_assert_uint_eq(before.count, 2);
    ck_assert(before.keys[0] == key_at(0) && before.keys[1] == key_at(1));
    ck_assert_ptr_null(before.keys[2]);
}
END_TEST

/* A key of root's that only the group of --user may read */
START_TEST(a_key_may_be_read_as_the_user)
{
    static const struct {
        bool changes_user;
        int failure;
        uid_t owner;
        bool user_cannot_read, good;
        const char *notes;
    } rows[] = {
        {true, 0, 0, false, true, "read key;as user: read key;"},
        {true, 0, 0, true, false, "read key;as user: read key;"},
        {true, 0, 5, false, false, "read key;"},
        {true, ENOENT, 0, false, false, "read key;"},
        {false, 0, 0, false, false, "read key;"},
    };

    unreadable = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        confinement.changes_user = rows[i].changes_user;
        stat_failure = rows[i].failure;
        file.st_uid = rows[i].owner;
        user_cannot_read = rows[i].user_cannot_read;
        ck_assert_int_eq(add(&before, "key"), rows[i].good);
        expect_notes(rows[i].notes);
        ck_assert_str_eq(errbuf, "key: unreadable");
        tear_down();
    }
}
END_TEST

START_TEST(without_memory_a_key_is_freed)
{
    leftovers_refuse(1);
    ck_assert(!add(&before, "key"));
    expect_notes("read key;free 0;");
    ck_assert_str_eq(errbuf, "out of memory");
    ck_assert_uint_eq(before.count, 0);
}
END_TEST

START_TEST(a_key_is_kept_as_long_as_somebody_has_it)
{
    ck_assert(add(&before, "other") && add(&before, "key"));
    noted[0] = 0;
    ck_assert(add(&after, "key"));
    expect_notes("");
    ck_assert_ptr_eq(after.keys[0], key_at(1));
    host_keys_clear(&before);
    expect_notes("free 0;");
    ck_assert_uint_eq(before.count, 0);
    ck_assert_ptr_null(before.keys[0]);
    host_keys_clear(&after);
    expect_notes("free 1;");
}
END_TEST

static const struct {
    struct stat change; /* is added */
    int failure;
    bool kept;
} changes[] = {
    {{.st_size = 0}, 0, true},
    {{.st_dev = 1}, 0, false},
    {{.st_ino = 1}, 0, false},
    {{.st_size = 1}, 0, false},
    {{.st_mtim = {1, 0}}, 0, false},
    {{.st_mtim = {0, 1}}, 0, false},
    {{.st_ctim = {1, 0}}, 0, false},
    {{.st_ctim = {0, 1}}, 0, false},
    {{.st_mode = 1, .st_uid = 1, .st_nlink = 1, .st_atim = {1, 1}}, 0, true},
    {{.st_size = 1}, EACCES, true}, /* the server may no longer enter the folder */
    {{.st_size = 1}, ENOENT, false},
};

START_TEST(a_file_is_the_same_if_nothing_about_it_has_changed)
{
    const struct stat *change = &changes[_i].change;

    ck_assert(add(&before, "key"));
    file.st_dev += change->st_dev;
    file.st_ino += change->st_ino;
    file.st_size += change->st_size;
    file.st_mtim.tv_sec += change->st_mtim.tv_sec;
    file.st_mtim.tv_nsec += change->st_mtim.tv_nsec;
    file.st_ctim.tv_sec += change->st_ctim.tv_sec;
    file.st_ctim.tv_nsec += change->st_ctim.tv_nsec;
    file.st_mode += change->st_mode;
    file.st_uid += change->st_uid;
    file.st_nlink += change->st_nlink;
    file.st_atim = change->st_atim;
    stat_failure = changes[_i].failure;
    errno = EACCES; /* of an earlier call */
    noted[0] = 0;
    ck_assert(add(&after, "key"));
    expect_notes(changes[_i].kept ? "" : "read key;");
    ck_assert(add(&after, "another"));
    expect_notes("read another;");
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, set_up, tear_down);
    add_test(suite, a_key_is_read_or_made_and_logged);
    add_test(suite, a_key_may_be_read_as_the_user);
    add_test(suite, without_memory_a_key_is_freed);
    add_test(suite, a_key_is_kept_as_long_as_somebody_has_it);
    add_loop(suite, a_file_is_the_same_if_nothing_about_it_has_changed, 0,
             sizeof changes / sizeof changes[0]);
}
