/* The commands of nacre-trace. */
#ifndef NACRE_APPS_TRACE_COMMANDS_H
#define NACRE_APPS_TRACE_COMMANDS_H

#include "apps/trace/options.h"

/* `files` are as many as the row of the table says. Prints on standard output; returns the exit
 * status. */
typedef int trace_command_run(const struct trace_options *options, char **files);

struct trace_command {
    const char *name;
    int files; /* traces that it reads */
    trace_command_run *run;
    const char *argument, *about; /* as in struct option_word */
};

/* The last one has no name. */
extern const struct trace_command trace_commands[];

/* NULL: there is none of that name. */
const struct trace_command *trace_command_find(const char *name);

trace_command_run diff_run, hash_run, json_run, page_run, text_run;

#endif
