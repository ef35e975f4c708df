/* What a server program reads before it serves, and again when it reloads: host keys, who may log
 * in, the banner. */
#ifndef NACRE_APPS_DAEMON_SETUP_H
#define NACRE_APPS_DAEMON_SETUP_H

#include "apps/confine/confine.h"
#include "apps/daemon/host_keys.h"
#include "apps/daemon/inherited.h"
#include "apps/daemon/options.h"
#include "apps/daemon/program.h"
#include "apps/server/file_login.h"

enum { SETUP_SENTENCE_MAX = 1024 /* bytes */ };

struct setup {
    const struct server_program *program;
    const struct server_options *options;
    struct host_keys host_keys;
    struct nacre_file_login *login;
    struct nacre_observer observer;   /* the log's */
    struct nacre_limits limits;       /* of the configuration, */
    struct nacre_admission admission; /* ... too */
    char banner[NACRE_BANNER_MAX + 1];
    struct confinement confinement;
    struct nacre_server *server;
    unsigned workers;
    bool supervised;            /* by supervise.h */
    int metrics;                /* the socket of --metrics; -1: none */
    struct inherited sockets;   /* to listen with, if there are any */
    struct server_options *own; /* options that setup_released frees, and the setup; or NULL */
};

/* Where problems go. */
struct setup_report {
    void *context;
    /* value: that of the option that the sentence is about; or NULL */
    void (*problem)(void *context, const char *value, const char *sentence);
    bool all;      /* look for further problems after the first */
    bool only_try; /* log nothing, and make no key */
    /* What a confined server reads again: the setup before this one. NULL: a server that starts */
    const struct setup *before;
};

/* Read everything; `s` has its program and its options, and stays where it is. False: problems were
 * reported. Clear it either way. */
bool setup_read(struct setup *s, const struct setup_report *report);
void setup_clear(struct setup *s);

/* For the configuration's `released`: clear the setup, which is the context. */
void setup_released(void *context);

/* The configuration of a server with it. Its context is the setup, which must outlive the server.
 */
struct nacre_server_config setup_config(struct setup *s);

#endif
