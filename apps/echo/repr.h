/* Bytes as Python's repr prints a bytes object, without its b: 'hi\n', "it's", '\x00\xff'.
 *
 * In two steps, so that a text of any length can be written piece by piece: choose the quote once,
 * then write each byte. The caller writes the quote before and after. */
#ifndef NACRE_APPS_REPR_H
#define NACRE_APPS_REPR_H

#include <stddef.h>
#include <stdint.h>

#define REPR_BYTE_MAX 4 /* characters of the longest: \xNN */

/* The quote around `len` bytes: ' unless there is a ' among them and no ". */
char repr_quote(const uint8_t *data, size_t len);

/* Write how `byte` looks between such quotes; returns its length, 1, 2 or 4. No NUL is added. */
size_t repr_byte(char out[REPR_BYTE_MAX], uint8_t byte, char quote);

#endif
