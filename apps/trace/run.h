/* nacre-trace from its command line to its end. */
#ifndef NACRE_APPS_TRACE_RUN_H
#define NACRE_APPS_TRACE_RUN_H

/* What main does. Returns the exit status. */
int trace_run(int argc, char **argv);

#endif
