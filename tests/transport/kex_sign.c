/* The host key at the end of a key exchange: the server signs, the client verifies. RFC 4253
 * section 8. */
#include "tests/support/loop_transport.h"
#include "tests/support/suite.h"
#include "transport/kex_sign.h"
#include "transport/kex_state.h"

static struct loop loop;

static void expect_end(const struct loop_end *e, enum nacre_cause cause, uint32_t code,
                       const char *text)
{
    const struct nacre_end *why = transport_how_ended(&e->transport);

    ck_assert_int_eq(why->cause, cause);
    ck_assert_uint_eq(why->code, code);
    ck_assert_str_eq(why->text, text);
}

static void expect_host_key(const struct nacre_key *key)
{
    assert_bytes(transport_host_key(&loop.server.transport), private_key_blob(key));
    assert_bytes(transport_host_key(&loop.client.transport), private_key_blob(key));
}

static bool cannot_sign(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                        struct bytes data, struct writer *w)
{
    (void)key;
    (void)algorithm;
    (void)data;
    (void)w;
    return false;
}

/* Well formed, but over other data. */
static bool sign_wrongly(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                         struct bytes data, struct writer *w)
{
    static const uint8_t zeros[64];

    (void)key;
    (void)data;
    write_text(w, algorithm->name);
    write_string(w, BYTES_OF_ARRAY(zeros));
    return true;
}

START_TEST(both_ends_know_the_host_key_of_the_first_exchange)
{
    static const uint8_t seed[32] = {7};
    struct nacre_key other;

    ck_assert(private_key_ed25519(&other, seed));
    loop_open(&loop);
    loop_connect(&loop);
    expect_host_key(&loop.server.host_key);
    loop.server.host_keys[0] = &other;
    transport_rekey(&loop.server.transport);
    loop_run(&loop);
    ck_assert_int_eq(loop.client.exchanges, 2);
    expect_host_key(&loop.server.host_key);
    loop_close(&loop);
    private_key_clear(&other);
}
END_TEST

START_TEST(a_host_key_that_cannot_sign_fails_the_exchange)
{
    loop_open(&loop);
    loop.server.host_key.sign = cannot_sign;
    loop_start(&loop);
    loop_run(&loop);
    expect_end(&loop.server, NACRE_PROTOCOL_ERROR, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
               "host key could not sign");
    ck_assert(transport_ended(&loop.client.transport));
    loop_close(&loop);
}
END_TEST

/* A signature of a faulty signer does not leave the server. */
START_TEST(a_faulty_signature_is_not_sent)
{
    loop_open(&loop);
    loop.server.host_key.sign = sign_wrongly;
    loop_start(&loop);
    loop_run(&loop);
    expect_end(&loop.server, NACRE_PROTOCOL_ERROR, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
               "host key could not sign");
    ck_assert_uint_eq(loop_end_count(&loop.server, NACRE_SENT, SSH_MSG_KEX_ECDH_REPLY), 0);
    ck_assert_uint_eq(loop_end_count(&loop.client, NACRE_RECEIVED, SSH_MSG_KEX_ECDH_REPLY), 0);
    loop_close(&loop);
}
END_TEST

START_TEST(a_wrong_signature_fails_the_exchange_at_the_client)
{
    loop_open(&loop);
    loop.server.host_key.secret.ed25519_seed[0] ^= 1;
    loop_start(&loop);
    loop_run(&loop);
    expect_end(&loop.client, NACRE_PROTOCOL_ERROR, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
               "host key signature is wrong");
    ck_assert_uint_eq(transport_host_key(&loop.client.transport).len, 0);
    loop_close(&loop);
}
END_TEST

/* An RSA key blob of so many bits. */
static struct bytes rsa_blob(uint8_t out[KEY_BLOB_MAX], unsigned bits)
{
    uint8_t n[16400 / 8] = {0};
    struct writer w = write_to(out, KEY_BLOB_MAX);

    n[0] = (uint8_t)(1U << (bits + 7) % 8);
    write_text(&w, "ssh-rsa");
    write_mpint(&w, bytes_of("\3"));
    write_mpint(&w, (struct bytes){n, (bits + 7) / 8});
    ck_assert(!w.bad);
    return written_bytes(&w);
}

/* The client in the middle of an exchange that ends with an RSA key. */
static struct transport *client_with_rsa(void)
{
    struct transport *t = &loop.client.transport;

    loop_open(&loop);
    loop_start(&loop);
    if (t->kex == NULL)
        ck_assert(kex_state_new(t));
    t->kex->chosen.kex = algorithm_find(ALGORITHM_KEX, bytes_of("curve25519-sha256"));
    t->kex->chosen.host_key = algorithm_find(ALGORITHM_HOST_KEY, bytes_of("rsa-sha2-512"));
    return t;
}

START_TEST(a_host_key_that_is_too_short_or_too_long_is_called_so)
{
    static const char shorter[] = "host key is too short: an RSA key needs 2048 bits or more";
    static const char longer[] = "host key is too long: an RSA key may have 16384 bits";
    static const struct {
        unsigned bits;
        const char *text;
    } rows[] = {{1024, shorter}, {2040, shorter}, {2047, shorter}, {2048, NULL},
                {2049, NULL},    {16384, NULL},   {16385, longer}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t blob[KEY_BLOB_MAX];
        struct transport *t = client_with_rsa();

        ck_assert_int_eq(kex_verify(t, rsa_blob(blob, rows[i].bits), bytes_of("")), KEX_FAILED);
        if (rows[i].text != NULL)
            expect_end(&loop.client, NACRE_HOST_KEY_REJECTED,
                       SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE, rows[i].text);
        else
            expect_end(&loop.client, NACRE_PROTOCOL_ERROR, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
                       "host key signature is wrong");
        loop_close(&loop);
    }
}
END_TEST

START_TEST(a_rejected_host_key_is_a_cause_of_its_own)
{
    loop_open(&loop);
    loop.client.host_key_is_known = false;
    loop_start(&loop);
    loop_run(&loop);
    expect_end(&loop.client, NACRE_HOST_KEY_REJECTED, SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE,
               "host key was not accepted");
    ck_assert_str_eq(nacre_cause_text(NACRE_HOST_KEY_REJECTED), "host key rejected");
    loop_close(&loop);
}
END_TEST

START_TEST(a_client_without_memory_for_the_host_key_ends)
{
    bool kept = false;

    for (size_t n = 1; !kept; n++) {
        loop_open(&loop);
        loop.client.fail_at = n;
        ck_assert(loop_end_start(&loop.server));
        if (loop_end_start(&loop.client))
            loop_run(&loop);
        kept = loop.client.allocations < n;
        if (kept)
            expect_host_key(&loop.server.host_key);
        loop_end_clear(&loop.server);
        loop_end_clear(&loop.client);
        ck_assert_uint_lt(n, 1000);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, both_ends_know_the_host_key_of_the_first_exchange);
    add_test(suite, a_host_key_that_cannot_sign_fails_the_exchange);
    add_test(suite, a_faulty_signature_is_not_sent);
    add_test(suite, a_wrong_signature_fails_the_exchange_at_the_client);
    add_test(suite, a_host_key_that_is_too_short_or_too_long_is_called_so);
    add_test(suite, a_rejected_host_key_is_a_cause_of_its_own);
    add_test(suite, a_client_without_memory_for_the_host_key_ends);
}
