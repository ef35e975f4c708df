/* The channel of the client made with libssh2. */
#ifndef LIBSSH2_CHANNEL_H
#define LIBSSH2_CHANNEL_H

#include "apps/spec/clients/connected.h"

#include <libssh2.h>

/* Opens it, starts what the command line asks for, and relays until it has ended. Returns the exit
 * status, or -1 if a signal ended the command. fd is the connection's. */
int run_channel(LIBSSH2_SESSION *session, const struct words *words, int fd);

#endif
