/* PEM (RFC 7468): the text around a private key. */
#include "apps/files/key_format.h"

#include "crypto/base64.h"
#include "apps/files/key_sentence.h"
#include "apps/files/line.h"

#include <stdio.h>
#include <stdlib.h>

#define REMOVE_PASSPHRASE "ssh-keygen -p -N '' -f"

static enum key_result parse_other(struct nacre_key *key, struct bytes data,
                                   struct bytes passphrase)
{
    (void)key;
    (void)data;
    (void)passphrase;
    return KEY_OTHER_TYPE;
}

static enum key_result parse_pkcs8(struct nacre_key *key, struct bytes data,
                                   struct bytes passphrase)
{
    (void)passphrase;
    return key_parse_pkcs8(key, data);
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

static enum key_result parse_rsa(struct nacre_key *key, struct bytes data, struct bytes passphrase)
{
    (void)passphrase;
    return parse_either(key, data, key_parse_pkcs1, "ssh-rsa");
}

static enum key_result parse_ec(struct nacre_key *key, struct bytes data, struct bytes passphrase)
{
    (void)passphrase;
    return parse_either(key, data, key_parse_sec1, "ecdsa-");
}

static const struct label {
    const char *text;
    const char *format;  /* for a person */
    const char *decrypt; /* the command that removes the passphrase */
    enum key_result (*parse)(struct nacre_key *key, struct bytes data, struct bytes passphrase);
} labels[] = {
    {"OPENSSH PRIVATE KEY", "OpenSSH", REMOVE_PASSPHRASE, key_decrypt_openssh},
    {"PRIVATE KEY", "PKCS #8", REMOVE_PASSPHRASE, parse_pkcs8},
    {"ENCRYPTED PRIVATE KEY", "PKCS #8", "openssl pkey -out NEWFILE -in", key_decrypt_pkcs8},
    {"RSA PRIVATE KEY", "PKCS #1", REMOVE_PASSPHRASE, parse_rsa},
    {"EC PRIVATE KEY", "SEC 1", REMOVE_PASSPHRASE, parse_ec},
    {"DSA PRIVATE KEY", "DSA", REMOVE_PASSPHRASE, parse_other},
    {NULL, NULL, NULL, NULL},
};

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

/* What is between the first and the last line of a block. */
struct contents {
    uint8_t *at; /* base64 without white space, and then what it encodes */
    size_t len;
    struct bytes dek_info; /* the cipher of RFC 1421's headers; at NULL: it is not encrypted */
};

/* RFC 1421 section 4.6.1: the headers of an encrypted key. */
static bool is_header(struct contents *c, struct bytes line)
{
    static const char dek_info[] = "DEK-Info: ";

    if (key_line_begins(line, "Proc-Type: 4,ENCRYPTED")) {
        c->dek_info = (struct bytes){line.at, 0};
        return true;
    }
    if (c->dek_info.at == NULL || !key_line_begins(line, dek_info))
        return false;
    c->dek_info = bytes_from(line, strlen(dek_info));
    return true;
}

/* Copy the base64 up to the last line of the block, without white space. What follows the block is
 * not read. */
static enum key_result collect(struct contents *c, const struct block *block,
                               const struct key_report *to)
{
    struct bytes text = block->text;

    for (unsigned number = block->line; text.len > 0; number++) {
        struct bytes line = next_line(&text);

        if (is_rule(line, "END", block->label->text))
            return KEY_GOOD;
        if (is_header(c, line) || collect_line(c->at, &c->len, line))
            continue;
        errbuf_say(to->p,
                   "%s:%u: damaged: this line is not base64; restore the file from a copy, or "
                   "create a new key",
                   to->name, number);
        return KEY_MALFORMED;
    }
    errbuf_say(to->p,
               "%s: incomplete: the last line, -----END %s-----, is missing; restore it from a "
               "copy, or create a new key",
               to->name, block->label->text);
    return KEY_MALFORMED;
}

/* Decrypted with a wrong passphrase, some bytes in 256 have the right padding by chance. */
static enum key_result parse_pem(struct nacre_key *key, const struct contents *c,
                                 const struct label *label, struct bytes passphrase)
{
    enum key_result result;
    uint8_t *plain;
    size_t len, whole = c->len;

    if (passphrase.at == NULL)
        return KEY_ENCRYPTED;
    result = key_decrypt_pem(c->dek_info, passphrase, (struct bytes){c->at, c->len}, &plain, &len);
    if (result != KEY_GOOD)
        return result;
    result = label->parse(key, (struct bytes){plain, len}, passphrase);
    wipe(plain, whole);
    free(plain);
    return result == KEY_MALFORMED ? KEY_WRONG_PASSPHRASE : result;
}

/* A block's text, decoded into memory that is as long as the text. The caller calls
 * free_contents. */
static enum key_result decode(struct contents *c, const struct block *block,
                              const struct key_report *to)
{
    enum key_result result;

    *c = (struct contents){.at = malloc(block->text.len + 1)};
    if (c->at == NULL) {
        errbuf_say(to->p, "%s: out of memory", to->name);
        return KEY_MALFORMED;
    }
    result = collect(c, block, to);
    if (result == KEY_GOOD && !base64_decode(c->at, c->len, &c->len, (struct bytes){c->at, c->len}))
        result = key_say_damaged(to, "malformed base64");
    return result;
}

static void free_contents(struct contents *c, const struct block *block)
{
    if (c->at != NULL)
        wipe(c->at, block->text.len + 1);
    free(c->at);
}

static enum key_result read_block(struct nacre_key *key, const struct block *block,
                                  struct bytes passphrase, const struct key_report *to)
{
    struct contents c;
    enum key_result result = decode(&c, block, to);

