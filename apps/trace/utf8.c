#include "apps/trace/utf8.h"

/* The first byte's marker, and the smallest code point, by length. */
static const struct {
    uint8_t mask, marker;
    uint32_t least;
} forms[] = {
    [1] = {0x80, 0x00, 0x00},
    {0xe0, 0xc0, 0x80},
    {0xf0, 0xe0, 0x800},
    {0xf8, 0xf0, 0x10000},
};

static size_t announced(char first)
{
    size_t len = 1;

    while (len <= 4 && ((uint8_t)first & forms[len].mask) != forms[len].marker)
        len++;
    return len <= 4 ? len : 0;
}

uint32_t utf8_get(const char *at)
{
    size_t len = announced(at[0]);
    uint32_t code = (uint8_t)at[0] & (uint8_t)~forms[len].mask;

    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((uint8_t)at[i] & 0x3f);
    return code;
}

size_t utf8_length(const char *at, size_t len)
{
    size_t n = len == 0 ? 0 : announced(at[0]);
    uint32_t code;

    if (n == 0 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if (((uint8_t)at[i] & 0xc0) != 0x80)
            return 0;
    code = utf8_get(at);
    return code < forms[n].least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : n;
}

size_t utf8_put(char *out, uint32_t code)
{
    size_t len = 1;

    while (len < 4 && code >= forms[len + 1].least)
        len++;
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(forms[len].marker | code);
    return len;
}
