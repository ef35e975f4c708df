/* The text of a private key file, without the file: parse it, write it. */
#ifndef NACRE_APPS_KEY_FORMAT_H
#define NACRE_APPS_KEY_FORMAT_H

#include "apps/session/errbuf.h"
#include "transport/hostkey.h"

#define KEY_TEXT_MAX 65536 /* bytes of the longest file that is worth looking at */

/* Fill `key` from what a private key file holds. `name` is the file's, for the sentence that says
 * what is wrong. False: nothing is left in `key`, and there is nothing to clear. */
bool key_parse(struct nacre_key *key, struct bytes text, const char *name, const struct errbuf *p);

/* Write an Ed25519 key in OpenSSH's format, as NUL-terminated text. check: any number, random by
 * custom. False when it does not fit, or is a key of another type. */
bool key_print_private(const struct nacre_key *key, const char *comment, uint32_t check, char *out,
                       size_t room);

/* Write the line that goes into a .pub file or into authorized_keys. */
bool key_print_public(const struct nacre_key *key, const char *comment, char *out, size_t room);

/* What came of reading the bytes that the text stands for. */
enum key_result {
    KEY_GOOD,
    KEY_MALFORMED, /* not laid out as its format demands */
    KEY_MISMATCH,  /* its parts do not belong together */
    KEY_ENCRYPTED,
    KEY_OTHER_TYPE, /* one that we cannot use */
    KEY_TOO_SHORT,  /* RSA of fewer bits than RSA_KEY_BITS_MIN */
    KEY_TOO_LONG,   /* RSA of more bits than RSA_BITS_MOST */
    KEY_SEVERAL,    /* more than one key, or none */
};

/* Fill `key`, which is all zero. It may be changed whatever is returned; private_key_clear is right
 * then. In key_openssh.c: OpenSSH's own format (PROTOCOL.key). In key_der.c: PKCS #8 (RFC 5958),
 * and the older forms of RSA keys (PKCS #1: RFC 8017 appendix A.1.2) and ECDSA keys (SEC 1: RFC
 * 5915). */
enum key_result key_parse_openssh(struct nacre_key *key, struct bytes data);
enum key_result key_parse_pkcs8(struct nacre_key *key, struct bytes der);
enum key_result key_parse_pkcs1(struct nacre_key *key, struct bytes der);
enum key_result key_parse_sec1(struct nacre_key *key, struct bytes der);

/* private_key_rsa, with a result that tells why not. In key_openssh.c. */
enum key_result key_from_rsa(struct nacre_key *key, const struct rsa_numbers *numbers);

#endif
