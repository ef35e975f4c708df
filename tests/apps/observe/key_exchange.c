/* What the trace says is hashed, hashed again: it gives H, for every method. */
#include "apps/observe/key_exchange.h"

#include "tests/support/leftovers.h"
#include "tests/support/suite.h"
#include "tests/support/pair.h"
#include "transport/algorithms.h"
#include "transport/kex_method.h"
#include "transport/message.h"

static struct key_exchange exchange;
static struct message_context context;
static int hashes; /* that were compared */

static void feed(struct hash *h, const struct key_exchange_input *in)
{
    uint8_t len[4];

    if (in->type != FIELD_UINT32) {
        store_u32(len, (uint32_t)in->value.len);
        hash_update(h, BYTES_OF_ARRAY(len));
    }
    hash_update(h, in->value);
}

static void compare(void)
{
    const struct algorithm *a = algorithm_find(ALGORITHM_KEX, bytes_of(context.kex->name));
    const struct kex_method *method = a->method;
    struct key_exchange_input input;
    uint8_t result[HASH_MAX];
    struct hash h;

    ck_assert(hash_start(&h, method->hash));
    for (size_t i = 0; key_exchange_input(&exchange, context.kex, i, &input); i++) {
        ck_assert_int_eq(input.secret, strcmp(input.name, "K") == 0);
        feed(&h, &input);
    }
    ck_assert(hash_finish(&h, result));
    assert_bytes((struct bytes){result, method->hash->len},
                 (struct bytes){exchange.hash, exchange.hash_len});
    key_exchange_done(&exchange);
    ck_assert(!key_exchange_is_complete(&exchange));
    ck_assert_uint_eq(exchange.hash_len, 0); /* the next host key comes before the next H */
    ck_assert_uint_eq(exchange.secret_len, 0);
    hashes++;
}

static void on_packet(void *unused, enum nacre_direction direction, const uint8_t *bytes,
                      size_t len)
{
    (void)unused;
    if (len > 4 && memcmp(bytes, "SSH-", 4) == 0)
        key_exchange_version(&exchange, direction == NACRE_SENT ? NACRE_SERVER : NACRE_CLIENT,
                             (struct bytes){bytes, len});
}

static void on_message(void *unused, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct bytes message = {payload, len};

    (void)unused;
    (void)seq;
    (void)phase;
    if (payload[0] == SSH_MSG_KEXINIT)
        key_exchange_kexinit(&exchange, direction == NACRE_SENT ? NACRE_SERVER : NACRE_CLIENT,
                             message);
    if (payload[0] >= SSH_MSG_KEX_METHOD_FIRST && payload[0] <= SSH_MSG_KEX_METHOD_LAST)
        key_exchange_message(&exchange, &context, message);
    if (key_exchange_is_complete(&exchange))
        compare();
}

static void on_negotiated(void *unused, const struct nacre_negotiated *choice)
{
    (void)unused;
    context.kex = context_kex_find(choice->kex);
}

static void on_secret(void *unused, char label, const uint8_t *bytes, size_t len)
{
    (void)unused;
    if (label == 'K')
        key_exchange_secret(&exchange, (struct bytes){bytes, len}, true);
    if (label == 'H')
        key_exchange_hash(&exchange, (struct bytes){bytes, len});
}

static const struct nacre_observer observer = {
    .message = on_message, .negotiated = on_negotiated, .secret = on_secret, .packet = on_packet};

START_TEST(the_inputs_give_the_hash_of_every_method)
{
    const char *name = algorithms_of(ALGORITHM_KEX)[_i].name;
    uint8_t session_id[KEY_EXCHANGE_HASH_MAX];
    struct pair p;

    if (name == NULL)
        return;
    pair_init(&p, 1);
    p.server_config.kex = p.client_config.kex = name;
    p.server_config.observer = &observer;
    pair_start(&p);
    (void)pair_open(&p);
    ck_assert_int_eq(hashes, 1);
    memcpy(session_id, exchange.session_id, sizeof session_id);
    nacre_session_rekey(p.client.session);
    pair_run(&p);
    ck_assert_int_eq(hashes, 2);
    ck_assert_mem_eq(session_id, exchange.session_id, sizeof session_id);
    ck_assert_mem_ne(session_id, exchange.hash, exchange.session_id_len);
    pair_clear(&p);
    key_exchange_clear(&exchange);
}
END_TEST

START_TEST(a_wrong_guess_is_not_hashed)
{
    static const uint8_t guess[] = {SSH_MSG_KEX_ECDH_INIT, 0, 0, 0, 1, 'a'};
    static const uint8_t right[] = {SSH_MSG_KEX_ECDH_INIT, 0, 0, 0, 1, 'b'};
    struct key_exchange_input input;

    context.kex = context_kex_find("curve25519-sha256");
    key_exchange_message(&exchange, &context, BYTES_OF_ARRAY(guess));
    key_exchange_message(&exchange, &context, BYTES_OF_ARRAY(right));
    ck_assert_uint_eq(exchange.count, 1);
    ck_assert(key_exchange_input(&exchange, context.kex, 5, &input));
    assert_bytes(input.value, bytes_of("b"));
    key_exchange_clear(&exchange);
}
END_TEST

