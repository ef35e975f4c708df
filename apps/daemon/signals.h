/* The signals of a server program. SIGTERM and SIGINT stop it, SIGUSR1 reports its counters, SIGHUP
 * makes it read its files again; SIGUSR2, without a supervisor, and SIGALRM are ignored.
 *
 * The handlers do nothing rather than being SIG_IGN, which programs that the server starts would
 * inherit. */
#ifndef NACRE_APPS_DAEMON_SIGNALS_H
#define NACRE_APPS_DAEMON_SIGNALS_H

#include "apps/server/server.h"

/* As soon as the program starts: none of these signals ends it, except SIGTERM and SIGINT. */
void signals_start(void);

/* Until signals_serve, signals for the server wait. */
void signals_hold(void);

/* Signals now reach the server; SIGUSR2 if it is supervised, to let it drain. NULL: there is none,
 * and SIGTERM has its default effect again. */
void signals_serve(struct nacre_server *server, bool supervised);

/* How long the server drains after the first SIGTERM, and after SIGUSR2; 0: it stops at once, and
 * drains for any time. */
void signals_set_drain(uint32_t ms);

/* The server is about to be freed: there is nothing left to stop or to report. */
void signals_stop(void);

/* For the server's event `counters`: did this signal arrive since the last call? */
bool signals_take_report(void); /* SIGUSR1 */
bool signals_take_hangup(void); /* SIGHUP */

/* Drain as after SIGUSR2. */
void signals_drain(void);

/* Has a signal made the server stop accepting connections, or signals_drain? From any thread. */
bool signals_are_ending(void);
bool signals_are_replaced(void); /* the same for SIGUSR2 and signals_drain only */

#endif
