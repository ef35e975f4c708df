/* A public key as text: TYPE BASE64, in authorized_keys and known_hosts. */
#ifndef NACRE_APPS_FILES_PUBLIC_KEY_H
#define NACRE_APPS_FILES_PUBLIC_KEY_H

#include "transport/hostkey.h"

/* Decode the key's blob into `out`; *key is a view of it. The type is the blob's or, as in OpenSSH,
 * the name of a signature algorithm for such keys: "rsa-sha2-512" for "ssh-rsa". NULL: done; else
 * what is wrong. */
const char *public_key_read(struct bytes type, struct bytes base64, uint8_t out[KEY_BLOB_MAX],
                            struct bytes *key);

/* The type of a key's blob, as static text, if the library knows it; or NULL. */
const char *public_key_type(struct bytes blob);

#endif
