#include "apps/files/key_format.h"

#include "crypto/base64.h"
#include "apps/files/key_cipher.h"
#include "crypto/bcrypt_pbkdf.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    BINARY_MAX = 16 * 1024, /* bytes: RSA of 16384 bits with a long comment */
    LINE_LEN = 70,          /* characters of base64 per line, as ssh-keygen writes them */
    BLOCK = 8,              /* what a key that is not encrypted is padded to */
};

/* ---- the secrets, after the name of their type: the fields of key_openssh.c ---- */

static void write_ed25519(struct writer *w, const struct nacre_key *key)
{
    struct bytes public = {key->blob + key->blob_len - 32, 32};
    uint8_t *secret;

    write_string(w, public);
    secret = write_string_begin(w);
    write_bytes(w, (struct bytes){key->secret.ed25519_seed, 32});
    write_bytes(w, public);
    write_string_end(w, secret);
}

static void write_ecdsa(struct writer *w, const struct nacre_key *key)
{
    const struct ec_curve *curve = key->secret.ecdsa.curve;
    uint8_t scalar[EC_LEN_MAX];

    write_text(w, curve->name);
    write_string(w, (struct bytes){key->blob + key->blob_len - curve->point_len, curve->point_len});
    w->bad |= !ecdsa_scalar(&key->secret.ecdsa, scalar);
    write_mpint(w, (struct bytes){scalar, curve->len});
    wipe(scalar, sizeof scalar);
}

static void write_rsa(struct writer *w, const struct nacre_key *key)
{
    uint8_t number[RSA_LEN_MAX];

    for (int part = RSA_N; part < RSA_PARTS; part++) {
        size_t len = rsa_part(&key->secret.rsa, (enum rsa_part)part, number);

        w->bad |= len == 0;
        write_mpint(w, (struct bytes){number, len});
    }
    wipe(number, sizeof number);
}

static void write_secret(struct writer *w, const struct nacre_key *key)
{
    write_text(w, key->type);
    if (strcmp(key->type, signature_ed25519.key_type) == 0)
        write_ed25519(w, key);
    else if (strcmp(key->type, signature_rsa_sha2_512.key_type) == 0)
        write_rsa(w, key);
    else
        write_ecdsa(w, key);
}

/* ---- the file ---- */

/* The key and the IV: PROTOCOL.key section 2 */
static bool derive(uint8_t secret[KEY_CIPHER_SECRET_MAX], const struct key_cipher *cipher,
                   const struct key_printing *how)
{
    return bcrypt_pbkdf(secret, (size_t)cipher->key_len + cipher->iv_len, bytes_of(how->passphrase),
                        (struct bytes){how->salt, sizeof how->salt},
                        how->rounds != 0 ? how->rounds : KEY_ROUNDS);
}

/* Encrypt what was written since `start`, and write the tag. */
static void encrypt(struct writer *w, size_t start, const struct key_cipher *cipher,
                    const struct key_printing *how)
{
    uint8_t secret[KEY_CIPHER_SECRET_MAX];

    if (w->bad || (size_t)(w->end - w->at) < cipher->tag_len || !derive(secret, cipher, how) ||
        !cipher->run(cipher, secret, w->start + start, written(w) - start, true))
        w->bad = true;
    else
        w->at += cipher->tag_len;
    wipe(secret, sizeof secret);
}

/* PROTOCOL.key section 3. cipher: NULL if it is not encrypted */
static void write_private_section(struct writer *w, const struct nacre_key *key,
                                  const struct key_cipher *cipher, const struct key_printing *how)
{
    size_t block = cipher != NULL ? cipher->block : BLOCK, start;
    uint8_t *section = write_string_begin(w);

    start = written(w);
    write_u32(w, how->check);
    write_u32(w, how->check);
    write_secret(w, key);
    write_text(w, how->comment);
    for (uint8_t i = 1; (written(w) - start) % block != 0 && !w->bad; i++)
        write_u8(w, i);
    write_string_end(w, section);
    if (cipher != NULL)
        encrypt(w, start, cipher, how);
}

/* PROTOCOL.key section 2: string salt, uint32 rounds */
static void write_kdf_options(struct writer *w, const struct key_printing *how)
{
    uint8_t *options = write_string_begin(w);

    write_string(w, (struct bytes){how->salt, sizeof how->salt});
    write_u32(w, how->rounds != 0 ? how->rounds : KEY_ROUNDS);
    write_string_end(w, options);
}

/* PROTOCOL.key section 1 */
static struct bytes print_binary(const struct nacre_key *key, const struct key_printing *how,
                                 uint8_t out[BINARY_MAX])
{
    static const uint8_t magic[] = "openssh-key-v1";
    const struct key_cipher *cipher = how->cipher != NULL ? how->cipher : key_cipher_default;
    struct writer w = write_to(out, BINARY_MAX);

    write_bytes(&w, (struct bytes){magic, sizeof magic});
    if (how->passphrase == NULL) {
        cipher = NULL;
        write_text(&w, "none"); /* cipher */
        write_text(&w, "none"); /* key derivation */
        write_text(&w, "");     /* its options */
    } else {
        write_text(&w, cipher->name);
        write_text(&w, "bcrypt");
        write_kdf_options(&w, how);
    }
    write_u32(&w, 1); /* keys */
    write_string(&w, private_key_blob(key));
    write_private_section(&w, key, cipher, how);
    return w.bad ? (struct bytes){NULL, 0} : written_bytes(&w);
}

/* The base64 in lines, between the rules. */
static bool print_lines(const char *base64, size_t len, char *out, size_t size)
{
    static const char end[] = "-----END OPENSSH PRIVATE KEY-----\n";
    struct writer w = write_to((uint8_t *)out, size);

    write_bytes(&w, bytes_of("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
    for (size_t at = 0; at < len; at += LINE_LEN) {
        size_t n = len - at < LINE_LEN ? len - at : LINE_LEN;

        write_bytes(&w, (struct bytes){(const uint8_t *)base64 + at, n});
        write_u8(&w, '\n');
    }
    write_bytes(&w, (struct bytes){(const uint8_t *)end, sizeof end}); /* its NUL included */
    if (w.bad)
        wipe(out, size);
    return !w.bad;
}

bool key_print_private(const struct nacre_key *key, const struct key_printing *how, char *out,
                       size_t size)
{
    struct {
        uint8_t binary[BINARY_MAX];
        char base64[BASE64_MAX(BINARY_MAX)];
    } *room = malloc(sizeof *room);
    struct bytes data;
    bool good;

    if (room == NULL || key_is_elsewhere(key) || key_is_public(key)) {
        free(room);
        return false;
    }
    data = print_binary(key, how, room->binary);
    good = data.len > 0 && print_lines(room->base64, base64_encode(room->base64, data), out, size);
    wipe(room, sizeof *room);
    free(room);
    return good;
}

bool key_print_public(const struct nacre_key *key, const char *comment, char *out, size_t size)
{
    char text[BASE64_MAX(KEY_BLOB_MAX)];
    int n;

    base64_encode(text, private_key_blob(key));
    n = snprintf(out, size, comment[0] != 0 ? "%s %s %s\n" : "%s %s\n", key->type, text, comment);
    return n > 0 && (size_t)n < size;
}
