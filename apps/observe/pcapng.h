/* Blocks of a capture file: pcapng, draft-ietf-opsawg-pcapng. Numbers are little-endian. A block is
 * written as its beginning, its contents, and its end. */
#ifndef NACRE_APPS_OBSERVE_PCAPNG_H
#define NACRE_APPS_OBSERVE_PCAPNG_H

#include "crypto/bytes.h"

enum {
    PCAPNG_START_MAX = 256,
    PCAPNG_HEAD_MAX = 28,     /* bytes before the contents of a block */
    PCAPNG_COMMENT_MAX = 400, /* bytes of a comment; the rest is cut */
    PCAPNG_TAIL_MAX = 3 + 4 + PCAPNG_COMMENT_MAX + 3 + 8 + 12 + 4 + 4,
};

/* The beginning of a file, with one interface, whose packets begin with an IP header. Returns its
 * length. program: "nacre-echo 0.1". */
size_t pcapng_start(uint8_t out[PCAPNG_START_MAX], const char *program);

/* The beginning and the end of a block around its contents. */
struct pcapng_block {
    uint8_t head[PCAPNG_HEAD_MAX], tail[PCAPNG_TAIL_MAX];
    size_t head_len, tail_len;
};

/* A packet. */
struct pcapng_packet {
    uint64_t us; /* since 1970 */
    size_t len;  /* bytes of the packet, headers included */
    bool is_sent;
    uint64_t dropped;    /* packets that are missing before this one */
    const char *comment; /* or NULL */
};
void pcapng_packet(struct pcapng_block *block, const struct pcapng_packet *packet);

/* Secrets, `len` bytes of lines of a key log: they come before the packets that need them. */
void pcapng_secrets(struct pcapng_block *block, size_t len);

#endif
