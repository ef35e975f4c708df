/* The capture: every packet of every connection, in a file that Wireshark opens. */
#ifndef NACRE_APPS_OBSERVE_CAPTURE_H
#define NACRE_APPS_OBSERVE_CAPTURE_H

#include "apps/observe/observed.h"
#include "apps/session/errbuf.h"

struct capture_config {
    const char *file;
    const char *program; /* "nacre-echo" */
    bool with_secrets;   /* with what decrypts it */
    /* A sentence, on any thread: something is missing from the file. */
    void (*trouble)(const char *sentence);
};

/* Begin the file, which replaces one of that name. False, with a sentence: it cannot be opened, or
 * another user could read it. */
bool capture_open(const struct capture_config *config, const struct errbuf *p);

/* When threads may be started: from here on what is captured is written. */
void capture_start(void);

/* Add it to the observed parts after capture_open. */
extern const struct observed_part capture_part;

void capture_close(void);

#endif
