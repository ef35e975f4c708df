/* Which keys may log in as a user: a file in the format of OpenSSH's authorized_keys, sshd(8). The
 * login itself is that of RFC 4252 section 7.
 *
 * From any thread. Text and data that are passed are copied, or not kept. A check reads files, so
 * it may take as long as the disk. */
#ifndef NACRE_APPS_FILES_AUTHORIZED_KEYS_H
#define NACRE_APPS_FILES_AUTHORIZED_KEYS_H

#include "transport/api.h"

/* An attempt to log in with a key. */
struct nacre_key_login {
    uint32_t version; /* NACRE_VERSION_NUMBER */
    const char *user;
    const uint8_t *key; /* the key's blob */
    size_t key_len;
    const char *address; /* the client's, numeric, with its zone, without a port; NULL: unknown */
};

/* What a login with a key may do, from the options before the key. Text is NUL-terminated, lists
 * end with NULL; the grant owns all of it. Only the library makes one. */
struct nacre_key_grant {
    char *comment;        /* what follows the key, "alice@laptop"; NULL: nothing is granted */
    char *command;        /* run this whatever the client requests; NULL: what it requests */
    char **environment;   /* NAME=value; NULL: none */
    char **permit_open;   /* HOST:PORT that it may connect to; NULL: any */
    char **permit_listen; /* [HOST:]PORT that it may listen on; NULL: any */
    bool pty, port_forwarding, agent_forwarding, x11_forwarding, user_rc;
    bool undecided; /* nothing is granted because memory or descriptors were out, although the file
                     * may grant the login: answer nacre_decide_unable */
};

/* Free it. NULL is fine. */
NACRE_API void nacre_key_grant_free(const struct nacre_key_grant *grant);

/* A file, or one file per user. Several threads may use it at once. Lives until
 * nacre_authorized_keys_close. */
struct nacre_authorized_keys;

/* pattern  the file's name; %u in it is the user, %% is %. Nothing is read yet.
 * return   NULL: out of memory */
NACRE_API struct nacre_authorized_keys *nacre_authorized_keys_open(const char *pattern);
/* When no thread uses it any more. What it granted stays. NULL is fine. */
NACRE_API void nacre_authorized_keys_close(struct nacre_authorized_keys *keys);

/* May this key log this user in? The caller verifies the signature, and enforces the grant.
 *
 * grant   *grant: what the first matching line allows; empty when none matches; never NULL. The
 *         caller frees it. NULL: not wanted
 * errbuf  of `size` bytes: sentences for the log, one per line, as many as fit; or empty. It may be
 *         filled in whatever the result. Each problem is reported once until its file changes, and
 *         at most 16 lines of a file.
 * return  true when a line of the file grants the login
 *
 * A file for all users is read again when it has changed; one with %u in its name is read each
 * time. It must be owned by this process's user or root, and others must not be able to write to it
 * or to a folder on the way to it. A missing file is reported only if its name does not depend on
 * the user. A user name is refused if it is empty, `.` or `..`, begins with '-', or contains '/' or
 * control characters, and with %u also if an editor or a package manager may have left a file of
 * that name: `.alice.swp`,
 * `#alice#`, `alice~`, `alice.bak`, `alice.dpkg-old`...
 *
 * Options are those of sshd(8). from= and expiry-time= are decided here. A line grants nothing, and
 * is reported, if it is malformed, or if an option is unknown, has an invalid value or requires
 * something that is not supported (cert-authority, principals, verify-required). */
NACRE_API bool nacre_authorized_keys_check(struct nacre_authorized_keys *keys,
                                           const struct nacre_key_login *login,
                                           const struct nacre_key_grant **grant, char *errbuf,
                                           size_t size);

#endif
