#include "apps/observe/line.h"

static const char digits[] = "0123456789abcdef";

/* Space for n characters, or NULL. */
static char *claim(struct line *l, size_t n)
{
    char *at = l->at + l->len;

    if (l->full || l->size - l->len < n) {
        l->full = true;
        return NULL;
    }
    l->len += n;
    return at;
}

void line_char(struct line *l, char c)
{
    char *at = claim(l, 1);

    if (at != NULL)
        *at = c;
}

void line_put(struct line *l, const char *text, size_t len)
{
    char *at = claim(l, len);

    if (at != NULL && len > 0)
        memcpy(at, text, len);
}

void line_text(struct line *l, const char *text)
{
    line_put(l, text, strlen(text));
}

void line_padded(struct line *l, uint64_t value, unsigned wanted)
{
    char text[20];
    size_t n = sizeof text;

    do {
        text[--n] = digits[value % 10];
        value /= 10;
    } while (n > 0 && (value > 0 || sizeof text - n < wanted));
    line_put(l, text + n, sizeof text - n);
}

void line_u64(struct line *l, uint64_t value)
{
    line_padded(l, value, 1);
}

void line_hex(struct line *l, struct bytes bytes)
{
    char *at = claim(l, 2 * bytes.len);

    for (size_t i = 0; at != NULL && i < bytes.len; i++) {
        *at++ = digits[bytes.at[i] >> 4];
        *at++ = digits[bytes.at[i] & 15];
    }
}

void line_pairs(struct line *l, char c, size_t n)
{
    char *at = claim(l, 2 * n);

    if (at != NULL)
        memset(at, c, 2 * n);
}

/* ---- UTF-8 ---- */

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The character at the beginning of `text`, which is not ASCII; its length, 0 if it is malformed.
 * RFC 3629 section 4. */
static size_t read_character(struct bytes text, uint32_t *character)
{
    uint8_t first = text.at[0];
    size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    static const uint32_t least[] = {[2] = 0x80, [3] = 0x800, [4] = 0x10000};

    if (first < 0xc2 || first > 0xf4 || text.len < n)
        return 0;
    *character = first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (!is_continuation(text.at[i]))
            return 0;
        *character = *character << 6 | (text.at[i] & 0x3fu);
    }
    if (*character < least[n] || *character > 0x10ffff ||
        (*character >= 0xd800 && *character <= 0xdfff))
        return 0;
    return n;
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

static bool is_text_byte(uint8_t byte)
{
    return is_plain(byte) || (byte >= 0x07 && byte <= 0x0d) || byte == 0x1b;
}

bool line_is_text(struct bytes text)
{
    while (text.len > 0) {
        uint32_t character = 0xa0;
        size_t n = 1;

        if (text.at[0] < 0x80 && !is_text_byte(text.at[0]))
            return false;
        if (text.at[0] >= 0x80)
            n = read_character(text, &character);
        if (n == 0 || character < 0xa0) /* C1 control characters */
            return false;
        text = bytes_from(text, n);
    }
    return true;
}

/* ---- quoted ---- */

static void json_unit(struct line *l, uint32_t unit)
{
    const uint8_t bytes[] = {(uint8_t)(unit >> 8), (uint8_t)unit};

    LINE_PUT(l, "\\u");
    line_hex(l, (struct bytes){bytes, sizeof bytes});
}

static void json_character(struct line *l, uint32_t character)
{
    if (character >= 0x10000) {
        character -= 0x10000;
        json_unit(l, 0xd800 + (character >> 10));
        character = 0xdc00 + (character & 0x3ff);
    }
    json_unit(l, character);
}

/* The letter of a short escape, or 0. */
static char escape_letter(uint8_t byte)
{
    return (char)(byte == '\n' ? 'n' : byte == '\r' ? 'r' : byte == '\t' ? 't' : 0);
}

static void put_escaped(struct line *l, char letter)
{
    const char escape[] = {'\\', letter};

    line_put(l, escape, sizeof escape);
}

/* The length of the run that needs no escape. */
static size_t plain_run(struct bytes text, char quote)
{
    size_t n = 0;

    while (n < text.len && is_plain(text.at[n]) && text.at[n] != (uint8_t)quote &&
           text.at[n] != '\\')
        n++;
    return n;
}

void line_json(struct line *l, struct bytes text)
{
    line_char(l, '"');
    while (text.len > 0) {
        size_t n = plain_run(text, '"');
        uint32_t character = text.at[0];

        line_put(l, (const char *)text.at, n);
        if (n == 0) {
            n = character < 0x80 ? 1 : read_character(text, &character);
            if (character == '"' || character == '\\')
                put_escaped(l, (char)character);
            else if (character < 0x80 && escape_letter((uint8_t)character) != 0)
                put_escaped(l, escape_letter((uint8_t)character));
            else
                json_character(l, character);
            n += n == 0; /* not a text: the caller has not asked line_is_text */
        }
        text = bytes_from(text, n);
    }
    line_char(l, '"');
}

void line_repr(struct line *l, struct bytes text)
{
    line_char(l, '\'');
    while (text.len > 0) {
        size_t n = plain_run(text, '\'');

        line_put(l, (const char *)text.at, n);
        if (n == 0) {
            uint8_t byte = text.at[n++];

            if (is_plain(byte))
                put_escaped(l, (char)byte);
            else if (escape_letter(byte) != 0)
                put_escaped(l, escape_letter(byte));
            else {
                LINE_PUT(l, "\\x");
                line_hex(l, (struct bytes){&byte, 1});
            }
        }
        text = bytes_from(text, n);
    }
    line_char(l, '\'');
}
