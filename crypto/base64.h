/* Base64 (RFC 4648 section 4), strict: each sequence of bytes has exactly one text. */
#ifndef NACRE_CRYPTO_BASE64_H
#define NACRE_CRYPTO_BASE64_H

#include "crypto/bytes.h"

/* The size of the text of `len` bytes, NUL included. */
#define BASE64_MAX(len) (((len) + 2) / 3 * 4 + 1)

/* Write the text of `data`, padded with `=`, and a NUL. `out` has BASE64_MAX(data.len) bytes.
 * Returns the length of the text. */
size_t base64_encode(char *out, struct bytes data);

/* Decode `text` into `out`, which has `size` bytes; 3 bytes for each 4 characters are always
 * enough. False, with *len 0: `out` is too small, padding is missing, unused bits are set, or there
 * is a character that is not base64, white space included. */
bool base64_decode(uint8_t *out, size_t size, size_t *len, struct bytes text);

/* Is it one of the 64 characters? Padding is not. */
bool base64_has(uint8_t character);

#endif
