#include "apps/observe/flow.h"

#include "apps/session/number.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    IP4 = 20, /* bytes of a header */
    IP6 = 40,
    TCP = 20,
    PROTOCOL_TCP = 6,
    HOPS = 64,
    WINDOW = 65535,
    FIRST_PORT = 1024, /* of clients without an address */
};

/* Each connection begins with other sequence numbers, or Wireshark 4.0 would not see where one ends
 * and the next one with the same ports begins. */
#define SPREAD UINT32_C(0x9e3779b1)

/* ---- addresses ---- */

/* "127.0.0.1:22", "[::1]:22" or "[fe80::1%eth0]:22". False: none of these. */
static bool read_address(const char *text, struct flow_end *end, bool *is_six)
{
    const char *colon = strrchr(text, ':');
    char host[OBSERVED_ADDRESS_MAX];
    size_t len;

    if (colon == NULL || !number_port(colon + 1, &end->port))
        return false;
    *is_six = text[0] == '[';
    text += *is_six;
    len = *is_six ? strcspn(text, "%]") : (size_t)(colon - text);
    if (len >= sizeof host)
        return false;
    memcpy(host, text, len);
    host[len] = 0;
    return inet_pton(*is_six ? AF_INET6 : AF_INET, host, end->address) == 1;
}

static void use_loopback(struct flow_end *end, bool is_six, uint64_t id)
{
    *end = (struct flow_end){.port = (uint16_t)(FIRST_PORT + id % (65536 - FIRST_PORT))};
    if (is_six)
        end->address[15] = 1;
    else
        memcpy(end->address, (const uint8_t[]){127, 0, 0, 1}, 4);
}

void flow_begin(struct flow *flow, const struct observed *connection)
{
    struct flow_end *ours = &flow->ends[connection->role];
    struct flow_end *theirs = &flow->ends[1 - connection->role];
    bool our_six = false, their_six = false, ours_known, theirs_known;

    *flow = (struct flow){0};
    ours_known = read_address(connection->local, ours, &our_six);
    theirs_known = read_address(connection->peer, theirs, &their_six);
    flow->is_six = theirs_known ? their_six : ours_known && our_six;
    if (!ours_known || our_six != flow->is_six)
        use_loopback(ours, flow->is_six, connection->id);
    if (!theirs_known)
        use_loopback(theirs, flow->is_six, connection->id);
    flow->ends[NACRE_SERVER].port = FLOW_SERVER_PORT;
    ours->next = theirs->next = (uint32_t)connection->id * SPREAD;
}

/* ---- headers ---- */

static void store_u16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

/* RFC 1071: the sum of 16-bit words, two at a time; the carries are added at the end. */
static uint64_t add_words(uint64_t sum, const uint8_t *bytes, size_t len)
{
    size_t i = 0;

    for (; i + 3 < len; i += 4)
        sum += load_u32(bytes + i);
    for (; i + 1 < len; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    if (i < len)
        sum += (uint32_t)bytes[i] << 8;
    return sum;
}

static uint32_t checksum(uint64_t sum)
{
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)sum ^ 0xffff;
}

/* RFC 791 section 3.1:
 *     4 bits    version, 4            4 bits    length of the header in words
 *     byte      type of service       uint16    total length
 *     uint16    identification        uint16    flags and fragment offset: do not fragment
 *     byte      time to live          byte      protocol
 *     uint16    checksum of the header
 *     uint32    source                uint32    destination                   */
static size_t put_ip4(const struct flow_end *from, const struct flow_end *to, size_t len,
                      uint8_t *out)
{
    const uint8_t fixed[] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, HOPS, PROTOCOL_TCP, 0, 0};

    memcpy(out, fixed, sizeof fixed);
    memcpy(out + 12, from->address, 4);
    memcpy(out + 16, to->address, 4);
    store_u16(out + 2, (uint32_t)(IP4 + len));
    store_u16(out + 10, checksum(add_words(0, out, IP4)));
    return IP4;
}

/* RFC 8200 section 3:
 *     4 bits    version, 6            byte      traffic class
 *     20 bits   flow label            uint16    length after this header
 *     byte      next header           byte      hop limit
 *     byte[16]  source                byte[16]  destination                   */
static size_t put_ip6(const struct flow_end *from, const struct flow_end *to, size_t len,
                      uint8_t *out)
{
    const uint8_t fixed[] = {0x60, 0, 0, 0, 0, 0, PROTOCOL_TCP, HOPS};

    memcpy(out, fixed, sizeof fixed);
    memcpy(out + 8, from->address, 16);
    memcpy(out + 24, to->address, 16);
    store_u16(out + 4, (uint32_t)len);
    return IP6;
}

/* RFC 9293 section 3.1: the checksum covers source, destination, protocol and length, too. */
static uint32_t tcp_checksum(const struct flow *flow, const uint8_t *tcp, struct bytes data,
                             enum nacre_role sender)
{
    size_t address_len = flow->is_six ? 16 : 4;
    uint64_t sum = PROTOCOL_TCP + TCP + data.len;

    sum = add_words(sum, flow->ends[sender].address, address_len);
    sum = add_words(sum, flow->ends[1 - sender].address, address_len);
    sum = add_words(sum, tcp, TCP);
    return checksum(add_words(sum, data.at, data.len));
}

/* RFC 9293 section 3.1:
 *     uint16    source port           uint16    destination port
 *     uint32    sequence number       uint32    acknowledgement number
 *     4 bits    length of the header in words
 *     12 bits   flags                 uint16    window
 *     uint16    checksum              uint16    urgent pointer                */
static void put_tcp(const struct flow *flow, enum nacre_role sender, enum flow_flags flags,
                    struct bytes data, uint8_t *out)
{
    const struct flow_end *from = &flow->ends[sender], *to = &flow->ends[1 - sender];

    store_u16(out, from->port);
    store_u16(out + 2, to->port);
    store_u32(out + 4, from->next);
    store_u32(out + 8, flags & FLOW_ACK ? to->next : 0);
    store_u16(out + 12, (uint32_t)(TCP / 4) << 12 | (uint32_t)flags);
    store_u16(out + 14, WINDOW);
    store_u32(out + 16, 0);
    store_u16(out + 16, tcp_checksum(flow, out, data, sender));
}

size_t flow_header(struct flow *flow, enum nacre_role sender, enum flow_flags flags,
                   struct bytes data, uint8_t out[FLOW_HEADER_MAX])
{
    const struct flow_end *to = &flow->ends[1 - sender];
    struct flow_end *from = &flow->ends[sender];
    size_t ip = flow->is_six ? put_ip6(from, to, TCP + data.len, out)
                             : put_ip4(from, to, TCP + data.len, out);

    put_tcp(flow, sender, flags, data, out + ip);
    from->next += (uint32_t)data.len + ((flags & (FLOW_SYN | FLOW_FIN)) != 0);
    return ip + TCP;
}
