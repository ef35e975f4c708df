/* Compression of our connection, both ways: RFC 4253 section 6.2, and zlib@openssh.com, which
 * begins after the login: PROTOCOL section 1.2. What we send is in stored blocks. */
#ifndef NACRE_APPS_SPEC_COMPRESSION_H
#define NACRE_APPS_SPEC_COMPRESSION_H

#include "apps/spec/peer.h"

/* New keys are in use in one direction: the negotiated compression begins with a new stream. */
void compression_begin(struct peer *p, bool sending);

/* USERAUTH_SUCCESS has come. */
void compression_logged_in(struct peer *p);

/* A payload as it is sent, compressed if compression is on. */
struct bytes compression_pack(struct peer *p, struct bytes payload);

/* A payload as it came. False: it cannot be decompressed, or not to one message. */
bool compression_unpack(struct peer *p, struct bytes *payload);

/* What 32 KiB can stand for: an IGNORE with 32 MiB, in the stream of what we send. */
struct bytes compression_bomb(struct peer *p);

#endif
