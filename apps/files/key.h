/* Keys in memory: parse, print, generate, compare, sign; and keys whose secret is elsewhere.
 *
 * Private keys are read in OpenSSH's own format and in PEM (PKCS #8: RFC 5958, RFC 8410; PKCS #1;
 * SEC 1), encrypted or not. Text, attributes and other blocks may come before a key, and anything
 * after it; white space within it is skipped. Types: ssh-ed25519 (RFC 8709), ecdsa-sha2-nistp256,
 * -nistp384, -nistp521 (RFC 5656), and ssh-rsa of 2048 to 16384 bits (RFC 8332).
 *
 * A function that returns NULL or false leaves in errbuf, of `size` bytes (NULL and 0: not wanted),
 * a sentence that says what is wrong and what to do about it. Unless it says otherwise, a function
 * may be called from any thread. Text and data that it takes are copied or not kept. */
#ifndef NACRE_APPS_FILES_KEY_H
#define NACRE_APPS_FILES_KEY_H

#include "transport/api.h"

/* Bytes of a fingerprint's text, its NUL included: `MD5:`, 16 bytes in hex, 15 colons. */
#define NACRE_FINGERPRINT_MAX 52

#define NACRE_KEY_TEXT_MAX 65536   /* bytes of a private key's text; a longer one is refused */
#define NACRE_SIGNATURE_MAX 4096   /* bytes of a signature */
#define NACRE_PUBLIC_LINE_MAX 6144 /* bytes that hold every public key's line, its NUL included */

/* A public key and, usually, what is needed to sign with it. Using it does not change it, so
 * threads may share it. It must live as long as any configuration that names it; nacre_key_free
 * ends it. */
struct nacre_key;

/* ---- from text ---- */

/* Parse a private key. passphrase: of an encrypted key, or NULL. Deriving the cipher's key from it
 * takes tenths of a second, or as long as the key's owner has chosen, up to some fifteen seconds;
 * more is refused. So call it on a thread that may wait, as nacre_peer_offload's, not on that of an
 * event loop. The text is not kept; wipe it if it was not encrypted. Free the key with
 * nacre_key_free. */
NACRE_API struct nacre_key *nacre_key_parse(const void *text, size_t len, const char *passphrase,
                                            char *errbuf, size_t size);

/* Parse the line of a public key, as in a .pub file: TYPE BASE64 COMMENT. What it returns has no
 * secret: it can be printed, compared and made external. */
NACRE_API struct nacre_key *nacre_key_parse_public(const char *line, size_t len, char *errbuf,
                                                   size_t size);

/* A public key as it is sent (RFC 4253 section 6.6), of any type that the library knows. */
NACRE_API struct nacre_key *nacre_key_from_blob(const uint8_t *blob, size_t len, char *errbuf,
                                                size_t size);

/* Wipe and free a key that is no longer used by a session, an endpoint, a server or clients. NULL
 * is fine. */
NACRE_API void nacre_key_free(struct nacre_key *key);

/* ---- private keys that may be encrypted ---- */

/* The text of a private key, kept until somebody has typed its passphrase. Lives until
 * nacre_key_text_free. */
struct nacre_key_text;

/* Keep a copy of the text, which has up to NACRE_KEY_TEXT_MAX bytes. Whether it contains a key is
 * not known before it is opened. NULL: it is too long, or memory is out. */
NACRE_API struct nacre_key_text *nacre_key_text_new(const void *text, size_t len, char *errbuf,
                                                    size_t size);

/* Must nacre_key_text_open have a passphrase? */
NACRE_API bool nacre_key_text_is_encrypted(const struct nacre_key_text *text);

/* The public key, without the passphrase: OpenSSH's format shows it, PEM does not. NULL: it does
 * not, or the text is malformed. A key of its own, which the caller frees. */
NACRE_API struct nacre_key *nacre_key_text_public(const struct nacre_key_text *text);

/* The same as nacre_key_parse. *wrong: the passphrase is not the right one, so another one may be;
 * may be NULL. */
NACRE_API struct nacre_key *nacre_key_text_open(const struct nacre_key_text *text,
                                                const char *passphrase, bool *wrong, char *errbuf,
                                                size_t size);

/* Wipe and free. NULL is fine. */
NACRE_API void nacre_key_text_free(struct nacre_key_text *text);

/* ---- facts ---- */

/* "ssh-ed25519", "ssh-rsa"...: RFC 4253 section 6.6. Static text. */
NACRE_API const char *nacre_key_type(const struct nacre_key *key);

/* The public key as it is sent, `*len` bytes. Lives as long as the key. */
NACRE_API const uint8_t *nacre_key_blob(const struct nacre_key *key, size_t *len);

/* The comment that came with the key, without control characters, or "". Lives as long as the
 * key. At most 127 bytes of it are kept. */
NACRE_API const char *nacre_key_comment(const struct nacre_key *key);

/* Replace it, before threads share the key. */
NACRE_API void nacre_key_set_comment(struct nacre_key *key, const char *comment);

