/* The trace: every message, and what sessions do besides, as lines of text or JSON.
 * nacre-trace(5) describes both. */
#ifndef NACRE_APPS_OBSERVE_TRACE_H
#define NACRE_APPS_OBSERVE_TRACE_H

#include "apps/observe/observed.h"
#include "apps/session/errbuf.h"

struct trace_config {
    const char *file;    /* "-": standard error; borrowed */
    const char *program; /* "nacre-echo" */
    bool json, data;     /* as --trace-format json, --trace-data */
    bool secrets;        /* show passwords and keys */
    /* Called once, on any thread, when the file cannot be written. */
    void (*trouble)(const char *sentence);
};

/* False, with a sentence: the file cannot be opened; see output_open. */
bool trace_open(const struct trace_config *config, const struct errbuf *p);

/* Add it to the observed parts after trace_open. */
extern const struct observed_part trace_part;

/* Start to write, when threads may be started. */
void trace_start(void);

/* Write what is queued, unless its reader is stuck, and close the file. */
void trace_close(void);

#endif
