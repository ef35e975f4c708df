/* The options that the server programs share. */
#ifndef NACRE_APPS_PROGRAM_OPTIONS_H
#define NACRE_APPS_PROGRAM_OPTIONS_H

#include "apps/session/algorithm_list.h"
#include "apps/daemon/limit_options.h"
#include "apps/daemon/log.h"

#define DEFAULT_HOST_KEY "hostkeys/ssh_host_ed25519_key"
#define DEFAULT_PASSWORDS "ssh-passwords"

enum { LIST_MAX = 16 /* addresses, and host keys */ };

/* What one program calls itself, and has beyond the others. */
struct program_face {
    const char *name;     /* "nacre-echo" */
    const char *synopsis; /* more for the usage line, or NULL */
    const char *about;    /* a line on what it does */
    const char *options;  /* lines about options of its own, or NULL */
    const char *notes;    /* lines after the options */

    const char *const
        *switches; /* long options of its own, without a value; NULL-terminated, or NULL */
    unsigned descriptors_each; /* that a connection may come to need; 0: its socket alone */
    bool has_command;          /* words behind the options are a command to run, not a mistake */
};

enum { SWITCHES_MAX = 4 };

struct program_options {
    const struct program_face *face;
    const char *listen[LIST_MAX + 1];
    const char *host_keys[LIST_MAX + 1];
    size_t listen_count, host_key_count;
    const char *passwords; /* NULL: the default, if there is one */
    const char *authorized_keys;
    bool keyboard_interactive;
    const char *require;     /* methods that must all succeed; NULL: any one */
    const char *banner_file; /* or NULL */
    const char *user;        /* to become; NULL: nobody else */
    bool no_sandbox;
    struct chosen_limits chosen;
    unsigned workers;
    enum log_level level;
    uint64_t rekey_bytes, rekey_ms; /* 0: the defaults */
    char *
        algorithms[NACRE_ALGORITHM_KINDS]; /* lists as the sessions want them; NULL: the defaults */
    bool switches[SWITCHES_MAX];           /* as in the face */
    char **command;                        /* the words behind the options, NULL-terminated */
};

/* Read them. True: go on; else *status is the exit status, and what there was to say has been said.
 * Clear them in either case. */
bool program_read_options(int argc, char **argv, const struct program_face *face,
                          struct program_options *o, int *status);
void program_clear_options(struct program_options *o);

#endif
