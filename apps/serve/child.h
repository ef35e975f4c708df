/* A program as a process of its own: on a terminal, or on three pipes. */
#ifndef NACRE_APPS_SERVE_CHILD_H
#define NACRE_APPS_SERVE_CHILD_H

#include "apps/serve/terminal.h"

#include <sys/types.h>

struct child {
    pid_t pid; /* also of its session and its process group; 0: none */
    int pidfd; /* readable once it has ended */
};

/* How it ended. */
struct child_end {
    bool by_signal, core_dumped;
    int status; /* exit status, or number of the signal */
};

/* Our ends of its three streams; input is what we write. On a terminal error is -1, the others the
 * same. */
struct child_streams {
    int input, output, error;
};

/* Run argv[0], a path, in a new session without any descriptor of ours. With a terminal: on that,
 * which it controls; the terminal's descriptors are used up. False: errno says why. */
bool child_start(struct child *child, char *const argv[], char *const environment[],
                 struct terminal *terminal, struct child_streams *streams);

/* Take its status when it has ended. False: it has not. Afterwards there is no child. */
bool child_reap(struct child *child, struct child_end *end);

/* Send its process group a signal. */
void child_signal(const struct child *child, int number);

/* RFC 4254 section 6.10's names, without SIG: -1 and NULL where there is none. Others end in
 * "@nacre". */
int signal_number(const char *name);
const char *signal_name(int number);

#endif
