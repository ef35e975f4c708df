/* How nacre-client calls the type of a host key, which keys it accepts, and what it asks before
 * that. The terminal is not there: each question takes the next answer of a list. */
#include "apps/client/host_key.h"
#include "apps/client/caught.h"
#include "apps/client/client.h"
#include "apps/files/key_file.h"
#include "apps/terminal/prompt.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *type_of(const char *type, size_t more)
{
    static char name[32];
    uint8_t key[64] = {0};
    size_t len = strlen(type);

    key[3] = (uint8_t)len;
    memcpy(key + 4, type, len);
    host_key_type(name, sizeof name, key, 4 + len + more);
    return name;
}

START_TEST(types_have_the_names_that_ssh_gives_them)
{
    ck_assert_str_eq(type_of("ssh-ed25519", 8), "ED25519");
    ck_assert_str_eq(type_of("ssh-rsa", 1), "RSA");
    ck_assert_str_eq(type_of("ecdsa-sha2-nistp256", 8), "ECDSA");
    ck_assert_str_eq(type_of("ecdsa-sha2-nistp384", 8), "ECDSA");
    ck_assert_str_eq(type_of("ecdsa-sha2-nistp521", 8), "ECDSA");
    ck_assert_str_eq(type_of("ssh-rsaa", 8), "unknown");
    ck_assert_str_eq(type_of("ssh-rs", 8), "unknown");
    ck_assert_str_eq(type_of("ssh-dss", 8), "unknown");
    ck_assert_str_eq(type_of("ssh-rsa", 0), "unknown"); /* nothing follows */
}
END_TEST

START_TEST(a_length_has_four_bytes)
{
    uint8_t key[32] = {0, 0, 1, 7, 's', 's', 'h', '-', 'r', 's', 'a'};
    char name[32];

    host_key_type(name, sizeof name, key, sizeof key);
    ck_assert_str_eq(name, "unknown");
    host_key_type(name, sizeof name, key, 3);
    ck_assert_str_eq(name, "unknown");
}
END_TEST

static struct client_options options;
static struct client client;
static const char *const *answers; /* NULL ends them; "long..." is too long */
static int ending;
static bool adds;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__wrap_nacre_client_context(const struct nacre_client *connection);
const char *__wrap_nacre_client_address(const struct nacre_client *connection);
bool __wrap_nacre_known_hosts_add(const struct nacre_known_hosts *hosts,
                                  const struct nacre_host_key *shown, bool replace, char *errbuf,
                                  size_t size);
bool __wrap_prompt_ask(const char *question, bool echo, char *text, size_t size, bool *too_long);
int __wrap_caught_end(void);

void *__wrap_nacre_client_context(const struct nacre_client *connection)
{
    (void)connection;
    return &client;
}

const char *__wrap_nacre_client_address(const struct nacre_client *connection)
{
    (void)connection;
    return "192.0.2.1:22";
}

bool __wrap_nacre_known_hosts_add(const struct nacre_known_hosts *hosts,
                                  const struct nacre_host_key *shown, bool replace, char *errbuf,
                                  size_t size)
{
    ck_assert_uint_eq(hosts->version, NACRE_VERSION_NUMBER);
    note("add %s%s to %s;", shown->host, replace ? " again" : "",
         hosts->file == options.host.known_hosts ? "it" : "another");
    if (!adds)
        (void)snprintf(errbuf, size, "not writable");
    return adds;
}

bool __wrap_prompt_ask(const char *question, bool echo, char *text, size_t size, bool *too_long)
{
    const char *answer = *answers;

    ck_assert(echo);
    note("%s|", question);
    if (answer == NULL)
        return false;
    answers++;
    *too_long = strncmp(answer, "long", 4) == 0;
    (void)snprintf(text, size, "%s", answer + (*too_long ? 4 : 0));
    return true;
}

