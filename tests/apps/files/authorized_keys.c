#include "apps/files/authorized_keys.h"
#include "crypto/base64.h"
#include "tests/support/suite.h"
#include "tests/support/scratch.h"
#include "transport/key_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Two invented keys: the blob only needs the right form. */
#define BLOB(last)                                                                                 \
    ("\0\0\0\x0bssh-ed25519\0\0\0\x20"                                                             \
     "0123456789abcdef0123456789abcde" last)
#define BLOB_LEN 51
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
#define OTHER_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVn"

static char errbuf[8192];
static const char *address;

static bool keys_grant(struct nacre_authorized_keys *keys, const char *user, const uint8_t *key,
                       size_t len)
{
    const struct nacre_key_login login = {NACRE_VERSION_NUMBER, user, key, len, address};
    const struct nacre_key_grant *grant;
    bool yes = nacre_authorized_keys_check(keys, &login, &grant, errbuf, sizeof errbuf);

    ck_assert(yes || (grant->command == NULL && !grant->pty));
    nacre_key_grant_free(grant);
    return yes;
}

static bool key_granted(const char *pattern, const char *user, const uint8_t *key, size_t len)
{
    struct nacre_authorized_keys *keys = nacre_authorized_keys_open(pattern);
    bool yes = keys_grant(keys, user, key, len);

    nacre_authorized_keys_close(keys);
    return yes;
}

static bool granted_in(const char *pattern, const char *user)
{
    return key_granted(pattern, user, (const uint8_t *)BLOB("f"), BLOB_LEN);
}

/* Does a file with this text grant the key? */
static bool granted(const char *text)
{
    return granted_in(scratch_write("keys", text, 0600), "alice");
}

static void assert_grants(const char *text)
{
    ck_assert_msg(granted(text), "%s: %s", text, errbuf);
    ck_assert_str_eq(errbuf, "");
}

/* One file for all users, or one per user. */
START_TEST(without_a_descriptor_no_key_is_decided)
{
    const char *file = scratch_write("alice", KEY "\n", 0600);
    struct nacre_authorized_keys *keys =
        nacre_authorized_keys_open(_i == 0 ? file : scratch_path("%u"));
    const struct nacre_key_login login = {NACRE_VERSION_NUMBER, "alice", (const uint8_t *)BLOB("f"),
                                          BLOB_LEN, NULL};
    const struct nacre_key_grant *grant;
    struct rlimit before, none;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert(!nacre_authorized_keys_check(keys, &login, &grant, errbuf, sizeof errbuf));
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert(grant->undecided);
    nacre_key_grant_free(grant);
    assert_says(errbuf, "Too many open files");
    ck_assert(nacre_authorized_keys_check(keys, &login, &grant, errbuf, sizeof errbuf));
    ck_assert(!grant->undecided);
    nacre_key_grant_free(grant);
    nacre_authorized_keys_close(keys);
}
END_TEST

/* The key is refused without a report. */
static void assert_silent(const char *text)
{
    ck_assert_msg(!granted(text), "%s", text);
    ck_assert_str_eq(errbuf, "");
}

static void assert_reported(const char *text, const char *says)
{
    ck_assert_msg(!granted(text), "%s", text);
    assert_says(errbuf, "/keys:");
    assert_says(errbuf, says);
}

START_TEST(a_line_with_the_key_grants_it)
{
    assert_grants(KEY);
    assert_grants(KEY "\n");
    assert_grants(KEY " alice@example.org\n");
    assert_grants(KEY " a comment, with \"quotes and more\n");
    assert_grants("  \t" KEY "\t comment\r\n");
    assert_grants("# " OTHER_KEY "\n\n   \n" OTHER_KEY "\n" KEY "\n");
    assert_grants(KEY "\n" KEY "\n");
}
END_TEST

START_TEST(other_lines_are_ignored_silently)
{
    assert_silent("");
    assert_silent("\n\r\n \t\n");
    assert_silent("#" KEY "\n");
    assert_silent("   # " KEY "\n");
    assert_silent(OTHER_KEY "\n");
    assert_silent(OTHER_KEY " " KEY "\n"); /* a comment that looks like a key */
    assert_silent("no-pty " OTHER_KEY "\n");
    assert_silent("command=\"sh\" " OTHER_KEY "\n"); /* options of another key */
    assert_silent("ssh-foo AAAAB3NzaC1mb28=\n");     /* an unknown type */
}
END_TEST

