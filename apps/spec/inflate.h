/* Decompression, for compression in SSH: RFC 1950 and RFC 1951, in pieces that may end at any bit.
 *
 * RFC 4253 section 6.2: the stream goes on from packet to packet, and each packet can be
 * decompressed as soon as it arrives. */
#ifndef NACRE_APPS_SPEC_INFLATE_H
#define NACRE_APPS_SPEC_INFLATE_H

#include "crypto/bytes.h"

enum {
    INFLATE_WINDOW = 32768, /* bytes: how far back a match may reach */
    INFLATE_MAX = 1 << 20,  /* bytes of output of one piece; more is refused */
};

struct inflater;

/* A new stream; NULL: out of memory. */
struct inflater *inflater_new(void);
void inflater_free(struct inflater *z);

/* Decompress the next piece. *out is valid until the next call. False: it is not a zlib stream. */
bool inflate(struct inflater *z, struct bytes piece, struct bytes *out);

#endif
