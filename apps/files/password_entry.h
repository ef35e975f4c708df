/* One line of a password file (apps/files/password_file.h), and what an Argon2id hash costs. */
#ifndef NACRE_APPS_PASSWORD_ENTRY_H
#define NACRE_APPS_PASSWORD_ENTRY_H

#include "crypto/password_hash.h"

enum password_kind {
    PASSWORD_PLAIN,
    PASSWORD_HASHED,
    PASSWORD_UNUSABLE, /* looks like a hash, but is not one that can be checked */
};

/* An entry. The views lie in the file's text. */
struct password_entry {
    unsigned line; /* from 1; set it to 0 before the first */
    enum password_kind kind;
    struct bytes user;
    struct bytes password;        /* as it stands in the file */
    char hash[PASSWORD_HASH_MAX]; /* PASSWORD_HASHED: the same as NUL-terminated text */
};

/* The next line that is an entry, cut off the front of `text`; false at the end. */
bool password_entry_next(struct bytes *text, struct password_entry *entry);

/* How much work a well-formed hash is: KiB times passes. */
uint64_t password_cost(const char *hash);

/* Do two well-formed hashes cost the same in every respect: memory, passes and lanes? */
bool password_costs_equal(const char *a, const char *b);

#endif
