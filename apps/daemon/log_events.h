/* Every event of the servers' logs, for nacre-log(5). `make options` writes the page's part;
 * tests/tools/log_events compares the names with those in the code, and the interoperability tests
 * compare the fields of every line. */
#ifndef NACRE_APPS_DAEMON_LOG_EVENTS_H
#define NACRE_APPS_DAEMON_LOG_EVENTS_H

/* All texts are plain English, in which `backticks` mark what is printed literally. */
struct log_event {
    const char *name;
    const char *level;  /* "info" */
    const char *when;   /* sentences */
    const char *fields; /* those that the event may have, after level and event, separated by
                           spaces; "@limits": one for each limit */
};

struct log_field {
    const char *name, *about; /* a phrase */
};

/* The last one has no name. */
extern const struct log_event log_events[];
extern const struct log_field log_fields[];

#endif