START_TEST(malformed_lines_are_reported)
{
    static const char *const bad[] = {
        "x",
        "ssh-ed25519",
        "ssh-ed25519 ",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 !!!!",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGV",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm=",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm",
        "AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm",
        "2048 65537 123456789",
        "no-pty",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[512];

        snprintf(text, sizeof text, "# first\n%s\n", bad[i]);
        assert_reported(text, "/keys:2: ignored: neither");
        snprintf(text, sizeof text, "%s\n" KEY "\n", bad[i]);
        ck_assert_msg(granted(text), "%s", text); /* the next line still counts */
        assert_says(errbuf, "/keys:1: ignored");
    }
}
END_TEST

START_TEST(a_key_after_malformed_options_is_not_found)
{
    assert_reported("no-pty no-pty " KEY "\n", "/keys:1: ignored: neither");
    assert_reported("command=\"never closed " KEY "\n", "/keys:1: ignored: neither");
    assert_reported("command=\"never closed\\\" " KEY "\n", "/keys:1: ignored: neither");
}
END_TEST

START_TEST(a_line_with_a_NUL_grants_nothing)
{
    static const char text[] = KEY "\0 \n" KEY "\0\n";

    ck_assert(!granted_in(scratch_write_bytes("keys", text, sizeof text - 1, 0600), "alice"));
    assert_says(errbuf, "/keys:1:");
}
END_TEST

START_TEST(each_malformed_line_is_reported)
{
    const char *second;

    assert_reported(OTHER_KEY "\nnonsense\nmore nonsense\n", "/keys:2: ignored");
    second = strchr(errbuf, '\n');
    ck_assert_ptr_nonnull(second);
    assert_says(second, "/keys:3: ignored");
    ck_assert_ptr_null(strchr(second + 1, '\n'));
}
END_TEST

START_TEST(supported_options_grant_the_key)
{
    static const char *const fine[] = {
        "restrict",
        "no-pty",
        "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-user-rc",
        "NO-PTY,No-x11-Forwarding",
        "restrict,pty,port-forwarding,agent-forwarding,X11-forwarding,user-rc",
        "permitopen=\"localhost:80\",permitopen=\"[::1]:81\"",
        "permitlisten=\"8080\"",
        "tunnel=\"0\"",
        "no-touch-required",
        "tunnel=\"any\",restrict",
        "environment=\"A=a b\\\"c, d\",restrict",
        "restrict,,pty,",
    };

    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        char text[512];

        snprintf(text, sizeof text, "%s " KEY " me\n", fine[i]);
        assert_grants(text);
    }
}
END_TEST

START_TEST(unsupported_options_grant_nothing)
{
    static const struct {
        const char *options, *says;
    } rows[] = {
        {"cert-authority", "unsupported option cert-authority"},
        {"principals=\"a,b\"", "unsupported option principals"},
        {"verify-required", "verify-required is not supported"},
        {"no-such-option", "unsupported option no-such-option"},
        {"no-pt", "unsupported option no-pt"},
        {"no-ptyx", "unsupported option no-ptyx"},
        {"no-pty=\"x\"", "unsupported option no-pty"},
        {"permitopen", "unsupported option permitopen"},
        {"\x1b[2J", "unsupported option "},
        {"a-name-that-is-much-too-long-to-be-repeated-in-a-log", "unsupported option "},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];

        snprintf(text, sizeof text, "%s " KEY "\n", rows[i].options);
        assert_reported(text, rows[i].says);
    }
}
END_TEST

START_TEST(malformed_options_grant_nothing)
{
    static const char *const bad[] = {
        "no-pty,,x",  "permitopen=",       "permitopen=x",
        "=\"x\"",     "permitopen=\"x\"y", "tunnel=\"x\"tunnel=\"y\"",
        "\"no-pty\"", "no-pty\"x\"",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[512];

        snprintf(text, sizeof text, "%s " KEY "\n", bad[i]);
        ck_assert_msg(!granted(text), "%s", text);
        assert_says(errbuf, "/keys:1: key refused: ");
    }
}
END_TEST

