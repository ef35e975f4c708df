/* Running the selected cases, several at a time, each in a process of its own. */
#ifndef NACRE_APPS_SPEC_RUN_H
#define NACRE_APPS_SPEC_RUN_H

#include "apps/spec/result.h"

enum { REFUSALS_MAX = 3 /* in a row: a limit of the server */ };

struct run {
    struct setting *setting;
    struct result *results; /* in the order of the tables */
    size_t count;
    unsigned jobs;
    bool strict;
    const char *trace_folder; /* NULL: none */
    const char *restart;      /* a command that starts the server again; NULL: none */
    void (*progress)(const struct run *run, size_t done); /* after each case; or NULL */

    unsigned refusals; /* in a row */
    bool refused;      /* the run was given up: the server refuses connections */
    bool interrupted;  /* by a signal */
    bool down;         /* the server serves nobody: no case starts until it is back */
    const char *last;  /* the id of the case that saw this first; NULL: it never was down */
};

/* SIGINT, SIGTERM and SIGHUP only end the run. Call this before anything is made that must be
 * removed. */
void run_catch_signals(void);

/* Run them all, then those that timed out once more alone. Watches get what all cases saw. A case
 * after which the server was down runs again alone too: another one may have stopped it. */
void run_all(struct run *run);

#endif
