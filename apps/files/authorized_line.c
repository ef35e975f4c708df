#include "apps/files/authorized_line.h"

#include "apps/files/authorized_options.h"
#include "apps/files/line.h"
#include "apps/files/public_key.h"

#include <stdlib.h>
#include <string.h>

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* Cut the next field off the line. Spaces in double quotes are part of it, and \" is not a quote. A
 * quote that is never closed extends to the end. */
static struct bytes next_field(struct bytes *line)
{
    struct bytes field;
    bool quoted = false;
    size_t n = 0;

    while (line->len > 0 && is_space(line->at[0]))
        *line = bytes_from(*line, 1);
    for (; n < line->len && (quoted || !is_space(line->at[n])); n++) {
        if (line->at[n] == '\\' && n + 1 < line->len && line->at[n + 1] == '"')
            n++;
        else if (line->at[n] == '"')
            quoted = !quoted;
    }
    field = (struct bytes){line->at, n};
    *line = bytes_from(*line, n);
    return field;
}

bool authorized_line_next(struct bytes *text, struct authorized_line *line)
{
    struct bytes rest;

    *line = (struct authorized_line){0};
    if (text->len == 0)
        return false;
    rest = line_next(text);
    if (rest.len > 0 && rest.at[rest.len - 1] == '\r')
        rest.len--;
    for (size_t i = 0; i < 3; i++) {
        line->fields[i] = next_field(&rest);
        while (rest.len > 0 && is_space(rest.at[0]))
            rest = bytes_from(rest, 1);
        line->after[i] = rest;
    }
    if (line->fields[0].len > 0 && line->fields[0].at[0] == '#')
        *line = (struct authorized_line){0};
    return true;
}

bool authorized_line_key(const struct authorized_line *line, uint8_t blob[KEY_BLOB_MAX],
                         struct bytes *key)
{
    const struct bytes *f = line->fields;

    return f[0].len > 0 &&
           (public_key_read(f[0], f[1], blob, key) == NULL ||
            public_key_read(f[1], f[2], blob, key) == NULL) &&
           key_blob_length(*key) == KEY_LENGTH_GOOD;
}

/* The types of PROTOCOL.u2f; certificates of such keys are not supported. */
static bool is_security_key(struct bytes blob)
{
    struct bytes type = key_blob_type(blob);

    return bytes_are(type, signature_sk_ed25519.key_type) ||
           bytes_are(type, signature_sk_nistp256.key_type);
}

/* A key of a length that is not accepted is reported whichever key logs in: it never will. */
static enum authorized_line_result match_key(struct bytes found, struct bytes key,
                                             const struct errbuf *p)
{
    switch (key_blob_length(found)) {
    case KEY_LENGTH_SHORT:
        errbuf_say(p, "ignored: the RSA key is too short: it needs 2048 bits or more");
        return LINE_BAD;
    case KEY_LENGTH_LONG:
        errbuf_say(p, "ignored: the RSA key is too long: it may have 16384 bits");
        return LINE_BAD;
    case KEY_LENGTH_GOOD:
        break;
    }
    return bytes_equal(found, key) ? LINE_GRANTS : LINE_OTHER;
}

/* The comment after a key that grants the login. */
static enum authorized_line_result take_comment(struct bytes comment, struct nacre_key_grant *grant,
                                                const struct errbuf *p)
{
    grant->comment = malloc(comment.len + 1);
    if (grant->comment != NULL) {
        memcpy(grant->comment, comment.at, comment.len);
        grant->comment[comment.len] = 0;
        return LINE_GRANTS;
    }
    grant->undecided = true;
    errbuf_say(p, "out of memory");
    return LINE_BAD;
}

enum authorized_line_result authorized_line_match(const struct authorized_line *line,
                                                  const struct nacre_key_login *login,
                                                  struct nacre_key_grant *grant,
                                                  const struct errbuf *p)
{
    const struct bytes key = {login->key, login->key_len};
    const struct bytes *f = line->fields;
    const struct key_use use = {login->address, time(NULL), is_security_key(key)};
    enum authorized_line_result result;
    uint8_t blob[KEY_BLOB_MAX];
    struct bytes found;

    authorized_everything(grant);
    if (f[0].len == 0)
        return LINE_OTHER;
    if (public_key_read(f[0], f[1], blob, &found) == NULL) {
        result = match_key(found, key, p);
        return result == LINE_GRANTS ? take_comment(line->after[1], grant, p) : result;
    }
    if (public_key_read(f[1], f[2], blob, &found) != NULL) {
        errbuf_say(p, "ignored: neither a comment nor a public key ([options] type base64 "
                      "[comment])");
        return LINE_BAD;
    }
    result = match_key(found, key, p);
    if (result != LINE_GRANTS)
        return result;
    if (!authorized_options(f[0], &use, grant, p))
        return LINE_BAD;
    return take_comment(line->after[2], grant, p);
}
