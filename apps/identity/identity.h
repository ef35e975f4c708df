/* The keys that a client program logs in with: of files, and of an agent. */
#ifndef NACRE_APPS_IDENTITY_IDENTITY_H
#define NACRE_APPS_IDENTITY_IDENTITY_H

#include "apps/files/agent.h"
#include "apps/identity/locked.h"

enum { IDENTITY_KEYS_MAX = 32 };

/* All zero: no keys. */
struct identity {
    /* How to ask for a passphrase; NULL: keys that have one are refused. note: a sentence about a
     * key that could not be opened, for a login that fails. */
    locked_ask *ask;
    struct errbuf note;

    const struct nacre_key *keys[IDENTITY_KEYS_MAX]; /* for nacre_client_config */
    size_t key_count;
    struct nacre_key *own[IDENTITY_KEYS_MAX]; /* those that were read from files */
    size_t own_count;
    struct locked_key *locked[IDENTITY_KEYS_MAX]; /* those that have a passphrase */
    size_t locked_count;
    struct nacre_agent *agent; /* or NULL */
};

/* Add the key in a file. A key that is there already is not added again, and one too many is left
 * out. False: *p has a sentence. */
bool identity_add_file(struct identity *identity, const char *file, const struct errbuf *p);

/* Add the keys of the agent that $SSH_AUTH_SOCK names, once. The same. */
bool identity_add_agent(struct identity *identity, const struct errbuf *p);

/* Wipe and free the keys, when nothing uses them any more. */
void identity_clear(struct identity *identity);

#endif
