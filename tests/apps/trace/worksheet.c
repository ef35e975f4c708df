#include "apps/trace/worksheet.h"

#include "tests/support/scratch.h"
#include "tests/support/trace_exchange.h"
#include "tests/support/wiped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *print(const struct exchange *x)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    ck_assert_ptr_nonnull(out);
    worksheet_print(out, x);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

static void expect(const struct exchange *x, const char *const *says)
{
    char *text = print(x);

    for (; *says != NULL; says++)
        assert_says(text, *says);
    free(text);
}

START_TEST(every_field_and_key_is_printed)
{
    static const char *const says[] = {
        "# connection 1, key exchange 1: curve25519-sha256 with SHA-256\n",
        "# V_C: string of 17 bytes, the client's identification, without CR LF\n",
        "\nV_C = 00000011 5353482d322e302d6e616372655f302e31\n",
        "\nI_S = 000002",
        "# K: mpint of 3",
        "# H = SHA-256 of all of the above; the trace has the same\nH = ",
        "\nsession_id = ",
        "# A: initial IV, client to server: this cipher takes none\n",
        "# D: encryption key, server to client, 64 bytes; the trace has the same\nD = ",
        NULL};
    struct exchanges t = exchanges_run(&(struct exchange_session){.kex = "curve25519-sha256"});

    wiped_record();
    expect(&t.x[0], says);
    ck_assert_int_eq(EXCHANGE_KEY_MAX, HASH_MAX);
    assert_wiped(HASH_MAX, 1 + 2); /* H; chacha20-poly1305 takes a key each way */
    exchanges_free(&t);
}
END_TEST

START_TEST(what_is_missing_without_secrets_is_said)
{
    static const char *const says[] = {
        "\nQ_S = 00000020 ",
        "# K: mpint, the shared secret: not in this trace; record it with --unsafe-keylog",
        "# H, from the trace: it cannot be computed",
        "\nH = ",
        "# A to F: they cannot be derived without K, H and session_id\n",
        NULL};
    static const char *const nothing[] = {"# H: not in this trace, and it cannot be computed\n",
                                          NULL};
    struct exchanges t = exchanges_run(
        &(struct exchange_session){.kex = "curve25519-sha256", .without_secrets = true});

    expect(&t.x[0], says);
    t.x[0].h.len = t.x[0].session_id.len = 0;
    expect(&t.x[0], nothing);
    exchanges_free(&t);
}
END_TEST

START_TEST(without_the_keys_in_the_trace_their_beginning_is_printed)
{
    static const char *const says[] = {
        "# F: integrity key, server to client; how many bytes the cipher takes is not in this "
        "trace\nF = ",
        "# H = SHA-256 of all of the above\nH = ", NULL};
    struct exchanges t = exchanges_run(
        &(struct exchange_session){.kex = "mlkem768x25519-sha256", .without_hash = true});

    for (size_t i = 0; i < EXCHANGE_KEYS; i++)
        t.x[0].keys[i].len = 0;
    expect(&t.x[0], says);
    exchanges_free(&t);
}
END_TEST

/* A rekey does not say what H of the first exchange was. */
START_TEST(after_a_rekey_the_session_id_may_be_missing)
{
    static const char *const known[] = {"\n# session_id: H of the connection's first key exchange\n"
                                        "session_id = ",
                                        "\nC = ", NULL};
    static const char *const unknown[] = {
        "\n# session_id: H of the connection's first key exchange\n# it is not in this trace\n"
        "# A to F: they cannot be derived without K, H and session_id\n",
        NULL};
    struct exchanges t =
        exchanges_run(&(struct exchange_session){.kex = "curve25519-sha256", .rekeys = true});

    ck_assert_uint_eq(t.count, 2);
    expect(&t.x[1], known);
    t.x[1].session_id.len = 0;
    expect(&t.x[1], unknown);
    t.x[1].session_id.len = 1; /* as short as one can be */
    expect(&t.x[1], known);
    t.x[0].session_id.len = 0; /* it is its own H */
    expect(&t.x[0], known);
    exchanges_free(&t);
}
END_TEST

/* A trace from a program that computes something else. */
START_TEST(a_trace_that_contradicts_itself_is_noticed)
{
    static const char *const says[] = {"# H = SHA-256 of all of the above; the trace DIFFERS\n",
                                       "64 bytes; the trace DIFFERS\n", NULL};
    struct exchanges t = exchanges_run(&(struct exchange_session){.kex = "curve25519-sha256"});

    t.x[0].h.at[0] ^= 1;
    t.x[0].keys[2].at[0] ^= 1;
    expect(&t.x[0], says);
    exchanges_free(&t);
}
END_TEST

START_TEST(an_unknown_method_has_its_first_fields)
{
    static const char *const says[] = {
        "key exchange 1: unknown method\n",
        "\nI_C = ", "# the shares: the method is not in this trace, or nacre does not know it\n",
        NULL};
    struct exchanges t = exchanges_run(&(struct exchange_session){.kex = "curve25519-sha256"});

    t.x[0].kex = NULL;
    t.x[0].hash = NULL;
    expect(&t.x[0], says);
    exchanges_free(&t);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, every_field_and_key_is_printed);
    add_test(suite, what_is_missing_without_secrets_is_said);
    add_test(suite, without_the_keys_in_the_trace_their_beginning_is_printed);
    add_test(suite, after_a_rekey_the_session_id_may_be_missing);
    add_test(suite, a_trace_that_contradicts_itself_is_noticed);
    add_test(suite, an_unknown_method_has_its_first_fields);
}
