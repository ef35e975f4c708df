/* The session channels of the server made with libssh, each with a command of command.h. */
#ifndef LIBSSH_SESSION_H
#define LIBSSH_SESSION_H

#include <libssh/libssh.h>

/* A channel_open_request_session_function. */
ssh_channel open_session(ssh_session session, void *none);

/* Answers CLOSE, which libssh leaves to its user, and moves what the windows allow. */
void pump_sessions(void);

#endif
