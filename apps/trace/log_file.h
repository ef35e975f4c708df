/* What somebody's own implementation hashed: a file of lines "name = hex". */
#ifndef NACRE_APPS_TRACE_LOG_FILE_H
#define NACRE_APPS_TRACE_LOG_FILE_H

#include "apps/session/errbuf.h"
#include "crypto/bytes.h"

enum {
    LOG_LINES_MAX = 256,
    LOG_NAME_MAX = 16,      /* bytes, with the NUL */
    LOG_SIZE_MAX = 4 << 20, /* bytes; a worksheet of the largest KEXINITs has a tenth of it */
};

struct log_line {
    char name[LOG_NAME_MAX];
    struct bytes value;
    unsigned number; /* of the line in the file */
};

struct log_file {
    char *text;     /* the whole file */
    uint8_t *bytes; /* of all values */
    size_t size;
    struct log_line lines[LOG_LINES_MAX];
    size_t count;
};

/* Read it; "-" is standard input. Empty lines and what follows a # are ignored, as are spaces and
 * colons between digits. False: *why has a sentence, which names the line; nothing has to be
 * freed. */
bool log_read(struct log_file *log, const char *path, const struct errbuf *why);

/* The same for a text of `size` bytes; `name` is for sentences. */
bool log_parse(struct log_file *log, const char *name, const void *text, size_t size,
               const struct errbuf *why);

/* The first line of that name; NULL: there is none. */
const struct log_line *log_find(const struct log_file *log, const char *name);

/* Wipe and free. */
void log_free(struct log_file *log);

#endif
