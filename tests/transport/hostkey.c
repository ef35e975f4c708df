/* Key and signature blobs. RFC 4253 section 6.6, RFC 8709. The cryptography is tested in
 * tests/crypto, the other types of keys in tests/whole/every_algorithm.c. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/base64.h"
#include "crypto/ec_curve.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"
#include "tests/support/vectors.h"
#include "transport/key_pair.h"

#include <openssl/rsa.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* RFC 8032 section 7.1, test 2: the message is the one byte 0x72. */
static const uint8_t message[] = {0x72};

struct fixture {
    struct vectors *v;
    struct nacre_key key;
    uint8_t signature[128];
    size_t signature_len;
};

static void set_up(struct fixture *f)
{
    struct writer w = write_to(f->signature, sizeof f->signature);

    f->v = vectors_open("ed25519.txt");
    ck_assert(private_key_ed25519(&f->key, vectors_nth(f->v, "seed", 1).at));
    ck_assert(key_sign(&f->key, &signature_ed25519, BYTES_OF_ARRAY(message), &w));
    f->signature_len = written(&w);
}

static void tear_down(struct fixture *f)
{
    private_key_clear(&f->key);
    vectors_close(f->v);
}

static bool verifies(struct bytes blob, struct bytes signature)
{
    return key_verify(&signature_ed25519, blob, signature, BYTES_OF_ARRAY(message));
}

/* string name, string value, the form of both key and signature blobs; then `more` bytes. */
static struct bytes blob_of(uint8_t *out, size_t size, const char *name, struct bytes value,
                            size_t more)
{
    struct writer w = write_to(out, size);

    write_text(&w, name);
    write_string(&w, value);
    for (size_t i = 0; i < more; i++)
        write_u8(&w, 0);
    ck_assert(!w.bad);
    return written_bytes(&w);
}

/* RFC 8709 section 4: string "ssh-ed25519", string key */
START_TEST(a_key_blob_contains_the_type_and_the_point)
{
    struct fixture f;
    uint8_t out[128];

    set_up(&f);
    assert_bytes(private_key_blob(&f.key),
                 blob_of(out, sizeof out, "ssh-ed25519", vectors_nth(f.v, "public", 1), 0));
    assert_bytes(key_blob_type(private_key_blob(&f.key)), bytes_of("ssh-ed25519"));
    ck_assert(key_blob_fits(&signature_ed25519, private_key_blob(&f.key)));
    tear_down(&f);
}
END_TEST

/* RFC 8709 section 6: string "ssh-ed25519", string signature */
START_TEST(a_signature_blob_contains_the_name_and_the_signature)
{
    struct fixture f;
    uint8_t out[128];

    set_up(&f);
    assert_bytes((struct bytes){f.signature, f.signature_len},
                 blob_of(out, sizeof out, "ssh-ed25519", vectors_nth(f.v, "signature", 1), 0));
    ck_assert(verifies(private_key_blob(&f.key), (struct bytes){f.signature, f.signature_len}));
    tear_down(&f);
}
END_TEST

