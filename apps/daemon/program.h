/* What the server programs have in common once their options are read: host keys, who may log in,
 * signals, and the server itself. */
#ifndef NACRE_APPS_PROGRAM_H
#define NACRE_APPS_PROGRAM_H

#include "apps/daemon/options.h"
#include "apps/server/server.h"

/* Serve session channels with this application until SIGTERM or SIGINT. over (or NULL) is called
 * when all connections have ended and nothing of the server runs any more, before it is freed.
 * Returns the exit status. */
int program_serve(const struct program_options *o, const struct nacre_channel_app *app,
                  void (*over)(void));

#endif
