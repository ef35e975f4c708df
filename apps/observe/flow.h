/* A connection as TCP segments that were never sent: headers for packets that are known without
 * them. Sequence and acknowledgement numbers, lengths and checksums are right, so that a program
 * that reads captures follows the stream. RFC 791, RFC 8200, RFC 9293. */
#ifndef NACRE_APPS_OBSERVE_FLOW_H
#define NACRE_APPS_OBSERVE_FLOW_H

#include "apps/observe/observed.h"
#include "crypto/bytes.h"

enum {
    FLOW_HEADER_MAX = 60,       /* bytes of an IPv6 and a TCP header */
    FLOW_DATA_MAX = 65535 - 40, /* bytes in one segment, with either version of IP */
    FLOW_SERVER_PORT = 22,      /* Wireshark before 4.6 recognises SSH by it alone */
};

/* What a segment does, as bits of the TCP header. */
enum flow_flags {
    FLOW_FIN = 0x01,
    FLOW_SYN = 0x02,
    FLOW_RST = 0x04,
    FLOW_PSH = 0x08,
    FLOW_ACK = 0x10,
};

struct flow_end {
    uint8_t address[16]; /* the first 4 bytes with IPv4 */
    uint16_t port;
    uint32_t next; /* sequence number */
};

struct flow {
    bool is_six;
    struct flow_end ends[2]; /* by role */
};

/* An address that is no IP address and port, such as the path of a Unix socket, becomes a loopback
 * address; the number of the connection then tells the clients apart. */
void flow_begin(struct flow *flow, const struct observed *connection);

/* The headers of the next segment from that end, with the data that follows them. Returns their
 * length. */
size_t flow_header(struct flow *flow, enum nacre_role sender, enum flow_flags flags,
                   struct bytes data, uint8_t out[FLOW_HEADER_MAX]);

#endif
