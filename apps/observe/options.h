/* The options of programs that show what their sessions do: for study, never in production. */
#ifndef NACRE_APPS_OBSERVE_OPTIONS_H
#define NACRE_APPS_OBSERVE_OPTIONS_H

#include "apps/options/options.h"

struct study_options {
    const char *trace;           /* --trace FILE; or NULL */
    bool trace_json, trace_data; /* --trace-format json, --trace-data */
    const char *keylog;          /* --unsafe-keylog FILE; or NULL */
    const char *capture;         /* --capture FILE; or NULL */
    const char *directory;       /* --study DIR; or NULL */
};

/* --trace, --trace-format, --trace-data, --unsafe-keylog, --capture, --study */
extern const struct option_group study_options;

/* For clients, after the command line was read: $NACRE_KEYLOG in place of --unsafe-keylog. */
void study_options_from_environment(struct study_options *o);

#endif
