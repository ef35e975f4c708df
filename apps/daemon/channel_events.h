/* What the application of a server program reports about its channels, for the log. */
#ifndef NACRE_APPS_DAEMON_CHANNEL_EVENTS_H
#define NACRE_APPS_DAEMON_CHANNEL_EVENTS_H

#include "connection/channel.h"

struct channel_events {
    void (*opened)(struct nacre_channel *ch);
    void (*requested)(struct nacre_channel *ch, const struct nacre_request *request, bool granted);
    void (*eof)(struct nacre_channel *ch);
    void (*close)(struct nacre_channel *ch);
    void (*closed)(struct nacre_channel *ch, const struct nacre_end *why);
};

#endif
