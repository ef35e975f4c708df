/* Logs what confinement (apps/confine/confine.h) did, and the system call that ended the server. */
#ifndef NACRE_APPS_DAEMON_CONFINED_H
#define NACRE_APPS_DAEMON_CONFINED_H

#include "apps/confine/confine.h"

/* event=confined with the value of each measure, and event=sandbox for each reason. */
void log_confined(const struct confinement *c, const struct confine_note notes[CONFINE_MEASURES]);

/* event=forbidden: for confinement.forbidden. */
void log_forbidden(int call);

#endif
