/* publickey, both roles: the data that are signed. RFC 4252 section 7. */
#ifndef NACRE_AUTH_PUBLICKEY_SIGNED_H
#define NACRE_AUTH_PUBLICKEY_SIGNED_H

#include "auth/auth.h"
#include "transport/hostkey.h"

#define PUBLICKEY_PLAIN "publickey"
#define PUBLICKEY_HOSTBOUND "publickey-hostbound-v00@openssh.com"

enum {
    PUBLICKEY_NAMES_MAX = 1024, /* bytes of our name-list of signature algorithms */
    PUBLICKEY_SIGNED_MAX =
        SESSION_ID_MAX + NACRE_USER_MAX + 2 * KEY_BLOB_MAX + 256, /* bytes that are signed */
};

/* The name of the method, with and without the server's host key. */
const char *publickey_name(bool host_bound);

/* Write what is signed with that algorithm and the key of that blob; PUBLICKEY_SIGNED_MAX bytes are
 * enough. */
void publickey_write_signed(const struct auth *a, struct writer *w, bool host_bound,
                            const char *algorithm, struct bytes blob);

#endif
