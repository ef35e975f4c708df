/* Which problems of which files have been reported: each once until its file changes. A stranger's
 * login attempts would otherwise write as much log as the strangers like. */
#ifndef NACRE_APPS_FILES_REPORTED_H
#define NACRE_APPS_FILES_REPORTED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum {
    REPORTED_FILES_MAX = 1024, /* files that are remembered; the oldest is forgotten */
    REPORTED_LINES_MAX = 16,   /* lines of one file that are reported before it changes */
};

struct reported_file;

/* Begins as zeros, with its lock initialised. Threads may share it. */
struct reported {
    pthread_mutex_t lock;
    struct reported_file *files;
    size_t count, space, oldest;
};

enum report {
    REPORT_NOT,   /* it was reported, or too many others were */
    REPORT_THIS,  /* report it */
    REPORT_LIMIT, /* report that others are not reported, this one included */
};

/* Is this the first report about the line while the file is in this state? line: 0 for the file as
 * a whole. Out of memory: REPORT_THIS. */
enum report reported_note(struct reported *r, const char *path, const struct stat *state,
                          unsigned line);

/* The file has this state now: forget what was reported about it in another one. */
void reported_look(struct reported *r, const char *path, const struct stat *state);

void reported_clear(struct reported *r);

#endif
