/* nacre-serve from its command line to its end. */
#ifndef NACRE_APPS_SERVE_RUN_H
#define NACRE_APPS_SERVE_RUN_H

/* What main does. Returns the exit status. */
int serve_run(int argc, char **argv);

#endif
