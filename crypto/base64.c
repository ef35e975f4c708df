#include "crypto/base64.h"

static const char alphabet[64] = {
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
    'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
    'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
    'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/',
};

size_t base64_encode(char *out, struct bytes data)
{
    char *o = out;

    for (size_t i = 0; i < data.len; i += 3) {
        size_t left = data.len - i;
        uint32_t three = (uint32_t)data.at[i] << 16;

        three |= left > 1 ? (uint32_t)data.at[i + 1] << 8 : 0;
        three |= left > 2 ? data.at[i + 2] : 0;
        *o++ = alphabet[three >> 18];
        *o++ = alphabet[three >> 12 & 63];
        *o++ = left > 1 ? alphabet[three >> 6 & 63] : '=';
        *o++ = left > 2 ? alphabet[three & 63] : '=';
    }
    *o = '\0';
    return (size_t)(o - out);
}

/* 0 to 63, or -1. */
static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

bool base64_has(uint8_t character)
{
    return value_of(character) >= 0;
}

/* Decode `count` characters, 2 to 4, into the upper bits of *three, which has 24. False: one of
 * them is not base64. */
static bool decode_group(const uint8_t *at, size_t count, uint32_t *three)
{
    *three = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < count ? value_of(at[i]) : 0;

        if (value < 0)
            return false;
        *three = *three << 6 | (uint32_t)value;
    }
    return true;
}

bool base64_decode(uint8_t *out, size_t size, size_t *len, struct bytes text)
{
    size_t done = 0, padding = 0;

    *len = 0;
    if (text.len % 4 != 0)
        return false;
    while (padding < 2 && padding < text.len && text.at[text.len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < text.len; i += 4) {
        size_t characters = i + 4 == text.len ? 4 - padding : 4;
        size_t bytes = characters - 1;
        uint32_t three;

        if (!decode_group(text.at + i, characters, &three) || bytes > size - done)
            return false;
        if ((three & (0xffffffu >> (8 * bytes))) != 0)
            return false;
        for (size_t b = 0; b < bytes; b++)
            out[done++] = (uint8_t)(three >> (16 - 8 * b));
    }
    *len = done;
    return true;
}
