#include "apps/files/known_hosts.h"
#include "apps/files/key_file.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "transport/key_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Two invented keys: the blob only needs the right form. */
#define BLOB(last)                                                                                 \
    ("\0\0\0\x0bssh-ed25519\0\0\0\x20"                                                             \
     "0123456789abcdef0123456789abcde" last)
#define BLOB_LEN 51
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
#define OTHER_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVn"
#define DSS_KEY "ssh-dss AAAAB3NzaC1kc3MAAAABAA=="

static unsigned flushes; /* to the disk */
static int locked;       /* as flock(2) was called last */

int fsync(int fd)
{
    (void)fd;
    flushes++;
    return 0;
}

int flock(int fd, int operation)
{
    locked = operation;
    return (int)syscall(SYS_flock, fd, operation);
}

static char said[1024];
static char warned[4096];
static unsigned warnings;

static void on_warn(void *context, const char *sentence)
{
    size_t len = strlen(warned);

    ck_assert_ptr_eq(context, warned);
    ck_assert_uint_lt(len + strlen(sentence) + 2, sizeof warned);
    (void)snprintf(warned + len, sizeof warned - len, "%s\n", sentence);
    warnings++;
}

static struct nacre_known_hosts in(const char *file)
{
    warned[0] = 0;
    warnings = 0;
    return (struct nacre_known_hosts){
        .version = NACRE_VERSION_NUMBER, .file = file, .warn = on_warn, .context = warned};
}

static enum nacre_host_verdict check_in(const char *file, const char *host, uint16_t port)
{
    const struct nacre_known_hosts hosts = in(file);
    const struct nacre_host_key shown = {host, port, (const uint8_t *)BLOB("f"), BLOB_LEN};

    return nacre_known_hosts_check(&hosts, &shown, said, sizeof said);
}

/* The verdict of a file with this text on KEY, presented by the host. */
static enum nacre_host_verdict says(const char *text, const char *host, uint16_t port)
{
    return check_in(scratch_write("known_hosts", text, 0600), host, port);
}

