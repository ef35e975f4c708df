/* A text that is put together piece by piece in a buffer of fixed size, without printf: a trace
 * must cost little. What does not fit is left out, and `full` is set. */
#ifndef NACRE_APPS_OBSERVE_LINE_H
#define NACRE_APPS_OBSERVE_LINE_H

#include "crypto/bytes.h"

struct line {
    char *at;
    size_t len, size; /* bytes */
    bool full;
};

static inline struct line line_in(char *buffer, size_t size)
{
    return (struct line){.at = buffer, .size = size};
}

/* Space for n characters, or NULL. They are not part of the text yet. */
static inline char *line_reserve(struct line *l, size_t n)
{
    if (l->full || l->size - l->len < n) {
        l->full = true;
        return NULL;
    }
    return l->at + l->len;
}

/* The text ends here, within the space that was reserved. */
static inline void line_end(struct line *l, const char *end)
{
    l->len = (size_t)(end - l->at);
}

/* Space for n characters, which become part of the text, or NULL. */
static inline char *line_claim(struct line *l, size_t n)
{
    char *at = line_reserve(l, n);

    l->len += at != NULL ? n : 0;
    return at;
}

/* These are inline, because the length of most texts is known to the compiler. */
static inline void line_put(struct line *l, const char *text, size_t len)
{
    char *at = line_claim(l, len);

    if (at != NULL && len > 0)
        memcpy(at, text, len);
}

static inline void line_char(struct line *l, char c)
{
    line_put(l, &c, 1);
}

void line_text(struct line *l, const char *text);
#define LINE_PUT(l, literal) line_put(l, "" literal, sizeof(literal) - 1)

/* The same into space that is reserved, which is faster where there are many short pieces in a row:
 * they return where the next one goes. */
enum {
    LINE_NUMBER_MAX = 20, /* digits */
    LINE_NAME_MAX = 80,   /* a longer name is cut */
};

static inline char *line_copy(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

#define LINE_COPY(at, literal) line_copy(at, "" literal, sizeof(literal) - 1)
char *line_copy_name(char *at, const char *name);
char *line_copy_u64(char *at, uint64_t value);

/* A decimal number; padded with zeros to `digits`. */
void line_u64(struct line *l, uint64_t value);
void line_padded(struct line *l, uint64_t value, unsigned digits);

/* Two lower case digits a byte. */
void line_hex(struct line *l, struct bytes bytes);

/* n times the same two characters. */
void line_pairs(struct line *l, char c, size_t n);

/* Well-formed UTF-8 without control characters, except those that programs send to terminals:
 * backspace to carriage return, bell and escape. */
bool line_is_text(struct bytes text);

/* Such a text as a JSON string, in ASCII and with its quotes. */
void line_json(struct line *l, struct bytes text);

/* Any bytes in single quotes, as Python's repr prints them: \n, \x00. */
void line_repr(struct line *l, struct bytes text);

#endif
