/* The names of the library's algorithms, and lists of them as users write them. RFC 4253 section
 * 7.1.
 *
 * From any thread. Text that is passed is not kept. */
#ifndef NACRE_APPS_SESSION_ALGORITHM_LIST_H
#define NACRE_APPS_SESSION_ALGORITHM_LIST_H

#include "transport/api.h"

/* What an algorithm is for. */
enum nacre_algorithm_kind {
    NACRE_KEX,
    NACRE_HOST_KEY,   /* signatures of host keys */
    NACRE_PUBLIC_KEY, /* signatures of user keys */
    NACRE_CIPHER,
    NACRE_MAC,
    NACRE_ALGORITHM_KINDS,
};

/* For a person: "key exchange", "host key", "public key", "cipher", "MAC". Static
 * text, never NULL. */
NACRE_API const char *nacre_algorithm_kind_name(enum nacre_algorithm_kind kind);

/* The i-th algorithm of a kind, best first and counted from 0; NULL past the last. Static text.
 * *off: not among the defaults; may be NULL. */
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