START_TEST(a_refused_line_does_not_cancel_a_later_one)
{
    ck_assert(granted("principals=\"x\" " KEY "\n" KEY "\n"));
    assert_says(errbuf, "unsupported option principals");
}
END_TEST

START_TEST(the_user_can_be_part_of_the_file_name)
{
    char pattern[4096];

    snprintf(pattern, sizeof pattern, "%s", scratch_path("%u.100%%"));
    scratch_write("alice.100%", KEY "\n", 0600);
    scratch_write("bob.100%", OTHER_KEY "\n", 0600);
    ck_assert(granted_in(pattern, "alice"));
    ck_assert(!granted_in(pattern, "bob"));
    ck_assert_str_eq(errbuf, "");
    ck_assert(!granted_in(pattern, "carol")); /* a missing file is not reported */
    ck_assert_str_eq(errbuf, "");
    snprintf(pattern, sizeof pattern, "%s", scratch_path("%u%u"));
    scratch_write("%u%u", KEY "\n", 0600);
    ck_assert(granted_in(pattern, "%u")); /* the user is not expanded again */
    scratch_write("xx", KEY "\n", 0600);
    ck_assert(granted_in(pattern, "x"));
}
END_TEST

/* Does the file grant alice the key now? */
static bool still_granted(struct nacre_authorized_keys *keys)
{
    return keys_grant(keys, "alice", (const uint8_t *)BLOB("f"), BLOB_LEN);
}

static void a_change_is_seen(struct nacre_authorized_keys *keys)
{
    const char *name = scratch_write("keys", OTHER_KEY "\n", 0600);

    ck_assert(!still_granted(keys));
    scratch_write("keys", KEY "\n", 0600);
    ck_assert(still_granted(keys));
    ck_assert_int_eq(chmod(name, 0666), 0);
    ck_assert(!still_granted(keys));
    assert_says(errbuf, "writable by others");
    ck_assert_int_eq(chmod(name, 0600), 0);
    ck_assert(still_granted(keys));
    ck_assert_int_eq(unlink(name), 0);
    ck_assert(!still_granted(keys));
    assert_says(errbuf, "no such file");
    ck_assert(!still_granted(keys));
    ck_assert_str_eq(errbuf, ""); /* reported already */
    scratch_write("keys", KEY "\n", 0600);
    ck_assert(still_granted(keys));
}

/* A ctime cannot be set, so this test waits until time stamps are reliable. */
START_TEST(a_change_of_the_file_is_seen_at_the_next_login)
{
    struct nacre_authorized_keys *keys =
        nacre_authorized_keys_open(scratch_write("keys", KEY "\n", 0600));

    ck_assert(still_granted(keys));
    a_change_is_seen(keys);
    sleep(4);
    ck_assert(still_granted(keys)); /* reads the file once more; the next check does not */
    ck_assert(still_granted(keys));
    a_change_is_seen(keys);
    nacre_authorized_keys_close(keys);
    nacre_authorized_keys_close(NULL);
}
END_TEST

