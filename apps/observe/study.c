#include "apps/observe/study.h"

#include "apps/observe/capture.h"
#include "apps/observe/keylog.h"
#include "apps/observe/trace.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SENTENCE_MAX = PATH_MAX + 256,
    PACKET_MAX = 1024, /* a packet that fits into a segment of any network */
};

static struct study_config study;

/* The files that the options name, by themselves or by --study; NULL: there is none. */
static struct study_options files;
static char names[3][PATH_MAX];

/* ---- --study ---- */

/* The file in the folder, unless the options name another one. */
static bool name_file(const char **file, char name[PATH_MAX], const char *base,
                      const struct errbuf *p)
{
    int n;

    if (*file != NULL)
        return true;
    n = snprintf(name, PATH_MAX, "%s/%s", files.directory, base);
    *file = name;
    return n < PATH_MAX || errbuf_say(p, "--study: the name of the folder is too long");
}

static bool make_folder(const struct errbuf *p)
{
    struct stat status;

    if (mkdir(files.directory, 0700) == 0)
        return true;
    if (errno != EEXIST || stat(files.directory, &status) != 0)
        return errbuf_say(p, "%s: %s", files.directory, strerror(errno));
    return S_ISDIR(status.st_mode) || errbuf_say(p, "%s is not a folder", files.directory);
}

static bool name_files(const struct study_options *o, const struct errbuf *p)
{
    files = *o;
    if (o->directory == NULL)
        return true;
    files.trace_json = files.trace_json || files.trace == NULL;
    return make_folder(p) && name_file(&files.trace, names[0], "trace.json", p) &&
           name_file(&files.keylog, names[1], "keys.log", p) &&
           name_file(&files.capture, names[2], "session.pcapng", p);
}

/* ---- the files ---- */

static void on_keylog_trouble(const char *sentence)
{
    study.warn("keylog", sentence);
}

static void on_capture_trouble(const char *sentence)
{
    study.warn("capture", sentence);
}

static bool open_capture(const struct errbuf *p)
{
    const struct capture_config config = {.file = files.capture,
                                          .program = study.program,
                                          .with_secrets = files.keylog != NULL,
                                          .trouble = on_capture_trouble};

    return capture_open(&config, p);
}

static void on_trace_trouble(const char *sentence)
{
    study.warn("trace", sentence);
}

static bool open_trace(const struct errbuf *p)
{
    const struct trace_config config = {.file = files.trace,
                                        .program = study.program,
                                        .json = files.trace_json,
                                        .data = files.trace_data,
                                        .secrets = files.keylog != NULL,
                                        .trouble = on_trace_trouble};

    return trace_open(&config, p);
}

bool study_open(const struct study_config *config, const struct errbuf *p)
{
    study = *config;
    observed_begin(config->describe, config->own);
    if (!name_files(config->options, p))
        return false;
    if (files.trace != NULL) {
        if (!open_trace(p))
            return false;
        observed_add(&trace_part);
    }
    if (files.keylog != NULL) {
        if (!keylog_open(files.keylog, on_keylog_trouble, p))
            return false;
        observed_add(&keylog_part);
    }
    if (files.capture != NULL) {
        if (!open_capture(p))
            return false;
        observed_add(&capture_part);
    }
    return true;
}

void study_start(void)
{
    char sentence[SENTENCE_MAX];

    trace_start();
    if (files.capture != NULL)
        capture_start();
    if (files.keylog == NULL)
        return;
    (void)snprintf(sentence, sizeof sentence,
                   "%s gets the keys of every session: whoever can read it can read the sessions, "
                   "passwords included; never use %s in production",
                   files.keylog, files.directory != NULL ? "--study" : "--unsafe-keylog");
    study.warn("keylog", sentence);
}

bool study_is_on(void)
{
    return files.trace != NULL || files.keylog != NULL || files.capture != NULL;
}

const struct nacre_observer *study_observer(void)
{
    return observed_observer();
}

struct study_settings study_settings(const char *kex, const char *ciphers, uint64_t rekey_ms)
{
    struct study_settings settings = {
        .kexinit_waits = files.keylog != NULL || files.capture != NULL,
        .kex = kex,
        .ciphers = ciphers,
        .rekey_ms = rekey_ms,
    };

    if (files.directory == NULL)
        return settings;
    settings.packet_max = PACKET_MAX;
    if (kex == NULL)
        settings.kex = "curve25519-sha256";
    if (ciphers == NULL)
        settings.ciphers = "aes256-gcm@openssh.com";
    if (rekey_ms == 0)
        settings.rekey_ms = UINT64_MAX;
    return settings;
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
