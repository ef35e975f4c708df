/* One line of a password file (apps/files/password_file.h), and the cost of an Argon2id hash. */
#ifndef NACRE_APPS_FILES_PASSWORD_ENTRY_H
#define NACRE_APPS_FILES_PASSWORD_ENTRY_H

#include "crypto/password_hash.h"

enum password_kind {
    PASSWORD_PLAIN,
    PASSWORD_HASHED,
    PASSWORD_UNUSABLE,   /* it looks like a hash, but cannot be checked */
    PASSWORD_EMPTY,      /* an empty field: no login */
    PASSWORD_LOCKED,     /* begins with `*` or `!`, which mean "no login" in shadow(5) */
    PASSWORD_UNFINISHED, /* plain, in a line without an end: it may be the start of a longer one */
};

/* An entry. The views are of the file's text. */
struct password_entry {
    unsigned line; /* its number from 1; 0 before the first call */
    enum password_kind kind;
    struct bytes user;
    struct bytes password;        /* as it appears in the file */
    bool cut;                     /* a second colon ends it */
    char hash[PASSWORD_HASH_MAX]; /* PASSWORD_HASHED: the password field, NUL-terminated */
};

/* Can the user of this entry log in? */
bool password_entry_counts(const struct password_entry *entry);

/* What is wrong with the entry and what to do about it, for the log; NULL: nothing. */
const char *password_entry_problem(const struct password_entry *entry);

/* Cut off the front of `text` up to the end of the next line that is an entry; false at the end. */
bool password_entry_next(struct bytes *text, struct password_entry *entry);

/* The work of a well-formed hash: KiB times passes. */
uint64_t password_cost(const char *hash);

/* Do two well-formed hashes cost the same memory, passes and lanes? */
bool password_costs_equal(const char *a, const char *b);

#endif
