#include "apps/files/key_format.h"

#include "crypto/base64.h"

#include <stdio.h>

enum {
    PRIVATE_MAX = 512, /* bytes of an Ed25519 key in OpenSSH's format, comment included */
    LINE_LEN = 70,     /* characters of base64 per line, as ssh-keygen writes them */
};

/* PROTOCOL.key section 3 */
static void write_private_section(struct writer *w, const struct nacre_key *key,
                                  const char *comment, uint32_t check)
{
    struct bytes public = {key->blob + key->blob_len - 32, 32};
    uint8_t *section = write_string_begin(w);
    size_t start = written(w);
    uint8_t *secret;

    write_u32(w, check);
    write_u32(w, check);
    write_text(w, key->type);
    write_string(w, public);
    secret = write_string_begin(w);
    write_bytes(w, (struct bytes){key->secret.ed25519_seed, 32});
    write_bytes(w, public);
    write_string_end(w, secret);
    write_text(w, comment);
    for (uint8_t i = 1; (written(w) - start) % 8 != 0 && !w->bad; i++)
        write_u8(w, i);
    write_string_end(w, section);
}

/* PROTOCOL.key section 1 */
static struct bytes print_binary(const struct nacre_key *key, const char *comment, uint32_t check,
                                 uint8_t out[PRIVATE_MAX])
{
    static const uint8_t magic[] = "openssh-key-v1";
    struct writer w = write_to(out, PRIVATE_MAX);

    write_bytes(&w, (struct bytes){magic, sizeof magic});
    write_text(&w, "none"); /* cipher */
    write_text(&w, "none"); /* key derivation */
    write_text(&w, "");     /* its options */
    write_u32(&w, 1);       /* keys */
    write_string(&w, private_key_blob(key));
    write_private_section(&w, key, comment, check);
    return w.bad ? (struct bytes){NULL, 0} : written_bytes(&w);
}

bool key_print_private(const struct nacre_key *key, const char *comment, uint32_t check, char *out,
                       size_t size)
{
    static const char end[] = "-----END OPENSSH PRIVATE KEY-----\n";
    uint8_t binary[PRIVATE_MAX];
    char text[BASE64_MAX(PRIVATE_MAX)];
    struct writer w = write_to((uint8_t *)out, size);
    struct bytes data;
    size_t len;

    if (strcmp(key->type, signature_ed25519.key_type) != 0)
        return false;
    data = print_binary(key, comment, check, binary);
    len = base64_encode(text, data);
    write_bytes(&w, bytes_of("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
    for (size_t at = 0; at < len; at += LINE_LEN) {
        size_t n = len - at < LINE_LEN ? len - at : LINE_LEN;

        write_bytes(&w, (struct bytes){(uint8_t *)text + at, n});
        write_u8(&w, '\n');
    }
    write_bytes(&w, (struct bytes){(const uint8_t *)end, sizeof end}); /* its NUL included */
    wipe(binary, sizeof binary);
    wipe(text, sizeof text);
    return data.len > 0 && !w.bad;
}

bool key_print_public(const struct nacre_key *key, const char *comment, char *out, size_t size)
{
    char text[BASE64_MAX(KEY_BLOB_MAX)];
    int n;

    base64_encode(text, private_key_blob(key));
    n = snprintf(out, size, "%s %s %s\n", key->type, text, comment);
    return n > 0 && (size_t)n < size;
}
