/* Unsigned numbers of any length as libcrypto's BIGNUM. For files in this folder only: no other
 * header here shows a library's type. */
#ifndef NACRE_CRYPTO_NUMBER_H
#define NACRE_CRYPTO_NUMBER_H

#include <openssl/bn.h>

#include "crypto/bytes.h"

/* The number in these bytes, most significant first. NULL when out of memory. The caller frees it
 * with BN_free, or with BN_clear_free when it is secret. */
BIGNUM *number_read(struct bytes number);

/* Write it in exactly `len` bytes, with leading zeros. False when it does not fit. */
bool number_write(const BIGNUM *number, uint8_t *out, size_t len);

#endif
