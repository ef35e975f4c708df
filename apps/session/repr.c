#include "apps/session/repr.h"

#include <string.h>

char nacre_repr_quote(const uint8_t *data, size_t len)
{
    if (len == 0 || memchr(data, '\'', len) == NULL || memchr(data, '"', len) != NULL)
        return '\'';
    return '"';
}

/* The letter after the backslash; 0: this byte has none. */
static char short_escape(uint8_t byte, char quote)
{
    if (byte == '\\' || byte == (uint8_t)quote)
        return (char)byte;
    if (byte == '\n')
        return 'n';
    if (byte == '\r')
        return 'r';
    return byte == '\t' ? 't' : '\0';
}

size_t nacre_repr_byte(char out[NACRE_REPR_BYTE_MAX], uint8_t byte, char quote)
{
    static const char hex[] = "0123456789abcdef";
    char escape = short_escape(byte, quote);

    if (escape != '\0') {
        out[0] = '\\';
        out[1] = escape;
        return 2;
    }
    if (byte >= 0x20 && byte < 0x7f) {
        out[0] = (char)byte;
        return 1;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = hex[byte >> 4];
    out[3] = hex[byte & 15];
    return 4;
}

size_t nacre_repr(char *out, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    char quote = nacre_repr_quote(bytes, len);
    size_t n = 0;

    out[n++] = quote;
    for (size_t i = 0; i < len; i++)
        n += nacre_repr_byte(out + n, bytes[i], quote);
    out[n++] = quote;
    out[n] = 0;
    return n;
}