START_TEST(no_flipped_bit_of_key_signature_or_data_verifies)
{
    struct fixture f;

    set_up(&f);
    for (size_t bit = 0; bit < 8 * f.signature_len; bit++) {
        f.signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert(
            !verifies(private_key_blob(&f.key), (struct bytes){f.signature, f.signature_len}));
        f.signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8U * f.key.blob_len; bit++) {
        f.key.blob[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert(
            !verifies(private_key_blob(&f.key), (struct bytes){f.signature, f.signature_len}));
        f.key.blob[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8; bit++) {
        const uint8_t other[] = {(uint8_t)(message[0] ^ 1U << bit)};

        ck_assert(!key_verify(&signature_ed25519, private_key_blob(&f.key),
                              (struct bytes){f.signature, f.signature_len}, BYTES_OF_ARRAY(other)));
    }
    tear_down(&f);
}
END_TEST

/* 8709/4/1, 4253/6.6/1, 4253/6.6/3 */
START_TEST(a_key_blob_of_another_shape_does_not_verify)
{
    static const struct {
        const char *type;
        size_t len, more;
    } cases[] = {{"ssh-ed25519", 31, 0}, {"ssh-ed25519", 33, 0},
                 {"ssh-ed25519", 0, 0},  {"ssh-ed25519", 64, 0},
                 {"ssh-ed25519", 32, 1}, {"ssh-ed25519", 32, 4},
                 {"ssh-rsa", 32, 0},     {"ssh-ed448", 32, 0},
                 {"SSH-ED25519", 32, 0}, {"", 32, 0},
                 {"ssh-ed2551", 32, 0}};
    struct fixture f;
    uint8_t out[128], point[64] = {0};

    set_up(&f);
    memcpy(point, vectors_nth(f.v, "public", 1).at, 32);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bytes blob = blob_of(out, sizeof out, cases[i].type,
                                    (struct bytes){point, cases[i].len}, cases[i].more);

        ck_assert_msg(!verifies(blob, (struct bytes){f.signature, f.signature_len}),
                      "%s, %zu bytes and %zu more", cases[i].type, cases[i].len, cases[i].more);
    }
    tear_down(&f);
}
END_TEST

/* 8709/6/1, 4253/6.6/2, 4253/6.6/3 */
START_TEST(a_signature_blob_of_another_shape_does_not_verify)
{
    static const struct {
        const char *name;
        size_t len, more;
    } cases[] = {{"ssh-ed25519", 63, 0}, {"ssh-ed25519", 65, 0},
                 {"ssh-ed25519", 0, 0},  {"ssh-ed25519", 96, 0},
                 {"ssh-ed25519", 64, 1}, {"ssh-ed25519", 64, 4},
                 {"ssh-rsa", 64, 0},     {"", 64, 0},
                 {"ssh-ed25519x", 64, 0}};
    struct fixture f;
    uint8_t out[256], signature[96] = {0};

    set_up(&f);
    memcpy(signature, vectors_nth(f.v, "signature", 1).at, 64);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bytes blob = blob_of(out, sizeof out, cases[i].name,
                                    (struct bytes){signature, cases[i].len}, cases[i].more);

        ck_assert_msg(!verifies(private_key_blob(&f.key), blob), "%s, %zu bytes and %zu more",
                      cases[i].name, cases[i].len, cases[i].more);
    }
    tear_down(&f);
}
END_TEST

START_TEST(blobs_cut_anywhere_do_not_verify)
{
    struct fixture f;

    set_up(&f);
    for (size_t len = 0; len < f.signature_len; len++)
        ck_assert(!verifies(private_key_blob(&f.key), (struct bytes){f.signature, len}));
    for (size_t len = 0; len < f.key.blob_len; len++)
        ck_assert(!verifies((struct bytes){f.key.blob, len},
                            (struct bytes){f.signature, f.signature_len}));
    tear_down(&f);
}
END_TEST

/* 8709/7/1: S + L encodes the same S, where L is the order of the group, RFC 8032 section 5.1. */
START_TEST(a_malleated_signature_does_not_verify)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    struct fixture f;
    unsigned carry = 0;
    uint8_t *s;

    set_up(&f);
    s = f.signature + f.signature_len - 32;
    for (size_t i = 0; i < 32; i++) {
        carry += s[i] + order[i];
        s[i] = (uint8_t)carry;
        carry >>= 8;
    }
    ck_assert_uint_eq(carry, 0);
    ck_assert(!verifies(private_key_blob(&f.key), (struct bytes){f.signature, f.signature_len}));
    tear_down(&f);
}
END_TEST

START_TEST(a_key_signs_only_with_an_algorithm_of_its_type)
{
    struct fixture f;
    uint8_t out[128];
    struct writer w = write_to(out, sizeof out);

    set_up(&f);
    ck_assert(!key_sign(&f.key, &signature_rsa_sha2_256, BYTES_OF_ARRAY(message), &w));
    ck_assert(!key_sign(&f.key, &signature_nistp256, BYTES_OF_ARRAY(message), &w));
    ck_assert(!key_sign(&f.key, &signature_sk_ed25519, BYTES_OF_ARRAY(message), &w));
    tear_down(&f);
}
END_TEST

START_TEST(a_signature_that_does_not_fit_fails)
{
    struct fixture f;
    uint8_t out[128];

    set_up(&f);
    for (size_t room = 0; room <= f.signature_len; room++) {
        struct writer w = write_to(out, room);

        ck_assert(key_sign(&f.key, &signature_ed25519, BYTES_OF_ARRAY(message), &w) ==
                  (room == f.signature_len));
    }
    tear_down(&f);
}
END_TEST

