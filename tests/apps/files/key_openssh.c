#include "apps/files/key_cipher.h"
#include "tests/support/key_texts.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

/* Only the comment `test` may change, and the bit of its length that extends it over the byte of
 * padding. */
START_TEST(a_flipped_bit_or_a_lost_byte_never_yields_another_key)
{
    uint8_t room[KEY_BINARY_MAX];
    struct bytes data = key_binary(openssh_ed25519, room);

    assert_only_this_key(key_parse_openssh, data, data.len - 6, data.len - 1, 1);
    data = key_binary(openssh_nistp256, room);
    assert_only_this_key(key_parse_openssh, data, data.len - 8, data.len - 4, 1);
}
END_TEST

/* The fields of a file in OpenSSH's format: PROTOCOL.key. */
struct openssh_file {
    const char *magic, *cipher, *kdf, *options;
    uint32_t keys;
    uint32_t check, check_again;
    const char *type, *inner_type, *comment;
    size_t point_len, secret_len;
    uint8_t padding[300];
    size_t padding_len;
    bool other_point;       /* beside the secret */
    bool other_inner_point; /* before the secret */
    bool other_outer_point; /* in the public key */
};

/* Without a comment, 5 bytes of padding complete the block of 8. */
static const struct openssh_file good_file = {
    .magic = "openssh-key-v1",
    .cipher = "none",
    .kdf = "none",
    .options = "",
    .keys = 1,
    .type = "ssh-ed25519",
    .inner_type = "ssh-ed25519",
    .comment = "",
    .point_len = 32,
    .secret_len = 64,
    .padding = {1, 2, 3, 4, 5},
    .padding_len = 5,
};

static void write_point(struct writer *w, const uint8_t point[32], size_t len, bool other)
{
    uint8_t bytes[64] = {0};

    memcpy(bytes, point, 32);
    bytes[5] ^= other;
    write_string(w, (struct bytes){bytes, len});
}

static void write_private_section(struct writer *w, const struct openssh_file *f,
                                  const uint8_t seed[32], const uint8_t point[32])
{
    uint8_t *begin = write_string_begin(w);
    uint8_t secret[128] = {0};

    memcpy(secret, seed, 32);
    memcpy(secret + 32, point, 32);
    secret[40] ^= f->other_point;
    write_u32(w, f->check);
    write_u32(w, f->check_again);
    write_text(w, f->inner_type);
    write_point(w, point, f->point_len, f->other_inner_point);
    write_string(w, (struct bytes){secret, f->secret_len});
    write_text(w, f->comment);
    write_bytes(w, (struct bytes){f->padding, f->padding_len});
    write_string_end(w, begin);
}

static struct bytes build(const struct openssh_file *f)
{
    static uint8_t out[KEY_BINARY_MAX];
    const uint8_t seed[32] = {7};
    struct writer w = write_to(out, sizeof out);
    struct nacre_key key;
    const uint8_t *point;
    uint8_t *begin;

    ck_assert(private_key_ed25519(&key, seed));
    point = key.blob + key.blob_len - 32;
    write_bytes(&w, (struct bytes){(const uint8_t *)f->magic, 15});
    write_text(&w, f->cipher);
    write_text(&w, f->kdf);
    write_text(&w, f->options);
    write_u32(&w, f->keys);
    begin = write_string_begin(&w);
    write_text(&w, f->type);
    write_point(&w, point, f->point_len, f->other_outer_point);
    write_string_end(&w, begin);
    write_private_section(&w, f, seed, point);
    ck_assert(!w.bad);
    return written_bytes(&w);
}

static void assert_result(const struct openssh_file *f, enum key_result expected)
{
    struct nacre_key key = {0};

    ck_assert_int_eq(key_parse_openssh(&key, build(f)), expected);
    private_key_clear(&key);
}

#define CHANGED(expected, ...)                                                                     \
    do {                                                                                           \
        struct openssh_file f = good_file;                                                         \
        __VA_ARGS__;                                                                               \
        assert_result(&f, expected);                                                               \
    } while (0)

