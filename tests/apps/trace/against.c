#include "apps/trace/against.h"

#include "apps/trace/derive.h"
#include "apps/trace/worksheet.h"
#include "tests/support/scratch.h"
#include "tests/support/trace_exchange.h"
#include "tests/support/wiped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *printed;
static size_t printed_len;

/* The worksheet as text, which is a LOG too. */
static char *worksheet(const struct exchange *x)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    ck_assert_ptr_nonnull(out);
    worksheet_print(out, x);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

static bool against(const struct exchange *x, const char *log_text)
{
    char sentence[256] = "";
    struct errbuf why = errbuf_in(sentence, sizeof sentence);
    struct log_file log;
    FILE *out = open_memstream(&printed, &printed_len);
    bool same;

    ck_assert_ptr_nonnull(out);
    ck_assert_msg(log_read(&log, scratch_write("mine.log", log_text, 0600), &why), "%s", sentence);
    same = against_print(out, x, &log);
    ck_assert_int_eq(fclose(out), 0);
    log_free(&log);
    return same;
}

static void expect(const struct exchange *x, const char *log_text, bool same, const char *says)
{
    ck_assert_msg(against(x, log_text) == same, "%s", printed);
    assert_says(printed, says);
    free(printed);
}

/* Change the digit that is `at` digits into a value of the worksheet. */
static void spoil(char *text, const char *name, size_t at)
{
    char start[32];
    char *found;

    (void)snprintf(start, sizeof start, "\n%s = ", name);
    found = strstr(text, start);
    ck_assert_msg(found != NULL, "no %s", name);
    found += strlen(start) + at;
    *found = *found == '0' ? '1' : '0';
}

START_TEST(a_worksheet_agrees_with_its_trace)
{
    static const char *const methods[] = {"curve25519-sha256", "mlkem768x25519-sha256",
                                          "diffie-hellman-group-exchange-sha256",
                                          "diffie-hellman-group14-sha1"};
    struct exchanges t =
        exchanges_run(&(struct exchange_session){.kex = methods[_i], .rekeys = true});

    for (size_t i = 0; i < t.count; i++) {
        char *text = worksheet(&t.x[i]);

        wiped_record();
        expect(&t.x[i], text, true, "Nothing differs.");
        assert_wiped(EXCHANGE_KEY_MAX, 2); /* chacha20-poly1305 takes a key each way */
        assert_wiped(EXCHANGE_KEY_MAX + HASH_MAX, 2);
        assert_wiped(4096, 1); /* the secrets that are borrowed */
        free(text);
    }
    exchanges_free(&t);
}
END_TEST

START_TEST(the_first_difference_is_shown)
{
    static const struct {
        const char *name, *says;
    } cases[] = {
        {"V_C", "V_C        differs from byte 6 on"},
        {"I_S", "I_S        differs from byte 6 on"},
        {"Q_C", "Q_C        differs from byte 6 on"},
        {"K", "usual cause: it is another secret"},
        {"H", "H          differs from byte 6 on"},
        {"session_id", "usual cause: it is H of the connection's first key exchange"},
        {"C", "C          differs from byte 6 on"},
    };
    struct exchanges t = exchanges_run(&(struct exchange_session){.kex = "curve25519-sha256"});

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = worksheet(&t.x[0]);
        /* a field has a space after its length */
        size_t at = strcmp(cases[i].name, "H") == 0 || strlen(cases[i].name) > 3 ||
                            strcmp(cases[i].name, "C") == 0
                        ? 12
                        : 13;

        spoil(text, cases[i].name, at);
        expect(&t.x[0], text, false, cases[i].says);
        free(text);
    }
    exchanges_free(&t);
}
END_TEST

