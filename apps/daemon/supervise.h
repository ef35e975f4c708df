/* --supervise: a parent process that holds the listening sockets, and starts the server as its
 * child.
 *
 * On SIGUSR2 it starts the program again, from the file that it was started from, which may be a
 * new version by now. When the new child listens, the old one accepts no more connections and
 * drains. Both have the same sockets, so no connection is lost. The parent reads nothing from the
 * network. If it is killed, its children drain, so that another server can have the ports. */
#ifndef NACRE_APPS_DAEMON_SUPERVISE_H
#define NACRE_APPS_DAEMON_SUPERVISE_H

#include "apps/daemon/inherited.h"
#include "apps/daemon/program.h"

/* Is this process the child of a supervisor? The first call tells; the supervisor then gets what
 * the process says to the service manager (notify.h). */
bool supervise_is_child(void);

/* Supervise, with these sockets if there are any, until the last child has ended. Returns the exit
 * status: that of the child. */
int supervise(const struct server_program *program, const struct server_options *options,
              struct inherited *sockets);

#endif
