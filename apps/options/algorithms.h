/* The options that choose algorithms, for servers and clients. */
#ifndef NACRE_APPS_OPTIONS_ALGORITHMS_H
#define NACRE_APPS_OPTIONS_ALGORITHMS_H

#include "apps/options/options.h"
#include "apps/session/algorithm_list.h"

/* Lists as configurations take them; NULL: the defaults. */
struct algorithm_options {
    char *lists[NACRE_ALGORITHM_KINDS];
    bool require_strict_kex;
};

/* --kex, --host-key-algorithms, --ciphers, --macs, --require-strict-kex */
extern const struct option_group algorithm_options;

/* The take function of these rows, for another one: row->member is the offset of a struct
 * algorithm_options, row->which is an enum nacre_algorithm_kind. */
bool algorithm_option(const struct option_row *row, void *options, const char *value,
                      const struct errbuf *p);

/* --list-algorithms: print all names. */
void algorithms_put(const struct command_line *line);

void algorithm_options_clear(struct algorithm_options *options);

#endif
