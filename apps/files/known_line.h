/* One line of a known_hosts file: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
#ifndef NACRE_APPS_KNOWN_LINE_H
#define NACRE_APPS_KNOWN_LINE_H

#include "crypto/bytes.h"

enum {
    KNOWN_NAME_MAX = 264,  /* bytes of "[host]:port", NUL included */
    KNOWN_LINE_MAX = 8192, /* bytes of a line */
};

enum known_marker {
    KNOWN_PLAIN,
    KNOWN_REVOKED,
    KNOWN_CERT_AUTHORITY,
};

/* [@marker] hosts type base64 [comment]. Views of the file's text. */
struct known_line {
    enum known_marker marker;
    struct bytes hosts, type, key; /* all empty for a blank line or a comment */
    const char *wrong;             /* why the line cannot be read; NULL: it can */
};

/* The next line, cut off the front of `text`; false at the end. */
bool known_line_next(struct bytes *text, struct known_line *line);

/* Is the line about that host? name: "host" in lower case, or "[host]:port". *wrong says what is
 * the matter with the hosts of the line, which then match nothing. */
bool known_line_is_for(const struct known_line *line, const char *name, const char **wrong);

/* The key's blob into out, which has room for KNOWN_LINE_MAX bytes. Empty, and *wrong, when it is
 * none. */
struct bytes known_line_key(const struct known_line *line, uint8_t *out, const char **wrong);

/* "|1|salt|hash" of the name, with a fresh salt. */
enum { KNOWN_HASHED_MAX = 64 };
bool known_line_hash(const char *name, char out[KNOWN_HASHED_MAX]);

#endif
