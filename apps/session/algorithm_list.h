/* The algorithms of the library by name, and lists of them as a user writes them. */
#ifndef NACRE_APPS_ALGORITHM_LIST_H
#define NACRE_APPS_ALGORITHM_LIST_H

#include "transport/api.h"

enum nacre_algorithm_kind {
    NACRE_KEX,
    NACRE_HOST_KEY,   /* signatures of host keys */
    NACRE_PUBLIC_KEY, /* signatures of user keys */
    NACRE_CIPHER,
    NACRE_MAC,
    NACRE_ALGORITHM_KINDS,
};

/* "key exchange", "host key", "public key", "cipher", "MAC": for a person. */
NACRE_API const char *nacre_algorithm_kind_name(enum nacre_algorithm_kind kind);

/* The i-th algorithm of a kind, best first; NULL past the last. *off: used only when it is named.
 */
NACRE_API const char *nacre_algorithm_name(enum nacre_algorithm_kind kind, size_t i, bool *off);

enum { NACRE_ALGORITHM_LIST_MAX = 1024 /* bytes of a list, NUL included */ };

/* The name-list (RFC 4251 section 5) that LIST stands for, as OpenSSH's options read it:
 * comma-separated names in place of the defaults; with '+' in front, behind the defaults; with '-',
 * the defaults without them; with '^', before the defaults. * and ? match. False: errbuf, of
 * `size` bytes, holds a sentence: which name is not known, and those that are; or that nothing is
 * left. */
NACRE_API bool nacre_algorithms_apply(enum nacre_algorithm_kind kind, const char *list,
                                      char out[NACRE_ALGORITHM_LIST_MAX], char *errbuf,
                                      size_t size);

#endif
