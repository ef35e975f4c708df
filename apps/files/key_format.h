/* The text of a private key file, without the file: parse it, print it. */
#ifndef NACRE_APPS_FILES_KEY_FORMAT_H
#define NACRE_APPS_FILES_KEY_FORMAT_H

#include "apps/session/errbuf.h"
#include "transport/key_pair.h"

#define KEY_TEXT_MAX 65536 /* bytes of a key file; a longer one is refused */

/* Fill in `key` from the text of a private key file. `name` is the file's, for the sentence. False:
 * `key` is empty, and there is nothing to clear. */
bool key_parse(struct nacre_key *key, struct bytes text, const char *name, const struct errbuf *p);

/* Print an Ed25519 key in OpenSSH's format, as NUL-terminated text. check: any number, random by
 * convention. False: `out` is too small, or the key has another type. */
bool key_print_private(const struct nacre_key *key, const char *comment, uint32_t check, char *out,
                       size_t size);

/* Print the line of a .pub file, which is also a line of authorized_keys. */
bool key_print_public(const struct nacre_key *key, const char *comment, char *out, size_t size);

/* The result of parsing the binary form of a key. */
enum key_result {
    KEY_GOOD,
    KEY_MALFORMED, /* it does not follow its format */
    KEY_MISMATCH,  /* its parts do not belong together */
    KEY_ENCRYPTED,
    KEY_OTHER_TYPE, /* a type that is not supported */
    KEY_TOO_SHORT,  /* RSA of fewer bits than RSA_KEY_BITS_MIN */
    KEY_TOO_LONG,   /* RSA of more bits than RSA_BITS_MOST */
    KEY_SEVERAL,    /* more than one key, or none */
};

/* Fill in `key`, which is all zero. Whatever the result, `key` may have changed, and
 * private_key_clear is safe. key_openssh.c: OpenSSH's own format (PROTOCOL.key). key_der.c: PKCS #8
 * (RFC 5958), and the older forms of RSA keys (PKCS #1: RFC 8017 appendix A.1.2) and ECDSA keys
 * (SEC 1: RFC 5915). */
enum key_result key_parse_openssh(struct nacre_key *key, struct bytes data);
enum key_result key_parse_pkcs8(struct nacre_key *key, struct bytes der);
enum key_result key_parse_pkcs1(struct nacre_key *key, struct bytes der);
enum key_result key_parse_sec1(struct nacre_key *key, struct bytes der);

/* private_key_rsa, with a result that says what is wrong. In key_openssh.c. */
enum key_result key_from_rsa(struct nacre_key *key, const struct rsa_numbers *numbers);

#endif
