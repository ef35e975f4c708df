/* One interface to libsodium and libcrypto. Only this folder includes their headers, and it knows
 * nothing about SSH messages. Each primitive has its own header; this one has what concerns all of
 * them. */
#ifndef NACRE_CRYPTO_CRYPTO_H
#define NACRE_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

/* Initialise the libraries: libsodium detects the CPU's features and opens its source of
 * randomness; libcrypto reads its configuration now, since files may be out of reach later.
 *
 * A program calls it once, before anything else in this folder. Calling it again is harmless, from
 * another thread too. Without it everything still works, but with slower code. False: the machine
 * has no usable source of randomness, and the program must stop. */
bool crypto_init(void);

/* Make libcrypto allocate all its memory with these functions in place of malloc, realloc and free;
 * file and line are for debugging. Call it before anything else in this folder. False: libcrypto
 * has allocated memory already. */
bool crypto_use_memory(void *(*allocate)(size_t len, const char *file, int line),
                       void *(*resize)(void *block, size_t len, const char *file, int line),
                       void (*release)(void *block, const char *file, int line));

#endif
