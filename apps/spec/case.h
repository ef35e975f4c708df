/* A case: a row of a table, whose words are those of cases.tsv, and the function that performs it.
 */
#ifndef NACRE_APPS_SPEC_CASE_H
#define NACRE_APPS_SPEC_CASE_H

#include "apps/spec/watch.h"

#include <stddef.h>

struct peer;

/* The end that is tested. */
enum spec_role {
    SERVER = 1,
    CLIENT = 2,
    BOTH = 3,
};

enum spec_level {
    MUST,
    SHOULD,
    MAY,
    PRACTICE,
    WITHDRAWN,
};

struct spec_case {
    const char *id; /* "4253/7/guess-right" */
    enum spec_role role;
    enum spec_level level;
    const char *clause, *requirements, *title, *expected;
    void (*run)(struct peer *p); /* NULL: a watch */

    /* What tells rows with the same function apart */
    enum watch watch;
    const char *text;
    struct bytes bytes;
    uint32_t number;
    bool slow; /* takes minutes: only with --slow */
    /* What cases.tsv expects where that was a misreading, as the note says; or NULL. */
    const char *listed;
    const char *note; /* for explain: what is known about the case; or NULL */
};

/* For .bytes of a row: the bytes of a literal. The versions of clang-format disagree about it. */
/* clang-format off */
#define LITERAL(text) {(const uint8_t *)(text), sizeof(text) - 1}
/* clang-format on */

/* All tables, each ended by a row without an id. NULL ends the list. */
extern const struct spec_case *const spec_tables[];

/* The row of an id, or NULL. */
const struct spec_case *case_find(const char *id);

const char *level_name(enum spec_level level);
const char *role_name(enum spec_role role);

#endif
