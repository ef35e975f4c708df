/* Private keys in PEM with the passphrase `secret`, encrypted by openssl 3.0 for these tests. */
#ifndef NACRE_TESTS_SUPPORT_ENCRYPTED_KEYS_H
#define NACRE_TESTS_SUPPORT_ENCRYPTED_KEYS_H

enum { ENCRYPTED_KEYS = 4 };

/* PKCS #8 with PBES2: the key of pkcs8_ed25519 (key_texts.h) */
extern const char *const pbes2_keys[ENCRYPTED_KEYS];

/* SEC 1 with the headers of RFC 1421: the key of pkcs8_nistp256 */
extern const char *const pem_keys[ENCRYPTED_KEYS];

/* In ways that nacre does not support: these two keys */
extern const char *const unsupported_keys[ENCRYPTED_KEYS];

#endif
