/* bcrypt_pbkdf: the key of an encrypted private key in OpenSSH's format, from its passphrase.
 *
 * PBKDF2 (RFC 8018 section 5.2) with bcrypt on SHA-512 digests as its pseudo-random function, and
 * with the bytes of its blocks interleaved, so that every byte of the key costs all of them. The
 * specification is OpenBSD's bcrypt_pbkdf(3). A round takes milliseconds on purpose: call it on
 * another thread than the event loop's. */
#ifndef NACRE_CRYPTO_BCRYPT_PBKDF_H
#define NACRE_CRYPTO_BCRYPT_PBKDF_H

#include "crypto/bytes.h"

enum {
    BCRYPT_PBKDF_KEY_MAX = 128,     /* bytes of a key */
    BCRYPT_PBKDF_SALT_MAX = 64,     /* bytes of a salt */
    BCRYPT_PBKDF_ROUNDS_MAX = 2048, /* some 15 seconds of work for a key of 48 bytes */
};

/* Write `len` bytes of key. False when a length is 0 or too long, when `rounds` is not between 1
 * and BCRYPT_PBKDF_ROUNDS_MAX, and when libcrypto fails; `key` is all zero then. */
bool bcrypt_pbkdf(uint8_t *key, size_t len, struct bytes passphrase, struct bytes salt,
                  uint32_t rounds);

#endif
