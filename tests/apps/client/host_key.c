/* How nacre-client calls the type of a host key, and which keys it accepts without a question. The
 * question about a new key needs a terminal: tests/interop/test_nacre_client_login.py. */
#include "apps/client/host_key.h"
#include "apps/client/client.h"
#include "tests/support/suite.h"

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

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's name */
void *__wrap_nacre_client_context(const struct nacre_client *connection);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

void *__wrap_nacre_client_context(const struct nacre_client *connection)
{
    (void)connection;
    return &client;
}

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

void add_tests(struct suite *suite)
{
    add_test(suite, types_have_the_names_that_ssh_gives_them);
    add_test(suite, a_length_has_four_bytes);
    add_test(suite, the_last_key_that_was_accepted_is_accepted_again);
}
