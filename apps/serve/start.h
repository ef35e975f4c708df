/* The start of a session's process. */
#ifndef NACRE_APPS_SERVE_START_H
#define NACRE_APPS_SERVE_START_H

#include "apps/serve/serve.h"
#include "apps/serve/session.h"

/* Run the configuration's command, or the one that the user's key names, and join it to the
 * channel. original: what the client asked to run, or NULL. False, with a line in the log: it did
 * not start, and no other command will in this session. */
bool start_command(struct serve_session *s, const struct serve_config *config,
                   const char *original);

/* The same with a command for the shell. */
bool start_shell_command(struct serve_session *s, const struct serve_config *config,
                         const char *command);

#endif
