/* Base64 (RFC 4648 section 4), strictly: one text for one sequence of bytes. */
#ifndef NACRE_APPS_BASE64_H
#define NACRE_APPS_BASE64_H

#include "crypto/bytes.h"

/* Room for the text of `len` bytes, its final NUL included. */
#define BASE64_MAX(len) (((len) + 2) / 3 * 4 + 1)

/* Write the text of `data`, padded with `=`, and a NUL. Returns its length; out has room for
 * BASE64_MAX(data.len). */
size_t base64_encode(char *out, struct bytes data);

/* The bytes of `text` into `out`, at most `room`. False, with *len 0, when there is anything but
 * base64 in it, white space included, when padding is missing, when bits that nobody reads are set,
 * and when there is not enough room: 3 bytes for each 4 of text always is. */
bool base64_decode(uint8_t *out, size_t room, size_t *len, struct bytes text);

/* One of the 64 characters? Padding is none of them. */
bool base64_has(uint8_t character);

#endif