#define assert_verdict(verdict, text, host, port)                                                  \
    do {                                                                                           \
        ck_assert_int_eq(says(text, host, port), NACRE_HOST_##verdict);                            \
        ck_assert_str_eq(warned, "");                                                              \
    } while (0)

/* The line is ignored with a warning. */
static void assert_warns(const char *line, const char *why)
{
    char text[16384];

    (void)snprintf(text, sizeof text, "%s\nhost %s\n", line, KEY);
    ck_assert_int_eq(says(text, "host", 22), NACRE_HOST_KNOWN);
    assert_says(said, "/known_hosts:2");
    ck_assert_uint_eq(warnings, 1);
    assert_says(warned, "/known_hosts:1: ");
    assert_says(warned, why);
}

START_TEST(a_key_is_known_by_any_of_its_hosts)
{
    assert_verdict(KNOWN, "host " KEY "\n", "host", 22);
    assert_verdict(KNOWN, "host " KEY, "host", 22);
    assert_verdict(KNOWN, "  \thost\t " KEY " a comment\r\n", "host", 22);
    assert_verdict(KNOWN, "a,host,b " KEY "\n", "host", 22);
    assert_verdict(KNOWN, "# host\n\n   \nHOST " KEY "\n", "hoSt", 22);
    assert_verdict(KNOWN, "[host]:2022 " KEY "\n", "host", 2022);
    assert_verdict(KNOWN, "[::1]:2022,[127.0.0.1]:2022 " KEY "\n", "::1", 2022);
    assert_verdict(KNOWN, "::1 " KEY "\n", "::1", 22);
    assert_verdict(KNOWN, "host " OTHER_KEY "\nhost " DSS_KEY "\nhost " KEY "\n", "host", 22);
    assert_says(said, "/known_hosts:3");
    assert_verdict(KNOWN, "host " KEY "\nhost " KEY "\n", "host", 22);
    assert_says(said, "/known_hosts:1)");
}
END_TEST

START_TEST(another_host_or_port_is_unknown)
{
    assert_verdict(UNKNOWN, "", "host", 22);
    assert_verdict(UNKNOWN, "host " KEY "\n", "hos", 22);
    assert_verdict(UNKNOWN, "host " KEY "\n", "host2", 22);
    assert_verdict(UNKNOWN, "host " KEY "\n", "host", 2022);
    assert_verdict(UNKNOWN, "[host]:22 " KEY "\n", "host", 22);
    assert_verdict(UNKNOWN, "[host]:2022 " KEY "\n", "host", 2023);
    assert_verdict(UNKNOWN, "other " OTHER_KEY "\n", "host", 22);
    assert_says(said, "host is not known");
    assert_says(said, "SHA256:");
    ck_assert_int_eq(check_in(scratch_path("none"), "host", 22), NACRE_HOST_UNKNOWN);
}
END_TEST

START_TEST(patterns_match_as_in_openssh)
{
    assert_verdict(KNOWN, "* " KEY "\n", "host", 22);
    assert_verdict(KNOWN, "*.example.org " KEY "\n", "a.b.example.org", 22);
    assert_verdict(UNKNOWN, "*.example.org " KEY "\n", "example.org", 22);
    assert_verdict(KNOWN, "h?st " KEY "\n", "host", 22);
    assert_verdict(UNKNOWN, "h?st " KEY "\n", "hst", 22);
    assert_verdict(KNOWN, "*a*b*c* " KEY "\n", "xaybzc", 22);
    assert_verdict(UNKNOWN, "*a*b*c* " KEY "\n", "xaczb", 22);
    assert_verdict(KNOWN, "[*]:2022 " KEY "\n", "host", 2022);
    assert_verdict(UNKNOWN, "*,!host " KEY "\n", "host", 22);
    assert_verdict(UNKNOWN, "!host,* " KEY "\n", "host", 22);
    assert_verdict(KNOWN, "*,!host " KEY "\n", "hosts", 22);
    assert_verdict(UNKNOWN, "!host " KEY "\n", "other", 22);
    assert_verdict(UNKNOWN, ",,! " KEY "\n", "host", 22);
}
END_TEST

START_TEST(a_pattern_of_many_stars_matches_quickly)
{
    char text[KEY_BLOB_MAX];
    size_t n = 0;

    for (int i = 0; i < 1000; i++)
        n += (size_t)sprintf(text + n, "*a");
    (void)sprintf(text + n, "*b " KEY "\n");
    assert_verdict(
        UNKNOWN, text,
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 22);
}
END_TEST

START_TEST(another_key_for_the_host_is_a_change)
{
    assert_verdict(CHANGED, "# old\nhost " OTHER_KEY "\n", "host", 22);
    assert_says(said, "HAS CHANGED");
    assert_says(said, "/known_hosts:2");
    assert_says(said, "ssh-keygen -f");
    assert_verdict(CHANGED, "host " DSS_KEY "\n", "host", 22);
    assert_says(said, "ssh-dss");
    assert_verdict(CHANGED, "host " OTHER_KEY "\nhost " DSS_KEY "\n", "host", 22);
    assert_says(said, "/known_hosts:1");
}
END_TEST

START_TEST(a_revoked_key_is_revoked_even_if_listed_elsewhere)
{
    assert_verdict(REVOKED, "host " KEY "\n@revoked * " KEY "\n", "host", 22);
    assert_says(said, "REVOKED");
    assert_says(said, "/known_hosts:2");
    assert_verdict(REVOKED, "@revoked host " KEY "\nhost " KEY "\n", "host", 22);
    assert_verdict(REVOKED, "@revoked host " KEY "\n@revoked host " KEY "\n", "host", 22);
    assert_says(said, "/known_hosts:1:");
    assert_verdict(KNOWN, "@revoked other " KEY "\nhost " KEY "\n", "host", 22);
    assert_verdict(KNOWN, "@revoked host " OTHER_KEY "\nhost " KEY "\n", "host", 22);
    assert_verdict(UNKNOWN, "@revoked host " OTHER_KEY "\n", "host", 22);
}
END_TEST

START_TEST(unusable_lines_are_skipped_with_a_warning)
{
    assert_warns("host", "not HOSTS TYPE KEY");
    assert_warns("host ssh-ed25519", "not HOSTS TYPE KEY");
    assert_warns("@revoked", "not HOSTS TYPE KEY");
    assert_warns("@else host " KEY, "marker");
    assert_warns(
        "host ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm",
        "type");
    assert_warns("host ssh-ed25519 AAAA!", "base64");
    assert_warns("host ssh-ed25519 AAAAC3NzaC1lZDI1NTE5A", "base64");
    assert_warns("host ssh-ed25519 AAAA", "type");
    assert_warns("host 1024 35 1234567890", "base64");
    assert_warns("@cert-authority * " KEY, "certificates");
    assert_warns("|1|AAAA|AAAA " KEY, "|1|SALT|HASH");
    assert_warns("|2|AAAA|AAAA " KEY, "|1|SALT|HASH");
    assert_warns("| " KEY, "|1|SALT|HASH");
    assert_warns("|1 " KEY, "|1|SALT|HASH");
    assert_warns("|1|AAAAAAAAAAAAAAAAAAAAAAAAAA==|AAAAAAAAAAAAAAAAAAAAAAAAAAA= " KEY,
                 "|1|SALT|HASH");
    assert_warns("|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|AAAAAAAAAAAAAAAAAAAAAAAAAA== " KEY,
                 "|1|SALT|HASH");
    assert_warns("|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y= " KEY, "|1|SALT|HASH");
}
END_TEST

START_TEST(malformed_lines_about_other_hosts_cause_no_warning)
{
    assert_verdict(KNOWN, "other ssh-ed25519 AAAA!\n@cert-authority other " KEY "\nhost " KEY "\n",
                   "host", 22);
}
END_TEST

/* As in ssh, which reads it as a C string: what follows a NUL cannot hide a revoked key. */
START_TEST(a_line_ends_at_a_NUL)
{
    static const char text[] = "host\0,x " KEY "\nhost " KEY "\n@revoked * " KEY "\0x\n";

    ck_assert_int_eq(
        check_in(scratch_write_bytes("known_hosts", text, sizeof text - 1, 0600), "host", 22),
        NACRE_HOST_REVOKED);
    assert_says(said, ":3");
    assert_says(warned, ":1: ignored: not HOSTS TYPE KEY");
}
END_TEST

START_TEST(a_long_line_is_revoked_or_known)
{
    static char text[1 << 20];
    size_t tail = sizeof " " KEY "\n";

    memset(text, 'x', sizeof text);
    memcpy(text, "@revoked *,", 11);
    memcpy(text + sizeof text - tail, " " KEY "\n", tail);
    assert_verdict(REVOKED, text, "host", 22);
    memcpy(text, "host,host,*", 11);
    assert_verdict(KNOWN, text, "host", 22);
}
END_TEST

START_TEST(a_type_may_be_a_signature_algorithm)
{
    static const char blob[] = "\0\0\0\x07ssh-rsa\0\0\0\1\3\0\0\0\1\5";
    const struct nacre_host_key rsa = {"host", 22, (const uint8_t *)blob, sizeof blob - 1};
    static const char *const types[] = {"ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"};
    char text[200];

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct nacre_known_hosts hosts;

        snprintf(text, sizeof text, "@revoked host %s AAAAB3NzaC1yc2EAAAABAwAAAAEF\n", types[i]);
        hosts = in(scratch_write("known_hosts", text, 0600));
        ck_assert_int_eq(nacre_known_hosts_check(&hosts, &rsa, said, sizeof said),
                         NACRE_HOST_REVOKED);
        ck_assert_str_eq(warned, "");
    }
}
END_TEST

