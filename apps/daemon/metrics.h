/* The metrics of a server, in Prometheus's text format: what is counted, and how it is printed.
 *
 * One table (metrics_table) has every metric; the text and the manual page come from it. Counting
 * begins with metrics_start, and costs nothing before that. Any thread may count. No label has a
 * value that a peer can choose. The pointer of nacre_peer_set_data belongs to this file. */
#ifndef NACRE_APPS_DAEMON_METRICS_H
#define NACRE_APPS_DAEMON_METRICS_H

#include "apps/server/server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    METRICS_TEXT_MAX = 64 * 1024, /* bytes of all metrics */
};

struct metrics_text {
    char *text; /* METRICS_TEXT_MAX bytes */
    size_t len;
    const struct nacre_server *server;
};

struct metric {
    const char *name, *type; /* "counter", "gauge", "histogram" */
    const char *help;        /* a phrase */
    void (*put)(struct metrics_text *out, const struct metric *m); /* its samples */
    int which;          /* tells rows with the same function apart */
    const char *labels; /* for the manual page: "method, result"; NULL: none */
};

/* The last row has no name. */
extern const struct metric metrics_table[];

/* Count from now on. Before there are connections and other threads. */
void metrics_start(void);
bool metrics_are_on(void);

/* What has happened; nothing is counted before metrics_start. */
void metrics_accepted(struct nacre_peer *peer);
void metrics_negotiated(const struct nacre_negotiated *n);
void metrics_phase(const struct nacre_peer *peer, const char *phase);
void metrics_authenticated(struct nacre_peer *peer, const char *user);
void metrics_attempted(const char *method, bool granted);
void metrics_ended(struct nacre_peer *peer);
void metrics_channel_opened(void);
void metrics_channel_closed(void);
void metrics_lag(uint64_t us); /* how late the loop of the first worker was, just now */

/* Print all metrics; text has METRICS_TEXT_MAX bytes. Returns the length. */
size_t metrics_print(const struct nacre_server *server, char *text);

#endif
