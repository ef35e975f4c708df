/* A program in a process of its own, on a terminal or on three pipes. */
#ifndef NACRE_APPS_SERVE_CHILD_H
#define NACRE_APPS_SERVE_CHILD_H

#include "apps/serve/spawn.h"
#include "apps/serve/terminal.h"

#include <sys/types.h>

struct child {
    pid_t pid; /* also the id of its session and its process group; 0: there is none */
    int pidfd; /* readable once the process has ended */
};

/* How a process ended. */
struct child_end {
    bool by_signal, core_dumped;
    int status; /* the exit status, or the number of the signal */
};

/* Our ends of its three streams; we write to input. On a terminal, input and output are the same
 * and error is -1. */
struct child_streams {
    int input, output, error;
};

/* Run a program, whose terminal and streams are set here: on the terminal, if there is one, whose
 * descriptors are closed or passed on; otherwise on pipes. False: errno says why. */
bool child_start(struct child *child, const struct spawn *program, struct terminal *terminal,
                 struct child_streams *streams);

/* Take the status of a child that has ended; after that there is no child. False: it has not ended.
 */
bool child_reap(struct child *child, struct child_end *end);

/* Send a signal to the process group of the child. */
void child_signal(const struct child *child, int number);

/* Signals by their names in RFC 4254 section 6.10, without SIG. Names of other signals end in
 * "@nacre". signal_number returns -1 for an unknown name. */
int signal_number(const char *name);
const char *signal_name(int number);

#endif
