/* The application of nacre-echo: the echo session and the exec commands beside it. DESIGN section
 * 5's tables. */
#ifndef NACRE_APPS_ECHO_H
#define NACRE_APPS_ECHO_H

#include "apps/daemon/channel_events.h"

/* The one user of echo_app says whom to tell; set before the server runs. */
void echo_set_events(const struct channel_events *events);

extern const struct nacre_channel_app echo_app;

#endif
