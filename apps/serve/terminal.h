/* Pseudo-terminals for nacre-serve: RFC 4254 sections 6.2, 6.7 and 8. */
#ifndef NACRE_APPS_SERVE_TERMINAL_H
#define NACRE_APPS_SERVE_TERMINAL_H

#include "connection/channel.h"

#include <termios.h>

struct terminal {
    int master; /* -1: there is none */
    int slave;  /* held open until a program has it */
    char name[64];
};

/* Open one with the size and the modes of a pty-req. False: the system gives none. */
bool terminal_open(struct terminal *t, const struct nacre_request *request);

/* The size of a pty-req or window-change; whoever runs there gets SIGWINCH when it is another one.
 */
void terminal_resize(int fd, const struct nacre_request *request);

/* RFC 4335: what a line's discipline makes of a break. False: the terminal takes none now. */
bool terminal_break(int master);

/* Put the encoded modes of a pty-req into *modes; what we do not know is left as it is. */
void terminal_modes(struct termios *modes, const uint8_t *data, size_t len);

void terminal_close(struct terminal *t);

#endif
