#include "apps/files/authorized_line.h"

#include "apps/files/authorized_options.h"
#include "apps/files/base64.h"
#include "transport/hostkey.h"

#include <stdio.h>

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cut the next field off the line. Spaces in double quotes belong to it; \" is no quote. A quote
 * that is never closed takes all that is left. */
static struct bytes next_field(struct bytes *line)
{
    struct bytes field;
    bool quoted = false;
    size_t n = 0;

    while (line->len > 0 && is_space(line->at[0])) {
        line->at++;
        line->len--;
    }
    for (; n < line->len && (quoted || !is_space(line->at[n])); n++) {
        if (line->at[n] == '\\' && n + 1 < line->len && line->at[n + 1] == '"')
            n++;
        else if (line->at[n] == '"')
            quoted = !quoted;
    }
    field = (struct bytes){line->at, n};
    line->at += n;
    line->len -= n;
    return field;
}

bool authorized_line_next(struct bytes *text, struct authorized_line *line)
{
    struct bytes rest;
    const uint8_t *lf;

    *line = (struct authorized_line){0};
    if (text->len == 0)
        return false;
    lf = memchr(text->at, '\n', text->len);
    rest = (struct bytes){text->at, lf != NULL ? (size_t)(lf - text->at) : text->len};
    text->at += rest.len + (lf != NULL);
    text->len -= rest.len + (lf != NULL);
    for (size_t i = 0; i < 3; i++)
        line->fields[i] = next_field(&rest);
    if (line->fields[0].len > 0 && line->fields[0].at[0] == '#')
        *line = (struct authorized_line){0};
    return true;
}

/* Decode the blob of a key and see that it is of the type that stands before it. False: it is no
 * key. */
static bool read_key(struct bytes type, struct bytes base64, uint8_t out[KEY_BLOB_MAX],
                     struct bytes *key)
{
    struct bytes inside;

    *key = (struct bytes){out, 0};
    if (type.len == 0 || !base64_decode(out, KEY_BLOB_MAX, &key->len, base64))
        return false;
    inside = key_blob_type(*key);
    return inside.len > 0 && bytes_equal(inside, type);
}

enum authorized_line_result authorized_line_match(const struct authorized_line *line,
                                                  const struct nacre_key_login *login,
                                                  struct nacre_key_grant *grant, char *what,
                                                  size_t size)
{
    const struct bytes key = {login->key, login->key_len};
    const struct bytes *f = line->fields;
    uint8_t room[KEY_BLOB_MAX];
    struct bytes found;

    authorized_everything(grant);
    if (f[0].len == 0)
        return LINE_SAYS_NOTHING;
    if (read_key(f[0], f[1], room, &found))
        return bytes_equal(found, key) ? LINE_GRANTS : LINE_SAYS_NOTHING;
    if (!read_key(f[1], f[2], room, &found)) {
        (void)snprintf(what, size,
                       "this line is neither a comment nor a public key ([options] type base64 "
                       "[comment]), so it is ignored");
        return LINE_IS_BAD;
    }
    if (!bytes_equal(found, key))
        return LINE_SAYS_NOTHING;
    return authorized_options(f[0], login->address, time(NULL), grant, what, size) ? LINE_GRANTS
                                                                                   : LINE_IS_BAD;
}
