/* Private key files, for host keys and for a client's own keys: read one, create one.
 *
 * Supports unencrypted keys in OpenSSH's own format and in PEM (PKCS #8: RFC 5958, RFC 8410; PKCS
 * #1; SEC 1). Text, attributes and other blocks may come before a key, and anything after it; white
 * space within it is skipped. A file that others may read or write is refused: its key is no longer
 * a secret. But the group may read a file of root's if it is root's group or one of this process's.
 */
#ifndef NACRE_APPS_FILES_KEY_FILE_H
#define NACRE_APPS_FILES_KEY_FILE_H

#include "transport/api.h"

/* Bytes of a fingerprint's text: `SHA256:`, 43 characters of base64, a NUL. */
#define NACRE_FINGERPRINT_MAX 51

/* A key pair. Using it does not change it, so threads may share it. */
struct nacre_key;

/* Read the key in `file`. NULL on failure: errbuf, of `size` bytes, then holds a sentence that
 * names the file, says what is wrong and what to do about it. The caller frees the key with
 * nacre_key_free. */
NACRE_API struct nacre_key *nacre_key_read(const char *file, char *errbuf, size_t size);

/* Create an Ed25519 key. Writes it to `file`, in OpenSSH's format with mode 0600, and the public
 * key to `file`.pub. Creates their folder, with mode 0700, if it is missing; never touches existing
 * files. `file` appears only when it is complete. NULL on failure, with errbuf as above; no file is
 * left then. */
NACRE_API struct nacre_key *nacre_key_make(const char *file, char *errbuf, size_t size);

/* Read the key in `file`, or create one if there is no such file. Processes that call this at the
 * same time all get the same key: one creates it, the others read it. NULL on failure, with errbuf
 * as above. */
NACRE_API struct nacre_key *nacre_key_read_or_make(const char *file, char *errbuf, size_t size);

/* Wipe and free a key that is no longer used. NULL is fine. */
NACRE_API void nacre_key_free(struct nacre_key *key);

/* "ssh-ed25519", "ssh-rsa"...: RFC 4253 section 6.6. Static text. */
NACRE_API const char *nacre_key_type(const struct nacre_key *key);

/* The public key as it is sent, `*len` bytes. Lives as long as the key. */
NACRE_API const uint8_t *nacre_key_blob(const struct nacre_key *key, size_t *len);

/* `SHA256:...`, as `ssh-keygen -l` prints it. */
NACRE_API void nacre_key_fingerprint(const struct nacre_key *key, char out[NACRE_FINGERPRINT_MAX]);

/* The same for a public key as it is sent. */
NACRE_API void nacre_blob_fingerprint(const uint8_t *blob, size_t len,
                                      char out[NACRE_FINGERPRINT_MAX]);

#endif
