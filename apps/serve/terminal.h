/* Pseudo-terminals for nacre-serve: RFC 4254 sections 6.2 and 6.7. */
#ifndef NACRE_APPS_SERVE_TERMINAL_H
#define NACRE_APPS_SERVE_TERMINAL_H

#include "connection/channel.h"

struct terminal {
    int master; /* -1: there is none */
    int slave;  /* open until a program has opened it */
    char name[64];
};

/* Open a terminal with the size and the modes of a pty-req. False: the system has none. */
bool terminal_open(struct terminal *t, const struct nacre_request *request);

/* Set the size of a pty-req or window-change. If it changes, the program receives SIGWINCH. */
void terminal_resize(int fd, const struct nacre_request *request);

/* RFC 4335: do what the line discipline does on a break. False: the terminal cannot take it now. */
bool terminal_break(int master);

void terminal_close(struct terminal *t);

#endif
