/* The channel of the client made with libssh. */
#ifndef LIBSSH_CHANNEL_H
#define LIBSSH_CHANNEL_H

#include "apps/spec/clients/connected.h"

#include <libssh/libssh.h>

/* Refuses what the server requests. Otherwise libssh keeps it until its user asks for it, even
 * while its user waits in a call. */
void refuse_requests(ssh_session session);

/* Opens it, starts what the command line asks for, and relays until it has ended. Returns the exit
 * status. */
int run_channel(ssh_session session, const struct words *words);

#endif
