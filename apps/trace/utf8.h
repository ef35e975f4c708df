/* UTF-8 (RFC 3629), one character at a time. */
#ifndef NACRE_APPS_TRACE_UTF8_H
#define NACRE_APPS_TRACE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The bytes of the character that begins here, 1 to 4; 0: it is malformed, or longer than the `len`
 * bytes that there are. */
size_t utf8_length(const char *at, size_t len);

/* The character's code point. It is well-formed. */
uint32_t utf8_get(const char *at);

/* Write a code point, which is below 0x110000 and no surrogate. Returns its bytes, 1 to 4; no
 * final NUL. */
size_t utf8_put(char *out, uint32_t code);

#endif