START_TEST(an_address_is_looked_up_in_its_shortest_form)
{
    assert_verdict(KNOWN, "127.0.0.1 " KEY "\n", "127.1", 22);
    assert_verdict(KNOWN, "[::1]:2022 " KEY "\n", "0:0::0001", 2022);
    assert_verdict(KNOWN, "2001:db8::a " KEY "\n", "2001:DB8:0::A", 22);
    assert_verdict(UNKNOWN, "127.1 " KEY "\n", "127.0.0.1", 22);
    assert_verdict(UNKNOWN, "127.1 " KEY "\n", "127.1", 22); /* as in ssh */
    assert_verdict(REVOKED, "@revoked [fe80::1%lo]:2022 " KEY "\n", "FE80:0::1%1", 2022);
    assert_verdict(KNOWN, "fe80::1%lo " KEY "\n", "fe80::1%lo", 22);
    assert_verdict(UNKNOWN, "fe80::1 " KEY "\n", "fe80::1%lo", 22);
    assert_verdict(KNOWN, "fe80::1%no-such " KEY "\n", "fe80::1%no-such", 22);
}
END_TEST

START_TEST(an_invalid_host_name_is_not_checked)
{
    static const char *const bad[] = {"",    "*",  "a,b",      "a b",  "!a",   "|1|a|b",
                                      "[a]", "#a", "@revoked", "a\nb", "a\tb", "a\x7f"};
    char longest[400];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_verdict(UNCHECKED, "* " KEY "\n", bad[i], 22);
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    assert_verdict(UNCHECKED, "* " KEY "\n", longest, 22);
    longest[256] = 0;
    assert_verdict(UNCHECKED, "* " KEY "\n", longest, 22);
    longest[255] = 0;
    assert_verdict(KNOWN, "* " KEY "\n", longest, 22);
}
END_TEST

