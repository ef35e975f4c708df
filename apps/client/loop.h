/* The loop: the connection, the standard streams, and signals. */
#ifndef NACRE_APPS_CLIENT_LOOP_H
#define NACRE_APPS_CLIENT_LOOP_H

#include "apps/client/client.h"

/* Run until the connection has ended, or a signal ends the program. Restores the terminal. */
void loop_drive(struct client *c);

#endif
