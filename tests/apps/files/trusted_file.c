/* The state of the copy over time is tested with its users: password_file.c, authorized_keys.c. */
#include "apps/files/trusted_file.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

#include <grp.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 100 /* bytes */ };

static time_t wall_clock; /* 0: the real one */

time_t time(time_t *out)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return wall_clock != 0 ? wall_clock : now.tv_sec;
}

static char said[512];
static struct trusted_file file;

static void clear(void)
{
    trusted_file_clear(&file);
}

static enum trusted_file_result read_as(const char *path, mode_t forbidden)
{
    struct errbuf p = errbuf_in(said, sizeof said);

    clear();
    return trusted_file_read(&file, path, forbidden, MAX, &p);
}

static void assert_bad(const char *path, mode_t forbidden, const char *says)
{
    ck_assert_int_eq(read_as(path, forbidden), FILE_BAD);
    ck_assert(file.text == NULL && file.len == 0);
    assert_says(said, path);
    assert_says(said, says);
}

START_TEST(a_file_is_read_whole_with_a_NUL_after_it)
{
    ck_assert_int_eq(read_as(scratch_write_bytes("f", "a\0b", 3, 0600), OTHERS_MAY_NOTHING),
                     FILE_READ);
    assert_bytes(trusted_file_text(&file), (struct bytes){(const uint8_t *)"a\0b", 3});
    ck_assert_int_eq(file.text[3], 0);
    trusted_file_clear(&file);
    ck_assert(file.text == NULL && file.len == 0);
    trusted_file_clear(&file);
}
END_TEST

START_TEST(an_empty_file_is_read)
{
    ck_assert_int_eq(read_as(scratch_write("f", "", 0600), OTHERS_MAY_NOTHING), FILE_READ);
    ck_assert_uint_eq(file.len, 0);
    ck_assert_str_eq(file.text, "");
}
END_TEST

