/* What a server program logs: one line an event. DESIGN section 5. */
#ifndef NACRE_APPS_SERVER_LOG_H
#define NACRE_APPS_SERVER_LOG_H

#include "apps/daemon/channel_events.h"
#include "apps/daemon/log.h"
#include "apps/server/server.h"

extern const struct channel_events channel_log;

/* Connections, refusals, counters. */
extern const struct nacre_server_events server_log;

/* Algorithms; at LOG_DEBUG and below also phases, at LOG_TRACE also every message. */
struct nacre_observer server_observer_at(enum log_level level);

/* event=auth: an attempt to log in that was granted or refused; as in struct nacre_auth_policy. */
void log_attempted(void *context, const char *user, const char *method, bool granted);

/* Begin a line about a channel: its connection, number and user. */
void log_begin_channel(struct log_line *l, const char *event, const struct nacre_channel *ch);

/* A warning: something the person who runs the server should know. */
void log_trouble(const char *event, const char *text);

/* One line of all counters: "counters", "stopped". */
void log_counters(const char *event, const struct nacre_server *server);

#endif
