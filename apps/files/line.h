/* Lines of text, as views. */
#ifndef NACRE_APPS_FILES_LINE_H
#define NACRE_APPS_FILES_LINE_H

#include "crypto/bytes.h"

/* Cut the next line off the front of `text`. Its LF is not part of it. */
static inline struct bytes line_next(struct bytes *text)
{
    const uint8_t *lf = text->len > 0 ? memchr(text->at, '\n', text->len) : NULL;
    struct bytes line = {text->at, lf != NULL ? (size_t)(lf - text->at) : text->len};

    *text = bytes_from(*text, line.len + (lf != NULL));
    return line;
}

#endif
