#include "apps/server/proxy_header.h"

#include "apps/session/number.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum {
    V1_MAX = 107, /* bytes of a line of version 1, CR and LF included */
    V1_WORD_MAX = 64,
    V2_FIXED = 16, /* signature, version and command, family, length */
    V2_COMMAND_AT = 12,
    V2_FAMILY_AT = 13,
    V2_LENGTH_AT = 14,
    V2_LOCAL = 0x20,
    V2_PROXY = 0x21,
    V2_UNSPECIFIED = 0x00,
    V2_TCP4 = 0x11,
    V2_TCP6 = 0x21,
    V2_UNIX = 0x31,
    V2_TCP4_LEN = 12,  /* two addresses and two ports */
    V2_TCP6_LEN = 36,  /* the same */
    V2_UNIX_LEN = 216, /* two paths */
};

static const char v1_begin[] = "PROXY ";
static const uint8_t v2_begin[V2_COMMAND_AT] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

/* Does data begin with these bytes, as far as it goes? */
static bool begins(struct bytes data, const void *with, size_t len)
{
    return memcmp(data.at, with, data.len < len ? data.len : len) == 0;
}

static void set_ipv4(struct sockaddr_storage *out, const uint8_t address[4], uint16_t port)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};

    memcpy(&four.sin_addr, address, sizeof four.sin_addr);
    memcpy(out, &four, sizeof four);
}

static void set_ipv6(struct sockaddr_storage *out, const uint8_t address[16], uint16_t port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    memcpy(&six.sin6_addr, address, sizeof six.sin6_addr);
    memcpy(out, &six, sizeof six);
}

/* ---- version 1: "PROXY TCP4 192.0.2.1 198.51.100.1 51234 22" CR LF ---- */

/* The next word of the line, which one space or the end follows. */
static bool take_word(struct bytes *line, char word[V1_WORD_MAX])
{
    const uint8_t *space = memchr(line->at, ' ', line->len);
    size_t len = space != NULL ? (size_t)(space - line->at) : line->len;

    if (len == 0 || len >= V1_WORD_MAX || len + 1 == line->len)
        return false; /* a space at the end separates nothing */
    memcpy(word, line->at, len);
    word[len] = 0;
    *line = bytes_from(*line, space != NULL ? len + 1 : len);
    return true;
}

static bool take_address(struct bytes *line, int family, uint8_t address[16])
{
    char word[V1_WORD_MAX];

    return take_word(line, word) && inet_pton(family, word, address) == 1;
}

static bool take_port(struct bytes *line, uint16_t *port)
{
    char word[V1_WORD_MAX];

    return take_word(line, word) && number_port(word, port);
}

static enum proxy_status read_v1_line(struct bytes line, struct sockaddr_storage *address)
{
    uint8_t source[16], destination[16];
    uint16_t source_port, destination_port;
    char word[V1_WORD_MAX];
    int family;

    if (!take_word(&line, word))
        return PROXY_BAD;
    if (strcmp(word, "UNKNOWN") == 0)
        return PROXY_OWN; /* whatever else the line says */
    family = strcmp(word, "TCP4") == 0 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && strcmp(word, "TCP6") != 0)
        return PROXY_BAD;
    if (!take_address(&line, family, source) || !take_address(&line, family, destination) ||
        !take_port(&line, &source_port) || !take_port(&line, &destination_port) || line.len > 0)
        return PROXY_BAD;
    if (family == AF_INET)
        set_ipv4(address, source, source_port);
    else
        set_ipv6(address, source, source_port);
    return PROXY_ADDRESS;
}

static enum proxy_status read_v1(struct bytes data, struct sockaddr_storage *address, size_t *size)
{
    size_t most = data.len < V1_MAX ? data.len : V1_MAX;
    const uint8_t *end = memchr(data.at, '\n', most);
    size_t len;

    if (end == NULL)
        return most < V1_MAX ? PROXY_PARTIAL : PROXY_BAD;
    len = (size_t)(end - data.at);
    *size = len + 1;
    if (len < sizeof v1_begin || data.at[len - 1] != '\r' || memchr(data.at, 0, len) != NULL)
        return PROXY_BAD;
    return read_v1_line((struct bytes){data.at + sizeof v1_begin - 1, len - sizeof v1_begin},
                        address);
}

/* ---- version 2 ----
 *
 *   byte[12]  signature
 *   byte      version (2, the upper half) and command (0 LOCAL, 1 PROXY)
 *   byte      family and protocol
 *   uint16    length of what follows: addresses, ports, and extensions, which are skipped */

static enum proxy_status read_v2_address(struct bytes data, uint8_t family,
                                         struct sockaddr_storage *address)
{
    const uint8_t *at = data.at;

    switch (family) {
    case V2_TCP4:
        if (data.len < V2_TCP4_LEN)
            return PROXY_BAD;
        set_ipv4(address, at, (uint16_t)(at[8] << 8 | at[9]));
        return PROXY_ADDRESS;
    case V2_TCP6:
        if (data.len < V2_TCP6_LEN)
            return PROXY_BAD;
        set_ipv6(address, at, (uint16_t)(at[32] << 8 | at[33]));
        return PROXY_ADDRESS;
    case V2_UNIX:
        return data.len < V2_UNIX_LEN ? PROXY_BAD : PROXY_OWN;
    case V2_UNSPECIFIED:
        return PROXY_OWN;
    default:
        return PROXY_BAD; /* datagrams do not carry SSH */
    }
}

static enum proxy_status read_v2(struct bytes data, struct sockaddr_storage *address, size_t *size)
{
    uint8_t command;
    size_t len;

    if (data.len < V2_FIXED)
        return PROXY_PARTIAL;
    command = data.at[V2_COMMAND_AT];
    len = (size_t)(data.at[V2_LENGTH_AT] << 8 | data.at[V2_LENGTH_AT + 1]);
    if ((command != V2_LOCAL && command != V2_PROXY) || len > PROXY_HEADER_MAX - V2_FIXED)
        return PROXY_BAD;
    if (data.len < V2_FIXED + len)
        return PROXY_PARTIAL;
    *size = V2_FIXED + len;
    if (command == V2_LOCAL)
        return PROXY_OWN;
    return read_v2_address((struct bytes){data.at + V2_FIXED, len}, data.at[V2_FAMILY_AT], address);
}

enum proxy_status proxy_header_read(struct bytes data, struct sockaddr_storage *address,
                                    size_t *size)
{
    if (data.len == 0)
        return PROXY_PARTIAL;
    if (begins(data, v1_begin, sizeof v1_begin - 1))
        return read_v1(data, address, size);
    if (begins(data, v2_begin, sizeof v2_begin))
        return read_v2(data, address, size);
    return PROXY_BAD;
}
