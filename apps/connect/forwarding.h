/* The forwards of clients, and the threads that look up names for them. */
#ifndef NACRE_APPS_CONNECT_FORWARDING_H
#define NACRE_APPS_CONNECT_FORWARDING_H

#include "apps/connect/parts.h"

const struct nacre_channel_app *client_lookup(void *context, const char *type);
void client_global_replied(void *context, bool granted, const uint8_t *data, size_t len);

/* The session has ended. */
void client_free_forwards(struct nacre_client *client);

#endif
