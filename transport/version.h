/* The identification string. RFC 4253 section 4.2. */
#ifndef NACRE_TRANSPORT_VERSION_H
#define NACRE_TRANSPORT_VERSION_H

#include "crypto/bytes.h"
#include "transport/api.h"

enum {
    VERSION_LINE_MAX = 255,        /* bytes, CR LF included */
    VERSION_LINES_BEFORE_MAX = 64, /* other lines that a server may send before it */
    VERSION_NOISE_MAX = 8192,      /* bytes of one such line */
};

/* Ours, without CR LF. */
extern const char version_ours[];

enum version_status {
    VERSION_READY,
    VERSION_PARTIAL, /* no end of line yet */
    VERSION_SKIP,    /* another line: drop `size` bytes and read again */
    VERSION_MALFORMED,
    VERSION_UNSUPPORTED, /* a protocol version other than 2.0 */
};

/* Read the line at the beginning of `input`.
 * role  ours: a client accepts other lines first, a server does not
 * line  READY: the identification string without CR LF, a view into input
 * size  READY and SKIP: bytes to consume */
enum version_status version_read(struct bytes input, enum nacre_role role, struct bytes *line,
                                 size_t *size);

/* Only ASCII, as RFC 4253 section 4.2 asks for: it can be shown as it is. */
bool version_is_ascii(struct bytes version);

#endif
