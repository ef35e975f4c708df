/* What a key exchange hashes, field by field: RFC 4253 section 8, RFC 4419 section 3, RFC 5656
 * section 4. */
#ifndef NACRE_APPS_OBSERVE_KEY_EXCHANGE_H
#define NACRE_APPS_OBSERVE_KEY_EXCHANGE_H

#include "apps/observe/context.h"

enum {
    KEY_EXCHANGE_FIELDS = 8, /* of RFC 4419: min, n, max, p, g, e, f, and one to spare */
    KEY_EXCHANGE_VERSION_MAX = 256,
    KEY_EXCHANGE_HASH_MAX = 64,
};

/* A field, or a copy of it. */
struct key_exchange_input {
    const char *name; /* static text */
    enum field_type type;
    struct bytes value; /* without its length */
    bool secret;
};

/* Of one connection. Begins as zeros; key_exchange_clear frees what it holds. Roles index clients
 * and servers. */
struct key_exchange {
    uint8_t version[2][KEY_EXCHANGE_VERSION_MAX];
    size_t version_len[2];
    struct bytes kexinit[2]; /* copies of the payloads; empty: not seen yet */
    struct key_exchange_input host_key, fields[KEY_EXCHANGE_FIELDS];
    size_t count;
    uint8_t *secret; /* K without its length, if it may be kept; or NULL */
    size_t secret_len;
    uint8_t hash[KEY_EXCHANGE_HASH_MAX], session_id[KEY_EXCHANGE_HASH_MAX];
    size_t hash_len, session_id_len; /* hash_len 0: not known yet */
};

/* An identification line, with its CR LF. */
void key_exchange_version(struct key_exchange *x, enum nacre_role sender, struct bytes line);

/* A KEXINIT begins a new exchange, or completes the pair. */
void key_exchange_kexinit(struct key_exchange *x, enum nacre_role sender, struct bytes payload);

/* A message of the method: its fields enter the hash in the order in which they are sent. */
void key_exchange_message(struct key_exchange *x, const struct message_context *context,
                          struct bytes payload);

/* K as the observer has it, encoded; keep: its bytes may be shown. H. */
void key_exchange_secret(struct key_exchange *x, struct bytes k, bool keep);
void key_exchange_hash(struct key_exchange *x, struct bytes h);

/* Is everything known? */
bool key_exchange_is_complete(const struct key_exchange *x);

/* The i-th input of the hash; false past the last. */
bool key_exchange_input(const struct key_exchange *x, const struct context_kex *kex, size_t i,
                        struct key_exchange_input *input);

/* It was printed: forget it, except the session identifier and the versions. */
void key_exchange_done(struct key_exchange *x);

void key_exchange_clear(struct key_exchange *x);

#endif
