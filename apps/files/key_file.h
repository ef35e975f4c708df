/* Private key files, for host keys and for a client's own: read one, make one.
 *
 * Understands OpenSSH's own format and PEM (PKCS #8: RFC 5958, RFC 8410), not encrypted. A file
 * that others may read or write is refused: its key is no secret any more. */
#ifndef NACRE_APPS_KEY_FILE_H
#define NACRE_APPS_KEY_FILE_H

#include "transport/api.h"

/* Bytes of a fingerprint's text: `SHA256:`, 43 characters of base64, a NUL. */
#define NACRE_FINGERPRINT_MAX 51

/* A key pair. Not changed by its use, so that threads may share it. */
struct nacre_key;

/* The key in `file`. NULL when there is none that can be used; `errbuf`, of `size` bytes, then
 * holds a sentence for a person that names the file, says what is wrong and what to do about it.
 * The caller frees the key with nacre_key_free. */
NACRE_API struct nacre_key *nacre_key_read(const char *file, char *errbuf, size_t size);

/* Make a new Ed25519 key and write it to `file`, in OpenSSH's format with mode 0600, and its public
 * half to `file`.pub. The folder that they lie in is made, with mode 0700, when it is missing;
 * files that are there already are never touched. Whoever sees `file` sees all of it. NULL with a
 * errbuf as above; no file is left behind then. */
NACRE_API struct nacre_key *nacre_key_make(const char *file, char *errbuf, size_t size);

/* Wipe it and give its memory back. Nothing uses it any more. NULL is fine. */
NACRE_API void nacre_key_free(struct nacre_key *key);

/* "ssh-ed25519", "ssh-rsa"...: RFC 4253 section 6.6. Lives as long as the program. */
NACRE_API const char *nacre_key_type(const struct nacre_key *key);

/* The public key as it goes over the wire, `*len` bytes. Lives as long as the key. */
NACRE_API const uint8_t *nacre_key_blob(const struct nacre_key *key, size_t *len);

/* `SHA256:...`, as `ssh-keygen -l` prints it. */
NACRE_API void nacre_key_fingerprint(const struct nacre_key *key, char out[NACRE_FINGERPRINT_MAX]);

/* The same for a public key as it goes over the wire. */
NACRE_API void nacre_blob_fingerprint(const uint8_t *blob, size_t len,
                                      char out[NACRE_FINGERPRINT_MAX]);

#endif
