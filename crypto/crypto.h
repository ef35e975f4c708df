/* One face over libsodium and libcrypto. This folder is the only place that includes their
 * headers, and it knows nothing of SSH messages. Each primitive has a header of its own; this one
 * holds what concerns them all. */
#ifndef NACRE_CRYPTO_CRYPTO_H
#define NACRE_CRYPTO_CRYPTO_H

#include <stdbool.h>

/* Make the libraries ready: libsodium looks at the CPU and opens its source of randomness.
 *
 * A program calls it once, before anything else of this folder; calling it again, also from
 * another thread, does no harm. Without it everything still computes, but with slower code.
 * Returns false when the machine has no usable source of randomness: go no further then. */
bool crypto_init(void);

#endif
