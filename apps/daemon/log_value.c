#include "apps/daemon/log_value.h"

#include <stdbool.h>
#include <string.h>

enum { ESCAPE_MAX = 6 /* \u00NN */ };

/* How a byte without a letter of its own is escaped: two hexadecimal digits follow. */
struct escapes {
    const char *before;
    size_t before_len;
};

static const struct escapes logfmt = {"\\x", 2}, json = {"\\u00", 4};

/* A-Z a-z 0-9 . _ : / @ + , % - [ ], as bits: most bytes of a log go through here. */
static bool is_bare(uint8_t c)
{
    static const uint64_t bare[4] = {UINT64_C(0x07fff82000000000), UINT64_C(0x07fffffeafffffff), 0,
                                     0};

    return bare[c >> 6] >> (c & 63) & 1;
}

static bool all_bare(const uint8_t *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_bare(value[i]))
            return false;
    return len > 0;
}

/* Write a byte as it is printed in quotes; returns its length. */
static size_t escape(char out[ESCAPE_MAX], uint8_t c, const struct escapes *escapes)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "\"\"\\\\\nn\rr\tt"; /* pairs: the byte, the letter for it */
    size_t n = escapes->before_len;

    for (size_t i = 0; letters[i] != '\0'; i += 2)
        if (c == (uint8_t)letters[i]) {
            out[0] = '\\';
            out[1] = letters[i + 1];
            return 2;
        }
    if (c >= 0x20 && c < 0x7f) {
        out[0] = (char)c;
        return 1;
    }
    memcpy(out, escapes->before, n);
    out[n] = hex[c >> 4];
    out[n + 1] = hex[c & 15];
    return n + 2;
}

/* Print at most LOG_VALUE_MAX bytes; the last three are "..." if that is not all. */
static size_t print(char *out, const uint8_t *value, size_t len, const struct escapes *escapes)
{
    const size_t end = LOG_VALUE_MAX - 3; /* beyond this only if the whole value fits */
    size_t n = 0, cut_at = 0;

    for (size_t i = 0; i < len; i++) {
        char one[ESCAPE_MAX];
        size_t one_len = escape(one, value[i], escapes);

        if (n <= end)
            cut_at = n;
        if (n + one_len > LOG_VALUE_MAX) {
            memcpy(out + cut_at, "...", 3);
            return cut_at + 3;
        }
        memcpy(out + n, one, one_len);
        n += one_len;
    }
    return n;
}

static size_t print_quoted(char *out, const uint8_t *value, size_t len,
                           const struct escapes *escapes)
{
    size_t n = print(out + 1, value, len, escapes);

    out[0] = out[1 + n] = '"';
    return n + 2;
}

size_t log_value_logfmt(char out[LOG_PRINTED_MAX], const uint8_t *value, size_t len)
{
    return all_bare(value, len) ? print(out, value, len, &logfmt)
                                : print_quoted(out, value, len, &logfmt);
}

size_t log_value_json(char out[LOG_PRINTED_MAX], const uint8_t *value, size_t len)
{
    return print_quoted(out, value, len, &json);
}
