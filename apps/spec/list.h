/* The commands that print cases. */
#ifndef NACRE_APPS_SPEC_LIST_H
#define NACRE_APPS_SPEC_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* `list`: a line for each case: id, role, level, clause, requirements, title and expectation, with
 * tabs between them; or JSON. */
void list_cases(bool json);

/* `explain ID`. False: there is no such case. */
bool explain_case(const char *id);

#endif