START_TEST(unsafe_user_names_grant_nothing)
{
    static const char *const bad[] = {"",    ".",    "..",       "/",     "a/b", "../alice",
                                      "-rf", "a\nb", "a\x1b[2J", "a\x7f", "\x01"};
    char pattern[4096];

    scratch_write("keys", KEY "\n", 0600);
    scratch_write("-rf", KEY "\n", 0600);
    snprintf(pattern, sizeof pattern, "%s", scratch_path("%u"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert(!granted_in(pattern, bad[i]));
        ck_assert_str_eq(errbuf, "");
        ck_assert(!granted_in(scratch_path("keys"), bad[i]));
        ck_assert_str_eq(errbuf, "");
    }
    ck_assert(granted_in(pattern, "keys"));
    ck_assert(granted_in(scratch_path("keys"), "J\xc3\xbcrgen O'Neil"));
}
END_TEST

START_TEST(leftovers_of_editors_are_no_users)
{
    static const char *const bad[] = {".alice.swp",     "#alice#",      "alice~",     "alice.bak",
                                      "alice.orig",     "alice.rej",    "alice.save", "alice.tmp",
                                      "alice.dpkg-old", "alice.rpmsave"};
    char pattern[4096];

    snprintf(pattern, sizeof pattern, "%s", scratch_path("%u"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        scratch_write(bad[i], KEY "\n", 0600);
        ck_assert_msg(!granted_in(pattern, bad[i]), "%s", bad[i]);
        scratch_write("keys", KEY "\n", 0600);
        ck_assert_msg(granted_in(scratch_path("keys"), bad[i]), "%s", bad[i]); /* for all users */
    }
    scratch_write("alice.smith", KEY "\n", 0600);
    ck_assert(granted_in(pattern, "alice.smith"));
}
END_TEST

START_TEST(a_folder_that_others_can_write_grants_nothing)
{
    ck_assert_int_eq(mkdir(scratch_path("d"), 0700), 0);
    scratch_write("d/alice", KEY "\n", 0600);
    ck_assert(granted_in(scratch_path("d/alice"), "alice"));
    ck_assert_int_eq(chmod(scratch_path("d"), 0777), 0);
    ck_assert(!granted_in(scratch_path("d/alice"), "alice"));
    assert_says(errbuf, "/d (mode 777)");
    ck_assert(!granted_in(scratch_path("d/%u"), "alice"));
    assert_says(errbuf, "/d (mode 777)");
}
END_TEST

START_TEST(a_pattern_that_yields_no_file_name_is_reported)
{
    struct nacre_authorized_keys *keys;
    char user[5000];

    memset(user, 'x', sizeof user - 1);
    user[sizeof user - 1] = '\0';
    ck_assert(!granted_in("/tmp/%h/keys", "alice"));
    assert_says(errbuf, "% must be followed by u");
    ck_assert(!granted_in("/tmp/keys%", "alice"));
    assert_says(errbuf, "% must be followed by u");
    keys = nacre_authorized_keys_open("/tmp/%u/%h");
    ck_assert(!keys_grant(keys, "alice", (const uint8_t *)BLOB("f"), BLOB_LEN));
    assert_says(errbuf, "% must be followed by u");
    ck_assert(!keys_grant(keys, "bob", (const uint8_t *)BLOB("f"), BLOB_LEN));
    ck_assert_str_eq(errbuf, ""); /* once is enough */
    nacre_authorized_keys_close(keys);
    ck_assert(!granted_in("/tmp/%u", user));
    assert_says(errbuf, "too long");
    ck_assert(!granted_in(user, "alice"));
    assert_says(errbuf, "too long");
}
END_TEST

START_TEST(an_untrusted_file_grants_nothing)
{
    const char *keys = scratch_write("keys", KEY "\n", 0644);

    ck_assert(granted_in(keys, "alice"));
    chmod(keys, 0664);
    ck_assert(!granted_in(keys, "alice"));
    assert_says(errbuf, "writable by others (mode 664)");
    ck_assert_ptr_null(strstr(errbuf, "keys:1:")); /* the whole file is meant */
    chmod(keys, 0602);
    ck_assert(!granted_in(keys, "alice"));
    assert_says(errbuf, "writable by others");
    chmod(keys, 0600);
    ck_assert(!granted_in(scratch_path("."), "alice"));
    assert_says(errbuf, "not a regular file");
    ck_assert(!granted_in(scratch_path("none"), "alice"));
    assert_says(errbuf, "no such file");
    ck_assert_ptr_null(strstr(errbuf, "none:1:"));
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(keys, 65534, 65534), 0);
        ck_assert(!granted_in(keys, "alice"));
        assert_says(errbuf, "owned by user id 65534");
    }
}
END_TEST

