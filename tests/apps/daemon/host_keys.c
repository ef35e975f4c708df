/* Host keys, and those that a reload keeps. */
#include "apps/daemon/host_keys.h"
#include "apps/daemon/log.h"
#include "apps/files/key_file.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"

#include <string.h>
#include <unistd.h>

static const struct confinement off = {.off = true};
static struct host_keys before, after;
static char errbuf[1024];
static const struct errbuf p = {errbuf, sizeof errbuf};

static void set_up(void)
{
    log_threshold(LOG_ERROR);
    before = after = (struct host_keys){.count = 0};
}

static void tear_down(void)
{
    host_keys_clear(&before);
    host_keys_clear(&after);
}

static bool add(struct host_keys *keys, const char *file)
{
    const struct host_key_reading how = {.confinement = &off,
                                         .before = keys == &after ? &before : NULL};

    return host_keys_add(keys, &how, file, &p);
}

START_TEST(keys_are_read_in_their_order)
{
    ck_assert(add(&before, scratch_write("p256", openssh_nistp256, 0600)));
    ck_assert(add(&before, scratch_write("ed25519", openssh_ed25519, 0600)));
    ck_assert_str_eq(nacre_key_type(before.keys[0]), "ecdsa-sha2-nistp256");
    ck_assert_str_eq(nacre_key_type(before.keys[1]), "ssh-ed25519");
    ck_assert_ptr_null(before.keys[2]);
}
END_TEST

START_TEST(a_key_that_was_named_is_not_made)
{
    ck_assert(!add(&before, scratch_path("none")));
    assert_says(errbuf, "none: ");
    ck_assert_int_ne(access(scratch_path("none"), F_OK), 0);
    ck_assert_uint_eq(before.count, 0);
}
END_TEST

START_TEST(a_key_whose_file_has_not_changed_is_the_same_one)
{
    ck_assert(add(&before, scratch_write("ed25519", openssh_ed25519, 0600)));
    ck_assert(add(&after, scratch_path("ed25519")));
    ck_assert_ptr_eq(before.keys[0], after.keys[0]);
    host_keys_clear(&before);
    ck_assert_str_eq(nacre_key_type(after.keys[0]), "ssh-ed25519");
}
END_TEST

START_TEST(a_key_whose_file_has_changed_is_read)
{
    ck_assert(add(&before, scratch_write("key", openssh_ed25519, 0600)));
    ck_assert_int_eq(unlink(scratch_path("key")), 0);
    ck_assert(add(&after, scratch_write("key", openssh_nistp256, 0600)));
    ck_assert_str_eq(nacre_key_type(before.keys[0]), "ssh-ed25519");
    ck_assert_str_eq(nacre_key_type(after.keys[0]), "ecdsa-sha2-nistp256");
}
END_TEST

START_TEST(a_key_whose_file_is_gone_or_bad_is_refused)
{
    ck_assert(add(&before, scratch_write("key", openssh_ed25519, 0600)));
    (void)scratch_write("key", "nonsense, and of another length", 0600);
    ck_assert(!add(&after, scratch_path("key")));
    ck_assert_int_eq(unlink(scratch_path("key")), 0);
    ck_assert(!add(&after, scratch_path("key")));
    ck_assert_uint_eq(after.count, 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, set_up, tear_down);
    add_test(suite, keys_are_read_in_their_order);
    add_test(suite, a_key_that_was_named_is_not_made);
    add_test(suite, a_key_whose_file_has_not_changed_is_the_same_one);
    add_test(suite, a_key_whose_file_has_changed_is_read);
    add_test(suite, a_key_whose_file_is_gone_or_bad_is_refused);
}
