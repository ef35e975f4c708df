/* One face over libsodium and libcrypto. This folder is the only place that includes their
 * headers, and it knows nothing of SSH messages. Each primitive has a header of its own; this one
 * holds what concerns them all. */
#ifndef NACRE_CRYPTO_CRYPTO_H
#define NACRE_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

/* Make the libraries ready: libsodium looks at the CPU and opens its source of randomness,
 * libcrypto reads its configuration: later on there may be no files to be read.
 *
 * A program calls it once, before anything else of this folder; calling it again, also from
 * another thread, does no harm. Without it everything still computes, but with slower code.
 * Returns false when the machine has no usable source of randomness: go no further then. */
bool crypto_init(void);

/* Have libcrypto take all its memory from these, as from malloc, realloc and free; file and line
 * are for who debugs. Before anything else of this folder. False: it has some already. */
bool crypto_use_memory(void *(*allocate)(size_t len, const char *file, int line),
                       void *(*resize)(void *block, size_t len, const char *file, int line),
                       void (*release)(void *block, const char *file, int line));

#endif
