/* Cipher block chaining (NIST SP 800-38A section 6.2) of whole blocks, in one call: for private
 * keys in files. Packets do not use it (see transport/ADDING.md). */
#ifndef NACRE_CRYPTO_CBC_H
#define NACRE_CRYPTO_CBC_H

#include "crypto/bytes.h"

#define CBC_BLOCK_MAX 16 /* bytes of a block, and of an IV: AES */

/* AES with a key of 16, 24 or 32 bytes; blocks and the IV have 16. `data` is encrypted, or
 * decrypted, in place. False for another length of the key, for `len` that is not a multiple of the
 * block's, and when libcrypto fails; `data` is then undefined. */
bool cbc_aes(struct bytes key, const uint8_t *iv, uint8_t *data, size_t len, bool encrypt);

/* The same for Triple DES (NIST SP 800-67) with a key of 24 bytes; blocks and the IV have 8. For
 * old files. */
bool cbc_3des(struct bytes key, const uint8_t *iv, uint8_t *data, size_t len, bool encrypt);

#endif