    if (result == KEY_GOOD) {
        result = c.dek_info.at != NULL
                     ? parse_pem(key, &c, block->label, passphrase)
                     : block->label->parse(key, (struct bytes){c.at, c.len}, passphrase);
        key_say_result(result, block->label->format, block->label->decrypt, to);
    }
    free_contents(&c, block);
    return result;
}

/* Some editors put the byte order mark of UTF-8 before the text. */
static struct bytes without_mark(struct bytes text)
{
    return key_line_begins(text, "\xef\xbb\xbf") ? bytes_from(text, 3) : text;
}

enum key_result key_parse(struct nacre_key *key, struct bytes text, const char *passphrase,
                          const char *name, const struct errbuf *p)
{
    const struct key_report to = {name != NULL ? name : "private key", name != NULL, p};
    const struct bytes phrase = passphrase != NULL ? bytes_of(passphrase) : (struct bytes){NULL, 0};
    struct bytes line = {NULL, 0};
    enum key_result result;
    struct block block;

    memset(key, 0, sizeof *key);
    text = without_mark(text);
    if (find_block(text, &block)) {
        result = read_block(key, &block, phrase, &to);
        if (result != KEY_GOOD)
            private_key_clear(key);
        return result;
    }
    while (line.len == 0 && text.len > 0)
        line = next_line(&text);
    if (line.len == 0)
        errbuf_say(p, "%s: empty; remove it, or restore it from a copy", to.name);
    else
        key_say_not_private(line, &to);
    return KEY_MALFORMED;
}

/* The contents of the key in a text, without a sentence. False: there is none; nothing to free. */
static bool look_inside(struct bytes text, struct block *block, struct contents *c)
{
    const struct errbuf none = errbuf_in(NULL, 0);
    const struct key_report nobody = {"", false, &none};

    if (!find_block(without_mark(text), block))
        return false;
    if (decode(c, block, &nobody) == KEY_GOOD)
        return true;
    free_contents(c, block);
    return false;
}

bool key_is_encrypted(struct bytes text)
{
    struct block block;
    struct contents c;
    struct nacre_key key = {0};
    bool is;

    if (!look_inside(text, &block, &c))
        return false;
    is = c.dek_info.at != NULL;
    if (!is &&
        (block.label->parse == key_decrypt_openssh || block.label->parse == key_decrypt_pkcs8)) {
        is = block.label->parse(&key, (struct bytes){c.at, c.len}, (struct bytes){NULL, 0}) ==
             KEY_ENCRYPTED;
        private_key_clear(&key);
    }
    free_contents(&c, &block);
    return is;
}

size_t key_public_of(struct bytes text, uint8_t blob[KEY_BLOB_MAX])
{
    struct block block;
    struct contents c;
    struct bytes found = {NULL, 0};

    if (!look_inside(text, &block, &c))
        return 0;
    if (block.label->parse == key_decrypt_openssh)
        found = key_public_openssh((struct bytes){c.at, c.len});
    if (found.len > KEY_BLOB_MAX)
        found.len = 0;
    if (found.len > 0)
        memcpy(blob, found.at, found.len);
    free_contents(&c, &block);
    return found.len;
}
