/* Exchanges from traces of sessions in memory: gather.c takes the fields from the messages, and
 * what is computed from them is compared with what the session had. */
#include "apps/trace/exchange.h"

#include "apps/trace/derive.h"
#include "tests/support/scratch.h"
#include "tests/support/tables.h"
#include "tests/support/trace_exchange.h"

#include <stdlib.h>
#include <string.h>

static void check_keys(const struct exchange *x, struct bytes h)
{
    unsigned taken = 0;

    for (size_t i = 0; i < EXCHANGE_KEYS; i++) {
        struct derivation d = derivation_of(x, h, i);
        uint8_t key[EXCHANGE_KEY_MAX];

        if (x->keys[i].len == 0)
            continue;
        ck_assert(derive_key(&d, key, x->keys[i].len));
        ck_assert_mem_eq(key, x->keys[i].at, x->keys[i].len);
        taken++;
    }
    ck_assert_uint_ge(taken, 2);
}

static void check(const struct exchange *x)
{
    uint8_t h[HASH_MAX];

    ck_assert_ptr_nonnull(x->hash);
    ck_assert_uint_eq(x->h.len, x->hash->len);
    ck_assert(exchange_compute_hash(x, h));
    ck_assert_mem_eq(h, x->h.at, x->h.len);
    check_keys(x, (struct bytes){h, x->h.len});
}

START_TEST(the_fields_of_every_method_give_its_hash_and_keys)
{
    const char *kex = algorithms_of(ALGORITHM_KEX)[_i / 2].name;
    struct exchanges t = exchanges_run(&(struct exchange_session){
        .kex = kex, .role = _i % 2 == 0 ? NACRE_SERVER : NACRE_CLIENT, .rekeys = true});

    ck_assert_uint_eq(t.count, 2);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_str_eq(t.x[i].kex->name, kex);
        ck_assert_uint_eq(t.x[i].number, i + 1);
        check(&t.x[i]);
    }
    ck_assert_mem_eq(t.x[1].session_id.at, t.x[0].h.at, t.x[0].h.len);
    exchanges_free(&t);
}
END_TEST

/* Keys longer than a hash, of one hash, and none. */
START_TEST(the_keys_of_every_protection_are_derived)
{
    struct protection protection = protection_at(_i);
    struct exchanges t = exchanges_run(&(struct exchange_session){
        .kex = "curve25519-sha256", .cipher = protection.cipher->name, .role = NACRE_SERVER});

    ck_assert_uint_eq(t.count, 1);
    check(&t.x[0]);
    exchanges_free(&t);
}
END_TEST

START_TEST(the_session_id_is_known_without_the_events_about_it)
{
    struct exchanges t = exchanges_run(&(struct exchange_session){
        .kex = "ecdh-sha2-nistp256", .without_hash = true, .rekeys = true});
    uint8_t h[HASH_MAX];

    ck_assert_uint_eq(t.count, 2);
    ck_assert(exchange_compute_hash(&t.x[0], h));
    ck_assert_uint_eq(t.x[1].session_id.len, 32);
    ck_assert_mem_eq(t.x[1].session_id.at, h, 32);
    exchanges_free(&t);
}
END_TEST

START_TEST(without_the_secret_there_is_no_hash_to_compute)
{
    struct exchanges t = exchanges_run(
        &(struct exchange_session){.kex = "curve25519-sha256", .without_secrets = true});
    uint8_t h[HASH_MAX];
    struct hashed field;
    size_t i = 0;

    ck_assert_uint_eq(t.count, 1);
    ck_assert(!exchange_compute_hash(&t.x[0], h));
    while (exchange_field(&t.x[0], i, &field))
        i++;
    ck_assert_uint_eq(i, 8);
    ck_assert_str_eq(field.name, "K");
    ck_assert_uint_eq(field.encoded.len, 0);
    exchanges_free(&t);
}
END_TEST

/* ---- traces by hand ---- */

#define HEADER "{\"trace\":1,\"program\":\"x\"}\n"
#define OPEN "{\"us\":0,\"conn\":1,\"event\":\"open\",\"role\":\"server\"}\n"
#define MESSAGE(dir, number, payload)                                                              \
    "{\"us\":0,\"conn\":1,\"event\":\"message\",\"dir\":\"" dir "\",\"seq\":0,\"number\":" number  \
    ",\"name\":\"\",\"length\":1,\"fields\":[],\"payload\":\"" payload "\"}\n"
#define NEGOTIATED(kex) "{\"us\":0,\"conn\":1,\"event\":\"negotiated\",\"kex\":\"" kex "\"}\n"
#define TWO_KEXINITS MESSAGE("in", "20", "14aa") MESSAGE("out", "20", "14bb")

static struct exchanges read_trace(const char *text)
{
    return exchanges_read(scratch_write("trace.json", text, 0600));
}