/* ---- signers that err ---- */

static unsigned flips; /* bit of the signature, counted from its end, from 1; 0: none */

static bool finish_with_fault(bool done, struct writer *w)
{
    if (done && flips > 0)
        w->at[-1 - (int)((flips - 1) / 8)] ^= (uint8_t)(1U << (flips - 1) % 8);
    return done;
}

static bool rsa_with_fault(const struct signature_algorithm *algorithm, const struct nacre_key *key,
                           struct bytes data, struct writer *w)
{
    return finish_with_fault(signature_rsa_sha2_512.sign(algorithm, key, data, w), w);
}

/* A key that is elsewhere, though the secret is there to sign with. */
static bool elsewhere_with_fault(const struct nacre_key *key,
                                 const struct signature_algorithm *algorithm, struct bytes data,
                                 struct writer *w)
{
    write_text(w, algorithm->name);
    return finish_with_fault(algorithm->sign(algorithm, key, data, w), w);
}

static bool signs(const struct nacre_key *key, const struct signature_algorithm *algorithm)
{
    uint8_t out[SIGNATURE_BLOB_MAX];
    struct writer w = write_to(out, sizeof out);

    write_u32(&w, 7); /* what comes before is not part of it */
    return key_sign(key, algorithm, BYTES_OF_ARRAY(message), &w);
}

static void set_up_rsa(struct nacre_key *key)
{
    struct vectors *v = vectors_open("rsa.txt");
    const struct rsa_numbers numbers = {
        .n = vectors_nth(v, "n", 1),
        .e = vectors_nth(v, "e", 1),
        .d = vectors_nth(v, "d", 1),
        .p = vectors_nth(v, "p", 1),
        .q = vectors_nth(v, "q", 1),
        .iqmp = vectors_nth(v, "iqmp", 1),
    };

    *key = (struct nacre_key){0};
    ck_assert(private_key_rsa(key, &numbers));
    vectors_close(v);
}

/* What a function's own memory holds before it is called. */
static __attribute__((noinline)) void fill_the_stack(void)
{
    volatile uint8_t bytes[16 * 1024];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = 0xff;
}

/* The blob of a signature by the key: string name, string signature, of which only these bytes. */
static bool verifies_bytes(const struct nacre_key *key, struct bytes signature, struct bytes data)
{
    uint8_t blob[512];
    struct writer w = write_to(blob, sizeof blob);

    write_text(&w, "rsa-sha2-512");
    write_string(&w, signature);
    ck_assert(!w.bad);
    fill_the_stack();
    return key_verify(&signature_rsa_sha2_512, private_key_blob(key), written_bytes(&w), data);
}

/* RFC 8332 section 3. One signature of 256 begins with a zero. */
START_TEST(an_rsa_signature_may_lack_its_leading_zeros)
{
    struct nacre_key key;
    uint8_t out[SIGNATURE_BLOB_MAX], longer[512] = {0};
    struct bytes data, s;
    uint32_t i = 245; /* with this key, 251 gives such a signature */

    set_up_rsa(&key);
    do {
        struct writer w = write_to(out, sizeof out);
        struct reader r;

        i++;
        data = (struct bytes){(const uint8_t *)&i, sizeof i};
        ck_assert(key_sign(&key, &signature_rsa_sha2_512, data, &w));
        r = read_from(written_bytes(&w));
        (void)read_string(&r);
        s = read_string(&r);
        ck_assert_uint_eq(s.len, 256);
        ck_assert_uint_lt(i, 10000);
    } while (s.at[0] != 0);
    ck_assert(verifies_bytes(&key, s, data));
    ck_assert(verifies_bytes(&key, (struct bytes){s.at + 1, s.len - 1}, data));
    memcpy(longer + 1, s.at, s.len);
    ck_assert(!verifies_bytes(&key, (struct bytes){longer, s.len + 1}, data));
    ck_assert(!verifies_bytes(&key, (struct bytes){s.at, s.len - 1}, data));
    ck_assert(!verifies_bytes(&key, (struct bytes){s.at + 2, s.len - 2}, data));
    ck_assert(!verifies_bytes(&key, (struct bytes){s.at, 0}, data));
    private_key_clear(&key);
}
END_TEST