START_TEST(a_file_writable_by_others_is_not_used)
{
    const char *file = scratch_write("known_hosts", "host " KEY "\n", 0666);

    ck_assert_int_eq(check_in(file, "host", 22), NACRE_HOST_UNCHECKED);
    assert_says(said, "chmod");
}
END_TEST

START_TEST(an_added_key_is_known)
{
    const char *file = scratch_path("known_hosts");
    const struct nacre_known_hosts hosts = in(file);
    const struct nacre_host_key plain = {"Host", 22, (const uint8_t *)BLOB("f"), BLOB_LEN};
    const struct nacre_host_key hashed = {"::1", 2022, (const uint8_t *)BLOB("f"), BLOB_LEN};
    struct stat status;
    char *text;

    ck_assert_msg(nacre_known_hosts_add(&hosts, &plain, false, said, sizeof said), "%s", said);
    ck_assert_int_eq(stat(file, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    ck_assert_int_eq(check_in(file, "host", 22), NACRE_HOST_KNOWN);
    ck_assert_int_eq(check_in(file, "::1", 2022), NACRE_HOST_UNKNOWN);
    ck_assert(nacre_known_hosts_add(&hosts, &hashed, true, said, sizeof said));
    ck_assert_int_eq(check_in(file, "::1", 2022), NACRE_HOST_KNOWN);
    ck_assert_uint_eq(flushes, 2);
    ck_assert_int_eq(locked, LOCK_EX);
    text = scratch_read(file);
    ck_assert_ptr_null(strstr(text, "::1"));
    ck_assert_ptr_nonnull(strstr(text, "host " KEY "\n|1|"));
    free(text);
}
END_TEST

START_TEST(a_key_is_added_on_a_line_of_its_own)
{
    const char *file = scratch_write("known_hosts", "other " OTHER_KEY, 0600);
    const struct nacre_known_hosts hosts = in(file);
    const struct nacre_host_key shown = {"host", 22, (const uint8_t *)BLOB("f"), BLOB_LEN};
    char *text;

    ck_assert(nacre_known_hosts_add(&hosts, &shown, false, said, sizeof said));
    text = scratch_read(file);
    ck_assert_str_eq(text, "other " OTHER_KEY "\nhost " KEY "\n");
    free(text);
}
END_TEST

START_TEST(a_malformed_name_or_key_is_not_added)
{
    const char *file = scratch_path("known_hosts");
    const struct nacre_known_hosts hosts = in(file);
    struct nacre_host_key shown = {"a\nb", 22, (const uint8_t *)BLOB("f"), BLOB_LEN};
    uint8_t spaced[] = "\0\0\0\x03 a\nxyz";

    ck_assert(!nacre_known_hosts_add(&hosts, &shown, false, said, sizeof said));
    shown.host = "*";
    ck_assert(!nacre_known_hosts_add(&hosts, &shown, true, said, sizeof said));
    shown = (struct nacre_host_key){"host", 22, spaced, sizeof spaced};
    ck_assert(!nacre_known_hosts_add(&hosts, &shown, false, said, sizeof said));
    shown.len = 2;
    ck_assert(!nacre_known_hosts_add(&hosts, &shown, false, said, sizeof said));
    ck_assert_int_ne(access(file, F_OK), 0);
}
END_TEST

/* ssh-rsa, 3, 5: an RSA key of 3 bits */
#define SHORT_RSA "ssh-rsa AAAAB3NzaC1yc2EAAAABAwAAAAEF"

/* A key that cannot be used is no reason to prefer its type, and not called another key. */
START_TEST(a_key_that_is_too_short_is_not_preferred_and_called_so)
{
    const char *file = scratch_write("known_hosts", "host " SHORT_RSA "\n", 0600);
    const struct nacre_known_hosts hosts = in(file);
    char list[1024];

    ck_assert(nacre_known_hosts_prefer(&hosts, "host", 22, "ssh-ed25519,rsa-sha2-512", list,
                                       sizeof list));
    ck_assert_str_eq(list, "ssh-ed25519,rsa-sha2-512");
    ck_assert_int_eq(says("host " SHORT_RSA "\n", "host", 22), NACRE_HOST_CHANGED);
    assert_says(said, "host is known only by a key that cannot be used");
    assert_says(said, "/known_hosts:1 has an RSA key that is too short");
    ck_assert_int_eq(says("host " OTHER_KEY "\nhost " SHORT_RSA "\n", "host", 22),
                     NACRE_HOST_CHANGED);
    assert_says(said, "HAS CHANGED");
    ck_assert_int_eq(says("host " SHORT_RSA "\nhost " OTHER_KEY "\n", "host", 22),
                     NACRE_HOST_CHANGED);
    assert_says(said, "HAS CHANGED");
    assert_says(said, "/known_hosts:2");
    assert_verdict(KNOWN, "host " SHORT_RSA "\nhost " KEY "\n", "host", 22);
}
END_TEST

START_TEST(known_types_are_preferred)
{
    const char *file = scratch_write("known_hosts", "host " KEY "\n", 0600);
    const struct nacre_known_hosts hosts = in(file);
    char list[1024];

    ck_assert(nacre_known_hosts_prefer(&hosts, "host", 22, "rsa-sha2-512,ssh-ed25519,ssh-rsa", list,
                                       sizeof list));
    ck_assert_str_eq(list, "ssh-ed25519,rsa-sha2-512,ssh-rsa");
    ck_assert(nacre_known_hosts_prefer(&hosts, "other", 22, "rsa-sha2-512,ssh-ed25519", list,
                                       sizeof list));
    ck_assert_str_eq(list, "rsa-sha2-512,ssh-ed25519");
    ck_assert(nacre_known_hosts_prefer(&hosts, "host", 22, NULL, list, sizeof list));
    ck_assert_int_eq(strncmp(list, "ssh-ed25519,", 12), 0);
    ck_assert(!nacre_known_hosts_prefer(&hosts, "host", 22, NULL, list, 20));
    ck_assert(nacre_known_hosts_prefer(&hosts, "host", 22, "ssh-rsa,ssh-ed25519", list, 20));
    ck_assert_str_eq(list, "ssh-ed25519,ssh-rsa");
    list[19] = 'x';
    ck_assert(!nacre_known_hosts_prefer(&hosts, "host", 22, "ssh-rsa,ssh-ed25519", list, 19));
    ck_assert_int_eq(list[19], 'x');
    ck_assert(!nacre_known_hosts_prefer(&hosts, "host", 22, "ssh-rsa", list, 0));
}
END_TEST

/* ---- against ssh-keygen ---- */

/* The numbers of the lines that `ssh-keygen -F name` finds, as bits. */
static unsigned lines_of(const char *file, const char *name)
{
    char command[512], line[8192];
    unsigned lines = 0, at;
    FILE *pipe;

    (void)snprintf(command, sizeof command, "ssh-keygen -F '%s' -f '%s' 2>/dev/null", name, file);
    pipe = popen(command, "r"); /* NOLINT(cert-env33-c): the test chose the name */
    ck_assert_ptr_nonnull(pipe);
    while (fgets(line, sizeof line, pipe) != NULL) {
        const char *found = strstr(line, " found: line ");

        if (line[0] == '#' && found != NULL && sscanf(found, " found: line %u", &at) == 1)
            lines |= 1u << at;
    }
    (void)pclose(pipe);
    return lines;
}

static const char keyscan[] = "# 127.0.0.1:22 SSH-2.0-OpenSSH_9.2p1\n"
                              "host " KEY "\n"
                              "[host]:2022 " KEY "\n"
                              "a.example.org,10.0.0.1 " KEY "\n"
                              "[a.example.org]:2022,[10.0.0.1]:2022 " KEY "\n"
                              "::1 " KEY "\n";

static const struct {
    const char *host;
    uint16_t port;
    const char *name;
} asked[] = {
    {"host", 22, "host"},
    {"host", 2022, "[host]:2022"},
    {"hos", 22, "hos"},
    {"host", 2023, "[host]:2023"},
    {"a.example.org", 22, "a.example.org"},
    {"10.0.0.1", 22, "10.0.0.1"},
    {"10.0.0.1", 2022, "[10.0.0.1]:2022"},
    {"b.example.org", 22, "b.example.org"},
    {"::1", 22, "::1"},
    {"::2", 22, "::2"},
};

static void assert_agrees(const char *file)
{
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        unsigned lines = lines_of(file, asked[i].name);
        enum nacre_host_verdict verdict = check_in(file, asked[i].host, asked[i].port);
        unsigned at = 0;
        const char *place = strstr(said, "known_hosts:");

        ck_assert_msg((verdict == NACRE_HOST_KNOWN) == (lines != 0), "%s: %s", asked[i].name, said);
        if (place != NULL)
            ck_assert_int_eq(sscanf(place, "known_hosts:%u", &at), 1);
        ck_assert_msg(lines == 0 || (lines >> at & 1) != 0, "%s: %x, %s", asked[i].name, lines,
                      said);
    }
}

START_TEST(hosts_are_found_where_ssh_keygen_finds_them)
{
    const char *file = scratch_write("known_hosts", keyscan, 0600);
    char command[512], *text;

    assert_agrees(file);
    (void)snprintf(command, sizeof command, "ssh-keygen -q -H -f '%s' >/dev/null 2>&1", file);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): the test chose the name */
    text = scratch_read(file);
    ck_assert_ptr_null(strstr(text, "example.org"));
    ck_assert_ptr_nonnull(strstr(text, "|1|"));
    free(text);
    assert_agrees(file);
}
END_TEST

