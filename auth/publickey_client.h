/* publickey, client: which key to query, and the proof when the server accepts it. RFC 4252
 * section 7. */
#ifndef NACRE_AUTH_PUBLICKEY_CLIENT_H
#define NACRE_AUTH_PUBLICKEY_CLIENT_H

#include <stdbool.h>

struct auth;
struct claim;
struct reader;

/* Query the next key. False: none is left that the server could accept. */
bool publickey_attempt(struct auth *a);

/* The key of the proof that was sent last. */
void publickey_claim(const struct auth *a, struct claim *claim);

/* USERAUTH_PK_OK: sign. */
int publickey_on_pk_ok(struct auth *a, struct reader *r);

#endif