START_TEST(each_field_is_checked)
{
    assert_result(&good_file, KEY_GOOD);
    CHANGED(KEY_GOOD, f.check = f.check_again = 0xffffffff);
    CHANGED(KEY_MALFORMED, f.magic = "openssh-key-v2");
    CHANGED(KEY_ENCRYPTED, f.cipher = "aes256-ctr");
    CHANGED(KEY_OTHER_CIPHER, f.cipher = "");
    CHANGED(KEY_MALFORMED, f.kdf = "bcrypt");
    CHANGED(KEY_MALFORMED, f.options = "x");
    CHANGED(KEY_SEVERAL, f.keys = 0);
    CHANGED(KEY_SEVERAL, f.keys = 2);
    CHANGED(KEY_MALFORMED, f.check = 1);
    CHANGED(KEY_MALFORMED, f.type = "ssh-ed25518");
    CHANGED(KEY_MALFORMED, f.inner_type = "ssh-ed25518");
    CHANGED(KEY_OTHER_TYPE, f.type = f.inner_type = "ssh-ed25518");
    CHANGED(KEY_MALFORMED, f.type = f.inner_type = "ecdsa-sha2-nistp256"; f.padding_len = 13);
    CHANGED(KEY_MALFORMED, f.point_len = 24);
    CHANGED(KEY_MALFORMED, f.point_len = 40);
    CHANGED(KEY_MALFORMED, f.secret_len = 56);
    CHANGED(KEY_MALFORMED, f.secret_len = 72);
    CHANGED(KEY_MALFORMED, f.secret_len = 0);
    CHANGED(KEY_MISMATCH, f.other_point = true);
    CHANGED(KEY_MISMATCH, f.other_inner_point = true);
    CHANGED(KEY_MISMATCH, f.other_point = f.other_inner_point = true);
    CHANGED(KEY_MISMATCH, f.other_outer_point = true);
    CHANGED(KEY_MALFORMED, f.padding[0] = 0);
    CHANGED(KEY_MALFORMED, f.padding[4] = 6);
    CHANGED(KEY_MALFORMED, f.padding_len = 4);
    CHANGED(KEY_MALFORMED, f.padding_len = 0);
}
END_TEST

/* Ciphers have blocks of less than 256 bytes. */
START_TEST(the_padding_is_shorter_than_256_bytes)
{
    for (size_t len = 240; len <= 256; len += 8) { /* with a comment of 5 bytes */
        struct openssh_file f = good_file;

        f.comment = "12345";
        f.padding_len = len;
        for (size_t i = 0; i < len; i++)
            f.padding[i] = (uint8_t)(i + 1);
        assert_result(&f, len < 256 ? KEY_GOOD : KEY_MALFORMED);
    }
}
END_TEST

/* Some programs pad to a cipher's longer block. */
START_TEST(padding_may_be_longer_than_a_block)
{
    struct openssh_file f = good_file;

    for (size_t i = 0; i < sizeof f.padding; i++)
        f.padding[i] = (uint8_t)(i + 1);
    for (f.padding_len = 5; f.padding_len < 256; f.padding_len += 8)
        assert_result(&f, KEY_GOOD);
    assert_result(&f, KEY_MALFORMED);
}
END_TEST

START_TEST(the_key_of_the_cipher_and_the_decrypted_text_are_wiped)
{
    enum { SECTION = 144 };
    static const char *const passphrases[] = {"secret", "Secret"};
    char said[512];

    for (size_t i = 0; i < sizeof passphrases / sizeof passphrases[0]; i++) {
        const size_t of_others =
            i == 0 ? 3 + 1 : 3; /* bcrypt_pbkdf and, if right, ed25519_public */
        struct errbuf p = errbuf_in(said, sizeof said);
        struct nacre_key key;

        wiped_record();
        ck_assert_int_eq(key_parse(&key, bytes_of(openssh_encrypted), passphrases[i], "FILE", &p),
                         i == 0 ? KEY_GOOD : KEY_WRONG_PASSPHRASE);
        assert_wiped(KEY_CIPHER_SECRET_MAX, of_others + 1);
        assert_wiped(SECTION, 1);
        private_key_clear(&key);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_flipped_bit_or_a_lost_byte_never_yields_another_key);
    add_test(suite, each_field_is_checked);
    add_test(suite, the_padding_is_shorter_than_256_bytes);
    add_test(suite, padding_may_be_longer_than_a_block);
    add_test(suite, the_key_of_the_cipher_and_the_decrypted_text_are_wiped);
}
