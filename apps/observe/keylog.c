#include "apps/observe/keylog.h"

#include "apps/observe/key_lines.h"
#include "apps/observe/secret_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SENTENCE_MAX = 1024 };

static struct {
    pthread_mutex_t lock;
    int fd;
    bool torn;     /* the file ends in a part of a line */
    bool reported; /* that a line cannot be written */
    void (*trouble)(const char *sentence);
    const char *file;
} out = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

bool keylog_open(const char *file, void (*trouble)(const char *sentence), const struct errbuf *p)
{
    out.fd = secret_file_open(file, SECRET_FILE_APPEND, p);
    out.file = file;
    out.trouble = trouble;
    out.torn = out.reported = false;
    return out.fd >= 0;
}

void keylog_close(void)
{
    if (out.fd >= 0)
        (void)close(out.fd);
    out.fd = -1;
}

static void report(int failure)
{
    char sentence[SENTENCE_MAX];

    if (out.reported)
        return;
    out.reported = true;
    (void)snprintf(
        sentence, sizeof sentence,
        "%s: cannot write keys: %s; sessions whose lines are missing cannot be decrypted", out.file,
        strerror(failure));
    out.trouble(sentence);
}

/* Write all of it, or say why not; returns how much was written. */
static size_t write_all(const char *lines, size_t len)
{
    size_t at = 0;

    while (at < len) {
        ssize_t n = write(out.fd, lines + at, len - at);

        if (n > 0) {
            at += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            report(n == 0 ? ENOSPC : errno);
            break;
        }
    }
    return at;
}

/* One write for all lines, so that those of other threads and processes come before or after them.
 * When the disk is full, the beginning of a line may be written: the next one then begins on a line
 * of its own. */
static void append(const char *lines, size_t len)
{
    size_t written;

    pthread_mutex_lock(&out.lock);
    if (out.torn && write(out.fd, "\n", 1) == 1)
        out.torn = false;
    written = write_all(lines, len);
    out.torn = out.torn || (written > 0 && written < len);
    pthread_mutex_unlock(&out.lock);
}

/* ---- the part: its state is a struct key_lines ---- */

static void *on_open(const struct observed *connection)
{
    (void)connection;
    return calloc(1, sizeof(struct key_lines));
}

static void on_message(void *state, enum nacre_direction direction, uint32_t seq, const char *phase,
                       const uint8_t *payload, size_t len)
{
    (void)seq;
    (void)phase;
    key_lines_message(state, direction, payload, len);
}

static void on_secret(void *state, char label, const uint8_t *bytes, size_t len)
{
    char lines[KEY_LINES_MAX];
    size_t written = key_lines_secret(state, label, bytes, len, lines);

    if (written == 0)
        return;
    append(lines, written);
    explicit_bzero(lines, written);
}

static void on_closed(void *state, const struct nacre_end *why)
{
    (void)why;
    explicit_bzero(state, sizeof(struct key_lines));
    free(state);
}

const struct observed_part keylog_part = {
    .open = on_open,
    .sees = {.message = on_message, .secret = on_secret},
    .closed = on_closed,
};
