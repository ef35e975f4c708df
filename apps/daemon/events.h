/* What a server program logs: one line per event. */
#ifndef NACRE_APPS_DAEMON_EVENTS_H
#define NACRE_APPS_DAEMON_EVENTS_H

#include "apps/daemon/channel_events.h"
#include "apps/daemon/log.h"
#include "apps/server/server.h"

extern const struct channel_events channel_log;

/* Connections, refusals, counters. */
extern const struct nacre_server_events server_log;

/* Algorithms; at LOG_DEBUG and below, or for metrics, also phases; at LOG_TRACE also every message.
 */
struct nacre_observer server_observer_at(enum log_level level);

/* event=auth: a login attempt that was granted or refused; as in struct nacre_auth_policy. */
void log_attempted(void *context, const char *user, const char *method, bool granted);

/* event=key_refused: why a key was not even looked up; as in struct nacre_auth_policy. */
void log_key_refused(void *context, const char *user, const char *algorithm, const char *reason);

/* Begin a line about a channel: its connection, number and user. */
void log_begin_channel(struct log_line *l, const char *event, const struct nacre_channel *ch);

/* event=limit: the peer has reached a limit of the program itself. */
void log_limit(const struct nacre_peer *peer, const char *limit);

/* Log a warning that the operator of the server should see. */
void log_trouble(const char *event, const char *text);

/* The same for each line of a text, which it takes apart. */
void log_each_trouble(const char *event, char *sentences);

/* Log all counters in one line; the event is "counters" or "stopped". */
void log_counters(const char *event, const struct nacre_server *server);

#endif
