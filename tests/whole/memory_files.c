/* Every allocation fails in turn while a file is read or written. */
#include "apps/files/authorized_keys.h"
#include "apps/files/key_file.h"
#include "apps/files/known_hosts.h"
#include "apps/files/password_edit.h"
#include "apps/files/password_file.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "tests/whole/memory_libc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char errbuf[8192];

/* A step that may run out of memory. Returns true if it succeeded; if not, it has written to errbuf
 * and done no harm. */
typedef bool step(const char *file);

static void check_step(step *run_step, const char *file)
{
    struct scarce scarce;
    unsigned n = 0;
    bool good;

    do {
        scarce_init(&scarce, ++n, false);
        errbuf[0] = 0;
        scarce_everywhere(&scarce);
        good = run_step(file);
        scarce_everywhere(NULL);
        ck_assert_msg(good || errbuf[0] != 0, "allocation %u: no error message", n);
    } while (scarce.refused);
    ck_assert_msg(good, "%s", errbuf);
    ck_assert_uint_gt(n, 1);
}

static bool read_key(const char *file)
{
    struct nacre_key *key = nacre_key_read(file, errbuf, sizeof errbuf);
    bool good = key != NULL;

    nacre_key_free(key);
    return good;
}

START_TEST(a_key_is_read_or_the_error_is_reported)
{
    const char *const texts[] = {openssh_ed25519, openssh_nistp256, pkcs8_ed25519,
                                 pkcs8_nistp256,  sec1_nistp384,    pkcs1_rsa};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_step(read_key, scratch_write("key", texts[i], 0600));
}
END_TEST

static bool make_key(const char *file)
{
    struct nacre_key *key;
    char public[300];
    bool good;

    (void)snprintf(public, sizeof public, "%s.pub", file);
    (void)unlink(file);
    (void)unlink(public);
    key = nacre_key_make(file, errbuf, sizeof errbuf);
    good = key != NULL;
    ck_assert(good == (access(file, F_OK) == 0)); /* no partial file is left */
    nacre_key_free(key);
    return good;
}

START_TEST(a_key_is_made_or_the_error_is_reported)
{
    check_step(make_key, scratch_path("made"));
}
END_TEST

/* The blob in openssh_ed25519_public. */
static size_t shown_blob(uint8_t out[KEY_BINARY_MAX])
{
    struct nacre_key *key =
        nacre_key_read(scratch_write("shown", openssh_ed25519, 0600), errbuf, sizeof errbuf);
    size_t len;
    const uint8_t *blob = nacre_key_blob(key, &len);

    memcpy(out, blob, len);
    nacre_key_free(key);
    errbuf[0] = 0;
    return len;
}

static uint8_t blob[KEY_BINARY_MAX];
static size_t blob_len;

static enum nacre_host_verdict right_verdict;

/* The right verdict, or none. */
static bool look_host_up(const char *file)
{
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER, .file = file};
    const struct nacre_host_key shown = {"host", 22, blob, blob_len};
    enum nacre_host_verdict verdict =
        nacre_known_hosts_check(&hosts, &shown, errbuf, sizeof errbuf);

    ck_assert_msg(verdict == right_verdict || verdict == NACRE_HOST_UNCHECKED, "verdict %d",
                  verdict);
    return verdict == right_verdict;
}

START_TEST(a_host_is_never_mistaken_for_another)
{
    static const struct {
        const char *before;
        enum nacre_host_verdict verdict;
    } cases[] = {{"host", NACRE_HOST_KNOWN},
                 {"other", NACRE_HOST_UNKNOWN},
                 {"@revoked *", NACRE_HOST_REVOKED}};
    char line[1024];

    blob_len = shown_blob(blob);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(line, sizeof line, "# known\n%s %s\n", cases[i].before,
                       openssh_ed25519_public);
        right_verdict = cases[i].verdict;
        check_step(look_host_up, scratch_write("known_hosts", line, 0600));
    }
}
END_TEST

static bool prefer(const char *file)
{
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER, .file = file};
    char out[512];
    bool good =
        nacre_known_hosts_prefer(&hosts, "host", 22, "rsa-sha2-512,ssh-ed25519", out, sizeof out);

    ck_assert(good);
    good = strcmp(out, "ssh-ed25519,rsa-sha2-512") == 0;
    if (!good)
        ck_assert_str_eq(out, "rsa-sha2-512,ssh-ed25519");
    (void)snprintf(errbuf, sizeof errbuf, "%s", out);
    return good;
}