START_TEST(ssh_keygen_finds_added_keys)
{
    const char *file = scratch_path("known_hosts");

    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const struct nacre_known_hosts hosts = in(file);
        const struct nacre_host_key shown = {asked[i].host, asked[i].port,
                                             (const uint8_t *)BLOB("f"), BLOB_LEN};

        ck_assert(nacre_known_hosts_add(&hosts, &shown, i % 2 != 0, said, sizeof said));
        ck_assert_uint_eq(lines_of(file, asked[i].name), 1u << (i + 1));
    }
}
END_TEST

/* A full disk: what was written of the line is taken back. */
START_TEST(a_line_that_does_not_fit_is_not_left_behind)
{
    const char *file = scratch_write("known_hosts", "other " OTHER_KEY "\n", 0600);
    const struct nacre_known_hosts hosts = in(file);
    const struct nacre_host_key shown = {"host", 22, (const uint8_t *)BLOB("f"), BLOB_LEN};
    const rlim_t size = sizeof "other " OTHER_KEY;
    char *text;

    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){size + 10, size + 10}), 0);
    ck_assert(!nacre_known_hosts_add(&hosts, &shown, false, said, sizeof said));
    assert_says(said, "cannot be written: No space left on device");
    text = scratch_read(file);
    ck_assert_str_eq(text, "other " OTHER_KEY "\n");
    free(text);
}
END_TEST

