/* Seeds: keys, and data that is signed with them. */
#include "tests/fuzz/seeds.h"

#include "apps/files/key_format.h"
#include "crypto/hash.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/encrypted_keys.h"
#include "tests/support/key_texts.h"
#include "transport/algorithms.h"

#include <stdio.h>
#include <string.h>

enum { SSH_AGENT_IDENTITIES_ANSWER = 12, SSH_AGENT_SIGN_RESPONSE = 14 };
enum { NO_BINARY = 255 }; /* its text has headers */

static const struct bytes message = {(const uint8_t *)"what is signed", 14};

static void save_written(const char *corpus, const char *title, const struct writer *w)
{
    require(!w->bad);
    save(corpus, title, w->start, written(w));
}

static void save_private(void)
{
    const struct {
        const char *title, *text;
        uint8_t binary; /* the parser that fuzz_key_file uses for its bytes */
    } keys[] = {
        {"openssh-ed25519", openssh_ed25519, 0},
        {"openssh-encrypted", openssh_encrypted, 0},
        {"openssh-nistp256", openssh_nistp256, 0},
        {"pkcs8-ed25519", pkcs8_ed25519, 1},
        {"pkcs8-ed25519-v2", pkcs8_ed25519_v2, 1},
        {"pkcs8-nistp256", pkcs8_nistp256, 1},
        {"pkcs8-encrypted", pkcs8_encrypted, 1},
        {"pkcs8-ed448", pkcs8_ed448, 1},
        {"sec1-nistp384", sec1_nistp384, 3},
        {"pkcs1-rsa", pkcs1_rsa, 2},
        {"decrypt-openssh", openssh_encrypted, 4},
        {"decrypt-openssh-gcm", openssh_encrypted_gcm, 4},
        {"decrypt-pkcs8", pkcs8_encrypted, 5},
        {"decrypt-pkcs8-sha1", pbes2_keys[0], 5},
        {"pem-aes128", pem_keys[0], NO_BINARY},
        {"pem-3des", pem_keys[3], NO_BINARY},
    };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        uint8_t out[1 + KEY_BINARY_MAX];
        char title[64];
        struct bytes binary;

        out[0] = keys[i].binary;
        save_text("key_file", keys[i].title, keys[i].text);
        if (keys[i].binary == NO_BINARY)
            continue;
        binary = key_binary(keys[i].text, out + 1);
        (void)snprintf(title, sizeof title, "%s-bytes", keys[i].title);
        save("key_file", title, out, 1 + binary.len);
    }
}

/* OpenSSH's format of an RSA key, from the same numbers, as ssh-keygen writes it. PROTOCOL.key. */
static void save_openssh_rsa(void)
{
    uint8_t der[KEY_BINARY_MAX], out[4096];
    struct bytes pkcs1 = key_binary(pkcs1_rsa, der);
    struct reader r = read_from(pkcs1);
    struct nacre_key key = {0};
    struct bytes n[9]; /* version, n, e, d, p, q, dP, dQ, qInv */
    struct writer w = write_to(out, sizeof out);
    uint8_t *section, *start;

    require(key_parse_pkcs1(&key, pkcs1) == KEY_GOOD);
    (void)read_bytes(&r, 4); /* SEQUENCE, its length in two bytes */
    for (size_t i = 0; i < 9; i++) {
        size_t len;

        (void)read_u8(&r);
        len = read_u8(&r);
        if (len == 0x81)
            len = read_u8(&r);
        else if (len == 0x82)
            len = (size_t)read_u8(&r) << 8 | read_u8(&r);
        n[i] = read_bytes(&r, len);
    }
    write_u8(&w, 0); /* fuzz_key_file's parser of this format */
    write_bytes(&w, (struct bytes){(const uint8_t *)"openssh-key-v1", 15});
    write_text(&w, "none");
    write_text(&w, "none");
    write_text(&w, "");
    write_u32(&w, 1);
    write_string(&w, private_key_blob(&key));
    section = write_string_begin(&w);
    start = w.at;
    write_u32(&w, 7);
    write_u32(&w, 7);
    write_text(&w, key.type);
    for (size_t i = 0; i < 6; i++)
        write_mpint(&w, n[(const size_t[]){1, 2, 3, 8, 4, 5}[i]]);
    write_text(&w, "comment");
    for (uint8_t i = 1; (w.at - start) % 8 != 0; i++)
        write_u8(&w, i);
    write_string_end(&w, section);
    private_key_clear(&key);
    require(key_parse_openssh(&key, (struct bytes){out + 1, written(&w) - 1}) == KEY_GOOD);
    save_written("key_file", "openssh-rsa-bytes", &w);
    private_key_clear(&key);
}

/* ---- public keys and signatures ---- */

static uint8_t row_of(const char *name)
{
    const struct algorithm *rows = algorithms_of(ALGORITHM_PUBLIC_KEY);
    uint8_t i = 0;

    while (strcmp(rows[i].name, name) != 0)
        i++;
    return i;
}

