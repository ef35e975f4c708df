/* Private keys in all forms, made by ssh-keygen and openssl for these tests and used nowhere else,
 * and beside some of them their public half as in a .pub file with the comment `test`. */
#ifndef NACRE_TESTS_KEY_TEXTS_H
#define NACRE_TESTS_KEY_TEXTS_H

#include "apps/files/key_format.h"

extern const char openssh_ed25519[];
extern const char openssh_ed25519_public[];

/* Passphrase `secret` */
extern const char openssh_encrypted[];
extern const char openssh_encrypted_gcm[];

extern const char openssh_nistp256[];
extern const char openssh_nistp256_public[];

/* RFC 8410 section 10.3: the same key in both versions */
extern const char pkcs8_ed25519[];
extern const char pkcs8_ed25519_v2[];

extern const char pkcs8_nistp256[];
extern const char pkcs8_encrypted[];

/* Of types that we cannot use */
extern const char pkcs8_secp256k1[];
extern const char pkcs8_ed448[];

extern const char sec1_nistp384[];
extern const char sec1_nistp384_public[];

extern const char pkcs1_rsa[];
extern const char pkcs1_rsa_public[];
extern const char pkcs1_rsa_1024[];

#define KEY_BINARY_MAX 2048 /* bytes of the longest of them */

/* What lies, in base64, between the lines that say what it is. */
struct bytes key_binary(const char *text, uint8_t out[KEY_BINARY_MAX]);

/* Whichever bit of `data` is wrong: there is no key, or the same one, and the latter for bits from
 * `from` to below `to` (bytes) only; every `step`th is tried. Cut short or with a byte more there
 * is none. */
void assert_only_this_key(enum key_result (*parse)(struct nacre_key *key, struct bytes data),
                          struct bytes data, size_t from, size_t to, size_t step);

#endif
