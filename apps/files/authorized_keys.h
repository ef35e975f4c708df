/* Which keys may log in as a user: a file in the format of OpenSSH's authorized_keys, sshd(8). */
#ifndef NACRE_APPS_AUTHORIZED_KEYS_H
#define NACRE_APPS_AUTHORIZED_KEYS_H

#include "transport/api.h"

/* Somebody who wants to log in with a key. */
struct nacre_key_login {
    const char *user;
    const uint8_t *key; /* its blob */
    size_t key_len;
    const char *address; /* of the client, as numbers, without the port; NULL: not known */
};

/* What whoever logged in with a key may do, by the options before it. Text is NUL-terminated, lists
 * end with NULL; all is owned by the grant. */
struct nacre_key_grant {
    char *command;        /* is run whatever the client asks for; NULL: what it asks for is */
    char **environment;   /* NAME=value; NULL: none */
    char **permit_open;   /* HOST:PORT that it may be connected to; NULL: any */
    char **permit_listen; /* [HOST:]PORT that it may have listened on; NULL: any */
    bool pty, port_forwarding, agent_forwarding, x11_forwarding, user_rc;
};

/* Give back what a grant owns; it is empty then. */
NACRE_API void nacre_key_grant_clear(struct nacre_key_grant *grant);

/* The files to look in. May be used by several threads at once. */
struct nacre_authorized_keys;

/* pattern  the name of the file. %u in it stands for the user, %% for %. Nothing is read yet.
 * return   NULL: out of memory */
NACRE_API struct nacre_authorized_keys *nacre_authorized_keys_open(const char *pattern);
NACRE_API void nacre_authorized_keys_close(struct nacre_authorized_keys *keys); /* NULL is fine */

/* May the key log this user in? The signature is the caller's to check, and the grant the caller's
 * to keep to.
 *
 * grant    what the first line that says yes allows; empty when none does. The caller clears it.
 * return   true when a line of the file grants it
 * errbuf  of `size` bytes: sentences for the log, one a line, as far as they fit; or empty. The
 *          answer stands all the same.
 *
 * A file for all users is read anew when it has changed, one with %u in its name each time. It must
 * belong to the user we run as, or to root, and others must not be able to write to it. That it is
 * missing is a problem only when its name does not depend on the user. A user name that is empty,
 * holds '/' or control characters, is `.` or `..` or begins with
 * '-' is granted nothing.
 *
 * Options are those of sshd(8). from= and expiry-time= are decided here. An option that asks for
 * what cannot be done here (cert-authority, principals, verify-required), one that is not known and
 * one whose value makes no sense grant nothing, with a problem; so does a line that cannot be read.
 * Each such line is told of. */
NACRE_API bool nacre_authorized_key(struct nacre_authorized_keys *keys,
                                    const struct nacre_key_login *login,
                                    struct nacre_key_grant *grant, char *errbuf, size_t size);

#endif