START_TEST(only_the_first_of_two_differences_is_shown)
{
    struct exchanges t = exchanges_run(&(struct exchange_session){.kex = "curve25519-sha256"});
    char *text = worksheet(&t.x[0]);

    spoil(text, "V_S", 13);
    spoil(text, "H", 3);
    ck_assert(!against(&t.x[0], text));
    assert_says(printed, "V_C        same, 21 bytes\nV_S        differs from byte 6 on\n");
    ck_assert_ptr_null(strstr(printed, "\nH "));
    free(printed);
    free(text);
    exchanges_free(&t);
}
END_TEST

START_TEST(a_session_id_after_a_rekey_is_the_first_one)
{
    struct exchanges t =
        exchanges_run(&(struct exchange_session){.kex = "curve25519-sha256", .rekeys = true});
    char text[128] = "session_id = ";

    for (size_t i = 0; i < 32; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%02x", t.x[1].h.at[i]);
    expect(&t.x[1], text, false, "it is this key exchange's H");
    exchanges_free(&t);
}
END_TEST

/* An exchange of which only H is known, 00 01 02 ..., and the LOG's H. */
START_TEST(sixteen_bytes_around_the_difference_are_shown)
{
    static const struct {
        size_t len;
        const char *log, *says;
    } rows[] = {
        {20, "H = ff",
         "differs from byte 0 on\n"
         "    right   20 bytes: 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f ...\n"
         "    yours   1 bytes: ff \n"},
        {16, "H = ff", "16 bytes: 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f \n"},
        {5, "H = 00010203ff", "byte 4 on\n    right   5 bytes: 00 01 02 03 04 \n"},
        {6, "H = 0001020304ff",
         "byte 5 on\n    right   6 bytes: ... 01 02 03 04 05 \n"
         "    yours   6 bytes: ... 01 02 03 04 ff \n"},
        {18, "H = 000102030405ff",
         "right   18 bytes: ... 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 \n"},
        {19, "H = 000102030405ff",
         "right   19 bytes: ... 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 ...\n"},
        {1, "H = 01", "right   1 bytes: 00 \n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct exchange x = {.number = 1, .h.len = rows[i].len};

        for (size_t j = 0; j < rows[i].len; j++)
            x.h.at[j] = (uint8_t)j;
        expect(&x, rows[i].log, false, rows[i].says);
    }
}
END_TEST

/* What a trace with nothing in it cannot prove is not compared. */
START_TEST(a_value_that_the_trace_lacks_is_not_wrong)
{
    static const char *const logs[] = {"H = 00\n", "session_id = 00\n", "A = 00\n"};
    const struct exchange x = {.number = 1};

    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++)
        expect(&x, logs[i], true, "Nothing differs.");
}
END_TEST

START_TEST(names_and_their_order_are_compared)
{
    struct exchanges t = exchanges_run(&(struct exchange_session){.kex = "curve25519-sha256"});
    const char *v = "00000011 5353482d322e302d6e616372655f302e31";
    char text[256];

    expect(&t.x[0], "e = 00", false, "e          is hashed in line 1 of the LOG, but not by this");
    (void)snprintf(text, sizeof text, "V_S = %s\nV_C = %s\n", v, v);
    expect(&t.x[0], text, false, "V_S        comes before V_C in the LOG");
    (void)snprintf(text, sizeof text, "V_C = %s\n", v);
    expect(&t.x[0], text, true, "Q_C        not compared: it is not in the LOG");
    exchanges_free(&t);
}
END_TEST

START_TEST(keys_may_be_as_long_as_the_cipher_takes)
{
    struct exchanges t = exchanges_run(
        &(struct exchange_session){.kex = "curve25519-sha256", .cipher = "aes256-gcm@openssh.com"});
    struct derivation d = derivation_of(&t.x[0], (struct bytes){t.x[0].h.at, t.x[0].h.len}, 0);
    uint8_t key[EXCHANGE_KEY_MAX];
    char text[256];
    size_t len;

    (void)snprintf(text, sizeof text, "A = %02x%02x\n", t.x[0].keys[0].at[0], t.x[0].keys[0].at[1]);
    expect(&t.x[0], text, false, "it is too short");
    t.x[0].keys[0].len = 0; /* as in a trace with K only */
    expect(&t.x[0], text, true, "A          same, 2 bytes");
    ck_assert(derive_key(&d, key, sizeof key));
    len = (size_t)snprintf(text, sizeof text, "A = ");
    for (size_t i = 0; i < sizeof key; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%02x", key[i]);
    expect(&t.x[0], text, true, "A          same, 64 bytes"); /* no cipher takes more */
    (void)snprintf(text + len, sizeof text - len, "00");
    expect(&t.x[0], text, false, "A          differs from byte 64 on");
    exchanges_free(&t);
}
END_TEST

/* The LOG's own K, proved by the H that the trace has. */
START_TEST(without_secrets_the_hash_tells_whether_k_is_right)
{
    struct exchange_session s = {.kex = "curve25519-sha256"};
    struct exchanges with = exchanges_run(&s), without;
    char *text = worksheet(&with.x[0]);

    s.without_secrets = true;
    without = exchanges_run(&s);
    expect(&without.x[0], text, true, "The trace has no K: its H proves what K is.");
    spoil(text, "K", 13);
    expect(&without.x[0], text, false, "K          is wrong: with it, H is");
    ck_assert(!against(&without.x[0], text)); /* nothing else is compared then */
    assert_says(printed, "or the arithmetic is not\n");
    ck_assert_str_eq(strstr(printed, "or the arithmetic is not\n"), "or the arithmetic is not\n");
    free(printed);
    without.x[0].h.len = 0;
    expect(&without.x[0], text, false, "whether yours are right is not checked");
    free(text);
    exchanges_free(&with);
    exchanges_free(&without);
}
END_TEST

#define CURVE "curve25519-sha256"

/* ... also when the right bytes are encoded in a wrong way. Seed 1 gives a K of 32 bytes, seed 0
 * one that begins with a zero. */
START_TEST(without_secrets_the_usual_cause_is_found_too)
{
    static const struct {
        const char *kex;
        uint8_t seed;
        const char *start;
        bool reversed;
        const char *says;
    } cases[] = {{CURVE, 1, "", false, "its length is missing"},
                 {CURVE, 1, "00000020", true, "the bytes are in the wrong order"},
                 {CURVE, 1, "00000022 0000", false, "more leading zeros"},
                 {CURVE, 0, "00000020", false, "the mpint has no leading zero"},
                 {"mlkem768x25519-sha256", 3, "", false, "its length is missing"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_session s = {.kex = cases[i].kex, .seed = cases[i].seed};
        struct exchanges with = exchanges_run(&s), without;
        struct bytes k = bytes_without_zeros(bytes_from(with.x[0].blobs[HASHED_K], 4));
        char text[256];
        size_t len = (size_t)snprintf(text, sizeof text, "K = %s", cases[i].start);

        s.without_secrets = true;
        without = exchanges_run(&s);
        ck_assert_uint_eq(k.len, 32);
        ck_assert(strncmp(cases[i].kex, "mlkem", 5) != 0 ||
                  k.at[0] >= 0x80); /* as an mpint it differs */
        for (size_t at = 0; at < k.len; at++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%02x",
                                    k.at[cases[i].reversed ? k.len - 1 - at : at]);
        expect(&without.x[0], text, false, cases[i].says);
        exchanges_free(&with);
        exchanges_free(&without);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, a_worksheet_agrees_with_its_trace, 0, 4);
    add_test(suite, the_first_difference_is_shown);
    add_test(suite, only_the_first_of_two_differences_is_shown);
    add_test(suite, a_session_id_after_a_rekey_is_the_first_one);
    add_test(suite, sixteen_bytes_around_the_difference_are_shown);
    add_test(suite, a_value_that_the_trace_lacks_is_not_wrong);
    add_test(suite, names_and_their_order_are_compared);
    add_test(suite, keys_may_be_as_long_as_the_cipher_takes);
    add_test(suite, without_secrets_the_hash_tells_whether_k_is_right);
    add_test(suite, without_secrets_the_usual_cause_is_found_too);
}