START_TEST(a_file_has_at_most_16_MiB)
{
    static const char line[] = "\nhost " KEY "\n";
    const size_t most = 16 << 20;
    char *text = malloc(most + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, '#', most + 1);
    memcpy(text + most - (sizeof line - 1), line, sizeof line - 1);
    ck_assert_int_eq(check_in(scratch_write_bytes("known_hosts", text, most, 0600), "host", 22),
                     NACRE_HOST_KNOWN);
    ck_assert_int_eq(check_in(scratch_write_bytes("known_hosts", text, most + 1, 0600), "host", 22),
                     NACRE_HOST_UNCHECKED);
    free(text);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_key_is_known_by_any_of_its_hosts);
    add_test(suite, another_host_or_port_is_unknown);
    add_test(suite, patterns_match_as_in_openssh);
    add_test(suite, a_pattern_of_many_stars_matches_quickly);
    add_test(suite, another_key_for_the_host_is_a_change);
    add_test(suite, a_revoked_key_is_revoked_even_if_listed_elsewhere);
    add_test(suite, unusable_lines_are_skipped_with_a_warning);
    add_test(suite, malformed_lines_about_other_hosts_cause_no_warning);
    add_test(suite, a_line_ends_at_a_NUL);
    add_test(suite, a_long_line_is_revoked_or_known);
    add_test(suite, a_type_may_be_a_signature_algorithm);
    add_test(suite, an_address_is_looked_up_in_its_shortest_form);
    add_test(suite, an_invalid_host_name_is_not_checked);
    add_test(suite, a_file_writable_by_others_is_not_used);
    add_test(suite, an_added_key_is_known);
    add_test(suite, a_key_is_added_on_a_line_of_its_own);
    add_test(suite, a_malformed_name_or_key_is_not_added);
    add_test(suite, a_key_that_is_too_short_is_not_preferred_and_called_so);
    add_test(suite, known_types_are_preferred);
    add_test(suite, hosts_are_found_where_ssh_keygen_finds_them);
    add_test(suite, ssh_keygen_finds_added_keys);
    add_test(suite, a_line_that_does_not_fit_is_not_left_behind);
    add_test(suite, a_file_has_at_most_16_MiB);
}