START_TEST(the_order_of_algorithms_is_the_hosts_or_unchanged)
{
    char line[1024];

    blob_len = shown_blob(blob);
    (void)snprintf(line, sizeof line, "host %s\n", openssh_ed25519_public);
    check_step(prefer, scratch_write("known_hosts", line, 0600));
}
END_TEST

/* A grant without the options would allow more. */
static bool ask_for_grant(const char *file)
{
    const struct nacre_key_login login = {NACRE_VERSION_NUMBER, "alice", blob, blob_len,
                                          "192.0.2.1"};
    struct nacre_authorized_keys *keys = nacre_authorized_keys_open(file);
    const struct nacre_key_grant *grant = NULL;
    bool granted =
        keys != NULL && nacre_authorized_keys_check(keys, &login, &grant, errbuf, sizeof errbuf);

    if (keys == NULL)
        (void)snprintf(errbuf, sizeof errbuf, "out of memory");
    nacre_authorized_keys_close(keys);
    if (granted) {
        ck_assert_str_eq(grant->command, "only \"this\"");
        ck_assert_str_eq(grant->environment[0], "A=1");
        ck_assert_str_eq(grant->environment[1], "B=2");
        ck_assert_str_eq(grant->permit_open[0], "h:1");
        ck_assert_str_eq(grant->permit_listen[0], "22");
        ck_assert(!grant->pty);
    } else {
        ck_assert(grant == NULL || (grant->command == NULL && grant->environment == NULL));
        ck_assert(grant == NULL || (!grant->pty && grant->undecided)); /* not a refusal */
    }
    nacre_key_grant_free(grant);
    return granted;
}

START_TEST(no_option_of_a_key_is_lost)
{
    char line[2048];

    blob_len = shown_blob(blob);
    (void)snprintf(line, sizeof line,
                   "command=\"only \\\"this\\\"\",environment=\"A=1\",environment=\"B=2\","
                   "permitopen=\"h:1\",permitlisten=\"22\",from=\"192.0.2.0/24\",no-pty %s\n",
                   openssh_ed25519_public);
    check_step(ask_for_grant, scratch_write("keys", line, 0600));
}
END_TEST

/* One password. Without memory it does not log in. */
static bool check_password(struct nacre_password_file *passwords, const char *password, bool right)
{
    struct nacre_password_check *check =
        nacre_password_file_lookup(passwords, "alice", password, errbuf, sizeof errbuf);

    bool undecided = false;
    bool granted = check != NULL && nacre_password_check_run(check, &undecided);

    ck_assert(right || !granted);
    ck_assert(check == NULL || granted == right || undecided); /* not a refusal */
    nacre_password_check_free(check);
    return check != NULL && !undecided && granted == right;
}

static bool check_passwords(const char *file)
{
    struct nacre_password_file *passwords = nacre_password_file_open(file, errbuf, sizeof errbuf);
    bool good;

    if (passwords == NULL)
        return false;
    good = check_password(passwords, "secret", true) && check_password(passwords, "wrong", false);
    (void)scratch_write("passwords", "bob:x\nalice:secret2\n", 0600); /* it is read again */
    good = good && check_password(passwords, "secret2", true);
    (void)scratch_write("passwords", "bob:x\nalice:secret\n", 0600);
    nacre_password_file_close(passwords);
    return good;
}

START_TEST(a_password_is_checked_or_the_error_is_reported)
{
    check_step(check_passwords, scratch_write("passwords", "bob:x\nalice:secret\n", 0600));
}
END_TEST

static bool delete_user(const char *file)
{
    static const char both[] = "alice:secret\nbob:other\n";
    bool good;
    char *text;

    (void)scratch_write("edited", both, 0600);
    good = nacre_password_file_edit(file, "alice", NULL, errbuf, sizeof errbuf) ==
           NACRE_PASSWORD_DELETED;
    text = scratch_read(file);
    ck_assert_str_eq(text, good ? "bob:other\n" : both);
    free(text);
    return good;
}

START_TEST(a_password_file_is_changed_completely_or_not_at_all)
{
    (void)scratch_write("edited", "", 0600);
    check_step(delete_user, scratch_path("edited"));
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_key_is_read_or_the_error_is_reported);
    add_test(suite, a_key_is_made_or_the_error_is_reported);
    add_test(suite, a_host_is_never_mistaken_for_another);
    add_test(suite, the_order_of_algorithms_is_the_hosts_or_unchanged);
    add_test(suite, no_option_of_a_key_is_lost);
    add_test(suite, a_password_is_checked_or_the_error_is_reported);
    add_test(suite, a_password_file_is_changed_completely_or_not_at_all);
}
