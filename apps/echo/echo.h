/* The application of nacre-echo: the session channels. */
#ifndef NACRE_APPS_ECHO_ECHO_H
#define NACRE_APPS_ECHO_ECHO_H

#include "apps/daemon/channel_events.h"

/* Set where echo_app reports what happens on its channels, before the server runs. */
void echo_set_events(const struct channel_events *events);

extern const struct nacre_channel_app echo_app;

#endif
