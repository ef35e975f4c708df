/* Unsigned numbers of any length as libcrypto's BIGNUM. For the files of this folder only: the one
 * header here that shows a library's type. */
#ifndef NACRE_CRYPTO_NUMBER_H
#define NACRE_CRYPTO_NUMBER_H

#include <openssl/bn.h>

#include "crypto/bytes.h"

/* The number that the bytes say, most significant first. NULL without memory. The caller frees it
 * with BN_free, or BN_clear_free when it is secret. */
BIGNUM *number_read(struct bytes number);

/* Write it in exactly `len` bytes, zeros in front. False when it does not fit. */
bool number_write(const BIGNUM *number, uint8_t *out, size_t len);

#endif
