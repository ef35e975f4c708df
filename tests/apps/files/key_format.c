#include "apps/files/key_format.h"
#include "crypto/base64.h"
#include "tests/support/encrypted_keys.h"
#include "tests/support/suite.h"
#include "tests/support/key_texts.h"
#include "tests/support/leftovers.h"
#include "tests/support/scratch.h"
#include "tests/support/wiped.h"
#include "transport/wire.h"

#include <stdio.h>

static char said[512];

static bool parse(struct nacre_key *key, struct bytes text)
{
    struct errbuf p = errbuf_in(said, sizeof said);

    return key_parse(key, text, NULL, "FILE", &p) == KEY_GOOD;
}

/* The key is refused with a sentence, and nothing of it is left. */
static void assert_refused(struct bytes text, const char *because)
{
    struct nacre_key key;

    memset(&key, 0xaa, sizeof key);
    ck_assert_msg(!parse(&key, text), "%s", because);
    assert_says(said, "FILE");
    assert_says(said, because);
    ck_assert_int_ne(said[strlen(said) - 1], '\n');
    ck_assert(key.clear == NULL && key.blob_len == 0);
    for (size_t i = 0; i < sizeof key.secret.ed25519_seed; i++)
        ck_assert_uint_eq(key.secret.ed25519_seed[i], 0);
}

