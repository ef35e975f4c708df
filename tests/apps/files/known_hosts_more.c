/* Several files of known hosts, and what is given to their functions. */
#include "apps/files/known_hosts.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "transport/key_pair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Two invented keys, and the first one's blob: it only needs the right form. */
#define BLOB                                                                                       \
    "\0\0\0\x0bssh-ed25519\0\0\0\x20"                                                              \
    "0123456789abcdef0123456789abcdef"
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
#define OTHER_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVn"

static char said[1024], warned[1024];
static unsigned warnings;

static void on_warn(void *context, const char *sentence)
{
    (void)context;
    (void)snprintf(warned, sizeof warned, "%s", sentence);
    warnings++;
}

static const char *meanwhile; /* another program writes this before it unlocks the file */
static int lock_failure;      /* errno */

OWN(int, flock, int fd, int operation)
{
    ck_assert_int_eq(operation, LOCK_EX);
    if (meanwhile != NULL)
        ck_assert_int_eq(write(fd, meanwhile, strlen(meanwhile)), (ssize_t)strlen(meanwhile));
    errno = lock_failure;
    return lock_failure != 0 ? -1 : 0;
}

static struct nacre_known_hosts in(const char *file)
{
    warned[0] = 0;
    warnings = 0;
    return (struct nacre_known_hosts){
        .version = NACRE_VERSION_NUMBER, .file = file, .warn = on_warn};
}

START_TEST(further_files_are_read_too)
{
    static const struct {
        const char *first, *second;
        enum nacre_host_verdict verdict;
        const char *says;
    } rows[] = {
        {"", "host " KEY "\n", NACRE_HOST_KNOWN, "/second:1)"},
        {"host " KEY "\n", "host " OTHER_KEY "\n", NACRE_HOST_KNOWN, "/known_hosts:1)"},
        {"host " OTHER_KEY "\n", "\nhost " KEY "\n", NACRE_HOST_KNOWN, "/second:2)"},
        {"host " KEY "\n", "@revoked host " KEY "\n", NACRE_HOST_REVOKED, "REVOKED by"},
        {"other " KEY "\n", "host " OTHER_KEY "\n", NACRE_HOST_CHANGED, "ssh-keygen -f '"},
        {"other " KEY "\n", "other " KEY "\n", NACRE_HOST_UNKNOWN, "nor has another file"},
    };
    const struct nacre_host_key shown = {"host", 22, (const uint8_t *)BLOB, sizeof BLOB - 1};
    char first[256], second[256], list[4096];
    const char *const more[] = {second, NULL};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nacre_known_hosts hosts = in(first);

        hosts.more = more;
        (void)snprintf(first, sizeof first, "%s",
                       scratch_write("known_hosts", rows[i].first, 0600));
        (void)snprintf(second, sizeof second, "%s", scratch_write("second", rows[i].second, 0644));
        ck_assert_int_eq(nacre_known_hosts_check(&hosts, &shown, said, sizeof said),
                         rows[i].verdict);
        assert_says(said, rows[i].says);
        ck_assert_str_eq(warned, "");
        ck_assert(
            nacre_known_hosts_prefer(&hosts, "host", 22, "ssh-rsa,ssh-ed25519", list, sizeof list));
        ck_assert_str_eq(list, rows[i].verdict == NACRE_HOST_UNKNOWN ? "ssh-rsa,ssh-ed25519"
                                                                     : "ssh-ed25519,ssh-rsa");
    }
}
END_TEST

/* The first file decides; what another one has is left out. */
START_TEST(a_further_file_that_cannot_be_used_is_reported)
{
    const struct nacre_host_key shown = {"host", 22, (const uint8_t *)BLOB, sizeof BLOB - 1};
    char first[256] = "", second[256] = "";
    const char *const more[] = {"/nonexistent/hosts", second, NULL};
    struct nacre_known_hosts hosts = in(first);

    hosts.more = more;
    (void)snprintf(first, sizeof first, "%s", scratch_write("known_hosts", "host " KEY, 0600));
    (void)snprintf(second, sizeof second, "%s", scratch_write("second", "host " KEY, 0666));
    ck_assert_int_eq(nacre_known_hosts_check(&hosts, &shown, said, sizeof said), NACRE_HOST_KNOWN);
    ck_assert_uint_eq(warnings, 1);
    assert_says(warned, "/second");
    hosts.warn = NULL;
    ck_assert_int_eq(nacre_known_hosts_check(&hosts, &shown, said, sizeof said), NACRE_HOST_KNOWN);
    hosts.file = second;
    hosts.more = (const char *const[]){first, NULL};
    ck_assert_int_eq(nacre_known_hosts_check(&hosts, &shown, said, sizeof said),
                     NACRE_HOST_UNCHECKED);
    assert_says(said, "/second");
}
END_TEST

