/* Password hashes: Argon2id (RFC 9106) in its usual text form, `$argon2id$v=19$m=...`.
 *
 * Creating and verifying take tens of milliseconds and 64 MiB on purpose: call them off the event
 * loop. Both allocate that memory and release it before they return. */
#ifndef NACRE_CRYPTO_PASSWORD_HASH_H
#define NACRE_CRYPTO_PASSWORD_HASH_H

#include "crypto/bytes.h"

#define PASSWORD_HASH_MAX 128 /* bytes of a hash's text, its final NUL included */

/* Does the text look like an Argon2id hash (`$argon2id$`, and not too long)? Says nothing about the
 * rest of it; cheap. For telling hashed from plain entries of a password file. */
bool password_hash_is(const char *text);

/* Is `hash` a hash of `password`? False for a wrong password, a text that is not a well-formed
 * Argon2id hash, and when there is not enough memory. Constant time in the password. */
bool password_hash_verify(const char *hash, struct bytes password);

/* Make a hash of `password`, with a new random salt and libsodium's INTERACTIVE cost (2 passes over
 * 64 MiB), as NUL-terminated text. False when there is not enough memory; `out` is then "". */
bool password_hash_create(char out[PASSWORD_HASH_MAX], struct bytes password);

/* Make a well-formed hash that no password matches and that costs as much to verify as `like` does,
 * or as a new one when `like` is NULL or not a hash. For users that do not exist: verifying against
 * it takes as long as for one who does. */
void password_hash_dummy(char out[PASSWORD_HASH_MAX], const char *like);

#endif
