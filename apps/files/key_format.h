/* The text of a private key file, without the file: parse it, print it. */
#ifndef NACRE_APPS_FILES_KEY_FORMAT_H
#define NACRE_APPS_FILES_KEY_FORMAT_H

#include "apps/session/errbuf.h"
#include "transport/key_pair.h"

struct key_cipher;

#define KEY_TEXT_MAX 65536 /* bytes of a key file; a longer one is refused */

/* The result of parsing a key. */
enum key_result {
    KEY_GOOD,
    KEY_MALFORMED,        /* it does not follow its format */
    KEY_MISMATCH,         /* its parts do not belong together */
    KEY_ENCRYPTED,        /* and there is no passphrase */
    KEY_WRONG_PASSPHRASE, /* or the file is damaged, or memory is out */
    KEY_OTHER_CIPHER,     /* encrypted in a way that is not supported */
    KEY_TOO_SLOW,         /* its passphrase would take too long to check */
    KEY_OTHER_TYPE,       /* a type that is not supported */
    KEY_TOO_SHORT,        /* RSA of fewer bits than RSA_KEY_BITS_MIN */
    KEY_TOO_LONG,         /* RSA of more bits than RSA_BITS_MOST */
    KEY_SEVERAL,          /* more than one key, or none */
};

/* Fill in `key` from the text of a private key.
 *
 * passphrase  NULL: none. With one, this takes long: see crypto/bcrypt_pbkdf.h
 * name        of the file, for the sentence; NULL: it was in memory
 * return      unless KEY_GOOD, *p has a sentence, `key` is empty, and there is nothing to clear */
enum key_result key_parse(struct nacre_key *key, struct bytes text, const char *passphrase,
                          const char *name, const struct errbuf *p);

/* Is the private key in the text encrypted? */
bool key_is_encrypted(struct bytes text);

/* The blob of its public key, if the format shows it without the passphrase. Returns its length in
 * `blob`; 0: it does not. */
size_t key_public_of(struct bytes text, uint8_t blob[KEY_BLOB_MAX]);

/* How to print a private key. */
struct key_printing {
    const char *comment;
    uint32_t check;                  /* any number, random by convention */
    const char *passphrase;          /* NULL: not encrypted, and the rest is not used */
    const struct key_cipher *cipher; /* NULL: key_cipher_default */
    uint32_t rounds;                 /* of bcrypt_pbkdf; 0: KEY_ROUNDS */
    uint8_t salt[16];                /* random */
};

#define KEY_ROUNDS 24 /* as ssh-keygen since OpenSSH 9.4 */

/* Print it in OpenSSH's format, as NUL-terminated text. False: `out` is too small, the secret is
 * elsewhere, the passphrase is empty, or memory is out. */
bool key_print_private(const struct nacre_key *key, const struct key_printing *how, char *out,
                       size_t size);

/* Print the line of a .pub file, which is also a line of authorized_keys. */
bool key_print_public(const struct nacre_key *key, const char *comment, char *out, size_t size);

/* Fill in `key`, which is all zero. Whatever the result, `key` may have changed, and
 * private_key_clear is safe. key_openssh.c: OpenSSH's own format (PROTOCOL.key). key_der.c: PKCS #8
 * (RFC 5958), and the older forms of RSA keys (PKCS #1: RFC 8017 appendix A.1.2) and ECDSA keys
 * (SEC 1: RFC 5915). */
enum key_result key_parse_openssh(struct nacre_key *key, struct bytes data);
enum key_result key_parse_pkcs8(struct nacre_key *key, struct bytes der);
enum key_result key_parse_pkcs1(struct nacre_key *key, struct bytes der);
enum key_result key_parse_sec1(struct nacre_key *key, struct bytes der);

/* The same with the passphrase of an encrypted key. The second is for "ENCRYPTED PRIVATE KEY":
 * key_pbes2.c. In OpenSSH's format a passphrase is not used if the key is not encrypted. */
enum key_result key_decrypt_openssh(struct nacre_key *key, struct bytes data,
                                    struct bytes passphrase);
enum key_result key_decrypt_pkcs8(struct nacre_key *key, struct bytes der, struct bytes passphrase);

/* The public key in OpenSSH's format, encrypted or not: a view; empty when it is malformed. */
struct bytes key_public_openssh(struct bytes data);

/* Decrypt the contents of a PEM file with the header "DEK-Info: CIPHER,IV" (RFC 1421 section
 * 4.6.1.3) as OpenSSL does. *plain, of *len bytes, is the caller's, who wipes and frees it. In
 * key_pem.c. */
enum key_result key_decrypt_pem(struct bytes dek_info, struct bytes passphrase, struct bytes text,
                                uint8_t **plain, size_t *len);

/* Remove the padding of RFC 8018 section 6.1.1: n bytes of the value n, at most a block. False:
 * there is none. */
bool key_remove_padding(const uint8_t *plain, size_t *len, size_t block);

/* private_key_rsa, with a result that says what is wrong. In key_openssh.c. */
enum key_result key_from_rsa(struct nacre_key *key, const struct rsa_numbers *numbers);

#endif
