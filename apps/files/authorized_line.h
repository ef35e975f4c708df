/* One line of an authorized_keys file: sshd(8), AUTHORIZED_KEYS FILE FORMAT. */
#ifndef NACRE_APPS_AUTHORIZED_LINE_H
#define NACRE_APPS_AUTHORIZED_LINE_H

#include "apps/files/authorized_keys.h"
#include "crypto/bytes.h"

/* [options] type base64 [comment]. Views of the file's text; all empty for a blank line or a
 * comment. */
struct authorized_line {
    struct bytes fields[3]; /* the first three; a field may hold spaces in double quotes */
};

enum authorized_line_result {
    LINE_GRANTS,
    LINE_SAYS_NOTHING, /* about this key */
    LINE_IS_BAD,       /* grants nothing, and somebody should know why */
};

/* The next line, cut off the front of `text`; false at the end. */
bool authorized_line_next(struct bytes *text, struct authorized_line *line);

/* What the line says about somebody who wants to log in. Fills *grant, which the caller clears in
 * any case; puts a sentence without the line's place into `what`, of `size` bytes, when it is bad.
 */
enum authorized_line_result authorized_line_match(const struct authorized_line *line,
                                                  const struct nacre_key_login *login,
                                                  struct nacre_key_grant *grant, char *what,
                                                  size_t size);

#endif
