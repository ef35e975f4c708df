#include "apps/observe/study.h"

#include "apps/observe/capture.h"
#include "apps/observe/keylog.h"
#include "apps/observe/trace.h"

#include <stdio.h>

enum { SENTENCE_MAX = 1024 };

static struct study_config study;

static void on_keylog_trouble(const char *sentence)
{
    study.warn("keylog", sentence);
}

static void on_capture_trouble(const char *sentence)
{
    study.warn("capture", sentence);
}

static bool open_capture(const struct study_options *o, const struct errbuf *p)
{
    const struct capture_config config = {.file = o->capture,
                                          .program = study.program,
                                          .with_secrets = o->keylog != NULL,
                                          .trouble = on_capture_trouble};

    return capture_open(&config, p);
}

static void on_trace_trouble(const char *sentence)
{
    study.warn("trace", sentence);
}

static bool open_trace(const struct study_options *o, const struct errbuf *p)
{
    const struct trace_config config = {.file = o->trace,
                                        .program = study.program,
                                        .json = o->trace_json,
                                        .data = o->trace_data,
                                        .secrets = o->keylog != NULL,
                                        .trouble = on_trace_trouble};

    return trace_open(&config, p);
}

bool study_open(const struct study_config *config, const struct errbuf *p)
{
    const struct study_options *o = config->options;

    study = *config;
    observed_begin(config->describe, config->own);
    if (o->trace != NULL) {
        if (!open_trace(o, p))
            return false;
        observed_add(&trace_part);
    }
    if (o->keylog != NULL) {
        if (!keylog_open(o->keylog, on_keylog_trouble, p))
            return false;
        observed_add(&keylog_part);
    }
    if (o->capture != NULL) {
        if (!open_capture(o, p))
            return false;
        observed_add(&capture_part);
    }
    return true;
}

void study_start(void)
{
    char sentence[SENTENCE_MAX];

    trace_start();
    if (study.options->capture != NULL)
        capture_start();
    if (study.options->keylog == NULL)
        return;
    (void)snprintf(sentence, sizeof sentence,
                   "%s gets the keys of every session: whoever can read it can read the sessions, "
                   "passwords included; never use --unsafe-keylog in production",
                   study.options->keylog);
    study.warn("keylog", sentence);
}

const struct nacre_observer *study_observer(void)
{
    return observed_observer();
}

bool study_kexinit_waits(void)
{
    return study.options->keylog != NULL || study.options->capture != NULL;
}

void study_ended(void *context, const struct nacre_end *why)
{
    observed_ended(context, why);
}

void study_close(void)
{
    trace_close();
    keylog_close();
    capture_close();
}
