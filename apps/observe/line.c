#include "apps/observe/line.h"

static const char digits[] = "0123456789abcdef";

void line_text(struct line *l, const char *text)
{
    line_put(l, text, strlen(text));
}

void line_padded(struct line *l, uint64_t value, unsigned wanted)
{
    char text[20];
    size_t n = sizeof text;
    uint32_t small;

    for (; value > UINT32_MAX; value /= 10)
        text[--n] = digits[value % 10];
    small = (uint32_t)value; /* almost always all of it: such divisions are cheap */
    do {
        text[--n] = digits[small % 10];
        small /= 10;
    } while (n > 0 && (small > 0 || sizeof text - n < wanted));
    line_put(l, text + n, sizeof text - n);
}

/* Most numbers of a trace are short. */
void line_u64(struct line *l, uint64_t value)
{
    char *at;

    if (value >= 1000) {
        line_padded(l, value, 1);
    } else if (value >= 100) {
        at = line_claim(l, 3);
        if (at != NULL) {
            at[0] = digits[value / 100];
            at[1] = digits[value / 10 % 10];
            at[2] = digits[value % 10];
        }
    } else if (value >= 10) {
        at = line_claim(l, 2);
        if (at != NULL) {
            at[0] = digits[value / 10];
            at[1] = digits[value % 10];
        }
    } else {
        line_char(l, digits[value]);
    }
}

/* ---- eight characters at a time: most of a trace is hex or plain text ---- */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Four bytes as eight digits: each nibble moves to a byte of its own, and those past 9 become
 * letters. */
static void put_eight_digits(char *out, const uint8_t *bytes)
{
    uint64_t x = load_u32(bytes), letters;

    x = (x << 16 | x) & UINT64_C(0x0000ffff0000ffff);
    x = (x << 8 | x) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x << 4 | x) & EACH(0x0f);
    letters = (x + EACH(6)) >> 4 & EACH(1);
    store_u64((uint8_t *)out, x + EACH('0') + letters * ('a' - '0' - 10));
}

/* Is one of the bytes zero? */
static uint64_t has_zero(uint64_t x)
{
    return (x - EACH(1)) & ~x & EACH(0x80);
}

/* Printable ASCII without quotes and backslashes. */
static inline bool are_eight_plain(const uint8_t *bytes)
{
    uint64_t x = load_u64(bytes);
    uint64_t outside = x | (x - EACH(' ')) | (x + EACH(1)); /* their highest bits */

    return ((outside & EACH(0x80)) | has_zero(x ^ EACH('"')) | has_zero(x ^ EACH('\'')) |
            has_zero(x ^ EACH('\\'))) == 0;
}

void line_hex(struct line *l, struct bytes bytes)
{
    char *at = line_claim(l, 2 * bytes.len);
    size_t i = 0;

    if (at == NULL)
        return;
    for (; i + 4 <= bytes.len; i += 4, at += 8)
        put_eight_digits(at, bytes.at + i);
    for (; i < bytes.len; i++) {
        *at++ = digits[bytes.at[i] >> 4];
        *at++ = digits[bytes.at[i] & 15];
    }
}

void line_pairs(struct line *l, char c, size_t n)
{
    char *at = line_claim(l, 2 * n);

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

        if (text.len >= 8 && are_eight_plain(text.at)) {
            text = bytes_from(text, 8);
            continue;
        }
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

    while (n + 8 <= text.len && are_eight_plain(text.at + n))
        n += 8;
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
