/* Password hashes: Argon2id (RFC 9106) in its usual text form, `$argon2id$v=19$m=...`.
 *
 * Creating and verifying take tens of milliseconds and 64 MiB on purpose: call them on another
 * thread than the event loop's. Both free that memory before they return. */
#ifndef NACRE_CRYPTO_PASSWORD_HASH_H
#define NACRE_CRYPTO_PASSWORD_HASH_H

#include "crypto/bytes.h"

#define PASSWORD_HASH_MAX 128 /* bytes of a hash's text, its final NUL included */

/* Does the text begin like an Argon2id hash (`$argon2id$`), and is it not too long? Does not check
 * the rest; cheap. It distinguishes hashed from plain entries of a password file. */
bool password_hash_is(const char *text);

/* Is `hash` a hash of `password`? False for a wrong password, for a text that is not a well-formed
 * Argon2id hash, and when out of memory; *no_memory tells the last from the others. Constant time
 * in the password. */
bool password_hash_verify(const char *hash, struct bytes password, bool *no_memory);

/* Hash `password` with a new random salt and libsodium's INTERACTIVE cost (2 passes over 64 MiB),
 * as NUL-terminated text. False when out of memory; `out` is "" then. */
bool password_hash_create(char out[PASSWORD_HASH_MAX], struct bytes password);

/* Write a well-formed hash that no password matches. Verifying against it costs as much as against
 * `like`, or as against a new hash when `like` is NULL or not a hash. For users who do not exist,
 * so that the time does not reveal them. */
void password_hash_dummy(char out[PASSWORD_HASH_MAX], const char *like);

#endif