START_TEST(a_faulty_rsa_signature_is_not_used)
{
    const struct signature_algorithm *const algorithms[] = {
        &signature_rsa_sha2_512, &signature_rsa_sha2_256, &signature_rsa_sha1};
    struct nacre_key key;

    set_up_rsa(&key);
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        struct signature_algorithm faulty = *algorithms[i];

        faulty.sign = rsa_with_fault;
        for (flips = 0; flips <= 8 * 256; flips += flips < 2 ? 1 : 311)
            ck_assert_int_eq(signs(&key, &faulty), flips == 0);
        ck_assert(signs(&key, algorithms[i]));
    }
    private_key_clear(&key);
}
END_TEST

/* Numbers that change in memory, as by a fault of the machine. libcrypto itself notices if only one
 * of the two ways to the signature is faulty. */
START_TEST(a_faulty_rsa_key_does_not_sign)
{
    struct nacre_key key;

    set_up_rsa(&key);
    (void)BN_add_word((BIGNUM *)(uintptr_t)RSA_get0_dmp1(key.secret.rsa.key), 2);
    (void)BN_add_word((BIGNUM *)(uintptr_t)RSA_get0_d(key.secret.rsa.key), 2);
    ck_assert(!signs(&key, &signature_rsa_sha2_256));
    private_key_clear(&key);
}
END_TEST

/* Only the library's own signers of Ed25519 and ECDSA are trusted: see SECURITY.md. */
START_TEST(a_faulty_signature_from_elsewhere_is_not_used)
{
    struct fixture f;

    set_up(&f);
    f.key.sign = elsewhere_with_fault;
    for (flips = 0; flips <= 8 * 64; flips += flips < 2 ? 1 : 61)
        ck_assert_int_eq(signs(&f.key, &signature_ed25519), flips == 0);
    tear_down(&f);
}
END_TEST

/* A client may have the same data signed again: connection/hostkeys.h. */
START_TEST(a_faulty_signature_of_repeatable_data_is_not_used)
{
    struct fixture f;
    uint8_t out[128];
    struct writer w = write_to(out, sizeof out);

    set_up(&f);
    ck_assert(key_sign_repeatable(&f.key, &signature_ed25519, BYTES_OF_ARRAY(message), &w));
    f.key.secret.ed25519_seed[0] ^= 1;
    w = write_to(out, sizeof out);
    ck_assert(!key_sign_repeatable(&f.key, &signature_ed25519, BYTES_OF_ARRAY(message), &w));
    tear_down(&f);
}
END_TEST

START_TEST(a_blob_longer_than_any_key_is_refused)
{
    static uint8_t blob[KEY_BLOB_MAX + 1];
    struct writer w = write_to(blob, sizeof blob);

    write_text(&w, "ssh-ed25519");
    ck_assert(key_blob_fits(&signature_ed25519, (struct bytes){blob, KEY_BLOB_MAX}));
    ck_assert(!key_blob_fits(&signature_ed25519, (struct bytes){blob, KEY_BLOB_MAX + 1}));
}
END_TEST

START_TEST(a_malformed_blob_has_no_type)
{
    const uint8_t cut[] = {0, 0, 0, 5, 'a', 'b'};

    ck_assert_uint_eq(key_blob_type(BYTES_OF_ARRAY(cut)).len, 0);
    ck_assert_uint_eq(key_blob_type((struct bytes){NULL, 0}).len, 0);
}
END_TEST

static bool sign_elsewhere(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                           struct bytes data, struct writer *w)
{
    (void)key;
    (void)algorithm;
    (void)data;
    (void)w;
    return false;
}

static bool sign_in_part(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                         struct bytes data, struct writer *w)
{
    (void)key;
    (void)data;
    write_text(w, algorithm->name);
    return true;
}

/* Nobody verifies what a security key has signed, so what it says decides. */
START_TEST(a_security_key_has_not_signed_if_it_says_so_or_has_no_room)
{
    struct nacre_key key = {.type = "sk-ssh-ed25519@openssh.com", .sign = sign_elsewhere};
    uint8_t out[64];
    struct writer w = write_to(out, sizeof out);

    ck_assert(!key_sign(&key, &signature_sk_ed25519, BYTES_OF_ARRAY(message), &w));
    key.sign = sign_in_part;
    ck_assert(key_sign(&key, &signature_sk_ed25519, BYTES_OF_ARRAY(message), &w));
    w = write_to(out, 8);
    ck_assert(!key_sign(&key, &signature_sk_ed25519, BYTES_OF_ARRAY(message), &w));
}
END_TEST

