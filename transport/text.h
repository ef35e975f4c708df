/* The peer's text, made safe for a terminal and for logs. RFC 4251 section 9.2, RFC 4253
 * section 11.1: control characters are filtered. */
#ifndef NACRE_TRANSPORT_TEXT_H
#define NACRE_TRANSPORT_TEXT_H

#include "crypto/bytes.h"

/* Write `text`, NUL-terminated: at most `size` bytes (1 or more) including the NUL, cut between
 * characters. Each byte of a control character (C0, DEL, C1: U+0080 to U+009F) and of malformed
 * UTF-8 becomes '?', so the result is never longer than `text`. Returns out. */
const char *clean_text(char *out, size_t size, struct bytes text);

/* The same for text of several lines: CR, LF and TAB are kept. */
const char *clean_lines(char *out, size_t size, struct bytes text);

/* The beginning of `text`, at most `most` bytes, cut between characters; a view into it. */
struct bytes text_clipped(const char *text, size_t most);

#endif
