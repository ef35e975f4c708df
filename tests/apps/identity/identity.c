#include "apps/identity/identity.h"
#include "tests/support/false_agent.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "transport/key_pair.h"

#include <stdlib.h>

static struct identity identity;
static char errbuf[1024];

static bool add_file(const char *text)
{
    struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    return identity_add_file(&identity, scratch_write("key", text, 0600), &p);
}

START_TEST(keys_are_offered_in_the_order_in_which_they_were_added)
{
    ck_assert(add_file(openssh_nistp256));
    ck_assert(add_file(openssh_ed25519));
    ck_assert_uint_eq(identity.key_count, 2);
    ck_assert_str_eq(nacre_key_type(identity.keys[0]), "ecdsa-sha2-nistp256");
    ck_assert_str_eq(nacre_key_type(identity.keys[1]), "ssh-ed25519");
    identity_clear(&identity);
    ck_assert_uint_eq(identity.key_count, 0);
}
END_TEST

START_TEST(a_key_in_two_files_is_offered_once)
{
    ck_assert(add_file(pkcs8_ed25519));
    ck_assert(add_file(pkcs8_ed25519_v2));
    ck_assert_uint_eq(identity.key_count, 1);
    identity_clear(&identity);
}
END_TEST

START_TEST(a_file_without_a_usable_key_is_refused_with_a_sentence)
{
    ck_assert(!add_file("no key"));
    assert_says(errbuf, scratch_path("key"));
    ck_assert(!add_file(openssh_encrypted));
    assert_says(errbuf, "passphrase");
    ck_assert_uint_eq(identity.key_count, 0);
    identity_clear(&identity);
}
END_TEST

START_TEST(without_an_agent_there_is_a_sentence)
{
    struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    ck_assert(add_file(openssh_ed25519));
    ck_assert_int_eq(setenv("SSH_AUTH_SOCK", scratch_path("no agent"), 1), 0);
    ck_assert(!identity_add_agent(&identity, &p));
    assert_says(errbuf, "no agent");
    ck_assert_uint_eq(identity.key_count, 1);
    identity_clear(&identity);
}
END_TEST

/* Offered keys of files, and then those of an agent, as many as a list holds. */
START_TEST(an_agents_keys_fill_the_list_and_no_more)
{
    const struct {
        unsigned files, agent;
        size_t count;
    } rows[] = {{0, 31, 31}, {0, 32, 32}, {0, 33, 32}, {0, 64, 32}, {1, 31, 32}, {1, 32, 32}};
    const uint8_t seed[32] = {5};
    struct nacre_key key = {0};

    ck_assert(private_key_ed25519(&key, seed));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static uint8_t list[16 * 1024];
        struct errbuf p = errbuf_in(errbuf, sizeof errbuf);
        struct false_agent a = {0};

        a.answers[0] = false_agent_keys(private_key_blob(&key), rows[i].agent, list, sizeof list);
        false_agent_begin(&a);
        ck_assert_int_eq(setenv("SSH_AUTH_SOCK", a.path, 1), 0);
        if (rows[i].files > 0)
            ck_assert(add_file(openssh_nistp256));
        ck_assert_msg(identity_add_agent(&identity, &p), "%s", errbuf);
        ck_assert_uint_eq(identity.own_count, rows[i].files);
        ck_assert_uint_eq(identity.key_count, rows[i].count);
        if (identity.key_count == IDENTITY_KEYS_MAX)
            ck_assert(add_file(openssh_ed25519)); /* it is left out */
        ck_assert_uint_eq(identity.key_count, rows[i].count);
        false_agent_finish(&a);
        identity_clear(&identity);
    }
    private_key_clear(&key);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, keys_are_offered_in_the_order_in_which_they_were_added);
    add_test(suite, a_key_in_two_files_is_offered_once);
    add_test(suite, a_file_without_a_usable_key_is_refused_with_a_sentence);
    add_test(suite, an_agents_keys_fill_the_list_and_no_more);
    add_test(suite, without_an_agent_there_is_a_sentence);
}
