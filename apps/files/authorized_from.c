#include "apps/files/authorized_from.h"

#include "apps/session/number.h"
#include "crypto/bytes.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    ADDRESS_TEXT_MAX = 64, /* bytes of an address or network; a longer entry is only a pattern */
};

struct address {
    int family; /* AF_INET, AF_INET6 */
    unsigned bits;
    uint8_t bytes[16];
    struct bytes zone; /* after the %, RFC 4007 section 11; or empty */
};

/* IPv4 in all forms of inet_aton, such as 127.1, as in sshd. Of inet_aton's own latitude, white
 * space after the address is not accepted. */
static bool read_ipv4(struct address *a, const char *text)
{
    struct in_addr four;

    if (strpbrk(text, " \t\n\v\f\r") != NULL || inet_aton(text, &four) == 0)
        return false;
    a->family = AF_INET;
    a->bits = 32;
    memcpy(a->bytes, &four, sizeof four);
    return true;
}

/* Only these have a zone whose name means something. */
static bool is_link_local(const uint8_t bytes[16])
{
    return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

/* `text` is changed, and the zone is a view into it. */
static bool read_address(struct address *a, char *text)
{
    char *percent = strchr(text, '%');

    *a = (struct address){.family = AF_INET6, .bits = 128};
    if (strchr(text, ':') == NULL)
        return read_ipv4(a, text);
    if (percent != NULL) {
        *percent = 0;
        a->zone = bytes_of(percent + 1);
    }
    if (inet_pton(AF_INET6, text, a->bytes) != 1)
        return false;
    return percent == NULL || (a->zone.len > 0 && is_link_local(a->bytes));
}

static bool bit(const struct address *a, unsigned i)
{
    return (a->bytes[i / 8] >> (7 - i % 8)) & 1;
}

/* As in sshd, a network without a zone contains no address that has one. */
static bool is_in(const struct address *a, const struct address *network, unsigned bits)
{
    if (a->family != network->family || !bytes_equal(a->zone, network->zone))
        return false;
    for (unsigned i = 0; i < bits; i++)
        if (bit(a, i) != bit(network, i))
            return false;
    return true;
}

/* Read the number of bits, UINT32_MAX if it is greater. False: this is not a number. */
static bool read_bits(const char *text, uint64_t *bits)
{
    if (text[0] == 0 || text[strspn(text, "0123456789")] != 0)
        return false;
    if (!number_whole(text, 0, UINT32_MAX, bits))
        *bits = UINT32_MAX;
    return true;
}

/* ADDRESS or ADDRESS/BITS; bits after the network's must be zero. More bits than an address has are
 * a mistake, as in OpenSSH since 10.0, which took more than 128 for a pattern before. */
static enum from_result match_network(char *entry, const struct address *client, bool *is_network)
{
    char *slash = strchr(entry, '/');
    struct address a;
    uint64_t bits = 0;

    if (slash != NULL) {
        *slash = 0;
        if (!read_bits(slash + 1, &bits))
            return FROM_NO;
    }
    if (!read_address(&a, entry))
        return FROM_NO;
    *is_network = true;
    if (slash == NULL)
        bits = a.bits;
    if (bits > a.bits)
        return FROM_BAD;
    for (unsigned i = (unsigned)bits; i < a.bits; i++)
        if (bit(&a, i))
            return FROM_BAD;
    return is_in(client, &a, (unsigned)bits) ? FROM_YES : FROM_NO;
}

static enum from_result match_one(struct bytes entry, const char *text,
                                  const struct address *client, bool *is_network)
{
    char copy[ADDRESS_TEXT_MAX];
    enum from_result result = FROM_NO;

    *is_network = false;
    if (entry.len == 0)
        return FROM_BAD;
    if (entry.len < sizeof copy) {
        memcpy(copy, entry.at, entry.len);
        copy[entry.len] = 0;
        result = match_network(copy, client, is_network);
    }
    if (result != FROM_NO)
        return result;
    return bytes_match(entry, bytes_of(text), true) ? FROM_YES : FROM_NO;
}

bool authorized_from_is_list(const char *list)
{
    const struct address nobody = {.family = AF_UNSPEC};
    bool more = true;

    while (more) {
        struct bytes entry = {(const uint8_t *)list, strcspn(list, ",")};
        bool negated = list[0] == '!', is_network;
        enum from_result one = match_one(bytes_from(entry, negated), "", &nobody, &is_network);

        if (one == FROM_BAD || (!is_network && memchr(entry.at, '/', entry.len) != NULL))
            return false;
        more = list[entry.len] == ',';
        list += entry.len + more;
    }
    return true;
}

enum from_result authorized_from(const char *list, const char *address)
{
    enum from_result result = FROM_NO;
    char copy[ADDRESS_TEXT_MAX];
    struct address client;
    bool excluded = false, more = true;

    if (strlen(address) >= sizeof copy)
        return FROM_NO;
    memcpy(copy, address, strlen(address) + 1);
    if (!read_address(&client, copy))
        return FROM_NO;
    while (more) {
        struct bytes entry = {(const uint8_t *)list, strcspn(list, ",")};
        bool negated = list[0] == '!', is_network;
        enum from_result one = match_one(bytes_from(entry, negated), address, &client, &is_network);

        if (one == FROM_BAD)
            return FROM_BAD;
        if (one == FROM_YES && negated)
            excluded = true;
        else if (one == FROM_YES)
            result = FROM_YES;
        more = list[entry.len] == ',';
        list += entry.len + more;
    }
    return excluded ? FROM_NO : result;
}