int __wrap_caught_end(void)
{
    return ending;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static bool accepts(const char *key, enum nacre_host_verdict verdict)
{
    const struct nacre_host_key shown = {
        .host = "host", .key = (const uint8_t *)key, .len = strlen(key)};

    return host_key_accept(NULL, &shown, verdict, "");
}

/* The next key exchange shows it again, and the file may not have it. */
START_TEST(the_last_key_that_was_accepted_is_accepted_again)
{
    client = (struct client){.options = &options};
    ck_assert(!accepts("key one", NACRE_HOST_CHANGED));
    ck_assert_ptr_null(client.accepted);
    ck_assert(accepts("key one", NACRE_HOST_KNOWN));
    ck_assert(accepts("key one", NACRE_HOST_CHANGED));
    ck_assert(!accepts("key two", NACRE_HOST_CHANGED));
    ck_assert(!accepts("key on", NACRE_HOST_CHANGED));
    ck_assert(!accepts("key one ", NACRE_HOST_CHANGED));
    options.host.insecure = true;
    ck_assert(!accepts("key two", NACRE_HOST_CHANGED));
    ck_assert(accepts("key two", NACRE_HOST_UNKNOWN));
    options.host.insecure = false;
    ck_assert(accepts("key two", NACRE_HOST_CHANGED));
    ck_assert(!accepts("key one", NACRE_HOST_CHANGED));
    free(client.accepted);
}
END_TEST

/* ---- the question ---- */

static const uint8_t rsa_key[] = {0, 0, 0, 7, 's', 's', 'h', '-', 'r', 's', 'a', 1};
static char print[NACRE_FINGERPRINT_MAX];

static bool asks(const char *const *given)
{
    const struct nacre_host_key shown = {
        .host = "host", .port = 2022, .key = rsa_key, .len = sizeof rsa_key};

    answers = given;
    return host_key_accept(NULL, &shown, NACRE_HOST_UNKNOWN, "");
}

static void begin(void)
{
    options = (struct client_options){.host.known_hosts = "kh"};
    client = (struct client){.options = &options};
    ending = 0;
    adds = true;
    noted[0] = 0;
    nacre_blob_fingerprint(rsa_key, sizeof rsa_key, print);
}

#define ANSWERS(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(a_new_key_is_accepted_by_a_person)
{
    char expected[1024];

    begin();
    ck_assert(asks(ANSWERS("yes")));
    (void)snprintf(expected, sizeof expected,
                   "The authenticity of host '[host]:2022 (192.0.2.1:22)' can't be established.\n"
                   "RSA key fingerprint is %s.\n"
                   "Are you sure you want to continue connecting (yes/no/[fingerprint])? |"
                   "add host to it;say [host]:2022 (RSA) is now in kh;",
                   print);
    expect_notes(expected);
    ck_assert_uint_eq(client.accepted_len, sizeof rsa_key);
    ck_assert_mem_eq(client.accepted, rsa_key, sizeof rsa_key);
    free(client.accepted);
}
END_TEST

#define AGAIN "Please type 'yes', 'no' or the fingerprint: |"

static void expect_answer(const char *const *given, bool accepted, const char *after)
{
    begin();
    ck_assert_int_eq(asks(given), accepted);
    ck_assert_int_eq(client.accepted != NULL, accepted);
    ck_assert_str_eq(strchr(noted, '|') + 1, after);
    free(client.accepted);
}

START_TEST(only_yes_and_the_fingerprint_accept_it)
{
    const char *accepted = "add host to it;say [host]:2022 (RSA) is now in kh;";

    begin(); /* the fingerprint */
    expect_answer(ANSWERS("YES \t"), true, accepted);
    expect_answer(ANSWERS(print), true, accepted);
    expect_answer(ANSWERS("No\r"), false, "");
    expect_answer(ANSWERS("y", "no"), false, AGAIN);
    expect_answer(ANSWERS("longyes", "", "no"), false, AGAIN AGAIN);
    expect_answer((const char *const[]){NULL}, false, "");
}
END_TEST

START_TEST(a_signal_refuses_it)
{
    begin();
    ending = 15;
    ck_assert(!asks(ANSWERS("yes")));
    expect_notes("");
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_no_obstacle)
{
    begin();
    adds = false;
    ck_assert(asks(ANSWERS("yes")));
    assert_says(noted, "add host to it;say not writable; the session continues;");
    free(client.accepted);
}
END_TEST

static mode_t mode_of_folder(bool is_default)
{
    struct stat status;
    mode_t before = umask(0);

    begin();
    options.host.known_hosts = scratch_path(".ssh/known_hosts");
    options.host.is_default = is_default;
    ck_assert(asks(ANSWERS("yes")));
    free(client.accepted);
    (void)umask(before);
    return stat(scratch_path(".ssh"), &status) == 0 ? status.st_mode & 07777 : 0;
}

START_TEST(the_folder_of_the_default_file_is_made)
{
    ck_assert_uint_eq(mode_of_folder(false), 0);
    ck_assert_uint_eq(mode_of_folder(true), 0700);
    begin();
    options.host.is_default = true; /* "kh" has no folder */
    ck_assert(asks(ANSWERS("yes")));
    free(client.accepted);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, types_have_the_names_that_ssh_gives_them);
    add_test(suite, a_length_has_four_bytes);
    add_test(suite, the_last_key_that_was_accepted_is_accepted_again);
    add_test(suite, a_new_key_is_accepted_by_a_person);
    add_test(suite, only_yes_and_the_fingerprint_accept_it);
    add_test(suite, a_signal_refuses_it);
    add_test(suite, a_file_that_cannot_be_written_is_no_obstacle);
    add_test(suite, the_folder_of_the_default_file_is_made);
}
