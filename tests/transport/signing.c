/* Keys whose signatures are asked for: of a server's host keys here; of a client's keys in
 * tests/auth/publickey_client.c. */
#include "transport/signing.h"
#include "apps/files/key.h"
#include "tests/support/loop_transport.h"
#include "tests/support/suite.h"
#include "transport/kex_state.h"

static struct loop loop;
static struct nacre_key *external;
static struct nacre_signing *open_question;
static unsigned questions;

enum answer { AT_ONCE, LATER, REFUSE, WRONG, END };
static enum answer plan;

static void answer(struct nacre_signing *signing)
{
    uint8_t signature[NACRE_SIGNATURE_MAX];
    size_t len, signed_len;
    const uint8_t *data = nacre_signing_data(signing, &len);

    ck_assert_ptr_eq(nacre_signing_key(signing), external);
    ck_assert_ptr_eq(nacre_signing_context(signing), &loop.server);
    ck_assert_str_eq(nacre_signing_algorithm(signing), "ssh-ed25519");
    signed_len = nacre_key_sign(&loop.server.host_key, "ssh-ed25519", data, len, signature);
    ck_assert_uint_gt(signed_len, 64);
    if (plan == WRONG)
        signature[signed_len - 1] ^= 1;
    nacre_signing_answer(signing, plan == REFUSE ? NULL : signature, signed_len);
}

static void on_sign(void *context, struct nacre_signing *signing)
{
    ck_assert_ptr_eq(context, &loop);
    questions++;
    if (plan == END)
        (void)transport_end(&loop.server.transport, NACRE_SHUTTING_DOWN,
                            SSH_DISCONNECT_BY_APPLICATION, "enough");
    if (plan == LATER || plan == END)
        open_question = signing;
    else
        answer(signing);
}

static void open_with(enum answer next)
{
    plan = next;
    loop_open(&loop);
    external = nacre_key_external(&loop.server.host_key, on_sign, &loop);
    ck_assert_ptr_nonnull(external);
    loop.server.host_keys[0] = external;
    loop_start(&loop);
    loop_run(&loop);
}

static void assert_exchanged(size_t times)
{
    ck_assert_uint_eq(loop_end_count(&loop.client, NACRE_RECEIVED, SSH_MSG_NEWKEYS), times);
}

static void assert_ended(const char *text)
{
    const struct nacre_end *why = transport_how_ended(&loop.server.transport);

    ck_assert_str_eq(why->text, text);
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_KEX_ECDH_REPLY), 0);
}

static void close_all(void)
{
    loop_close(&loop);
    nacre_key_free(external);
}

START_TEST(a_signature_may_come_at_once)
{
    open_with(AT_ONCE);
    ck_assert_uint_eq(questions, 1);
    assert_exchanged(1);
    assert_bytes(transport_host_key(&loop.client.transport), private_key_blob(external));
    transport_rekey(&loop.server.transport);
    loop_run(&loop);
    ck_assert_uint_eq(questions, 2);
    assert_exchanged(2);
    close_all();
}
END_TEST

START_TEST(a_signature_may_come_later)
{
    open_with(LATER);
    assert_exchanged(0);
    loop_run(&loop); /* nothing moves */
    assert_exchanged(0);
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_KEX_ECDH_REPLY), 0);
    answer(open_question);
    loop_run(&loop);
    assert_exchanged(1);
    transport_rekey(&loop.client.transport);
    loop_run(&loop);
    ck_assert_uint_eq(questions, 2);
    assert_exchanged(1);
    answer(open_question);
    loop_run(&loop);
    assert_exchanged(2);
    close_all();
}
END_TEST

START_TEST(a_refusal_and_a_wrong_signature_end_the_session)
{
    open_with(_i == 0 ? REFUSE : WRONG);
    assert_ended("host key could not sign");
    close_all();
}
END_TEST

START_TEST(an_answer_after_the_end_does_nothing)
{
    open_with(END);
    assert_ended("enough");
    answer(open_question);
    close_all();
}
END_TEST

START_TEST(an_answer_after_the_session_is_freed_does_nothing)
{
    open_with(LATER);
    loop_close(&loop);
    nacre_signing_answer(open_question, NULL, 0);
    nacre_key_free(external);
}
END_TEST

START_TEST(an_external_key_is_a_copy_that_cannot_sign_by_itself)
{
    uint8_t out[NACRE_SIGNATURE_MAX];
    char text[2048];
    size_t len, same;

    loop_open(&loop);
    loop_start(&loop);
    external = nacre_key_external(&loop.server.host_key, on_sign, NULL);
    ck_assert(key_is_external(external) && key_is_elsewhere(external));
    ck_assert(!key_is_external(&loop.server.host_key));
    ck_assert(nacre_key_can_sign(external));
    ck_assert_mem_eq(nacre_key_blob(external, &len), nacre_key_blob(&loop.server.host_key, &same),
                     51);
    ck_assert_uint_eq(len, same);
    ck_assert_uint_eq(nacre_key_sign(external, "ssh-ed25519", "data", 4, out), 0);
    ck_assert(!nacre_key_print_private(external, NULL, text, sizeof text, NULL, 0));
    ck_assert(nacre_key_print_public(external, text, sizeof text));
    close_all();
}
END_TEST

START_TEST(host_keys_are_not_announced_when_one_is_external)
{
    loop_open(&loop);
    loop_start(&loop);
    ck_assert_uint_gt(transport_host_key_at(&loop.server.transport, 0).len, 0);
    external = nacre_key_external(&loop.server.host_key, on_sign, NULL);
    loop.server.host_keys[0] = external;
    ck_assert_uint_eq(transport_host_key_at(&loop.server.transport, 0).len, 0);
    close_all();
}
END_TEST

static void forget(void)
{
    open_question = NULL;
    questions = 0;
}

void add_tests(struct suite *suite)
{
    suite_fixture(suite, forget, NULL);
    add_test(suite, a_signature_may_come_at_once);
    add_test(suite, a_signature_may_come_later);
    add_loop(suite, a_refusal_and_a_wrong_signature_end_the_session, 0, 2);
    add_test(suite, an_answer_after_the_end_does_nothing);
    add_test(suite, an_answer_after_the_session_is_freed_does_nothing);
    add_test(suite, an_external_key_is_a_copy_that_cannot_sign_by_itself);
    add_test(suite, host_keys_are_not_announced_when_one_is_external);
}