START_TEST(a_key_that_is_filled_again_signs_itself)
{
    static const uint8_t scalar[32] = {[31] = 7};
    struct nacre_key key = {.sign = sign_elsewhere};

    ck_assert(key_is_elsewhere(&key));
    if (_i == 0)
        ck_assert(private_key_ed25519(&key, scalar));
    else
        ck_assert(
            private_key_ecdsa(&key, &ec_nistp256, BYTES_OF_ARRAY(scalar), (struct bytes){NULL, 0}));
    ck_assert(!key_is_elsewhere(&key));
    private_key_clear(&key);
}
END_TEST

START_TEST(a_cleared_key_is_wiped)
{
    static const struct nacre_key zeros;
    struct fixture f;

    set_up(&f);
    wiped_record();
    private_key_clear(&f.key);
    assert_wiped(sizeof f.key, 1);
    ck_assert_mem_eq(&f.key, &zeros, sizeof zeros);
    vectors_close(f.v);
}
END_TEST

/* The limits themselves are tested in kex_sign.c. */
START_TEST(only_rsa_keys_can_have_a_wrong_length)
{
    static const uint8_t short_rsa[] = "\0\0\0\x07ssh-rsa\0\0\0\1\3\0\0\0\1\5";
    struct bytes blob = {short_rsa, sizeof short_rsa - 1};
    struct fixture f;

    set_up(&f);
    ck_assert_int_eq(key_blob_length(private_key_blob(&f.key)), KEY_LENGTH_GOOD);
    ck_assert_int_eq(key_blob_length(blob), KEY_LENGTH_SHORT);
    for (size_t len = 0; len < blob.len; len++) /* malformed */
        ck_assert_int_eq(key_blob_length((struct bytes){short_rsa, len}), KEY_LENGTH_GOOD);
    tear_down(&f);
}
END_TEST

/* Both by ssh-keygen. */
START_TEST(a_fingerprint_is_that_of_ssh_keygen)
{
    static const char text[] =
        "AAAAC3NzaC1lZDI1NTE5AAAAIFRpHlIX9qacWRtiFdi+4DOILLKmt/OBJbtYxy2H07hN";
    char print[FINGERPRINT_MAX];
    uint8_t blob[64];
    size_t len;

    ck_assert(base64_decode(blob, sizeof blob, &len, bytes_of(text)));
    key_blob_fingerprint((struct bytes){blob, len}, print);
    ck_assert_str_eq(print, "SHA256:G0mFv4Dp17gXOERkzz+YkUmKcbr3uObOZXyf4KMhwmw");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_fingerprint_is_that_of_ssh_keygen);
    add_test(suite, only_rsa_keys_can_have_a_wrong_length);
    add_test(suite, a_key_blob_contains_the_type_and_the_point);
    add_test(suite, a_signature_blob_contains_the_name_and_the_signature);
    add_test(suite, no_flipped_bit_of_key_signature_or_data_verifies);
    add_test(suite, a_key_blob_of_another_shape_does_not_verify);
    add_test(suite, a_signature_blob_of_another_shape_does_not_verify);
    add_test(suite, blobs_cut_anywhere_do_not_verify);
    add_test(suite, a_malleated_signature_does_not_verify);
    add_test(suite, a_key_signs_only_with_an_algorithm_of_its_type);
    add_test(suite, a_signature_that_does_not_fit_fails);
    add_test(suite, an_rsa_signature_may_lack_its_leading_zeros);
    add_test(suite, a_faulty_rsa_signature_is_not_used);
    add_test(suite, a_faulty_rsa_key_does_not_sign);
    add_test(suite, a_faulty_signature_from_elsewhere_is_not_used);
    add_test(suite, a_faulty_signature_of_repeatable_data_is_not_used);
    add_test(suite, a_blob_longer_than_any_key_is_refused);
    add_test(suite, a_malformed_blob_has_no_type);
    add_test(suite, a_security_key_has_not_signed_if_it_says_so_or_has_no_room);
    add_loop(suite, a_key_that_is_filled_again_signs_itself, 0, 2);
    add_test(suite, a_cleared_key_is_wiped);
}
