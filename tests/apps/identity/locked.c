#include "apps/identity/identity.h"
#include "apps/session/session.h"
#include "tests/support/encrypted_keys.h"
#include "tests/support/key_texts.h"
#include "tests/support/pair.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>

static struct identity identity;
static char said[1024], note[1024];

/* What the person answers, one question after the other; NULL: nothing. */
static const char *const *answers;
static unsigned questions;

static bool ask(const char *question, char *answer, size_t size)
{
    char expected[512];

    snprintf(expected, sizeof expected, "Enter passphrase for key '%s': ", scratch_path("key"));
    ck_assert_str_eq(question, expected);
    ck_assert_uint_eq(size, LOCKED_ANSWER_MAX);
    if (answers[questions] == NULL)
        return false;
    snprintf(answer, size, "%s", answers[questions++]);
    return true;
}

static bool add(const char *text)
{
    struct errbuf p = errbuf_in(said, sizeof said);

    identity.ask = ask;
    identity.note = errbuf_in(note, sizeof note);
    return identity_add_file(&identity, scratch_write("key", text, 0600), &p);
}

/* Log in to a server that accepts the key. */
static bool logs_in(const char *const *given, unsigned expected_questions)
{
    struct pair p;
    bool in;

    pair_init(&p, 1);
    p.policy.password = NULL;
    p.user_key = *identity.keys[0]; /* the blob that the server's policy compares */
    p.client_config.keys = identity.keys;
    p.client_config.key_count = identity.key_count;
    answers = given;
    questions = 0;
    pair_start(&p);
    pair_run(&p);
    in = p.server.authenticated;
    ck_assert_uint_eq(questions, expected_questions);
    p.user_key.ask = NULL;
    pair_clear(&p);
    return in;
}

START_TEST(the_passphrase_is_asked_for_when_the_server_accepts_the_key)
{
    static const char *const right[] = {"secret"};

    ck_assert_msg(add(openssh_encrypted), "%s", said);
    ck_assert_uint_eq(identity.key_count, 1);
    ck_assert(logs_in(right, 1));
    ck_assert(logs_in(NULL, 0)); /* it is open now */
    ck_assert_str_eq(note, "");
    identity_clear(&identity);
}
END_TEST

START_TEST(a_wrong_passphrase_may_be_corrected_twice)
{
    static const char *const third[] = {"a", "b", "secret"}, *const none[] = {"a", "b", "c", "d"};

    ck_assert_msg(add(openssh_encrypted), "%s", said);
    ck_assert(logs_in(third, 3));
    identity_clear(&identity);
    ck_assert_msg(add(openssh_encrypted), "%s", said);
    ck_assert(!logs_in(none, 3));
    assert_says(note, "wrong passphrase");
    ck_assert(!logs_in(none, 0)); /* nobody is asked again */
    identity_clear(&identity);
}
END_TEST

START_TEST(no_answer_and_an_empty_one_lead_to_the_next_key)
{
    static const char *const nobody[] = {NULL}, *const empty[] = {""};

    ck_assert_msg(add(openssh_encrypted), "%s", said);
    ck_assert(!logs_in(nobody, 0));
    assert_says(note, "there was nobody to ask for its passphrase");
    identity_clear(&identity);
    ck_assert_msg(add(openssh_encrypted), "%s", said);
    ck_assert(!logs_in(empty, 1));
    assert_says(note, "no passphrase was given");
    identity_clear(&identity);
}
END_TEST

/* PEM does not show the public key: it must be in the file beside it. */
START_TEST(the_public_key_may_be_in_a_file_of_its_own)
{
    static const char *const right[] = {"secret"};
    struct nacre_key *plain =
        nacre_key_parse(pkcs8_nistp256, strlen(pkcs8_nistp256), NULL, NULL, 0);
    char line[NACRE_PUBLIC_LINE_MAX];

    ck_assert(!add(pem_keys[0]));
    assert_says(said, "ssh-keygen -y -f");
    ck_assert(nacre_key_print_public(plain, line, sizeof line));
    scratch_write("key.pub", line, 0644);
    ck_assert_msg(add(pem_keys[0]), "%s", said);
    ck_assert(logs_in(right, 1));
    nacre_key_free(plain);
    identity_clear(&identity);
}
END_TEST

START_TEST(a_key_that_is_there_already_is_left_out)
{
    ck_assert_msg(add(openssh_encrypted), "%s", said);
    ck_assert_msg(add(openssh_encrypted), "%s", said);
    ck_assert_uint_eq(identity.key_count, 1);
    ck_assert_uint_eq(identity.locked_count, 1);
    ck_assert_msg(add(openssh_ed25519), "%s", said);
    ck_assert_uint_eq(identity.key_count, 2);
    identity_clear(&identity);
}
END_TEST

static void forget(void)
{
    note[0] = said[0] = 0;
}

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, forget, NULL);
    add_test(suite, the_passphrase_is_asked_for_when_the_server_accepts_the_key);
    add_test(suite, a_wrong_passphrase_may_be_corrected_twice);
    add_test(suite, no_answer_and_an_empty_one_lead_to_the_next_key);
    add_test(suite, the_public_key_may_be_in_a_file_of_its_own);
    add_test(suite, a_key_that_is_there_already_is_left_out);
}