/* In the form of fuzz_public_key. */
static void save_signed(const char *name, struct bytes blob, struct bytes signature)
{
    const struct signature_algorithm *a = algorithms_of(ALGORITHM_PUBLIC_KEY)[row_of(name)].method;
    uint8_t out[8192];
    struct writer w = write_to(out, sizeof out);

    require(key_blob_fits(a, blob) && key_verify(a, blob, signature, message));
    write_u8(&w, row_of(name));
    write_string(&w, blob);
    write_string(&w, signature);
    write_bytes(&w, message);
    save_written("public_key", name, &w);

    w = write_to(out, sizeof out);
    write_u8(&w, SSH_AGENT_SIGN_RESPONSE);
    write_string(&w, signature);
    save_written("agent", name, &w);
}

static void sign_and_save(const char *name, const struct nacre_key *key)
{
    uint8_t signature[SIGNATURE_BLOB_MAX];
    struct writer w = write_to(signature, sizeof signature);

    require(key_sign(key, algorithms_of(ALGORITHM_PUBLIC_KEY)[row_of(name)].method, message, &w));
    save_signed(name, private_key_blob(key), written_bytes(&w));
}

/* A security key, simulated by `key`. PROTOCOL.u2f: it signs byte[32] SHA256(application), byte
 * flags, uint32 counter, byte[32] SHA256(message). */
static void sign_and_save_sk(const char *name, const struct nacre_key *key,
                             const struct signature_algorithm *inner)
{
    uint8_t blob[512], hashed[69], signature[512], wrapped[512], digest[32];
    struct writer b = write_to(blob, sizeof blob), h = write_to(hashed, sizeof hashed);
    struct writer s = write_to(signature, sizeof signature), w = write_to(wrapped, sizeof wrapped);
    struct reader plain = read_from(private_key_blob(key)), signed_by;

    (void)read_string(&plain);
    write_text(&b, name);
    write_bytes(&b, read_rest(&plain));
    write_text(&b, "ssh:");
    require(hash_of(&hash_sha256, bytes_of("ssh:"), digest));
    write_bytes(&h, (struct bytes){digest, sizeof digest});
    write_u8(&h, 1); /* it was touched */
    write_u32(&h, 7);
    require(hash_of(&hash_sha256, message, digest));
    write_bytes(&h, (struct bytes){digest, sizeof digest});
    require(key_sign(key, inner, written_bytes(&h), &s));
    signed_by = read_from(written_bytes(&s));
    (void)read_string(&signed_by);
    write_text(&w, name);
    write_string(&w, read_string(&signed_by));
    write_u8(&w, 1);
    write_u32(&w, 7);
    save_signed(name, written_bytes(&b), written_bytes(&w));
}

static void read_key(struct nacre_key *key, const char *text)
{
    char errbuf[256];

    require(key_parse(key, bytes_of(text), NULL, "a key",
                      &(struct errbuf){errbuf, sizeof errbuf}) == KEY_GOOD);
}

/* byte 12, uint32 nkeys, then string key blob, string comment */
static void save_identities(const struct nacre_key *const *keys, size_t count)
{
    uint8_t out[8192];
    struct writer w = write_to(out, sizeof out);

    write_u8(&w, SSH_AGENT_IDENTITIES_ANSWER);
    write_u32(&w, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        write_string(&w, private_key_blob(keys[i]));
        write_text(&w, "a comment");
    }
    save_written("agent", count == 0 ? "no-keys" : "keys", &w);
    save("agent", "failure", "\x05", 1);
}

static void save_public(void)
{
    struct nacre_key ed25519 = {0}, nistp256 = {0}, nistp384 = {0}, nistp521 = {0}, rsa = {0};
    const struct nacre_key *all[] = {&ed25519, &nistp256, &nistp384, &nistp521, &rsa};
    const uint8_t scalar[66] = {0, 1, 2, 3};

    read_key(&ed25519, openssh_ed25519);
    read_key(&nistp256, openssh_nistp256);
    read_key(&nistp384, sec1_nistp384);
    read_key(&rsa, pkcs1_rsa);
    require(private_key_ecdsa(&nistp521, &ec_nistp521, (struct bytes){scalar, sizeof scalar},
                              (struct bytes){NULL, 0}));
    sign_and_save("ssh-ed25519", &ed25519);
    sign_and_save("ecdsa-sha2-nistp256", &nistp256);
    sign_and_save("ecdsa-sha2-nistp384", &nistp384);
    sign_and_save("ecdsa-sha2-nistp521", &nistp521);
    sign_and_save("rsa-sha2-512", &rsa);
    sign_and_save("rsa-sha2-256", &rsa);
    sign_and_save("ssh-rsa", &rsa);
    sign_and_save_sk("sk-ssh-ed25519@openssh.com", &ed25519, &signature_ed25519);
    sign_and_save_sk("sk-ecdsa-sha2-nistp256@openssh.com", &nistp256, &signature_nistp256);
    save_identities(all, sizeof all / sizeof all[0]);
    save_identities(NULL, 0);
    private_key_clear(&ed25519);
    private_key_clear(&nistp256);
    private_key_clear(&nistp384);
    private_key_clear(&nistp521);
    private_key_clear(&rsa);
}

void save_keys(void)
{
    save_private();
    save_openssh_rsa();
    save_public();
}
