#include "apps/observe/context.h"

#include "tests/support/suite.h"
#include "transport/algorithms.h"
#include "transport/kex_method.h"
#include "transport/message.h"
#include "transport/wire.h"

static struct message_context context;

static void request(enum nacre_direction direction, const char *name, bool wants_reply,
                    uint32_t port)
{
    uint8_t message[128];
    struct writer w = write_to(message, sizeof message);

    write_u8(&w, SSH_MSG_GLOBAL_REQUEST);
    write_text(&w, name);
    write_bool(&w, wants_reply);
    write_text(&w, "localhost");
    write_u32(&w, port);
    context_note(&context, direction, written_bytes(&w));
}

static void reply(enum nacre_direction direction, uint8_t number)
{
    context_note(&context, direction, (struct bytes){&number, 1});
}

static void login(const char *method)
{
    uint8_t message[128];
    struct writer w = write_to(message, sizeof message);

    write_u8(&w, SSH_MSG_USERAUTH_REQUEST);
    write_text(&w, "alice");
    write_text(&w, "ssh-connection");
    write_text(&w, method);
    context_note(&context, NACRE_RECEIVED, written_bytes(&w));
}

START_TEST(each_key_exchange_method_is_known_with_its_hash)
{
    for (const struct algorithm *a = algorithms_of(ALGORITHM_KEX); a->name != NULL; a++) {
        const struct kex_method *method = a->method;
        const struct context_kex *known = context_kex_find(a->name);

        ck_assert_msg(known != NULL, "%s", a->name);
        ck_assert_int_eq(known->secret_is_string, method->secret_is_string);
        ck_assert_int_eq(known->when == WHEN_GEX, method->course == KEX_GROUP_EXCHANGE);
        if (method->course != KEX_GROUP_EXCHANGE)
            ck_assert_int_eq(known->when == WHEN_DH, method->share_is_mpint);
        ck_assert_str_eq(known->hash, method->hash->len == 20   ? "SHA-1"
                                      : method->hash->len == 32 ? "SHA-256"
                                      : method->hash->len == 48 ? "SHA-384"
                                                                : "SHA-512");
    }
    ck_assert_ptr_null(context_kex_find("curve25519"));
}
END_TEST

START_TEST(a_reply_belongs_to_the_oldest_request_of_the_other_side)
{
    context = (struct message_context){0};
    ck_assert_int_eq(context_reply(&context, NACRE_SENT), WHEN_ALWAYS);
    request(NACRE_RECEIVED, "tcpip-forward", true, 0);
    request(NACRE_RECEIVED, "tcpip-forward", false, 0);
    request(NACRE_RECEIVED, "hostkeys-prove-00@openssh.com", true, 0);
    request(NACRE_RECEIVED, "tcpip-forward", true, 22);
    ck_assert_int_eq(context_reply(&context, NACRE_RECEIVED), WHEN_ALWAYS);
    ck_assert_int_eq(context_reply(&context, NACRE_SENT), WHEN_PORT);
    reply(NACRE_RECEIVED, SSH_MSG_REQUEST_SUCCESS); /* to nothing */
    reply(NACRE_SENT, SSH_MSG_REQUEST_SUCCESS);
    ck_assert_int_eq(context_reply(&context, NACRE_SENT), WHEN_PROOFS);
    reply(NACRE_SENT, SSH_MSG_REQUEST_FAILURE);
    ck_assert_int_eq(context_reply(&context, NACRE_SENT), WHEN_ALWAYS);
    ck_assert_uint_eq(context.asked[NACRE_RECEIVED].count, 1);
}
END_TEST

START_TEST(after_too_many_requests_no_reply_is_attributed)
{
    context = (struct message_context){0};
    for (int i = 0; i < CONTEXT_REPLIES; i++)
        request(NACRE_SENT, "tcpip-forward", true, 0);
    ck_assert_int_eq(context_reply(&context, NACRE_RECEIVED), WHEN_PORT);
    request(NACRE_SENT, "tcpip-forward", true, 0);
    ck_assert_int_eq(context_reply(&context, NACRE_RECEIVED), WHEN_ALWAYS);
}
END_TEST

/* Some requests are always open; the ring is full several times over. */
START_TEST(replies_are_attributed_however_many_there_were)
{
    context = (struct message_context){0};
    request(NACRE_SENT, "tcpip-forward", true, 0);
    request(NACRE_SENT, "keepalive@openssh.com", true, 0);
    for (int i = 0; i < 3 * CONTEXT_REPLIES; i++) {
        static const enum message_when expected[] = {WHEN_PORT, WHEN_ALWAYS, WHEN_PROOFS};
        static const char *const names[] = {"tcpip-forward", "keepalive@openssh.com",
                                            "hostkeys-prove-00@openssh.com"};

        request(NACRE_SENT, names[(i + 2) % 3], true, 0);
        ck_assert_int_eq(context_reply(&context, NACRE_RECEIVED), expected[i % 3]);
        reply(NACRE_RECEIVED, i % 2 == 0 ? SSH_MSG_REQUEST_SUCCESS : SSH_MSG_REQUEST_FAILURE);
    }
    ck_assert_uint_eq(context.asked[NACRE_SENT].count, 2);
}
END_TEST

START_TEST(a_login_request_names_its_method)
{
    context = (struct message_context){0};
    login("publickey-hostbound-v00@openssh.com");
    ck_assert_int_eq(context.auth, WHEN_PUBLICKEY);
    login("password");
    ck_assert_int_eq(context.auth, WHEN_PASSWORD);
    login("keyboard-interactive");
    ck_assert_int_eq(context.auth, WHEN_INTERACTIVE);
    login("publickey");
    ck_assert_int_eq(context.auth, WHEN_PUBLICKEY);
    login("none");
    ck_assert_int_eq(context.auth, WHEN_ALWAYS);
}
END_TEST

START_TEST(messages_that_are_cut_change_nothing)
{
    static const uint8_t cut[] = {SSH_MSG_GLOBAL_REQUEST, 0, 0, 0, 4, 'x'};

    context = (struct message_context){0};
    context_note(&context, NACRE_SENT, (struct bytes){NULL, 0});
    context_note(&context, NACRE_SENT, BYTES_OF_ARRAY(cut));
    ck_assert_uint_eq(context.asked[NACRE_SENT].count, 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_key_exchange_method_is_known_with_its_hash);
    add_test(suite, a_reply_belongs_to_the_oldest_request_of_the_other_side);
    add_test(suite, after_too_many_requests_no_reply_is_attributed);
    add_test(suite, replies_are_attributed_however_many_there_were);
    add_test(suite, a_login_request_names_its_method);
    add_test(suite, messages_that_are_cut_change_nothing);
}
