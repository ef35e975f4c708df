/* Bytes as Python's repr prints a bytes object, without the leading b: 'hi\n', "it's", '\x00\xff'.
 *
 * There are two steps, so that a text of any length can be written piece by piece: choose the quote
 * once, then write each byte. The caller writes the quotes. */
#ifndef NACRE_APPS_ECHO_REPR_H
#define NACRE_APPS_ECHO_REPR_H

#include <stddef.h>
#include <stdint.h>

#define REPR_BYTE_MAX 4 /* characters of the longest form, \xNN */

/* The quote around `len` bytes: " if they contain ' and not ", otherwise '. */
char repr_quote(const uint8_t *data, size_t len);

/* Write `byte` as it is printed between these quotes; returns the length, 1, 2 or 4. No NUL is
 * added. */
size_t repr_byte(char out[REPR_BYTE_MAX], uint8_t byte, char quote);

#endif