/* ssh-keygen -l prints the same fingerprints. */
#define PRINT "ssh-ed25519 SHA256:r0jjAatH+rPa97KMRB4yEkCq0GlcmkYyacWqmoyiTwI"
#define OTHER_PRINT "ssh-ed25519 SHA256:X+CvDC/FdQ6i4+vFqNp3Ewy62WBpWkfo9uP3HjB2Vr0"

START_TEST(each_sentence_names_the_keys_and_what_to_do)
{
    static const struct {
        const char *text, *says; /* # is the file */
    } rows[] = {
        {"\nhost " KEY "\n", "the host key of host is known: " PRINT " (#:2)"},
        {"@revoked * " KEY "\n", "the host key of host (" PRINT ") is REVOKED by #:1: a server "
                                 "that has it must not be trusted. Ask the server's administrator "
                                 "for its new key"},
        {"host " OTHER_KEY "\n", "THE HOST KEY OF host HAS CHANGED: the server presents " PRINT
                                 ", but #:1 has " OTHER_PRINT ". Either the server has a new key, "
                                 "or an attacker is intercepting the connection. Ask the server's "
                                 "administrator; if the new key is right, remove the old one with: "
                                 "ssh-keygen -f '#' -R 'host'"},
        {"", "host is not known: # has no key for it. The server presents " PRINT
             "; ask its administrator whether that is right"},
    };
    const struct nacre_host_key shown = {"host", 22, (const uint8_t *)BLOB, sizeof BLOB - 1};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *file = scratch_write("known_hosts", rows[i].text, 0600);
        struct nacre_known_hosts hosts = in(file);
        char expected[2048] = "";
        size_t n = 0;

        for (const char *c = rows[i].says; *c != 0; c++)
            n += (size_t)snprintf(expected + n, sizeof expected - n, "%.*s", *c == '#' ? 1000 : 1,
                                  *c == '#' ? file : c);
        (void)nacre_known_hosts_check(&hosts, &shown, said, sizeof said);
        ck_assert_str_eq(said, expected);
    }
}
END_TEST

/* ---- what is given ---- */

START_TEST(a_configuration_without_a_version_does_nothing)
{
    const struct nacre_host_key shown = {"host", 22, (const uint8_t *)BLOB, sizeof BLOB - 1};
    const struct nacre_known_hosts hosts = {.file = scratch_path("known_hosts")};
    char list[64];

    ck_assert_int_eq(nacre_known_hosts_check(&hosts, &shown, said, sizeof said),
                     NACRE_HOST_UNCHECKED);
    assert_says(said, "version is missing");
    ck_assert(!nacre_known_hosts_prefer(&hosts, "host", 22, "ssh-rsa", list, sizeof list));
    ck_assert(!nacre_known_hosts_add(&hosts, &shown, false, said, sizeof said));
    assert_says(said, "version is missing");
    ck_assert_int_ne(access(hosts.file, F_OK), 0);
}
END_TEST

START_TEST(a_list_fits_with_its_NUL_or_not_at_all)
{
    const struct nacre_known_hosts hosts = in(scratch_write("known_hosts", "", 0600));
    char out[8];

    for (size_t size = 0; size < sizeof out; size++) {
        memset(out, '?', sizeof out);
        ck_assert_int_eq(nacre_known_hosts_prefer(&hosts, "host", 22, "ssh-rsa", out, size), false);
        ck_assert_int_eq(out[size], '?');
        ck_assert_int_eq(nacre_known_hosts_prefer(&hosts, "host", 22, "", out, size), size > 0);
        if (size > 0)
            ck_assert_int_eq(out[0], 0);
    }
    ck_assert(nacre_known_hosts_prefer(&hosts, "host", 22, "ssh-rsa", out, sizeof out));
    ck_assert_str_eq(out, "ssh-rsa");
}
END_TEST

