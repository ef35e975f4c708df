/* Which cases to run, and what is known about their results. */
#ifndef NACRE_APPS_SPEC_SELECT_H
#define NACRE_APPS_SPEC_SELECT_H

#include "apps/options/values.h"
#include "apps/spec/result.h"

struct selection {
    char **ids; /* prefixes of ids; count 0: all */
    size_t count;
    const struct option_list *excluded;
    enum spec_role role;
    bool only_must, slow;
};

/* The rows that are selected, with room for each in results: malloc'd. *slow_left counts those that
 * only --slow would add. NULL and a sentence: an id matches nothing. */
struct result *select_cases(const struct selection *s, size_t *count, size_t *slow_left,
                            const struct errbuf *p);

/* Is the text the id, or a prefix of it? */
bool id_matches(const char *id, const char *text);

/* Known results: a file of lines "ID VERDICT reason", where VERDICT is xfail, or warn, skip or
 * info, which then must come out. `#` begins a comment. */
struct expectation {
    char id[64];
    enum verdict_kind verdict;
    char reason[PROBLEM_MAX];
};

struct expectations {
    struct expectation *rows;
    size_t count;
};

/* False and a sentence: the file cannot be read, or a line is malformed. */
bool expectations_read(struct expectations *e, const char *file, const struct errbuf *p);
void expectations_clear(struct expectations *e);

/* Turn known failures into xfail, and those that pass into xpass. */
void expectations_apply(const struct expectations *e, struct result *results, size_t count);

#endif
