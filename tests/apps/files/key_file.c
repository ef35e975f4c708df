#include "apps/files/key_file.h"
#include "apps/files/key_format.h"
#include "tests/support/suite.h"
#include "tests/support/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Made for this test by ssh-keygen, which also says what its fingerprint is. */
static const char text[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACBUaR5SF/amnFkbYhXYvuAziCyyprfzgSW7WMcth9O4TQAAAIjVtEiZ1bRI\n"
    "mQAAAAtzc2gtZWQyNTUxOQAAACBUaR5SF/amnFkbYhXYvuAziCyyprfzgSW7WMcth9O4TQ\n"
    "AAAECnLGMidD3W+yBuvLVgSCek/SHzSfUdowClVxA2h7j+cFRpHlIX9qacWRtiFdi+4DOI\n"
    "LLKmt/OBJbtYxy2H07hNAAAABHRlc3QB\n"
    "-----END OPENSSH PRIVATE KEY-----\n";
static const char fingerprint[] = "SHA256:G0mFv4Dp17gXOERkzz+YkUmKcbr3uObOZXyf4KMhwmw";

static char errbuf[8192];

static void assert_unusable(const char *file, const char *because)
{
    ck_assert_msg(nacre_key_read(file, errbuf, sizeof errbuf) == NULL, "%s", because);
    assert_says(errbuf, file);
    assert_says(errbuf, because);
}

START_TEST(a_key_is_read_and_known_by_its_fingerprint)
{
    struct nacre_key *key = nacre_key_read(scratch_write("key", text, 0600), errbuf, sizeof errbuf);
    char print[NACRE_FINGERPRINT_MAX];
    const uint8_t *blob;
    size_t len;

    ck_assert_msg(key != NULL, "%s", errbuf);
    ck_assert_str_eq(errbuf, "");
    ck_assert_str_eq(nacre_key_type(key), "ssh-ed25519");
    nacre_key_fingerprint(key, print);
    ck_assert_str_eq(print, fingerprint);
    blob = nacre_key_blob(key, &len);
    ck_assert_uint_eq(len, 4 + 11 + 4 + 32);
    ck_assert_mem_eq(blob, "\0\0\0\x0bssh-ed25519\0\0\0 ", 19);
    nacre_key_free(key);
    nacre_key_free(NULL);
}
END_TEST

START_TEST(a_key_that_only_its_owner_can_write_to_is_fine)
{
    static const mode_t modes[] = {0600, 0400, 0700, 0200 | 0400};
    struct nacre_key *key;

    for (size_t i = 0; i < 4; i++) {
        key = nacre_key_read(scratch_write("key", text, modes[i]), errbuf, sizeof errbuf);
        ck_assert_msg(key != NULL, "%s", errbuf);
        nacre_key_free(key);
        unlink(scratch_path("key"));
    }
}
END_TEST

START_TEST(each_way_not_to_be_a_key_file_has_its_sentence)
{
    static char large[65537];

    memset(large, 'x', sizeof large);
    assert_unusable(scratch_path("none"), "no such file");
    assert_unusable(scratch_path("none"), "ssh-keygen -t ed25519");
    assert_unusable(scratch_path("none/key"), "no such file");
    assert_unusable(scratch_path("."), "not a regular file");
    ck_assert_int_eq(mkfifo(scratch_path("pipe"), 0600), 0);
    assert_unusable(scratch_path("pipe"), "not a regular file");
    assert_unusable("/dev/null", "not a regular file");
    assert_unusable(scratch_write("empty", "", 0600), "is empty");
    assert_unusable(scratch_write_bytes("large", large, sizeof large, 0600), "longer than 65536");
    assert_unusable(scratch_write_bytes("cut", text, 200, 0600), "cut off");
    assert_unusable(scratch_write("public", "ssh-ed25519 AAAA\n", 0600), "public key");
    assert_unusable(scratch_write_bytes("nul", "\0\0\0", 3, 0600), "not a private key");
}
END_TEST

START_TEST(a_key_that_others_can_reach_is_refused)
{
    static const struct {
        mode_t mode;
        const char *says;
    } rows[] = {
        {0640, "may read it (mode 640)"},
        {0604, "may read it (mode 604)"},
        {0644, "may read it (mode 644)"},
        {0620, "may write to it (mode 620)"},
        {0602, "may write to it (mode 602)"},
        {0666, "chmod 600"},
        {0610, "chmod 600"},
        {0601, "chmod 600"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_unusable(scratch_write("key", text, rows[i].mode), rows[i].says);
}
END_TEST

/* These two need root to set the stage. */
START_TEST(a_key_of_another_user_is_refused)
{
    const char *file = scratch_write("key", text, 0600);

    if (geteuid() != 0)
        return;
    ck_assert_int_eq(chown(file, 65534, 65534), 0);
    assert_unusable(file, "belongs to user id 65534");
}
END_TEST

START_TEST(a_key_that_we_may_not_open_is_refused)
{
    const char *file = scratch_write("key", text, 0);

    if (geteuid() == 0) {
        ck_assert_int_eq(chmod(scratch_path("."), 0755), 0);
        ck_assert_int_eq(seteuid(65534), 0);
        assert_unusable(file, "Permission denied; let");
        ck_assert_int_eq(seteuid(0), 0);
    } else {
        assert_unusable(file, "Permission denied; let");
    }
}
END_TEST

START_TEST(a_problem_longer_than_its_room_is_cut)
{
    char small[16];

    memset(small, 'x', sizeof small);
    ck_assert_ptr_null(nacre_key_read("/no/such/file/anywhere", small, sizeof small));
    ck_assert_str_eq(small, "/no/such/file/a");
    ck_assert_ptr_null(nacre_key_read("/no/such/file/anywhere", NULL, 0));
}
END_TEST

static mode_t mode_of(const char *path)
{
    struct stat status;

    ck_assert_msg(stat(path, &status) == 0, "%s", path);
    return status.st_mode & 07777;
}

START_TEST(a_key_is_made_with_its_folder_and_read_again)
{
    const char *file = scratch_path("keys/host");
    char first[NACRE_FINGERPRINT_MAX], again[NACRE_FINGERPRINT_MAX];
    struct nacre_key *key;

    umask(0);
    key = nacre_key_make(file, errbuf, sizeof errbuf);
    ck_assert_msg(key != NULL, "%s", errbuf);
    nacre_key_fingerprint(key, first);
    nacre_key_free(key);
    ck_assert_uint_eq(mode_of(scratch_path("keys")), 0700);
    ck_assert_uint_eq(mode_of(file), 0600);
    ck_assert_uint_eq(mode_of(scratch_path("keys/host.pub")), 0644);
    key = nacre_key_read(file, errbuf, sizeof errbuf);
    ck_assert_msg(key != NULL, "%s", errbuf);
    nacre_key_fingerprint(key, again);
    ck_assert_str_eq(first, again);
    nacre_key_free(key);
}
END_TEST

START_TEST(two_keys_are_different)
{
    struct nacre_key *a = nacre_key_make(scratch_path("a"), errbuf, sizeof errbuf);
    struct nacre_key *b = nacre_key_make(scratch_path("b"), errbuf, sizeof errbuf);
    char of_a[NACRE_FINGERPRINT_MAX], of_b[NACRE_FINGERPRINT_MAX];

    ck_assert(a != NULL && b != NULL);
    nacre_key_fingerprint(a, of_a);
    nacre_key_fingerprint(b, of_b);
    ck_assert_str_ne(of_a, of_b);
    nacre_key_free(a);
    nacre_key_free(b);
}
END_TEST

/* Not made: says so, and there is no more and no less in the folder than before. */
static void assert_not_made(const char *file, const char *because)
{
    ck_assert_msg(nacre_key_make(file, errbuf, sizeof errbuf) == NULL, "%s", because);
    assert_says(errbuf, because);
}

START_TEST(nothing_is_overwritten)
{
    const char *key = scratch_write("key", "mine", 0600);
    const char *public = scratch_write("other.pub", "mine too", 0600);
    char *is;

    assert_not_made(key, "exists already");
    is = scratch_read(key);
    ck_assert_str_eq(is, "mine");
    free(is);
    ck_assert_int_ne(access(scratch_path("key.pub"), F_OK), 0);
    assert_not_made(scratch_path("other"), "other.pub: exists already");
    is = scratch_read(public);
    ck_assert_str_eq(is, "mine too");
    free(is);
    ck_assert_int_ne(access(scratch_path("other"), F_OK), 0);
    ck_assert_int_eq(symlink("elsewhere", scratch_path("link")), 0);
    assert_not_made(scratch_path("link"), "exists already");
    ck_assert_int_ne(access(scratch_path("elsewhere"), F_OK), 0);
}
END_TEST

START_TEST(where_no_key_can_be_written_none_is_made)
{
    char name[5000];

    scratch_write("file", "", 0600);
    assert_not_made(scratch_path("file/key"), "cannot be written");
    assert_not_made(scratch_path("no/folder/key"), "the folder cannot be made");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_not_made(name, "too long");
    name[4091] = '\0';
    assert_not_made(name, "name too long");
    name[10] = '/';
    name[4095] = '\0';
    assert_not_made(name, "too long");
    name[10] = '\0';
    ck_assert_int_eq(rmdir(name), 0); /* the folder could be made */
    if (geteuid() != 0) {
        ck_assert_int_eq(chmod(scratch_path("."), 0500), 0);
        assert_not_made(scratch_path("key"), "Permission denied");
        ck_assert_int_eq(chmod(scratch_path("."), 0700), 0);
    }
}
END_TEST

/* OpenSSH itself, when it is there, reads the key, and says the same about it. */
START_TEST(ssh_keygen_reads_what_was_made)
{
    struct nacre_key *key;
    char command[4096], said[512], print[NACRE_FINGERPRINT_MAX], *public;
    FILE *keygen;

    if (access("/usr/bin/ssh-keygen", X_OK) != 0)
        return;
    key = nacre_key_make(scratch_path("key"), errbuf, sizeof errbuf);
    ck_assert_ptr_nonnull(key);
    nacre_key_fingerprint(key, print);
    nacre_key_free(key);
    snprintf(command, sizeof command, "ssh-keygen -y -f %s; ssh-keygen -l -f %s",
             scratch_path("key"), scratch_path("key"));
    keygen = popen(command, "r"); /* NOLINT(cert-env33-c): a name that we made */
    ck_assert_ptr_nonnull(keygen);
    public = scratch_read(scratch_path("key.pub"));
    ck_assert_ptr_nonnull(fgets(said, sizeof said, keygen));
    ck_assert_str_eq(said, public);
    ck_assert_ptr_nonnull(fgets(said, sizeof said, keygen));
    assert_says(said, print);
    ck_assert_int_eq(pclose(keygen), 0);
    free(public);
}
END_TEST

/* Each type in each form that ssh-keygen writes: its .pub says what must come out. */
START_TEST(what_ssh_keygen_made_is_read)
{
    static const char *const types[] = {"ed25519",      "ecdsa -b 256", "ecdsa -b 384",
                                        "ecdsa -b 521", "rsa -b 2048",  "rsa -b 3072"};
    static const char *const forms[] = {"RFC4716", "PEM", "PKCS8"};

    if (access("/usr/bin/ssh-keygen", X_OK) != 0)
        return;
    for (size_t t = 0; t < 6; t++)
        for (size_t f = 0; f < 3; f++) {
            char name[16], command[4096], made[2048], *public;
            struct nacre_key *key;

            snprintf(name, sizeof name, "key%zu%zu", t, f);
            snprintf(command, sizeof command, "ssh-keygen -q -N '' -C nacre -m %s -t %s -f %s",
                     forms[f], types[t], scratch_path(name));
            ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): a name that we made */
            key = nacre_key_read(scratch_path(name), errbuf, sizeof errbuf);
            ck_assert_msg(key != NULL, "%s", errbuf);
            ck_assert(key_print_public(key, "nacre", made, sizeof made));
            snprintf(name, sizeof name, "key%zu%zu.pub", t, f);
            public = scratch_read(scratch_path(name));
            ck_assert_str_eq(made, public);
            free(public);
            nacre_key_free(key);
        }
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_key_is_read_and_known_by_its_fingerprint);
    add_test(suite, a_key_that_only_its_owner_can_write_to_is_fine);
    add_test(suite, each_way_not_to_be_a_key_file_has_its_sentence);
    add_test(suite, a_key_that_others_can_reach_is_refused);
    add_test(suite, a_key_of_another_user_is_refused);
    add_test(suite, a_key_that_we_may_not_open_is_refused);
    add_test(suite, a_problem_longer_than_its_room_is_cut);
    add_test(suite, a_key_is_made_with_its_folder_and_read_again);
    add_test(suite, two_keys_are_different);
    add_test(suite, nothing_is_overwritten);
    add_test(suite, where_no_key_can_be_written_none_is_made);
    add_test(suite, ssh_keygen_reads_what_was_made);
    add_test(suite, what_ssh_keygen_made_is_read);
}