/* A key whose type is this text. */
static struct nacre_host_key key_of_type(uint8_t *blob, const char *type, size_t len)
{
    struct writer w = write_to(blob, len);

    write_text(&w, type);
    while (written(&w) < len)
        write_u8(&w, 'x');
    return (struct nacre_host_key){"host", 22, blob, len};
}

START_TEST(a_key_that_would_make_a_malformed_line_is_not_added)
{
    static const struct {
        const char *type;
        size_t len;
        bool good;
    } rows[] = {
        {"x", 50, true},           {"~!", 50, true},
        {"", 50, false},           {"a b", 50, false},
        {"a\x7f", 50, false},      {"a\nb", 50, false},
        {"x", KEY_BLOB_MAX, true}, {"x", KEY_BLOB_MAX + 1, false},
    };
    uint8_t blob[KEY_BLOB_MAX + 1];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct nacre_host_key shown = key_of_type(blob, rows[i].type, rows[i].len);
        const struct nacre_known_hosts hosts = in(scratch_write("known_hosts", "", 0600));
        char *text;

        ck_assert_int_eq(nacre_known_hosts_add(&hosts, &shown, false, said, sizeof said),
                         rows[i].good);
        if (!rows[i].good)
            ck_assert_str_eq(said, "the host key of host is malformed");
        text = scratch_read(hosts.file);
        ck_assert_int_eq(text[0] != 0, rows[i].good);
        free(text);
    }
}
END_TEST

START_TEST(a_last_line_of_one_byte_is_completed)
{
    const struct nacre_host_key shown = {"host", 22, (const uint8_t *)BLOB, sizeof BLOB - 1};
    const struct nacre_known_hosts hosts =
        in(scratch_write("known_hosts", _i == 0 ? "#" : "\n", 0600));
    char *text;

    ck_assert(nacre_known_hosts_add(&hosts, &shown, false, said, sizeof said));
    text = scratch_read(hosts.file);
    ck_assert_str_eq(text, _i == 0 ? "#\nhost " KEY "\n" : "\nhost " KEY "\n");
    free(text);
}
END_TEST

START_TEST(the_file_is_locked_before_it_is_looked_at)
{
    const struct nacre_host_key shown = {"host", 22, (const uint8_t *)BLOB, sizeof BLOB - 1};
    const struct nacre_known_hosts hosts = in(scratch_write("known_hosts", "", 0600));
    char *text;

    meanwhile = _i == 0 ? "#" : NULL;
    lock_failure = _i == 0 ? 0 : ENOLCK;
    ck_assert_int_eq(nacre_known_hosts_add(&hosts, &shown, false, said, sizeof said), _i == 0);
    if (_i == 1)
        assert_says(said, "cannot be written: No locks available");
    text = scratch_read(hosts.file);
    ck_assert_str_eq(text, _i == 0 ? "#\nhost " KEY "\n" : "");
    free(text);
}
END_TEST

/* 63 characters of it are shown. */
START_TEST(a_long_type_is_cut)
{
    const struct nacre_known_hosts hosts = in(scratch_write("known_hosts", "", 0600));
    char type[65] = "", presents[128];
    uint8_t blob[128];

    for (size_t len = 63; len < 65; len++) {
        struct nacre_host_key shown;

        memset(type, 't', len);
        shown = key_of_type(blob, type, sizeof blob);
        (void)nacre_known_hosts_check(&hosts, &shown, said, sizeof said);
        (void)snprintf(presents, sizeof presents, "presents %.63s SHA256:", type);
        assert_says(said, presents);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_configuration_without_a_version_does_nothing);
    add_test(suite, a_list_fits_with_its_NUL_or_not_at_all);
    add_test(suite, a_key_that_would_make_a_malformed_line_is_not_added);
    add_loop(suite, a_last_line_of_one_byte_is_completed, 0, 2);
    add_loop(suite, the_file_is_locked_before_it_is_looked_at, 0, 2);
    add_test(suite, a_long_type_is_cut);
    add_test(suite, further_files_are_read_too);
    add_test(suite, a_further_file_that_cannot_be_used_is_reported);
    add_test(suite, each_sentence_names_the_keys_and_what_to_do);
}
