#include "apps/files/key_text.h"

#include "apps/files/key_format.h"
#include "apps/files/key_object.h"
#include "apps/files/line.h"
#include "apps/files/public_key.h"
#include "crypto/crypto.h"
#include "transport/text.h"

#include <stdlib.h>

/* ---- private keys ---- */

/* name: the file's, or NULL; *result may be NULL */
static struct nacre_key *parse(struct bytes text, const char *passphrase, const char *name,
                               enum key_result *result, const struct errbuf *p)
{
    struct nacre_key *key = key_new();

    (void)crypto_init(); /* reading works without it, but slower */
    *result = KEY_MALFORMED;
    if (key == NULL) {
        errbuf_say(p, "%s: out of memory", name != NULL ? name : "private key");
        return NULL;
    }
    *result = key_parse(key, text, passphrase, name, p);
    if (*result == KEY_GOOD)
        return key;
    nacre_key_free(key);
    return NULL;
}

struct nacre_key *nacre_key_parse(const void *text, size_t len, const char *passphrase,
                                  char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    enum key_result result;

    if (len <= KEY_TEXT_MAX)
        return parse((struct bytes){text, len}, passphrase, NULL, &result, &p);
    errbuf_say(&p, "private key: more than %d bytes", KEY_TEXT_MAX);
    return NULL;
}

/* The text, and the name of its file, if there is one. */
struct nacre_key_text {
    char *file;
    size_t len;
    uint8_t at[];
};

static struct bytes text_of(const struct nacre_key_text *text)
{
    return (struct bytes){text->at, text->len};
}

struct nacre_key_text *key_text_keep(struct bytes text, const char *file)
{
    struct nacre_key_text *kept = malloc(sizeof *kept + text.len);

    if (kept == NULL)
        return NULL;
    *kept = (struct nacre_key_text){.len = text.len};
    if (text.len > 0)
        memcpy(kept->at, text.at, text.len);
    if (file == NULL)
        return kept;
    kept->file = strdup(file);
    if (kept->file != NULL)
        return kept;
    nacre_key_text_free(kept);
    return NULL;
}

struct nacre_key_text *nacre_key_text_new(const void *text, size_t len, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_key_text *kept = NULL;

    if (len > KEY_TEXT_MAX)
        errbuf_say(&p, "private key: more than %d bytes", KEY_TEXT_MAX);
    else
        kept = key_text_keep((struct bytes){text, len}, NULL);
    if (kept == NULL && len <= KEY_TEXT_MAX)
        errbuf_say(&p, "private key: out of memory");
    return kept;
}

bool nacre_key_text_is_encrypted(const struct nacre_key_text *text)
{
    return key_is_encrypted(text_of(text));
}

struct nacre_key *nacre_key_text_public(const struct nacre_key_text *text)
{
    uint8_t blob[KEY_BLOB_MAX];
    size_t len = key_public_of(text_of(text), blob);

    return len > 0 ? nacre_key_from_blob(blob, len, NULL, 0) : NULL;
}

struct nacre_key *nacre_key_text_open(const struct nacre_key_text *text, const char *passphrase,
                                      bool *wrong, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    enum key_result result;
    struct nacre_key *key = parse(text_of(text), passphrase, text->file, &result, &p);

    if (wrong != NULL)
        *wrong = result == KEY_WRONG_PASSPHRASE;
    return key;
}

void nacre_key_text_free(struct nacre_key_text *text)
{
    if (text == NULL)
        return;
    free(text->file);
    wipe(text, sizeof *text + text->len);
    free(text);
}

/* ---- public keys ---- */

struct nacre_key *nacre_key_from_blob(const uint8_t *blob, size_t len, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    const char *type = public_key_type((struct bytes){blob, len});
    struct nacre_key *key;

    if (type == NULL) {
        errbuf_say(&p, "not a public key of a type that is supported");
        return NULL;
    }
    key = key_new();
    if (key == NULL) {
        errbuf_say(&p, "out of memory");
        return NULL;
    }
    key->type = type;
    key->is_public = true;
    key->blob_len = (uint16_t)len;
    memcpy(key->blob, blob, len);
    return key;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cut a word off the front, and the white space around it. */
static struct bytes next_word(struct bytes *line)
{
    struct bytes word;

    while (line->len > 0 && is_blank(line->at[0]))
        *line = bytes_from(*line, 1);
    word = (struct bytes){line->at, 0};
    while (word.len < line->len && !is_blank(line->at[word.len]))
        word.len++;
    *line = bytes_from(*line, word.len);
    while (line->len > 0 && is_blank(line->at[0]))
        *line = bytes_from(*line, 1);
    return word;
}

struct nacre_key *key_public_parse(struct bytes text, const char *file, const struct errbuf *p)
{
    const char *name = file != NULL ? file : "public key", *wrong;
    struct bytes line = {NULL, 0}, type, base64, blob;
    struct nacre_key *key;
    uint8_t room[KEY_BLOB_MAX];

    while (text.len > 0 && (line.len == 0 || line.at[0] == '#'))
        line = line_next(&text);
    type = next_word(&line);
    base64 = next_word(&line);
    wrong = public_key_read(type, base64, room, &blob);
    if (wrong != NULL) {
        errbuf_say(p, "%s: %s; it should be: TYPE BASE64 COMMENT", name, wrong);
        return NULL;
    }
    key = nacre_key_from_blob(blob.at, blob.len, p->text, p->size);
    while (line.len > 0 && is_blank(line.at[line.len - 1]))
        line.len--;
    if (key != NULL)
        (void)clean_text(key->comment, sizeof key->comment, line);
    return key;
}

struct nacre_key *nacre_key_parse_public(const char *line, size_t len, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);

    return key_public_parse((struct bytes){(const uint8_t *)line, len}, NULL, &p);
}
