/* One line of an authorized_keys file: sshd(8), AUTHORIZED_KEYS FILE FORMAT. */
#ifndef NACRE_APPS_FILES_AUTHORIZED_LINE_H
#define NACRE_APPS_FILES_AUTHORIZED_LINE_H

#include "apps/files/authorized_keys.h"
#include "apps/session/errbuf.h"
#include "crypto/bytes.h"
#include "transport/hostkey.h"

/* [options] type base64 [comment]. Views of the file's text; all empty for a blank line or a
 * comment. */
struct authorized_line {
    struct bytes fields[3]; /* the first three; a field may contain spaces in double quotes */
    struct bytes after[3];  /* what follows each, without the spaces in between */
};

/* The key that the line is about, in `blob`. False: none, because the line is blank, a comment or
 * malformed, or the key has a length that is not accepted. */
bool authorized_line_key(const struct authorized_line *line, uint8_t blob[KEY_BLOB_MAX],
                         struct bytes *key);

enum authorized_line_result {
    LINE_GRANTS,
    LINE_OTHER, /* the line is about another key, or about none */
    LINE_BAD,   /* the line grants nothing, and its owner should know why */
};

/* Cut the next line off the front of `text`; false at the end. */
bool authorized_line_next(struct bytes *text, struct authorized_line *line);

/* Does the line grant this login? Fills in *grant, which the caller clears in any case. LINE_BAD
 * comes with a sentence that does not name the file or the line. */
enum authorized_line_result authorized_line_match(const struct authorized_line *line,
                                                  const struct nacre_key_login *login,
                                                  struct nacre_key_grant *grant,
                                                  const struct errbuf *p);

#endif
