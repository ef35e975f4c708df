/* PEM (RFC 7468), and a sentence for everything that can be wrong with a key. */
#include "apps/files/key_format.h"

#include "crypto/base64.h"
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

/* Some programs write PKCS #8 under the label of an older format. */
static enum key_result parse_either(struct nacre_key *key, struct bytes data,
                                    enum key_result (*parse)(struct nacre_key *, struct bytes),
                                    const char *type)
{
    enum key_result result = parse(key, data);

    if (result != KEY_MALFORMED)
        return result;
    private_key_clear(key);
    result = key_parse_pkcs8(key, data);
    if (result == KEY_GOOD && strncmp(key->type, type, strlen(type)) != 0)
        return KEY_MALFORMED;
    return result;
}

static enum key_result parse_rsa(struct nacre_key *key, struct bytes data)
{
    return parse_either(key, data, key_parse_pkcs1, "ssh-rsa");
}

static enum key_result parse_ec(struct nacre_key *key, struct bytes data)
{
    return parse_either(key, data, key_parse_sec1, "ecdsa-");
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
    {"RSA PRIVATE KEY", "PKCS #1", REMOVE_PASSPHRASE, parse_rsa},
    {"EC PRIVATE KEY", "SEC 1", REMOVE_PASSPHRASE, parse_ec},
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

/* RFC 7468 section 2 allows white space in many places; files have it in more. */
static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Cut the next line off the front, without the white space at its end. */
static struct bytes next_line(struct bytes *text)
{
    struct bytes line = line_next(text);

    while (line.len > 0 && is_space(line.at[line.len - 1]))
        line.len--;
    return line;
}

static bool is_rule(struct bytes line, const char *word, const char *label)
{
    char rule[64];

    snprintf(rule, sizeof rule, "-----%s %s-----", word, label);
    return bytes_are(line, rule);
}

/* A private key in a file: what follows its first line. */
struct block {
    const struct label *label;
    struct bytes text;
    unsigned line; /* number of the text's first line */
};

static const struct label *label_of(struct bytes line)
{
    for (const struct label *label = labels; label->text != NULL; label++)
        if (is_rule(line, "BEGIN", label->text))
            return label;
    return NULL;
}

/* The first key of a supported type, or else of any type. Text, attributes and blocks of other
 * kinds may come before it: RFC 7468 section 2, OpenSSL's "Bag Attributes" and EC PARAMETERS. */
static bool find_block(struct bytes text, struct block *block)
{
    *block = (struct block){.label = NULL};
    for (unsigned number = 1; text.len > 0; number++) {
        const struct label *label = label_of(next_line(&text));

        if (label == NULL || (block->label != NULL && label->parse == parse_other))
            continue;
        *block = (struct block){label, text, number + 1};
        if (label->parse != parse_other)
            break;
    }
    return block->label != NULL;
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

/* Where a sentence goes. */
struct report {
    const char *name;
    const struct errbuf *p;
};

/* Append the base64 of a line. */
static bool collect_line(uint8_t *out, size_t *len, struct bytes line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (is_space(line.at[i]))
            continue;
        if (!base64_has(line.at[i]) && line.at[i] != '=')
            return false;
        out[(*len)++] = line.at[i];
    }
    return true;
}

/* Copy the base64 up to the last line of the block into `out`, without white space. What follows
 * the block is not read. */
static bool collect(uint8_t *out, size_t *len, const struct block *block, const struct report *to)
{
    struct bytes text = block->text;

    for (unsigned number = block->line; text.len > 0; number++) {
        struct bytes line = next_line(&text);

        if (is_rule(line, "END", block->label->text))
            return true;
        if (begins_with(line, "Proc-Type: 4,ENCRYPTED")) /* RFC 1421 section 4.6.1.1 */
            return say_result(KEY_ENCRYPTED, block->label, to->name, to->p);
        if (!collect_line(out, len, line))
            return errbuf_say(to->p,
                              "%s:%u: damaged: this line is not base64; restore the file from a "
                              "copy, or create a new key",
                              to->name, number);
    }
    return errbuf_say(
        to->p,
        "%s: incomplete: the last line, -----END %s-----, is missing; restore it from a copy, or "
        "create a new key",
        to->name, block->label->text);
}

/* Decode the text of the block, in memory as long as the text, and parse it. */
static bool read_block(struct nacre_key *key, const struct block *block, const struct report *to)
{
    uint8_t *copy = malloc(block->text.len + 1);
    size_t characters = 0, len = 0;
    bool good;

    if (copy == NULL)
        return errbuf_say(to->p, "%s: out of memory", to->name);
    good = collect(copy, &characters, block, to);
    if (good && !base64_decode(copy, characters, &len, (struct bytes){copy, characters}))
        good = damaged(to->p, to->name, "malformed base64");
    if (good)
        good = say_result(block->label->parse(key, (struct bytes){copy, len}), block->label,
                          to->name, to->p);
    wipe(copy, block->text.len + 1);
    free(copy);
    return good;
}

/* Some editors put the byte order mark of UTF-8 before the text. */
static struct bytes without_mark(struct bytes text)
{
    return begins_with(text, "\xef\xbb\xbf") ? bytes_from(text, 3) : text;
}

bool key_parse(struct nacre_key *key, struct bytes text, const char *name, const struct errbuf *p)
{
    const struct report to = {name, p};
    struct bytes line = {NULL, 0};
    struct block block;

    memset(key, 0, sizeof *key);
    text = without_mark(text);
    if (find_block(text, &block)) {
        if (read_block(key, &block, &to))
            return true;
        private_key_clear(key);
        return false;
    }
    while (line.len == 0 && text.len > 0)
        line = next_line(&text);
    if (line.len == 0)
        return errbuf_say(p, "%s: empty; remove it, or restore it from a copy", name);
    return not_a_private_key(line, name, p);
}