/* Can it sign: is its secret here, or is it external? */
NACRE_API bool nacre_key_can_sign(const struct nacre_key *key);

/* `SHA256:...`, as `ssh-keygen -l` prints it. */
NACRE_API void nacre_key_fingerprint(const struct nacre_key *key, char out[NACRE_FINGERPRINT_MAX]);

/* `MD5:16:27:...`, as `ssh-keygen -l -E md5` prints it: to compare with old notes only. */
NACRE_API void nacre_key_fingerprint_md5(const struct nacre_key *key,
                                         char out[NACRE_FINGERPRINT_MAX]);

/* nacre_key_fingerprint for a public key as it is sent. */
NACRE_API void nacre_blob_fingerprint(const uint8_t *blob, size_t len,
                                      char out[NACRE_FINGERPRINT_MAX]);

/* ---- to text ---- */

/* How a printed private key is protected. Zero means the default everywhere. */
struct nacre_key_protection {
    uint32_t version;       /* NACRE_VERSION_NUMBER */
    const char *passphrase; /* NULL: the key is not encrypted */
    const char *cipher;     /* as for `ssh-keygen -Z`; default "aes256-ctr" */
    uint32_t rounds;        /* number of rounds, as for `ssh-keygen -a`, up to 2048; default 24 */
};

/* Print a private key in OpenSSH's format, as NUL-terminated text. protection: NULL: none; it is
 * not kept. With a passphrase it takes as long as nacre_key_parse. False: its secret is not here,
 * `out` is too small (NACRE_KEY_TEXT_MAX is always enough), the cipher is unknown, protection has
 * no version, or memory is out; `out` is then "", and errbuf, of errbuf_size bytes, says why. Wipe
 * `out` after use. */
NACRE_API bool nacre_key_print_private(const struct nacre_key *key,
                                       const struct nacre_key_protection *protection, char *out,
                                       size_t size, char *errbuf, size_t errbuf_size);

/* Print the line of a .pub file, which is also one of authorized_keys, with a line end.
 * NACRE_PUBLIC_LINE_MAX is always enough. False: `out` is too small; it is then "". */
NACRE_API bool nacre_key_print_public(const struct nacre_key *key, char *out, size_t size);

/* ---- new keys ---- */

/* Generate a key. type, bits: as for `ssh-keygen -t` and `-b`: "ed25519"; "ecdsa" with 256, 384 or
 * 521; "rsa" with 2048 to 16384 bits. 0 bits: 256, and 3072 for RSA. An RSA key takes a second or
 * more. */
NACRE_API struct nacre_key *nacre_key_generate(const char *type, unsigned bits, char *errbuf,
                                               size_t size);

/* ---- signatures ---- */

/* Sign, for a key whose secret is here: writes the signature as it is sent, name included (RFC 4253
 * section 6.6), to `out`, of NACRE_SIGNATURE_MAX bytes, and returns its length. algorithm:
 * "ssh-ed25519", "rsa-sha2-512"... 0: the key cannot make such a signature. */
NACRE_API size_t nacre_key_sign(const struct nacre_key *key, const char *algorithm,
                                const void *data, size_t len, uint8_t *out);

/* A signature that a session waits for. Lives until nacre_signing_answer. */
struct nacre_signing;

/* A key whose secret is elsewhere: in another process, on another machine, in hardware, or behind a
 * passphrase. It serves as a client's key and as a server's host key; hostkeys-00@openssh.com, by
 * which servers announce all their host keys, is not sent when one of them is external.
 *
 * public_key  copied, with its comment
 * sign        called on the session's thread when the session needs a signature. It answers with
 *             nacre_signing_answer, at once or later; the session waits, no longer than for its
 *             login or key exchange. It may call what any callback may call
 * context     passed to it
 * return      NULL: out of memory */
NACRE_API struct nacre_key *
nacre_key_external(const struct nacre_key *public_key,
                   void (*sign)(void *context, struct nacre_signing *signing), void *context);

/* What to sign: with which key, by which algorithm, and `*len` bytes. Never NULL, and valid until
 * the signature is answered. */
NACRE_API const struct nacre_key *nacre_signing_key(const struct nacre_signing *signing);
NACRE_API const char *nacre_signing_algorithm(const struct nacre_signing *signing);
NACRE_API const uint8_t *nacre_signing_data(const struct nacre_signing *signing, size_t *len);

/* The context of the session, as its other callbacks get it: a nacre_peer, a nacre_client... A
 * server may sign on other threads with nacre_peer_offload. Valid as long as the session
 * has not ended. */
NACRE_API void *nacre_signing_context(const struct nacre_signing *signing);

/* Answer, exactly once, on the session's thread: with a signature as nacre_key_sign makes it, or
 * NULL and 0 for a refusal. A client then tries its next key; a server's session ends. A signature
 * that is wrong counts as a refusal. Once the session has ended, the answer does nothing, from any
 * thread. */
NACRE_API void nacre_signing_answer(struct nacre_signing *signing, const uint8_t *signature,
                                    size_t len);

#endif
