/* SIGHUP: read the configuration file, and all files that are named in it, again. */
#ifndef NACRE_APPS_DAEMON_RELOAD_H
#define NACRE_APPS_DAEMON_RELOAD_H

#include "apps/daemon/setup.h"

/* Let new connections begin with what the files say now: all of it, or, when anything is wrong,
 * nothing. Logs event=reloaded, or event=reload_failed for each problem. now: the setup in use. On
 * the thread of nacre_server_run, inside a callback of the server. */
void reload(const struct setup *now);

#endif
