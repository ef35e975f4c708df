#include "transport/text.h"

/* RFC 3629 section 4, without the control characters C0, DEL and C1 (U+0080 to U+009F). Third and
 * fourth bytes are always 80 to bf. */
static const struct {
    uint8_t first[2], second[2]; /* from, to */
    size_t len;                  /* bytes of the character */
} characters[] = {
    {{0x20, 0x7e}, {0}, 1},
    {{0xc2, 0xc2}, {0xa0, 0xbf}, 2}, /* c2 80 to c2 9f are C1 */
    {{0xc3, 0xdf}, {0x80, 0xbf}, 2},
    {{0xe0, 0xe0}, {0xa0, 0xbf}, 3}, /* less is overlong */
    {{0xe1, 0xec}, {0x80, 0xbf}, 3},
    {{0xed, 0xed}, {0x80, 0x9f}, 3}, /* more is half of a surrogate pair */
    {{0xee, 0xef}, {0x80, 0xbf}, 3},
    {{0xf0, 0xf0}, {0x90, 0xbf}, 4}, /* less is overlong */
    {{0xf1, 0xf3}, {0x80, 0xbf}, 4},
    {{0xf4, 0xf4}, {0x80, 0x8f}, 4}, /* more is beyond U+10FFFF */
};

static bool is_between(uint8_t byte, const uint8_t range[2])
{
    return byte >= range[0] && byte <= range[1];
}

/* Bytes of the character that `text` begins with; 0 when it is malformed or a control character. */
static size_t printable_len(struct bytes text)
{
    size_t row = 0, len;

    while (!is_between(text.at[0], characters[row].first))
        if (++row == sizeof characters / sizeof characters[0])
            return 0;
    len = characters[row].len;
    if (len > text.len || (len > 1 && !is_between(text.at[1], characters[row].second)))
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((text.at[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

static bool is_layout(uint8_t c)
{
    return c == '\n' || c == '\r' || c == '\t';
}

static const char *clean(char *out, size_t size, struct bytes text, bool lines)
{
    size_t len = 0;

    while (text.len > 0) {
        size_t n = lines && is_layout(text.at[0]) ? 1 : printable_len(text);
        size_t step = n == 0 ? 1 : n;

        if (len + step > size - 1)
            break;
        memcpy(out + len, n == 0 ? "?" : (const char *)text.at, step);
        len += step;
        text.at += step;
        text.len -= step;
    }
    out[len] = 0;
    return out;
}

const char *clean_text(char *out, size_t size, struct bytes text)
{
    return clean(out, size, text, false);
}

const char *clean_lines(char *out, size_t size, struct bytes text)
{
    return clean(out, size, text, true);
}

struct bytes text_clipped(const char *text, size_t most)
{
    struct bytes all = bytes_of(text);

    if (all.len <= most)
        return all;
    while (most > 0 && (all.at[most] & 0xc0) == 0x80)
        most--;
    return (struct bytes){all.at, most};
}