START_TEST(only_the_whole_blob_matches)
{
    const char *keys = scratch_write("keys", KEY "\n", 0600);
    uint8_t longer[BLOB_LEN + 1] = {0};

    memcpy(longer, BLOB("f"), BLOB_LEN);
    for (size_t len = 0; len <= sizeof longer; len++)
        ck_assert_int_eq(key_granted(keys, "alice", longer, len), len == BLOB_LEN);
    for (size_t i = 0; i < BLOB_LEN; i++) {
        longer[i] ^= 1;
        ck_assert(!key_granted(keys, "alice", longer, BLOB_LEN));
        longer[i] ^= 1;
    }
}
END_TEST

START_TEST(a_key_of_the_maximum_length_is_read)
{
    static uint8_t blob[KEY_BLOB_MAX + 3];
    static char text[BASE64_MAX(sizeof blob) + 64];
    const char *keys;
    size_t at;

    memcpy(blob, "\0\0\0\x07ssh-rsa", 11);
    for (size_t len = KEY_BLOB_MAX - 3; len <= sizeof blob; len++) {
        at = (size_t)snprintf(text, sizeof text, "ssh-rsa ");
        base64_encode(text + at, (struct bytes){blob, len});
        keys = scratch_write("keys", text, 0600);
        ck_assert_int_eq(key_granted(keys, "alice", blob, len), len <= KEY_BLOB_MAX);
    }
}
END_TEST

START_TEST(a_file_may_have_more_than_a_mebibyte)
{
    size_t size = (2u << 20) + sizeof KEY "\n";
    char *text = malloc(size);

    ck_assert_ptr_nonnull(text);
    memset(text, '#', size);
    memcpy(text + size - sizeof "\n" KEY "\n", "\n" KEY "\n", sizeof "\n" KEY "\n");
    assert_grants(text);
    free(text);
}
END_TEST

/* Does this line, with an invented RSA key of so many bits in place of %s, grant that key? */
static bool rsa_granted(const char *format, unsigned bits)
{
    static uint8_t blob[4096], n[2100];
    static char base64[BASE64_MAX(4096)], text[BASE64_MAX(4096) + 100];
    struct writer w = write_to(blob, sizeof blob);

    memset(n, 0, sizeof n);
    n[0] = (uint8_t)(1U << (bits + 7) % 8);
    write_text(&w, "ssh-rsa");
    write_mpint(&w, bytes_of("\3"));
    write_mpint(&w, (struct bytes){n, (bits + 7) / 8});
    (void)base64_encode(base64, written_bytes(&w));
    snprintf(text, sizeof text, format, base64);
    return key_granted(scratch_write("keys", text, 0600), "alice", blob, written(&w));
}

START_TEST(a_type_may_be_a_signature_algorithm)
{
    ck_assert(rsa_granted("rsa-sha2-512 %s\n", 2048));
    ck_assert(rsa_granted("restrict rsa-sha2-256 %s\n", 2048));
    ck_assert(!rsa_granted("ssh-ed25519 %s\n", 2048));
}
END_TEST

/* Also when another key is asked about: it never logs in. */
START_TEST(a_key_that_is_too_short_or_too_long_is_called_so)
{
    ck_assert(rsa_granted("ssh-rsa %s\n", 16384));
    ck_assert_str_eq(errbuf, "");
    ck_assert(!rsa_granted("ssh-rsa %s\n", 2047));
    assert_says(errbuf, "/keys:1: ignored: the RSA key is too short");
    ck_assert(!rsa_granted("no-pty ssh-rsa %s\n", 1024));
    assert_says(errbuf, "/keys:1: ignored: the RSA key is too short");
    ck_assert(!rsa_granted("ssh-rsa %s\n", 16385));
    assert_says(errbuf, "/keys:1: ignored: the RSA key is too long");
    assert_reported("ssh-rsa AAAAB3NzaC1yc2EAAAABAwAAAAEF\n", "too short");
}
END_TEST

