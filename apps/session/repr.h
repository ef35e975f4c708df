/* Bytes as Python's repr prints a bytes object, without the leading b: 'hi\n', "it's", '\x00\xff'.
 *
 * For a log or an answer in which every byte can be seen. The functions keep nothing of the data
 * that they are passed, and may be called from any thread. */
#ifndef NACRE_APPS_SESSION_REPR_H
#define NACRE_APPS_SESSION_REPR_H

#include "transport/api.h"

/* Characters of the longest form of a byte, \xNN; and of `len` bytes, with the quotes and a NUL. */
#define NACRE_REPR_BYTE_MAX 4
#define NACRE_REPR_MAX(len) (NACRE_REPR_BYTE_MAX * (size_t)(len) + 3)

/* Write the repr of `len` bytes to `out`, of NACRE_REPR_MAX(len) bytes, as NUL-terminated text.
 * Returns its length without the NUL. */
NACRE_API size_t nacre_repr(char *out, const void *data, size_t len);

/* The same in two steps, for bytes of any number: choose the quote once, and write it; then write
 * each byte. The quote around `len` bytes is " if they contain ' and not ", otherwise '. */
NACRE_API char nacre_repr_quote(const uint8_t *data, size_t len);

/* Write `byte` as it is printed between these quotes; returns the length, 1, 2 or 4. No NUL is
 * added. */
NACRE_API size_t nacre_repr_byte(char out[NACRE_REPR_BYTE_MAX], uint8_t byte, char quote);

#endif
