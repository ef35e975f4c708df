/* ECDSA signature blobs whose numbers are padded. RFC 5656 section 3.1.2, RFC 4251 section 5. */
#include "crypto/ec_curve.h"
#include "tests/support/suite.h"
#include "transport/key_pair.h"

static const uint8_t message[] = {'m'};

static void sign(const struct nacre_key *key, uint8_t numbers[2][32])
{
    ck_assert(ecdsa_sign(&key->secret.ecdsa, BYTES_OF_ARRAY(message), numbers[0], numbers[1]));
}

static struct nacre_key make_key(void)
{
    static const uint8_t scalar[32] = {[31] = 7};
    struct nacre_key key = {0};

    ck_assert(
        private_key_ecdsa(&key, &ec_nistp256, BYTES_OF_ARRAY(scalar), (struct bytes){NULL, 0}));
    return key;
}

/* A number with `zeros` zeros before its magnitude, or negative when there is none to spare. */
static void write_number(struct writer *w, const uint8_t number[32], size_t zeros)
{
    uint8_t padded[64] = {0};

    memcpy(padded + zeros, number, 32);
    write_string(w, (struct bytes){padded, zeros + 32});
}

static bool verifies(const struct nacre_key *key, uint8_t numbers[2][32], size_t zeros_r,
                     size_t zeros_s)
{
    uint8_t blob[512];
    struct writer w = write_to(blob, sizeof blob);
    uint8_t *begin;

    write_text(&w, "ecdsa-sha2-nistp256");
    begin = write_string_begin(&w);
    write_number(&w, numbers[0], zeros_r);
    write_number(&w, numbers[1], zeros_s);
    write_string_end(&w, begin);
    ck_assert(!w.bad);
    return key_verify(&signature_nistp256, private_key_blob(key), written_bytes(&w),
                      BYTES_OF_ARRAY(message));
}

/* OpenSSH does the same; see SECURITY.md. */
START_TEST(superfluous_zeros_before_r_and_s_change_nothing)
{
    struct nacre_key key = make_key();
    uint8_t numbers[2][32];

    sign(&key, numbers);
    for (size_t r = 1; r < 20; r += 3)
        for (size_t s = 1; s < 20; s += 3)
            ck_assert(verifies(&key, numbers, r, s));
    numbers[1][31] ^= 1;
    ck_assert(!verifies(&key, numbers, 1, 1));
    private_key_clear(&key);
}
END_TEST

/* A first byte above 0x7f without a zero before it makes the number negative. */
START_TEST(negative_and_zero_numbers_do_not_verify)
{
    struct nacre_key key = make_key();
    uint8_t numbers[2][32], changed[2][32];

    sign(&key, numbers);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(verifies(&key, numbers, i == 0 ? 0 : 1, i == 0 ? 1 : 0),
                         numbers[i][0] < 0x80);
        memcpy(changed, numbers, sizeof changed);
        memset(changed[i], 0, sizeof changed[i]);
        ck_assert(!verifies(&key, changed, 1, 1));
    }
    private_key_clear(&key);
}
END_TEST

START_TEST(a_signature_is_made_and_verifies)
{
    struct nacre_key key = make_key();
    uint8_t blob[512];
    struct writer w = write_to(blob, sizeof blob);

    ck_assert(key_sign(&key, &signature_nistp256, BYTES_OF_ARRAY(message), &w));
    ck_assert(key_verify(&signature_nistp256, private_key_blob(&key), written_bytes(&w),
                         BYTES_OF_ARRAY(message)));
    private_key_clear(&key);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, superfluous_zeros_before_r_and_s_change_nothing);
    add_test(suite, negative_and_zero_numbers_do_not_verify);
    add_test(suite, a_signature_is_made_and_verifies);
}
