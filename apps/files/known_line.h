/* One line of a known_hosts file: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
#ifndef NACRE_APPS_FILES_KNOWN_LINE_H
#define NACRE_APPS_FILES_KNOWN_LINE_H

#include "crypto/bytes.h"
#include "transport/hostkey.h"

enum {
    KNOWN_NAME_MAX = 264,  /* bytes of "[host]:port", NUL included */
    KNOWN_HASHED_MAX = 64, /* bytes of "|1|salt|hash", NUL included */
};

enum known_marker {
    KNOWN_PLAIN,
    KNOWN_REVOKED,
    KNOWN_CERT_AUTHORITY,
};

/* [@marker] hosts type base64 [comment], of any length. Views of the file's text. */
struct known_line {
    enum known_marker marker;
    struct bytes hosts, type, key; /* all empty for a blank line or a comment */
    const char *wrong;             /* why the line is malformed; NULL: it is not */
};

/* Cut the next line off the front of `text`; false at the end. */
bool known_line_next(struct bytes *text, struct known_line *line);

/* Is the line about this host? name: "host" in lower case, or "[host]:port". *wrong: why the line's
 * hosts are malformed and match nothing; otherwise NULL. */
bool known_line_is_for(const struct known_line *line, const char *name, const char **wrong);

/* Decode the key's blob into `out`. Empty, with *wrong set, when the line has no valid key. */
struct bytes known_line_key(const struct known_line *line, uint8_t out[KEY_BLOB_MAX],
                            const char **wrong);

/* "|1|salt|hash" of the name, with a new random salt. False: out of memory. */
bool known_line_hash(const char *name, char out[KNOWN_HASHED_MAX]);

#endif
