/* PEM (RFC 7468), and a sentence for everything that can be wrong with a key. */
#include "apps/files/key_format.h"

#include "apps/files/base64.h"
#include "apps/files/line.h"

#include <stdio.h>
#include <stdlib.h>

#define USABLE_TYPES "ssh-ed25519, ecdsa-sha2-nistp256, -nistp384, -nistp521 and ssh-rsa"
#define REMOVE_PASSPHRASE "ssh-keygen -p -N '' -f"

static enum key_result parse_encrypted(struct nacre_key *key, struct bytes data)
{
    (void)key;
    (void)data;
    return KEY_ENCRYPTED;
}

static enum key_result parse_other(struct nacre_key *key, struct bytes data)
{
    (void)key;
    (void)data;
    return KEY_OTHER_TYPE;
}

static const struct label {
    const char *text;
    const char *format;  /* for a person */
    const char *decrypt; /* the command that removes the passphrase */
    enum key_result (*parse)(struct nacre_key *key, struct bytes data);
} labels[] = {
    {"OPENSSH PRIVATE KEY", "OpenSSH", REMOVE_PASSPHRASE, key_parse_openssh},
    {"PRIVATE KEY", "PKCS #8", REMOVE_PASSPHRASE, key_parse_pkcs8},
    {"ENCRYPTED PRIVATE KEY", "PKCS #8", "openssl pkey -out NEWFILE -in", parse_encrypted},
    {"RSA PRIVATE KEY", "PKCS #1", REMOVE_PASSPHRASE, key_parse_pkcs1},
    {"EC PRIVATE KEY", "SEC 1", REMOVE_PASSPHRASE, key_parse_sec1},
    {"DSA PRIVATE KEY", "DSA", REMOVE_PASSPHRASE, parse_other},
    {NULL, NULL, NULL, NULL},
};

static bool damaged(const struct errbuf *p, const char *name, const char *what)
{
    return errbuf_say(p, "%s: damaged: %s; restore it from a copy, or create a new key", name,
                      what);
}

static bool say_result(enum key_result result, const struct label *label, const char *name,
                       const struct errbuf *p)
{
    char what[64];

    switch (result) {
    case KEY_GOOD:
        return true;
    case KEY_MALFORMED:
        snprintf(what, sizeof what, "not a key in %s format", label->format);
        return damaged(p, name, what);
    case KEY_MISMATCH:
        return damaged(p, name, "its parts do not belong together");
    case KEY_ENCRYPTED:
        return errbuf_say(p,
                          "%s: encrypted keys are not supported; remove the passphrase with: %s %s",
                          name, label->decrypt, name);
    case KEY_OTHER_TYPE:
        return errbuf_say(p, "%s: unsupported type of key; supported are %s", name, USABLE_TYPES);
    case KEY_TOO_SHORT:
        return errbuf_say(
            p, "%s: RSA key of fewer than %d bits, which is not secure; create a new key", name,
            RSA_KEY_BITS_MIN);
    case KEY_TOO_LONG:
        return errbuf_say(p,
                          "%s: RSA key of more than %d bits, which is too slow; create a new key",
                          name, RSA_BITS_MOST);
    case KEY_SEVERAL:
        break;
    }
    return errbuf_say(p, "%s: contains several keys or none; use one file per key", name);
}

/* Cut the next line off the front, without its LF or CR LF. */
static struct bytes next_line(struct bytes *text)
{
    struct bytes line = line_next(text);

    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

static bool is_rule(struct bytes line, const char *word, const char *label)
{
    char rule[64];

    snprintf(rule, sizeof rule, "-----%s %s-----", word, label);
    return bytes_are(line, rule);
}

static bool begins_with(struct bytes line, const char *text)
{
    return line.len >= strlen(text) && memcmp(line.at, text, strlen(text)) == 0;
}

/* Files that are often taken for a private key get a sentence of their own. */
static bool not_a_private_key(struct bytes first, const char *name, const struct errbuf *p)
{
    if (begins_with(first, "PuTTY-User-Key-File-"))
        return errbuf_say(
            p,
            "%s: a key in PuTTY's format; convert it with: puttygen %s -O private-openssh "
            "-o NEWFILE",
            name, name);
    if (begins_with(first, "ssh-") || begins_with(first, "ecdsa-") || begins_with(first, "sk-"))
        return errbuf_say(p,
                          "%s: a public key; give the private key's file, which usually has the "
                          "same name without .pub",
                          name);
    return errbuf_say(p, "%s: not a private key in OpenSSH or PEM format", name);
}

/* Copy the base64 between the two rules into `out`, without line ends. */
static bool collect(uint8_t *out, size_t *len, struct bytes text, const struct label *label,
                    const struct errbuf *p, const char *name)
{
    for (unsigned number = 2; text.len > 0; number++) {
        struct bytes line = next_line(&text);

        if (is_rule(line, "END", label->text)) {
            while (text.len > 0)
                if (next_line(&text).len > 0)
                    return damaged(p, name, "text after the last line");
            return true;
        }
        if (begins_with(line, "Proc-Type: 4,ENCRYPTED")) /* RFC 1421 section 4.6.1.1 */
            return say_result(KEY_ENCRYPTED, label, name, p);
        for (size_t i = 0; i < line.len; i++) {
            if (!base64_has(line.at[i]) && line.at[i] != '=')
                return errbuf_say(
                    p,
                    "%s:%u: damaged: this line is not base64; restore the file from a "
                    "copy, or create a new key",
                    name, number);
            out[(*len)++] = line.at[i];
        }
    }
    return errbuf_say(
        p,
        "%s: incomplete: the last line, -----END %s-----, is missing; restore it from a copy, or "
        "create a new key",
        name, label->text);
}

/* Decode the text between the rules, in memory as long as the text, and parse it. */
static bool read_body(struct nacre_key *key, const struct label *label, struct bytes text,
                      const char *name, const struct errbuf *p)
{
    uint8_t *copy = malloc(text.len + 1);
    size_t characters = 0, len = 0;
    bool good;

    if (copy == NULL)
        return errbuf_say(p, "%s: out of memory", name);
    good = collect(copy, &characters, text, label, p, name);
    if (good && !base64_decode(copy, characters, &len, (struct bytes){copy, characters}))
        good = damaged(p, name, "malformed base64");
    if (good)
        good = say_result(label->parse(key, (struct bytes){copy, len}), label, name, p);
    wipe(copy, text.len + 1);
    free(copy);
    return good;
}

bool key_parse(struct nacre_key *key, struct bytes text, const char *name, const struct errbuf *p)
{
    struct bytes first = next_line(&text);
    const struct label *label = labels;

    memset(key, 0, sizeof *key);
    if (first.len == 0 && text.len == 0)
        return errbuf_say(p, "%s: empty; remove it, or restore it from a copy", name);
    while (label->text != NULL && !is_rule(first, "BEGIN", label->text))
        label++;
    if (label->text == NULL)
        return not_a_private_key(first, name, p);
    if (read_body(key, label, text, name, p))
        return true;
    private_key_clear(key);
    return false;
}
