#include "apps/observe/line.h"

static const char digits[] = "0123456789abcdef";

void line_text(struct line *l, const char *text)
{
    line_put(l, text, strlen(text));
}

/* The decimal digits of a number below 100, two by two: most divisions are saved. */
static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

/* The number of bits gives the number of digits, or one less: 1233 / 4096 is about log10(2). */
static unsigned decimal_len(uint64_t value)
{
    /* clang-format off */
    static const uint64_t powers[] = {
        0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
        100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
        10000000000000000, 100000000000000000, 1000000000000000000, 10000000000000000000u,
    };
    /* clang-format on */
    unsigned least = (64 - (unsigned)__builtin_clzll(value | 1)) * 1233 >> 12;

    return least + (value >= powers[least]);
}

char *line_copy_u64(char *at, uint64_t value)
{
    unsigned n;
    char *end;
    uint32_t small;

    if (value < 10) {
        *at = digits[value];
        return at + 1;
    }
    n = decimal_len(value);
    end = at + n;
    for (; value > UINT32_MAX; value /= 100, n -= 2)
        memcpy(at + n - 2, pairs + 2 * (value % 100), 2);
    for (small = (uint32_t)value; small >= 100; small /= 100, n -= 2)
        memcpy(at + n - 2, pairs + 2 * (small % 100), 2);
    if (n == 2)
        memcpy(at, pairs + 2 * small, 2);
    else
        *at = digits[small];
    return end;
}

char *line_copy_name(char *at, const char *name)
{
    size_t len = strnlen(name, LINE_NAME_MAX);

    memcpy(at, name, len);
    return at + len;
}

void line_padded(struct line *l, uint64_t value, unsigned wanted)
{
    unsigned n = decimal_len(value), zeros = wanted > n ? wanted - n : 0;
    char *at = line_claim(l, zeros + n);

    if (at == NULL)
        return;
    memset(at, '0', zeros);
    (void)line_copy_u64(at + zeros, value);
}

void line_u64(struct line *l, uint64_t value)
{
    char *at = line_reserve(l, LINE_NUMBER_MAX);

    if (at != NULL)
        line_end(l, line_copy_u64(at, value));
}

/* ---- sixteen bytes at a time: most of a trace is hex or plain text ---- */

enum { STEP = 16 };

typedef uint8_t vector __attribute__((vector_size(STEP)));

/* A nibble past 9 becomes a letter. */
static vector digits_of(vector nibbles)
{
    return nibbles + '0' + ((vector)(nibbles > 9) & ('a' - '0' - 10));
}

/* As 32 digits. */
static void put_digits(char *out, const uint8_t *bytes)
{
    vector all, high, low, first, second;

    memcpy(&all, bytes, sizeof all);
    high = digits_of(all >> 4);
    low = digits_of(all & 15);
    first =
        __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    second = __builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14,
                                     30, 15, 31);
    memcpy(out, &first, sizeof first);
    memcpy(out + 16, &second, sizeof second);
}

/* The number of bytes before the first that is not 0. */
static inline size_t zeros_before(vector marks)
{
    uint64_t halves[2];

    memcpy(halves, &marks, sizeof halves);
    for (size_t i = 0; i < 2; i++)
        if (halves[i] != 0) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return 8 * i + (size_t)__builtin_ctzll(halves[i]) / 8;
#else
            return 8 * i + (size_t)__builtin_clzll(halves[i]) / 8;
#endif
        }
    return STEP;
}

/* How many are is_plain, and neither this quote nor a backslash? */
static inline size_t count_plain(const uint8_t *bytes, char quote)
{
    vector all;

    memcpy(&all, bytes, sizeof all);
    return zeros_before((vector)(all < ' ') | (vector)(all > '~') | (vector)(all == '\\') |
                        (vector)(all == (uint8_t)quote));
}

/* How many are is_text_byte? */
static size_t count_text(const uint8_t *bytes)
{
    vector all, control;

    memcpy(&all, bytes, sizeof all);
    control = (vector)(all < '\a') | ((vector)(all > '\r') & (vector)(all != 0x1b));
    return zeros_before(((vector)(all < ' ') & control) | (vector)(all > '~'));
}

void line_hex(struct line *l, struct bytes bytes)
{
    char *at = line_claim(l, 2 * bytes.len);
    size_t i = 0;

    if (at == NULL)
        return;
    for (; i + STEP <= bytes.len; i += STEP)
        put_digits(at + 2 * i, bytes.at + i);
    if (i < bytes.len && bytes.len >= STEP) { /* the end, with some of it once more */
        put_digits(at + 2 * (bytes.len - STEP), bytes.at + bytes.len - STEP);
        i = bytes.len;
    }
    for (; i < bytes.len; i++) {
        at[2 * i] = digits[bytes.at[i] >> 4];
        at[2 * i + 1] = digits[bytes.at[i] & 15];
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
        size_t n;

        if (text.len >= STEP && (n = count_text(text.at)) > 0) {
            text = bytes_from(text, n);
            continue;
        }
        n = 1;
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
    size_t n = 0, count = STEP;

    for (; count == STEP && n + STEP <= text.len; n += count)
        count = count_plain(text.at + n, quote);
    if (count < STEP)
        return n;
    if (text.len >= STEP) /* the end, with some of the run once more */
        return text.len - STEP + count_plain(text.at + text.len - STEP, quote);
    while (n < text.len && is_plain(text.at[n]) && text.at[n] != (uint8_t)quote &&
           text.at[n] != '\\')
        n++;
    return n;
}

/* The first character, which needs an escape; its length. */
static size_t json_escape(struct line *l, struct bytes text)
{
    uint32_t character = text.at[0];
    size_t n = character < 0x80 ? 1 : read_character(text, &character);

    if (character == '"' || character == '\\')
        put_escaped(l, (char)character);
    else if (character < 0x80 && escape_letter((uint8_t)character) != 0)
        put_escaped(l, escape_letter((uint8_t)character));
    else
        json_character(l, character);
    return n > 0 ? n : 1; /* 0: not a text, and the caller has not asked line_is_text */
}

/* A whole vector is copied, although only its beginning may count: faster than a copy of that
 * length. */
void line_json(struct line *l, struct bytes text)
{
    uint8_t last[STEP] = {0}; /* zeros end the run, as they are not plain */

    line_char(l, '"');
    while (text.len > 0) {
        const uint8_t *next = text.len < STEP ? last : text.at;
        char *at = line_reserve(l, STEP);
        size_t n;

        if (at == NULL)
            return;
        if (next == last)
            memcpy(last, text.at, text.len);
        n = count_plain(next, '"');
        memcpy(at, next, STEP);
        n = n < text.len ? n : text.len;
        l->len += n;
        text = bytes_from(text, n);
        if (n < STEP && text.len > 0)
            text = bytes_from(text, json_escape(l, text));
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