START_TEST(a_missing_file_or_folder_is_not_an_error_yet)
{
    ck_assert_int_eq(read_as(scratch_path("none"), OTHERS_MAY_READ), FILE_MISSING);
    ck_assert_int_eq(read_as(scratch_path("none/f"), OTHERS_MAY_READ), FILE_MISSING);
    scratch_write("f", "", 0600);
    ck_assert_int_eq(read_as(scratch_path("f/g"), OTHERS_MAY_READ), FILE_MISSING);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(the_mode_must_not_give_others_access)
{
    static const struct {
        mode_t mode, forbidden;
        const char *says; /* NULL: the file is read */
    } rows[] = {
        {0600, OTHERS_MAY_NOTHING, NULL},
        {0700, OTHERS_MAY_NOTHING, NULL},
        {0640, OTHERS_MAY_NOTHING, "readable by others (mode 640); fix it with: chmod 600 "},
        {0601, OTHERS_MAY_NOTHING, "readable by others (mode 601)"},
        {0622, OTHERS_MAY_NOTHING, "writable by others (mode 622); fix it with: chmod 600 "},
        {0644, OTHERS_MAY_READ, NULL},
        {0755, OTHERS_MAY_READ, NULL},
        {0664, OTHERS_MAY_READ, "writable by others (mode 664); fix it with: chmod go-w "},
        {0646, OTHERS_MAY_READ, "writable by others (mode 646)"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *path = scratch_write("f", "x", rows[i].mode);

        if (geteuid() == 0) /* root's own group may read a secret of root's */
            ck_assert_int_eq(chown(path, 0, 65534), 0);
        if (rows[i].says != NULL)
            assert_bad(path, rows[i].forbidden, rows[i].says);
        else
            ck_assert_int_eq(read_as(path, rows[i].forbidden), FILE_READ);
    }
}
END_TEST

/* As Kubernetes and systemd give a secret to a server. Only root can prepare this. */
START_TEST(a_secret_of_roots_may_be_read_by_the_group_that_it_is_for)
{
    static const struct {
        mode_t mode;
        gid_t group;
        bool good;
    } rows[] = {
        {0440, 0, true},      {0640, 0, true},      {0440, 65534, true}, {0640, 65534, true},
        {0040, 65534, true},  {0440, 1234, true},   {0440, 4321, false}, {0640, 4321, false},
        {0444, 0, false},     {0444, 65534, false}, {0460, 0, false},    {0450, 65534, false},
        {0441, 65534, false}, {0644, 0, false},     {0660, 0, false},    {0442, 0, false},
    };
    const gid_t groups[] = {1234};

    if (geteuid() != 0)
        return;
    ck_assert_int_eq(chmod(scratch_path("."), 0755), 0);
    ck_assert_int_eq(setgroups(1, groups), 0);
    ck_assert_int_eq(setegid(65534), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *path = scratch_write("f", "x", 0600);

        ck_assert_int_eq(chown(path, 0, rows[i].group), 0);
        ck_assert_int_eq(chmod(path, rows[i].mode), 0);
        ck_assert_msg((read_as(path, OTHERS_MAY_NOTHING) == FILE_READ) == rows[i].good,
                      "mode %03o group %u: %s", (unsigned)rows[i].mode, (unsigned)rows[i].group,
                      said);
        ck_assert_int_eq(unlink(path), 0);
    }
}
END_TEST

/* Only root's: the owner of another file could let any group read it. */
START_TEST(a_secret_of_another_owner_is_not_for_its_group)
{
    const char *path = scratch_write("f", "x", 0440);

    if (geteuid() == 0) {
        ck_assert_int_eq(chmod(scratch_path("."), 0755), 0);
        ck_assert_int_eq(chown(path, 65534, 65534), 0);
        ck_assert_int_eq(setegid(65534), 0);
        ck_assert_int_eq(seteuid(65534), 0);
    }
    assert_bad(path, OTHERS_MAY_NOTHING, "readable by others (mode 440)");
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* The folder counts for a file that decides who may log in. */
START_TEST(a_file_in_a_folder_that_others_can_write_is_refused)
{
    ck_assert_int_eq(mkdir(scratch_path("d"), 0700), 0);
    (void)scratch_write("d/f", "x", 0600);
    ck_assert_int_eq(chmod(scratch_path("d"), 0770), 0);
    assert_bad(scratch_path("d/f"), OTHERS_MAY_READ, "/d (mode 770)");
    ck_assert_int_eq(read_as(scratch_path("d/f"), OTHERS_MAY_NOTHING), FILE_READ);
    ck_assert_int_eq(chmod(scratch_path("d"), 0755), 0);
    ck_assert_int_eq(read_as(scratch_path("d/f"), OTHERS_MAY_READ), FILE_READ);
}
END_TEST

START_TEST(a_file_longer_than_the_maximum_is_refused)
{
    char text[MAX + 1];

    memset(text, 'x', sizeof text);
    ck_assert_int_eq(read_as(scratch_write_bytes("f", text, MAX, 0600), OTHERS_MAY_READ),
                     FILE_READ);
    ck_assert_uint_eq(file.len, MAX);
    assert_bad(scratch_write_bytes("f", text, MAX + 1, 0600), OTHERS_MAY_READ,
               "too large: more than 100 bytes");
}
END_TEST

START_TEST(only_a_regular_file_is_read)
{
    assert_bad(scratch_path("."), OTHERS_MAY_READ, "not a regular file");
    ck_assert_int_eq(mkfifo(scratch_path("pipe"), 0600), 0);
    assert_bad(scratch_path("pipe"), OTHERS_MAY_READ, "not a regular file");
}
END_TEST

START_TEST(a_symbolic_link_is_followed)
{
    (void)scratch_write("f", "x", 0600);
    ck_assert_int_eq(symlink("f", scratch_path("link")), 0);
    ck_assert_int_eq(read_as(scratch_path("link"), OTHERS_MAY_NOTHING), FILE_READ);
    ck_assert_str_eq(file.text, "x");
}
END_TEST

START_TEST(a_file_of_another_user_is_refused)
{
    const char *path = scratch_write("f", "x", 0600);

    if (geteuid() != 0)
        return;
    ck_assert_int_eq(chown(path, 65534, 65534), 0);
    assert_bad(path, OTHERS_MAY_READ, "owned by user id 65534");
}
END_TEST

START_TEST(a_copy_is_stale_after_a_change)
{
    const char *path = scratch_write("f", "one", 0600);
    struct trusted_copy copy = {0};
    struct errbuf p = errbuf_in(said, sizeof said);
    const char *before;
    struct stat now;

    ck_assert_int_eq(trusted_copy_look(&copy, path, &now), COPY_STALE);
    ck_assert_int_eq(trusted_copy_read(&copy, path, &now, OTHERS_MAY_READ, MAX, &p), FILE_READ);
    ck_assert(copy.changed);
    ck_assert_int_eq(trusted_copy_look(&copy, path, &now), COPY_CURRENT); /* just read, */
    copy.read_ms -= 100;
    ck_assert_int_eq(trusted_copy_look(&copy, path, &now), COPY_DOUBTFUL); /* but too new */
    before = copy.file.text;
    ck_assert_int_eq(trusted_copy_read(&copy, path, &now, OTHERS_MAY_READ, MAX, &p), FILE_READ);
    ck_assert(!copy.changed);
    ck_assert_ptr_eq(copy.file.text, before); /* the same text stays where it is */
    (void)scratch_write("f", "three", 0600);
    ck_assert_int_eq(trusted_copy_look(&copy, path, &now), COPY_STALE);
    ck_assert_int_eq(trusted_copy_read(&copy, path, &now, OTHERS_MAY_READ, MAX, &p), FILE_READ);
    ck_assert_str_eq(copy.file.text, "three");
    ck_assert(copy.changed);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(trusted_copy_look(&copy, path, &now), COPY_STALE);
    ck_assert_int_eq(trusted_copy_read(&copy, path, &now, OTHERS_MAY_READ, MAX, &p), FILE_MISSING);
    ck_assert(copy.file.text == NULL);
}
END_TEST

/* A file that has changed in the last two seconds may change again in the same time stamp. */
START_TEST(a_copy_is_settled_after_two_seconds)
{
    const char *path = scratch_write("f", "one", 0600);
    struct trusted_copy copy = {0};
    struct errbuf p = errbuf_in(said, sizeof said);
    struct stat now;

    for (int after = 2; after <= 4; after++) {
        (void)trusted_copy_look(&copy, path, &now);
        if (after == 4)
            now.st_nlink = 0; /* it was removed meanwhile */
        wall_clock = now.st_ctim.tv_sec + after;
        ck_assert_int_eq(trusted_copy_read(&copy, path, &now, OTHERS_MAY_READ, MAX, &p), FILE_READ);
        ck_assert_int_eq(copy.settled, after == 3);
        copy.read_ms -= 100;
        ck_assert_int_eq(trusted_copy_look(&copy, path, &now),
                         after == 3 ? COPY_CURRENT : COPY_DOUBTFUL);
    }
    trusted_copy_forget(&copy);
    ck_assert(copy.changed && !copy.settled && copy.file.text == NULL);
}
END_TEST

START_TEST(any_change_of_a_file_is_another_state)
{
    const struct stat one = {.st_dev = 1};
    struct stat others[] = {one, one, one, one, one, one, one, one, one};

    others[0].st_dev = 2;
    others[1].st_ino = 2;
    others[2].st_size = 2;
    others[3].st_mode = 2;
    others[4].st_uid = 2;
    others[5].st_mtim.tv_sec = 2;
    others[6].st_mtim.tv_nsec = 2;
    others[7].st_ctim.tv_sec = 2;
    others[8].st_ctim.tv_nsec = 2;
    ck_assert(trusted_same_state(&one, &one));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(!trusted_same_state(&one, &others[i]), "%zu", i);
}
END_TEST

START_TEST(the_text_is_wiped_and_nothing_else)
{
    ck_assert_int_eq(read_as(scratch_write("f", "secret", 0600), OTHERS_MAY_NOTHING), FILE_READ);
    wiped_record();
    trusted_file_clear(&file);
    assert_wiped(6, 1);
    ck_assert(wiped_exactly(bytes_of("secret")));
}
END_TEST

/* A file of /proc has a size of 0. */
START_TEST(the_text_of_a_file_that_grew_is_wiped)
{
    trusted_file_clear(&file);
    wiped_record();
    assert_bad("/proc/self/status", OTHERS_MAY_READ, "grew while being read");
    assert_wiped(1, 2); /* the buffer, and at the end what was read */
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, NULL, clear);
    scratch_folder(suite);
    add_test(suite, a_file_is_read_whole_with_a_NUL_after_it);
    add_test(suite, an_empty_file_is_read);
    add_test(suite, a_missing_file_or_folder_is_not_an_error_yet);
    add_test(suite, the_mode_must_not_give_others_access);
    add_test(suite, a_secret_of_roots_may_be_read_by_the_group_that_it_is_for);
    add_test(suite, a_secret_of_another_owner_is_not_for_its_group);
    add_test(suite, a_file_in_a_folder_that_others_can_write_is_refused);
    add_test(suite, a_file_longer_than_the_maximum_is_refused);
    add_test(suite, only_a_regular_file_is_read);
    add_test(suite, a_symbolic_link_is_followed);
    add_test(suite, a_file_of_another_user_is_refused);
    add_test(suite, a_copy_is_stale_after_a_change);
    add_test(suite, a_copy_is_settled_after_two_seconds);
    add_test(suite, any_change_of_a_file_is_another_state);
    add_test(suite, the_text_is_wiped_and_nothing_else);
    add_test(suite, the_text_of_a_file_that_grew_is_wiped);
}
