/* nacre-client: one connection and the channel on which its command runs. */
#ifndef NACRE_APPS_CLIENT_CLIENT_H
#define NACRE_APPS_CLIENT_CLIENT_H

#include "apps/client/input.h"
#include "apps/client/options.h"
#include "apps/client/output.h"
#include "apps/connect/client.h"

/* The next request for the channel. */
enum client_step { CLIENT_ASK_TERMINAL, CLIENT_ASK_COMMAND, CLIENT_ASKED_ALL };

struct client {
    const struct client_options *options;
    struct nacre_clients *clients;
    struct nacre_client *connection; /* NULL once it has ended */
    struct nacre_channel *channel;   /* NULL before it is opened and once it is closed */
    struct input input;
    struct output output, errors;
    enum client_step step;
    bool terminal_answered, has_terminal; /* the server's answer */
    bool started;                         /* the command or the shell runs */
    bool resized;                         /* a window-change is to be sent */
    bool complete;                        /* the channel was closed in order */
    bool over;                            /* the connection has ended */
    bool leaving;                         /* ~. was typed */
    bool readable, writable;              /* what the loop has seen of the standard streams */
    bool logged_in, connected;            /* connected: as opposed to never reached */
    uint64_t login_until_ms;              /* CLOCK_MONOTONIC */
    unsigned questions;                   /* for the password, so far */
    uint8_t *accepted;                    /* the host key that was accepted, or NULL */
    size_t accepted_len;
    int status; /* the exit status */
};

/* Print "nacre-client: ..." to standard error, whatever the terminal's mode. */
void client_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* End the connection, and with it the program, with status 255. */
void client_fail(struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
