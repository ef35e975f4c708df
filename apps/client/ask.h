/* The server's questions to the person: passwords, and those of keyboard-interactive. */
#ifndef NACRE_APPS_CLIENT_ASK_H
#define NACRE_APPS_CLIENT_ASK_H

#include "apps/connect/client.h"

/* For nacre_client_config.ask. */
void ask_person(struct nacre_client *connection, const struct nacre_ask *ask);

/* Print a text of the server, which the library has cleaned, for a person: without carriage
 * returns, which would overwrite what is before them on the line. */
void ask_show(const char *text);

#endif
