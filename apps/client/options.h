/* The options of nacre-client. */
#ifndef NACRE_APPS_CLIENT_OPTIONS_H
#define NACRE_APPS_CLIENT_OPTIONS_H

#include "apps/identity/host_options.h"
#include "apps/identity/identity.h"
#include "apps/observe/options.h"
#include "apps/options/algorithms.h"
#include "apps/options/values.h"

enum {
    CLIENT_HOST_MAX = 256,      /* bytes of a host's name, NUL included */
    CLIENT_SENTENCE_MAX = 1024, /* bytes of a sentence */
    CLIENT_FAILED = 255,        /* the exit status of every failure of the program's own */
};

struct client_options {
    /* As given */
    const char *port, *user;
    struct option_list identities;
    bool terminal, no_terminal, probe, json;
    uint32_t login_s;
    struct host_options host;
    struct algorithm_options algorithms;
    struct study_options study;

    /* What follows from them */
    char user_in_word[CLIENT_HOST_MAX]; /* of USER@HOST */
    char host_name[CLIENT_HOST_MAX];    /* without brackets */
    char target[CLIENT_HOST_MAX + 16];  /* HOST:PORT, as nacre_client_connect reads it */
    char *command;                      /* NULL: a shell */
    bool wants_terminal;                /* on the server */
    struct identity identity;
    char note[CLIENT_SENTENCE_MAX]; /* why keys that were not asked for are missing; "" */
};

extern const struct command_line client_command_line;

/* Read the command line and the files that it names. False: *status is the exit status, and the
 * answer or the mistake has been printed. Clear the options in either case. */
bool client_read_options(int argc, char **argv, struct client_options *o, int *status);
void client_clear_options(struct client_options *o);

#endif
