#include "apps/files/authorized_from.h"

#include "apps/session/number.h"
#include "crypto/bytes.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { PATTERN_MAX = 256 /* bytes of an entry of the list */ };

struct address {
    int family; /* AF_INET, AF_INET6 */
    unsigned bits;
    uint8_t bytes[16];
};

static bool read_address(struct address *a, const char *text)
{
    a->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    a->bits = a->family == AF_INET6 ? 128 : 32;
    return inet_pton(a->family, text, a->bytes) == 1;
}

static bool bit(const struct address *a, unsigned i)
{
    return (a->bytes[i / 8] >> (7 - i % 8)) & 1;
}

/* ADDRESS/BITS; bits after the network's must be zero. */
static bool read_network(struct address *a, char *text, unsigned *bits)
{
    char *slash = strchr(text, '/');
    uint64_t n;

    *slash = 0;
    if (!read_address(a, text) || !number_whole(slash + 1, 0, a->bits, &n))
        return false;
    *bits = (unsigned)n;
    for (unsigned i = *bits; i < a->bits; i++)
        if (bit(a, i))
            return false;
    return true;
}

static bool is_in(const struct address *a, const struct address *network, unsigned bits)
{
    if (a->family != network->family)
        return false;
    for (unsigned i = 0; i < bits; i++)
        if (bit(a, i) != bit(network, i))
            return false;
    return true;
}

static enum from_result match_one(char *pattern, const char *text, const struct address *client)
{
    struct address a;
    unsigned bits;

    if (pattern[0] == 0)
        return FROM_BAD;
    if (strchr(pattern, '/') != NULL) {
        if (!read_network(&a, pattern, &bits))
            return FROM_BAD;
        return is_in(client, &a, bits) ? FROM_YES : FROM_NO;
    }
    if (read_address(&a, pattern) && is_in(client, &a, a.bits))
        return FROM_YES; /* an address can be written in several ways */
    return bytes_match(bytes_of(pattern), bytes_of(text), true) ? FROM_YES : FROM_NO;
}

enum from_result authorized_from(const char *list, const char *address)
{
    enum from_result result = FROM_NO;
    struct address client;
    bool excluded = false, more = true;

    if (!read_address(&client, address))
        return FROM_NO;
    while (more) {
        size_t len = strcspn(list, ",");
        bool negated = list[0] == '!';
        char pattern[PATTERN_MAX];
        enum from_result one;

        if (len >= sizeof pattern)
            return FROM_BAD;
        memcpy(pattern, list, len);
        pattern[len] = 0;
        one = match_one(pattern + negated, address, &client);
        if (one == FROM_BAD)
            return FROM_BAD;
        if (one == FROM_YES && negated)
            excluded = true;
        else if (one == FROM_YES)
            result = FROM_YES;
        more = list[len] == ',';
        list += len + more;
    }
    return excluded ? FROM_NO : result;
}
