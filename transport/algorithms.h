/* The tables of algorithms, and the choice between two name-lists. RFC 4253 section 7.1.
 * A new algorithm is one file and one row: ADDING.md. */
#ifndef NACRE_TRANSPORT_ALGORITHMS_H
#define NACRE_TRANSPORT_ALGORITHMS_H

#include "transport/wire.h"

enum algorithm_kind {
    ALGORITHM_KEX,
    ALGORITHM_HOST_KEY,   /* signature algorithms of host keys */
    ALGORITHM_PUBLIC_KEY, /* ... and of user keys */
    ALGORITHM_CIPHER,
    ALGORITHM_MAC,
    ALGORITHM_KINDS,
};

enum { ALGORITHMS_MAX = 32 }; /* of one kind: a set of them has a bit for each row */

struct algorithm {
    const char *name;
    const void *method; /* kex_method, signature_algorithm, cipher_method or mac_method */
    bool off;           /* offered only when the user names it */
};

/* All of a kind, best first; the last row has a NULL name. */
const struct algorithm *algorithms_of(enum algorithm_kind kind);

/* The row with that name, or NULL. */
const struct algorithm *algorithm_find(enum algorithm_kind kind, struct bytes name);

/* Write the names of a kind that are not off as a name-list, without a length. */
void write_default_names(struct writer *w, enum algorithm_kind kind);

/* RFC 4253 section 7.1: the row of the first name on the client's list that is also on the
 * server's; NULL if there is none. */
const struct algorithm *algorithm_choose(enum algorithm_kind kind, struct bytes client,
                                         struct bytes server);

/* Write the name-list that a user's list means, as in OpenSSH's options: the names replace the
 * defaults; "+..." appends them, "-..." removes them, "^..." puts them first; * and ? are
 * wildcards. `out` is empty at first. False: `unknown` is a name that matches nothing, or is empty
 * when no name would be left. */
bool algorithm_list_apply(enum algorithm_kind kind, struct bytes spec, struct writer *out,
                          struct bytes *unknown);

#endif
