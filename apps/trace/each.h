/* Reading a whole trace for a command. */
#ifndef NACRE_APPS_TRACE_EACH_H
#define NACRE_APPS_TRACE_EACH_H

#include "apps/trace/options.h"
#include "apps/trace/reader.h"

/* Call `each` with every event of a file that the options select. It returns false to stop. Returns
 * the exit status; problems are printed on standard error. */
int trace_for_each(const char *path, const struct trace_options *options,
                   bool (*each)(void *context, const struct trace_event *event), void *context);

#endif
