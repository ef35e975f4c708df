/* What the programs do with the options for study: open the files, and pass on the observer. */
#ifndef NACRE_APPS_OBSERVE_STUDY_H
#define NACRE_APPS_OBSERVE_STUDY_H

#include "apps/observe/observed.h"
#include "apps/observe/options.h"

struct study_config {
    const char *program; /* "nacre-echo" */
    const struct study_options *options;
    observed_describe *describe;
    const struct nacre_observer *own; /* the program's observer; or NULL */
    /* A sentence for whoever runs the program, that names the file; on any thread. event: "trace",
     * "keylog" or "capture". */
    void (*warn)(const char *event, const char *sentence);
};

/* Open the files; call it before privileges are given up. Everything is borrowed. False: *p has a
 * sentence. */
bool study_open(const struct study_config *config, const struct errbuf *p);

/* Start, and warn if secrets are written: call it before the first connection, when threads may be
 * started. */
void study_start(void);

/* For the configuration of the sessions; NULL: nobody observes. */
const struct nacre_observer *study_observer(void);

/* Is anything written? Otherwise study_observer is the program's own. */
bool study_is_on(void);

/* What the configuration needs besides. */
struct study_settings {
    bool kexinit_waits; /* for a server */
    /* With --study; otherwise as given, and 0 for the default. */
    const char *kex, *ciphers;
    uint32_t packet_max;
    uint64_t rekey_ms;
};

/* given  the lists that the program's own options have, or NULL, and its rekey_ms, or 0 */
struct study_settings study_settings(const char *kex, const char *ciphers, uint64_t rekey_ms);

/* The end of a connection, with the context of its observer. */
void study_ended(void *context, const struct nacre_end *why);

/* After the last connection. */
void study_close(void);

#endif
