/* The options of nacre-load. */
#ifndef NACRE_APPS_LOAD_OPTIONS_H
#define NACRE_APPS_LOAD_OPTIONS_H

#include "apps/identity/host_options.h"
#include "apps/identity/identity.h"
#include "apps/observe/options.h"
#include "apps/options/algorithms.h"
#include "apps/options/values.h"

enum { LOAD_SENTENCE_MAX = 1024 };

struct load_mode;

struct load_options {
    /* As given */
    const char *port, *user, *password_file, *command; /* or NULL */
    struct option_list identities;
    bool use_agent, json, quiet, yes_remote;
    uint64_t count, bytes;
    uint32_t at_once, hold_s, timeout_s;
    struct host_options host;
    struct algorithm_options algorithms;
    struct study_options study;

    /* What follows from them */
    const struct load_mode *mode;
    char *password; /* or NULL */
    struct identity identity;
    char target[300];   /* HOST:PORT, numeric, or unix:PATH */
    char known_as[300]; /* HOST:PORT as given; "" for unix:PATH */
};

extern const struct command_line load_command_line;

/* Read the command line and the files that it names. False: *status is the exit status, and the
 * answer or the mistake has been printed. Clear the options in either case. */
bool load_read_options(int argc, char **argv, struct load_options *o, int *status);
void load_clear_options(struct load_options *o);

#endif
