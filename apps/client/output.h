/* The peer's bytes, written to standard output or standard error.
 *
 * Nothing is buffered here: what the descriptor does not accept stays with the library, inside the
 * window that the peer has. The descriptors stay in blocking mode, because other programs may have
 * them too; a write is therefore as small as the descriptor accepts at once. */
#ifndef NACRE_APPS_CLIENT_OUTPUT_H
#define NACRE_APPS_CLIENT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output {
    int fd;
    size_t piece; /* bytes of one write */
    bool blocked; /* it accepts nothing now: wait until it is writable, clear this and try again */
    bool broken;  /* its reader has left: everything is dropped */
    bool ended;   /* by output_end */
};

void output_begin(struct output *o, int fd);

/* Returns how many bytes were written or dropped. */
size_t output_write(struct output *o, const uint8_t *data, size_t len);

/* No more bytes come: its reader sees the end. */
void output_end(struct output *o);

#endif