START_TEST(each_format_is_read)
{
    static const struct {
        const char *text, *public;
    } rows[] = {
        {openssh_ed25519, openssh_ed25519_public},
        {openssh_nistp256, openssh_nistp256_public},
        {sec1_nistp384, sec1_nistp384_public},
        {pkcs1_rsa, pkcs1_rsa_public},
        {pkcs8_ed25519, NULL},
        {pkcs8_ed25519_v2, NULL},
        {pkcs8_nistp256, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nacre_key key;
        char public[1024];

        ck_assert_msg(parse(&key, bytes_of(rows[i].text)), "%s", said);
        ck_assert_str_eq(said, "");
        ck_assert(key_print_public(&key, "test", public, sizeof public));
        if (rows[i].public != NULL)
            ck_assert_str_eq(public, rows[i].public);
        private_key_clear(&key);
    }
}
END_TEST

START_TEST(lines_may_end_in_CR_LF_and_the_last_without)
{
    struct nacre_key key;
    char text[2048];
    size_t n = 0;

    for (const char *c = openssh_ed25519; *c != '\0'; c++) {
        if (*c == '\n')
            text[n++] = '\r';
        text[n++] = *c;
    }
    ck_assert_msg(parse(&key, (struct bytes){(uint8_t *)text, n}), "%s", said);
    ck_assert_msg(parse(&key, (struct bytes){(uint8_t *)text, n - 2}), "%s", said);
    memcpy(text + n, "\n\r\n", 3);
    ck_assert_msg(parse(&key, (struct bytes){(uint8_t *)text, n + 3}), "%s", said);
}
END_TEST

#define PEM(label, body) "-----BEGIN " label "-----\n" body "-----END " label "-----\n"

START_TEST(an_unusable_key_is_refused_with_a_sentence)
{
    const struct {
        const char *text, *says;
    } rows[] = {
        {"", "empty;"},
        {"\n", "empty;"},
        {"hello\n", "not a private key"},
        {" \n\t\n", "empty;"},
        {"\n\nssh-rsa AAAA\n", "public key"},
        {openssh_encrypted, "encrypted with a passphrase"},
        {openssh_encrypted, "ssh-keygen -p -N '' -f FILE"},
        {openssh_encrypted_gcm, "encrypted with a passphrase"},
        {pkcs8_encrypted, "openssl pkey -out NEWFILE -in FILE"},
        {PEM("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,2F\n\n1y02\n"),
         "ssh-keygen -p -N '' -f FILE"},
        {pkcs8_secp256k1, "unsupported type of key; supported are ssh-ed25519"},
        {pkcs8_ed448, "unsupported type of key"},
        {PEM("DSA PRIVATE KEY", "MC4C\n"), "unsupported type of key"},
        {pkcs1_rsa_1024, "fewer than 2048 bits"},
        {openssh_ed25519_public, "public key"},
        {"ecdsa-sha2-nistp256 AAAA\n", "public key"},
        {"sk-ssh-ed25519@openssh.com AAAA\n", "public key"},
        {"PuTTY-User-Key-File-3: ssh-ed25519\n", "puttygen FILE"},
        {PEM("PUBLIC KEY", "MC4C\n"), "not a private key"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----x\n", "not a private key"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\n", "incomplete"},
        {"-----BEGIN PRIVATE KEY-----\nMC4C\n-----END OPENSSH PRIVATE KEY-----\n", "FILE:3:"},
        {PEM("PRIVATE KEY", "MC4C\nMC-4\n"), "FILE:3: damaged: this line is not base64"},
        {"a\nb\n" PEM("PRIVATE KEY", "MC4C\nMC-4\n"), "FILE:5: damaged"},
        {PEM("PRIVATE KEY", "Comment: x\n\nMC4C\n"), "FILE:2: damaged"},
        {" " PEM("PRIVATE KEY", "MC4C\n"), "not a private key"},
        {PEM("PRIVATE KEY", "MC4\n"), "malformed base64"},
        {PEM("PRIVATE KEY", "MC4C\n"), "not a key in PKCS #8 format"},
        {PEM("PRIVATE KEY", ""), "not a key in PKCS #8 format"},
        {PEM("RSA PRIVATE KEY", "MC4C\n"), "not a key in PKCS #1 format"},
        {PEM("EC PRIVATE KEY", "MC4C\n"), "not a key in SEC 1 format"},
        {PEM("OPENSSH PRIVATE KEY", "MC4C\n"), "not a key in OpenSSH format"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(bytes_of(rows[i].text), rows[i].says);
}
END_TEST

START_TEST(a_key_without_memory_to_decode_it_is_refused_with_a_sentence)
{
    struct nacre_key key;
    bool parsed;

    leftovers_refuse(1);
    parsed = parse(&key, bytes_of(openssh_ed25519));
    ck_assert(!parsed);
    ck_assert_str_eq(said, "FILE: out of memory");
    ck_assert(key.clear == NULL);
}
END_TEST

static void assert_used(const char *before, const char *text, const char *after)
{
    struct nacre_key key;
    char whole[4096];

    snprintf(whole, sizeof whole, "%s%s%s", before, text, after);
    ck_assert_msg(parse(&key, bytes_of(whole)), "%s: %s", whole, said);
    private_key_clear(&key);
}

/* The families of tests/interop/key_family.py have more, and compare with OpenSSH. */
START_TEST(a_key_may_have_text_and_blocks_around_it)
{
    static const char *const texts[] = {openssh_ed25519, pkcs8_nistp256, sec1_nistp384, pkcs1_rsa};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_used("\xef\xbb\xbf", texts[i], "");
        assert_used("\xef\xbb\xbfhello\n\n", texts[i], "\nbye\n");
        assert_used("Bag Attributes\n    localKeyID: 01\n", texts[i], "x");
        assert_used(PEM("EC PARAMETERS", "BggqhkjOPQMBBw==\n"), texts[i], "");
        assert_used(PEM("DSA PRIVATE KEY", "MC4C\n"), texts[i], PEM("CERTIFICATE", "MC4C\n"));
        assert_used("", texts[i], texts[(i + 1) % 4]);
    }
}
END_TEST

/* After each character of the base64 and at the end of each line. */
START_TEST(white_space_is_skipped)
{
    const char *at = openssh_ed25519;
    char text[4096];
    size_t n = 0;

    for (bool body = false; *at != 0; at++) {
        if (*at == '\n')
            n += (size_t)snprintf(text + n, sizeof text - n, " \t\r%s", body ? "\n\v\f" : "");
        else if (body)
            text[n++] = ' ';
        text[n++] = *at;
        body = at[0] == '\n' ? at[1] != '-' : body;
    }
    text[n] = 0;
    assert_used("", text, "");
}
END_TEST

static const char *between_rules(const char *text, char out[4096])
{
    const char *begin = strchr(text, '\n') + 1;

    snprintf(out, 4096, "%.*s", (int)(strstr(begin, "-----END") - begin), begin);
    return out;
}

START_TEST(PKCS_8_may_have_the_label_of_the_older_format)
{
    char body[4096], text[4096 + 128];

    snprintf(text, sizeof text, "-----BEGIN EC PRIVATE KEY-----\n%s-----END EC PRIVATE KEY-----\n",
             between_rules(pkcs8_nistp256, body));
    assert_used("", text, "");
    snprintf(text, sizeof text,
             "-----BEGIN RSA PRIVATE KEY-----\n%s-----END RSA PRIVATE KEY-----\n", body);
    assert_refused(bytes_of(text), "not a key in PKCS #1 format"); /* an EC key is no RSA key */
    snprintf(text, sizeof text, "-----BEGIN EC PRIVATE KEY-----\n%s-----END EC PRIVATE KEY-----\n",
             between_rules(pkcs8_ed25519, body));
    assert_refused(bytes_of(text), "not a key in SEC 1 format");
}
END_TEST

/* Truncated anywhere but in the last line end. */
START_TEST(truncated_text_is_refused)
{
    const char *const texts[] = {openssh_ed25519, pkcs8_ed25519, sec1_nistp384, pkcs1_rsa};

    for (size_t t = 0; t < 4; t++)
        for (size_t len = 0; len < strlen(texts[t]) - 1; len++)
            assert_refused((struct bytes){(const uint8_t *)texts[t], len}, "FILE");
}
END_TEST

START_TEST(the_decoded_text_is_wiped)
{
    struct errbuf p = errbuf_in(NULL, 0);
    struct nacre_key key;

    wiped_record();
    ck_assert(key_parse(&key, bytes_of(openssh_ed25519), NULL, "FILE", &p) == KEY_GOOD);
    assert_wiped(strlen(openssh_ed25519) - strlen("-----BEGIN OPENSSH PRIVATE KEY-----\n") + 1, 1);
    private_key_clear(&key);
}
END_TEST

START_TEST(the_decrypted_text_is_wiped)
{
    enum { SECTION = 128 };
    struct errbuf p = errbuf_in(NULL, 0);
    struct nacre_key key;

    wiped_record();
    ck_assert(key_parse(&key, bytes_of(pem_keys[0]), "secret", "FILE", &p) == KEY_GOOD);
    assert_wiped(SECTION, 1);
    private_key_clear(&key);
}
END_TEST

/* PROTOCOL.key: a file in OpenSSH's format begins with the public key. */
START_TEST(a_public_key_has_a_length_up_to_the_maximum)
{
    static uint8_t inside[2 * KEY_BLOB_MAX], blob[KEY_BLOB_MAX], key[KEY_BLOB_MAX + 1];
    static char text[BASE64_MAX(2 * KEY_BLOB_MAX) + 200], base64[BASE64_MAX(2 * KEY_BLOB_MAX)];

    memset(key, 'k', sizeof key);
    for (size_t len = KEY_BLOB_MAX - 1; len <= KEY_BLOB_MAX + 1; len++) {
        struct writer w = write_to(inside, sizeof inside);

        write_bytes(&w, (struct bytes){(const uint8_t *)"openssh-key-v1", 15});
        write_string(&w, bytes_of("none"));
        write_string(&w, bytes_of("none"));
        write_string(&w, bytes_of(""));
        write_u32(&w, 1);
        write_string(&w, (struct bytes){key, len});
        write_string(&w, bytes_of("12345678"));
        (void)base64_encode(base64, (struct bytes){inside, written(&w)});
        (void)snprintf(text, sizeof text,
                       "-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE "
                       "KEY-----\n",
                       base64);
        ck_assert_uint_eq(key_public_of(bytes_of(text), blob), len <= KEY_BLOB_MAX ? len : 0);
        ck_assert_mem_eq(blob, key, KEY_BLOB_MAX - 1);
    }
}
END_TEST

/* ... without a passphrase. */
START_TEST(it_is_known_whether_a_key_is_encrypted)
{
    const struct {
        const char *text;
        bool is, begins_with_public;
    } rows[] = {
        {openssh_ed25519, false, true},
        {openssh_encrypted, true, true},
        {pkcs8_nistp256, false, false},
        {sec1_nistp384, false, false},
        {pkcs1_rsa, false, false},
        {pem_keys[0], true, false},
        {pbes2_keys[0], true, false},
        {pkcs8_encrypted, true, false},
        {"", false, false},
        {openssh_ed25519_public, false, false},
        {PEM("PRIVATE KEY", "MC-4\n"), false, false},
        {PEM("ENCRYPTED PRIVATE KEY", "MC4\n"), false, false},
        {PEM("OPENSSH PRIVATE KEY", "MC4C\n"), false, false},
        {PEM("EC PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,2F\n\nMC4C\n"), true,
         false},
    };
    uint8_t blob[KEY_BLOB_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(key_is_encrypted(bytes_of(rows[i].text)) == rows[i].is, "%s", rows[i].text);
        ck_assert_msg((key_public_of(bytes_of(rows[i].text), blob) > 0) ==
                          rows[i].begins_with_public,
                      "%s", rows[i].text);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_format_is_read);
    add_test(suite, lines_may_end_in_CR_LF_and_the_last_without);
    add_test(suite, an_unusable_key_is_refused_with_a_sentence);
    add_test(suite, a_key_without_memory_to_decode_it_is_refused_with_a_sentence);
    add_test(suite, a_key_may_have_text_and_blocks_around_it);
    add_test(suite, white_space_is_skipped);
    add_test(suite, PKCS_8_may_have_the_label_of_the_older_format);
    add_test(suite, truncated_text_is_refused);
    add_test(suite, the_decoded_text_is_wiped);
    add_test(suite, the_decrypted_text_is_wiped);
    add_test(suite, a_public_key_has_a_length_up_to_the_maximum);
    add_test(suite, it_is_known_whether_a_key_is_encrypted);
}
