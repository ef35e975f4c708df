/* The names of the library's algorithms, and lists of them as users write them. */
#ifndef NACRE_APPS_SESSION_ALGORITHM_LIST_H
#define NACRE_APPS_SESSION_ALGORITHM_LIST_H

#include "transport/api.h"

enum nacre_algorithm_kind {
    NACRE_KEX,
    NACRE_HOST_KEY,   /* signatures of host keys */
    NACRE_PUBLIC_KEY, /* signatures of user keys */
    NACRE_CIPHER,
    NACRE_MAC,
    NACRE_ALGORITHM_KINDS,
};

/* For a person: "key exchange", "host key", "public key", "cipher", "MAC". */
NACRE_API const char *nacre_algorithm_kind_name(enum nacre_algorithm_kind kind);

/* The i-th algorithm of a kind, best first; NULL past the last. *off: not among the defaults. */
NACRE_API const char *nacre_algorithm_name(enum nacre_algorithm_kind kind, size_t i, bool *off);

enum { NACRE_ALGORITHM_LIST_MAX = 1024 /* bytes of a list, NUL included */ };

/* Turn a list as OpenSSH's options have it into a name-list, RFC 4251 section 5. Names with commas
 * between them replace the defaults; a leading '+' appends them to the defaults, '-' removes them,
 * '^' puts them first. * and ? are wildcards. False: errbuf, of `size` bytes, holds a sentence: the
 * unknown name and the known ones, or that nothing is left. */
NACRE_API bool nacre_algorithms_apply(enum nacre_algorithm_kind kind, const char *list,
                                      char out[NACRE_ALGORITHM_LIST_MAX], char *errbuf,
                                      size_t size);

#endif