START_TEST(an_old_group_request_hashes_only_n)
{
    struct exchanges t = read_trace(HEADER OPEN TWO_KEXINITS NEGOTIATED(
        "diffie-hellman-group-exchange-sha256") MESSAGE("in", "30", "1e00000800"));
    const char *const names[] = {"V_C", "V_S", "I_C", "I_S", "K_S", "n", "p", "g", "e", "f", "K"};
    struct hashed field;

    ck_assert_uint_eq(t.count, 1);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ck_assert(exchange_field(&t.x[0], i, &field));
        ck_assert_str_eq(field.name, names[i]);
    }
    ck_assert(!exchange_field(&t.x[0], sizeof names / sizeof names[0], &field));
    exchanges_free(&t);
}
END_TEST

START_TEST(the_identification_may_be_text_only)
{
    struct exchanges t =
        read_trace(HEADER OPEN "{\"us\":0,\"conn\":1,\"event\":\"identification\",\"dir\":\"in\","
                               "\"text\":\"SSH-2.0-x\"}\n" TWO_KEXINITS);

    ck_assert_uint_eq(t.count, 1);
    assert_bytes(bytes_from(t.x[0].blobs[HASHED_V_C], 4), bytes_of("SSH-2.0-x"));
    ck_assert_uint_eq(t.x[0].blobs[HASHED_V_S].len, 0);
    exchanges_free(&t);
}
END_TEST

START_TEST(a_method_that_is_unknown_has_no_shares)
{
    struct exchanges t =
        read_trace(HEADER OPEN TWO_KEXINITS NEGOTIATED("new-method") MESSAGE("in", "30", "1e0000"));
    struct hashed field;

    ck_assert_uint_eq(t.count, 1);
    ck_assert_ptr_null(t.x[0].kex);
    ck_assert(exchange_field(&t.x[0], 5, &field));
    ck_assert_str_eq(field.name, "K");
    exchanges_free(&t);
}
END_TEST

/* What is cut, masked or not a message of its method is missing, and nothing worse. */
START_TEST(malformed_messages_are_missing_fields)
{
    static const char *const messages[] = {
        MESSAGE("in", "30", "1e000000ff00"),
        MESSAGE("in", "30", "1e"),
        MESSAGE("in", "30", "1e00000001--"),
        MESSAGE("in", "30", ""),
        MESSAGE("out", "31", "1f00000001"),
        "{\"us\":0,\"conn\":1,\"event\":\"secret\",\"label\":\"K\"}\n",
        "{\"us\":0,\"conn\":1,\"event\":\"secret\",\"label\":\"AB\",\"hex\":\"00\"}\n",
        "{\"us\":0,\"conn\":7,\"event\":\"secret\",\"label\":\"K\",\"hex\":\"00\"}\n",
    };

    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        char text[2048];
        struct exchanges t;

        (void)snprintf(text, sizeof text, "%s%s",
                       HEADER OPEN TWO_KEXINITS NEGOTIATED("curve25519-sha256"), messages[i]);
        t = read_trace(text);
        ck_assert_uint_eq(t.count, 1);
        for (int id = HASHED_K_S; id < HASHED_NAMES; id++)
            ck_assert_uint_eq(t.x[0].blobs[id].len, 0);
        exchanges_free(&t);
    }
}
END_TEST

START_TEST(a_connection_without_two_kexinits_has_no_exchange)
{
    struct exchanges t = read_trace(HEADER OPEN MESSAGE("in", "20", "14aa") OPEN TWO_KEXINITS);

    ck_assert_uint_eq(t.count, 1);
    ck_assert_uint_eq(t.x[0].number, 1);
    exchanges_free(&t);
}
END_TEST

/* Of which a byte is not shown. */
START_TEST(a_hash_that_is_not_whole_is_not_known)
{
    const struct exchange_session s = {.kex = "curve25519-sha256"};
    char *text = scratch_read(exchanges_write(&s));
    struct exchanges t;

    memcpy(strstr(text, "\"H\":\"") + 5, "--", 2);
    t = exchanges_read(scratch_write("trace.json", text, 0600));
    ck_assert_uint_eq(t.count, 1);
    ck_assert_uint_eq(t.x[0].h.len, 0);
    ck_assert_uint_gt(t.x[0].session_id.len, 0);
    exchanges_free(&t);
    free(text);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, the_fields_of_every_method_give_its_hash_and_keys, 0,
             2 * algorithm_count(ALGORITHM_KEX));
    add_loop(suite, the_keys_of_every_protection_are_derived, 0, protection_count());
    add_test(suite, the_session_id_is_known_without_the_events_about_it);
    add_test(suite, without_the_secret_there_is_no_hash_to_compute);
    add_test(suite, an_old_group_request_hashes_only_n);
    add_test(suite, the_identification_may_be_text_only);
    add_test(suite, a_method_that_is_unknown_has_no_shares);
    add_test(suite, malformed_messages_are_missing_fields);
    add_test(suite, a_connection_without_two_kexinits_has_no_exchange);
    add_test(suite, a_hash_that_is_not_whole_is_not_known);
}
