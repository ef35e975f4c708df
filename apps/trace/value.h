/* Values of JSON (RFC 8259), for the lines of a trace.
 *
 * The parser is strict: UTF-8 only, no member twice in an object, and numbers are integers from 0
 * to 2^53 - 1, which JavaScript represents exactly. It changes the text in place, so strings borrow
 * from it, and it uses its memory again for the next text. */
#ifndef NACRE_APPS_TRACE_VALUE_H
#define NACRE_APPS_TRACE_VALUE_H

#include "apps/session/errbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    VALUE_DEPTH_MAX = 16,     /* arrays and objects inside each other */
    VALUE_MEMBERS_MAX = 64,   /* of one object */
    VALUE_COUNT_MAX = 1 << 19 /* values in one text */
};

enum value_type {
    VALUE_NULL,
    VALUE_FALSE,
    VALUE_TRUE,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_ARRAY,
    VALUE_OBJECT,
};

struct value {
    enum value_type type;
    const char *name;    /* of a member of an object; otherwise NULL */
    const char *text;    /* of a string: valid UTF-8, which may contain NULs, and a final NUL */
    size_t len;          /* bytes of text */
    uint64_t number;     /* of a number */
    struct value *first; /* of an array or object */
    struct value *next;  /* in the same array or object */
};

/* Memory for the values of one text at a time; starts as zeros. */
struct value_memory {
    struct value *values;
    size_t capacity;
};

/* Parse `len` bytes of text, which are overwritten. The value lives until the next call with the
 * same memory, and as long as the text. NULL: *why says what is wrong, with its column. */
const struct value *value_parse(struct value_memory *memory, char *text, size_t len,
                                const struct errbuf *why);

/* Free the memory; what it held is overwritten first, because a trace may contain secrets. */
void value_memory_free(struct value_memory *memory);

/* ---- access: each function accepts NULL and values of another type, as if they were empty ---- */

/* The member of an object with that name; NULL if there is none, or if it is null. */
const struct value *value_get(const struct value *object, const char *name);

/* The text of a string, up to its first NUL. */
const char *value_text(const struct value *string);

/* The text of the member of an object; "" if it is not a string. */
const char *value_text_of(const struct value *object, const char *name);

/* The number of a member of an object; 0 if it is not a number. */
uint64_t value_number_of(const struct value *object, const char *name);

/* Is that member true? */
bool value_is_true(const struct value *object, const char *name);

/* Are they the same value? The members of objects may be in any order. */
bool value_equal(const struct value *a, const struct value *b);

/* Decode a string of hex digits into out, which has `size` bytes. "--" stands for a secret byte,
 * which is decoded as 0 and makes *masked true. False: it is not hex, or does not fit. */
bool value_hex(const struct value *string, uint8_t *out, size_t size, size_t *len, bool *masked);

/* Print the value as JSON. Control characters are escaped. in_page: so are the characters that mean
 * something in HTML, so that the text can be put into a script element. */
void value_print(FILE *out, const struct value *value, bool in_page);

/* Print a string as JSON does, with its quotes. */
void value_print_text(FILE *out, const char *text, size_t len, bool in_page);

#endif
