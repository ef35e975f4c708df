/* What the server programs have in common once their options are read: host keys, who may log in,
 * signals, and the server itself. */
#ifndef NACRE_APPS_DAEMON_PROGRAM_H
#define NACRE_APPS_DAEMON_PROGRAM_H

#include "apps/daemon/options.h"
#include "apps/server/server.h"

struct server_program {
    const char *name;                          /* "nacre-echo" */
    const struct nacre_channel_app *app;       /* of session channels */
    const struct nacre_forwarding *forwarding; /* what clients may forward; NULL: nothing */
    unsigned descriptors_each;                 /* that a connection may need; 0: its socket alone */
    bool starts_programs;                      /* they inherit what the server gives up */
    /* For reading its options again */
    const struct command_line *line;
    int argc;
    char **argv;
    size_t options_size; /* of its options, which begin with a struct server_options */
    /* Other options are in effect: use the program's own; or NULL. Those of rows that are `fixed`
     * are as before. */
    void (*reloaded)(const struct server_options *options);
    /* Called when all connections have ended and no thread of the server runs any more, before the
     * server is freed; or NULL. */
    void (*stopped)(void);
};

/* The first call of main. */
void server_program_start(void);

/* Serve until SIGTERM or SIGINT. Returns the exit status. */
int program_serve(const struct server_program *program, const struct server_options *options);

#endif
