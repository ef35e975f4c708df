/* Processes that are left of a session when its client has gone. */
#ifndef NACRE_APPS_SERVE_SURVIVORS_H
#define NACRE_APPS_SERVE_SURVIVORS_H

#include <stdbool.h>
#include <sys/types.h>

/* Does any process of that process group live, or wait to be reaped? */
bool survivors_exist(pid_t group);

/* How many processes of the session that `leader` leads, or led, are alive. 0: none, or they were
 * not counted: that reads all of /proc, and takes at most a twentieth of the time. From any thread.
 */
unsigned survivors_count(pid_t leader);

#endif
