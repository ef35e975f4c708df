/* SipHash-2-4 (Aumasson and Bernstein, 2012): short keyed hashes, for tables that hold what a peer
 * names. Nobody without the key can find names with the same hash. Not a MAC: 64 bits are too few.
 */
#ifndef NACRE_CRYPTO_SHORT_HASH_H
#define NACRE_CRYPTO_SHORT_HASH_H

#include "crypto/bytes.h"

enum { SHORT_HASH_KEY = 16 /* bytes */ };

uint64_t short_hash(const uint8_t key[SHORT_HASH_KEY], struct bytes data);

#endif
