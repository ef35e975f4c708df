/* The end of a session's process: its output, its status, and the channel's close. */
#ifndef NACRE_APPS_SERVE_END_H
#define NACRE_APPS_SERVE_END_H

#include "apps/serve/session.h"

/* The process has ended: the callback of its watch. */
void end_on_exit(void *session);

/* All output of the process has been accepted by the channel: the callback of its stream. */
void end_on_drained(struct nacre_channel *ch);

/* The client has gone while the process runs: hang up on it, and log it if it continues. */
void end_hang_up(struct serve_session *s, struct nacre_loop *loop);

/* The server has ended, and no thread of it runs any more: the same for all sessions. */
void end_all(void);

#endif
