/* The parts of a client: calling.c logs in, calling_channels.c opens what is requested, and both
 * use calling_options.c. */
#ifndef NACRE_TESTS_INTEROP_CALLING_H
#define NACRE_TESTS_INTEROP_CALLING_H

#include "apps/connect/client.h"

enum { LIST_MAX = 16 };

struct options {
    const char *user, *password, *known_hosts, *command, *subsystem, *signal;
    const char *responses[LIST_MAX]; /* to the server's prompts */
    size_t response_count, next_response;
    const char *environment[LIST_MAX]; /* NAME=VALUE */
    size_t environment_count;
    const char *local[LIST_MAX], *remote[LIST_MAX]; /* PORT:HOST:PORT or PATH:PATH */
    size_t local_count, remote_count;
    const struct nacre_key *keys[LIST_MAX];
    size_t key_count;
    unsigned columns, rows;         /* of a terminal; 0: none */
    unsigned new_columns, new_rows; /* on SIGUSR1; 0: none */
    bool sends_break, cancels, no_session, two_more;
};

extern struct options options;
extern int status; /* the exit status */

/* Print a line on standard error. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* Logged in. */
void open_all(struct nacre_client *client);

/* SIGUSR1 arrived: send what the options specify for it. */
void on_poke(void);

extern const struct nacre_forwarding forwarding; /* reports its events */

#endif
