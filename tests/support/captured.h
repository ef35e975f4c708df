/* Reads a capture that nacre wrote of one connection: the streams of its two ends, and the order of
 * its packets and secrets. */
#ifndef NACRE_TESTS_SUPPORT_CAPTURED_H
#define NACRE_TESTS_SUPPORT_CAPTURED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CAPTURED_STREAM_MAX = 512 * 1024 };

struct captured {
    uint8_t streams[2][CAPTURED_STREAM_MAX]; /* by the role that sent them */
    size_t lens[2];
    uint32_t next[2];           /* sequence numbers */
    size_t reply_at;            /* where the first reply of the server begins in its stream */
    size_t secrets, early;      /* blocks; those before that reply */
    size_t packets;             /* with their first and last time, in microseconds: */
    uint64_t first_us, last_us; /* since 1970 */
    size_t finished, resets;    /* segments with FIN, with RST */
    /* Of packets and secrets. "S.12>5;": the server's segment with flags 12 in hex and 5 bytes of
     * data, sent by the program whose capture it is; "<": received. A comment follows in brackets.
     */
    char order[2048];
};

/* Read the file, and fail the test where its blocks, lengths or sequence numbers are wrong, or
 * others may read it. */
void captured_read(struct captured *found, const char *path);

/* Whether these bytes are anywhere in the file. */
bool captured_contains(const char *path, const void *bytes, size_t len);

#endif
