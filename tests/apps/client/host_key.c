/* How nacre-client calls the type of a host key. The question about a new key needs a terminal:
 * tests/interop/test_nacre_client_login.py. */
#include "apps/client/host_key.h"
#include "tests/support/suite.h"

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

void add_tests(struct suite *suite)
{
    add_test(suite, types_have_the_names_that_ssh_gives_them);
    add_test(suite, a_length_has_four_bytes);
}
