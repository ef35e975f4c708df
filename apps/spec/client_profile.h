/* The profile of a client: how to start it for each intent. */
#ifndef NACRE_APPS_SPEC_CLIENT_PROFILE_H
#define NACRE_APPS_SPEC_CLIENT_PROFILE_H

#include "apps/session/errbuf.h"
#include "apps/spec/intent.h"

enum { PREPARE_MAX = 4 };

/* The words of a command are separated by spaces; 'quotes' keep spaces. In them, {host}, {port},
 * {user}, {key}, {key-rsa}, {known_hosts}, {dir}, {command}, {fingerprint}, {fingerprint-ecdsa},
 * {fingerprint-384}, {fingerprint-521} and {fingerprint-rsa} are replaced, and {profile}, the
 * folder of the profile's file. A command is: program, options, the words of the intent, target. */
struct client_profile {
    const char *name;
    const char *folder;  /* of its file; NULL: it is not from a file */
    const char *program; /* NULL: none, someone else connects */
    const char *options, *target;
    const char *intents[INTENTS];     /* NULL: it cannot do that */
    const char *prepare[PREPARE_MAX]; /* run once, before the cases; {key} and {profile} */
    const char *cannot;               /* what it cannot do, for people */
};

/* A profile by name, or from a file of lines "name = value". False and a sentence. The texts live
 * as long as the program. */
bool client_profile_read(struct client_profile *profile, const char *name, const struct errbuf *p);

/* The name of an intent, as in a file. */
const char *intent_name(enum intent intent);

/* Split a command into at most `max` words, in place. Returns how many; 0: too many, or an open
 * quote. */
unsigned client_words(char *text, char **words, unsigned max);

#endif