/* 20,000 keys, and as many look-ups: none may read the whole file. */
START_TEST(a_look_up_does_not_read_a_large_file)
{
    enum { KEYS = 20 * 1000, LINE = 100 };
    char *text = calloc(KEYS + 2, LINE);
    struct nacre_authorized_keys *keys;
    uint8_t blob[BLOB_LEN];
    size_t len = 0;

    memcpy(blob, BLOB("f"), BLOB_LEN);
    for (int i = 0; i < KEYS; i++) {
        char encoded[BASE64_MAX(BLOB_LEN)];

        store_u32(blob + 20, (uint32_t)i);
        (void)base64_encode(encoded, BYTES_OF_ARRAY(blob));
        len += (size_t)snprintf(text + len, LINE, "ssh-ed25519 %s\n", encoded);
    }
    (void)snprintf(text + len, 2 * LINE, "from=\"192.0.2.9\" " KEY "\n" KEY "\n");
    keys = nacre_authorized_keys_open(scratch_write("keys", text, 0600));
    free(text);
    for (int i = 0; i < 2 * KEYS; i++) {
        store_u32(blob + 20, (uint32_t)i);
        ck_assert_int_eq(keys_grant(keys, "alice", blob, BLOB_LEN), i < KEYS);
    }
    ck_assert(
        keys_grant(keys, "alice", (const uint8_t *)BLOB("f"), BLOB_LEN)); /* the second line */
    ck_assert(!keys_grant(keys, "alice", (const uint8_t *)BLOB("g"), BLOB_LEN));
    nacre_authorized_keys_close(keys);
}
END_TEST

START_TEST(of_several_lines_with_a_key_the_first_that_grants_decides)
{
    static const char *const text = "restrict,command=\"one\" " KEY "\n"
                                    "command=\"other\" " OTHER_KEY "\n"
                                    "no key at all\n"
                                    "command=\"two\" " KEY "\n";
    const struct nacre_key_login login = {NACRE_VERSION_NUMBER, "alice", (const uint8_t *)BLOB("f"),
                                          BLOB_LEN, NULL};
    struct nacre_authorized_keys *keys =
        nacre_authorized_keys_open(scratch_write("keys", text, 0600));
    const struct nacre_key_grant *grant;

    ck_assert(nacre_authorized_keys_check(keys, &login, &grant, errbuf, sizeof errbuf));
    ck_assert_str_eq(grant->command, "one");
    ck_assert_msg(strstr(errbuf, ":3: ignored") != NULL, "%s", errbuf);
    nacre_key_grant_free(grant);
    (void)scratch_write("keys", strstr(text, "command=\"other"), 0600);
    ck_assert(nacre_authorized_keys_check(keys, &login, &grant, errbuf, sizeof errbuf));
    ck_assert_str_eq(grant->command, "two");
    nacre_key_grant_free(grant);
    nacre_authorized_keys_close(keys);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, without_a_descriptor_no_key_is_decided, 0, 2);
    add_test(suite, a_look_up_does_not_read_a_large_file);
    add_test(suite, of_several_lines_with_a_key_the_first_that_grants_decides);
    scratch_folder(suite);
    add_test(suite, a_line_with_the_key_grants_it);
    add_test(suite, other_lines_are_ignored_silently);
    add_test(suite, malformed_lines_are_reported);
    add_test(suite, a_key_after_malformed_options_is_not_found);
    add_test(suite, a_line_with_a_NUL_grants_nothing);
    add_test(suite, each_malformed_line_is_reported);
    add_test(suite, supported_options_grant_the_key);
    add_test(suite, unsupported_options_grant_nothing);
    add_test(suite, malformed_options_grant_nothing);
    add_test(suite, a_refused_line_does_not_cancel_a_later_one);
    add_test(suite, the_user_can_be_part_of_the_file_name);
    add_test(suite, a_change_of_the_file_is_seen_at_the_next_login);
    add_test(suite, unsafe_user_names_grant_nothing);
    add_test(suite, leftovers_of_editors_are_no_users);
    add_test(suite, a_folder_that_others_can_write_grants_nothing);
    add_test(suite, a_pattern_that_yields_no_file_name_is_reported);
    add_test(suite, an_untrusted_file_grants_nothing);
    add_test(suite, only_the_whole_blob_matches);
    add_test(suite, a_file_may_have_more_than_a_mebibyte);
    add_test(suite, a_type_may_be_a_signature_algorithm);
    add_test(suite, a_key_that_is_too_short_or_too_long_is_called_so);
    add_test(suite, a_key_of_the_maximum_length_is_read);
}
