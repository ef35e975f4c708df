/* Requests on a session channel that start a program: shell, exec, subsystem. */
#ifndef NACRE_APPS_DAEMON_REQUEST_H
#define NACRE_APPS_DAEMON_REQUEST_H

#include "connection/channel.h"

enum { NO_SUCH_COMMAND = 127 /* the exit status that shells have for it */ };

bool request_starts_program(const struct nacre_request *request);

/* To be called when a request was refused. A client that asked for a program without wanting a
 * reply does not hear of it: its channel ends with exit status 127, or it would wait forever. */
void request_refused(struct nacre_channel *ch, const struct nacre_request *request);

#endif
