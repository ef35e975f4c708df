#include "transport/text.h"

/* Bytes of the UTF-8 character that `text` begins with (RFC 3629 section 4); 0 when it is malformed
 * or a control character. */
static size_t printable_len(struct bytes text)
{
    uint8_t c = text.at[0], second = text.len > 1 ? text.at[1] : 0;
    size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

    if (n == 0 || n > text.len || c < 0x20 || c == 0x7f || (c == 0xc2 && second < 0xa0))
        return 0;
    if ((c == 0xe0 && second < 0xa0) || (c == 0xf0 && second < 0x90)) /* longer than it need be */
        return 0;
    if ((c == 0xed && second > 0x9f) || (c == 0xf4 && second > 0x8f)) /* no character at all */
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((text.at[i] & 0xc0) != 0x80)
            return 0;
    return n;
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

bool text_from_wire(char *out, size_t size, struct bytes wire)
{
    if (wire.len >= size || (wire.len > 0 && memchr(wire.at, 0, wire.len) != NULL))
        return false;
    if (wire.len > 0)
        memcpy(out, wire.at, wire.len);
    out[wire.len] = 0;
    return true;
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