/* The last one counts, and the memory of the others is freed. */
START_TEST(a_second_host_key_replaces_the_first)
{
    static const uint8_t first[] = {
        SSH_MSG_KEX_ECDH_REPLY, 0, 0, 0, 1, 'a', 0, 0, 0, 1, 'b', 0, 0, 0, 1, 's'};
    static const uint8_t second[] = {
        SSH_MSG_KEX_ECDH_REPLY, 0, 0, 0, 1, 'c', 0, 0, 0, 1, 'b', 0, 0, 0, 1, 's'};

    context.kex = context_kex_find("curve25519-sha256");
    key_exchange_message(&exchange, &context, BYTES_OF_ARRAY(first));
    key_exchange_message(&exchange, &context, BYTES_OF_ARRAY(second));
    assert_bytes(exchange.host_key.value, bytes_of("c"));
    key_exchange_clear(&exchange);
}
END_TEST

START_TEST(the_next_kexinit_begins_another_exchange)
{
    static const uint8_t kexinit[] = {SSH_MSG_KEXINIT, 1}, next[] = {SSH_MSG_KEXINIT, 2};
    static const uint8_t share[] = {SSH_MSG_KEX_ECDH_INIT, 0, 0, 0, 1, 'a'};

    context.kex = context_kex_find("curve25519-sha256");
    key_exchange_kexinit(&exchange, NACRE_CLIENT, BYTES_OF_ARRAY(kexinit));
    key_exchange_message(&exchange, &context, BYTES_OF_ARRAY(share));
    key_exchange_kexinit(&exchange, NACRE_SERVER, BYTES_OF_ARRAY(kexinit)); /* of the same */
    ck_assert_uint_eq(exchange.count, 1);
    key_exchange_kexinit(&exchange, NACRE_CLIENT, BYTES_OF_ARRAY(next));
    ck_assert_uint_eq(exchange.count, 0);
    assert_bytes(exchange.kexinit[NACRE_CLIENT], BYTES_OF_ARRAY(next));
    ck_assert_uint_eq(exchange.kexinit[NACRE_SERVER].len, 0);
    key_exchange_clear(&exchange);
}
END_TEST

/* RFC 4253 section 8: it is a string; what is shorter is taken as it is. */
START_TEST(a_hash_that_is_too_long_is_left_out)
{
    static const uint8_t h[KEY_EXCHANGE_HASH_MAX + 1] = {1};

    key_exchange_hash(&exchange, BYTES_OF_ARRAY(h));
    ck_assert_uint_eq(exchange.hash_len, 0);
    key_exchange_hash(&exchange, (struct bytes){h, KEY_EXCHANGE_HASH_MAX});
    ck_assert_uint_eq(exchange.hash_len, KEY_EXCHANGE_HASH_MAX);
    ck_assert_uint_eq(exchange.session_id_len, KEY_EXCHANGE_HASH_MAX);
    key_exchange_clear(&exchange);
}
END_TEST

START_TEST(only_the_length_of_k_is_kept_unless_it_may_be_shown)
{
    static const uint8_t k[] = {0, 0, 0, 2, 7, 8};
    struct key_exchange_input input;

    context.kex = context_kex_find("curve25519-sha256");
    key_exchange_secret(&exchange, BYTES_OF_ARRAY(k), false);
    ck_assert(key_exchange_input(&exchange, context.kex, 5, &input));
    ck_assert_ptr_null(input.value.at);
    ck_assert_uint_eq(input.value.len, 2);
    ck_assert_str_eq(field_type_name(input.type), "mpint");
    key_exchange_clear(&exchange);
}
END_TEST

START_TEST(a_secret_is_wiped)
{
    static const uint8_t k[] = {0, 0, 0, 4, 'k', 'e', 'y', '!'};

    leftovers_secret(k + 4, 4);
    key_exchange_secret(&exchange, BYTES_OF_ARRAY(k), true);
    key_exchange_secret(&exchange, BYTES_OF_ARRAY(k), true);
    ck_assert_uint_eq(exchange.secret_len, 4);
    key_exchange_done(&exchange);
    ck_assert_ptr_null(exchange.secret);
    key_exchange_clear(&exchange);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, the_inputs_give_the_hash_of_every_method, 0, 13);
    add_test(suite, a_wrong_guess_is_not_hashed);
    add_test(suite, a_second_host_key_replaces_the_first);
    add_test(suite, the_next_kexinit_begins_another_exchange);
    add_test(suite, a_hash_that_is_too_long_is_left_out);
    add_test(suite, a_secret_is_wiped);
    add_test(suite, only_the_length_of_k_is_kept_unless_it_may_be_shown);
}
