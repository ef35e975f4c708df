/* What two KEXINIT messages lead to, and why: RFC 4253 section 7.1. */
#ifndef NACRE_APPS_OBSERVE_CHOICE_H
#define NACRE_APPS_OBSERVE_CHOICE_H

#include "apps/observe/print.h"

/* The name-lists of a KEXINIT, in their order on the wire; empty where it is malformed. */
void choice_read(struct bytes kexinit, struct bytes lists[KEXINIT_LISTS]);

/* What is chosen from each list. The names are views into the client's lists. */
void choice_make(const struct bytes client[KEXINIT_LISTS], const struct bytes server[KEXINIT_LISTS],
                 struct print_choice chosen[KEXINIT_LISTS]);

/* "kex_algorithms": the field's name. */
const char *choice_name(size_t list);

#endif
