/* The bytes of a stream: each side of a channel writes a pattern, which the other side compares. */
#include "tests/simulate/parts.h"

#include <string.h>

enum { PATTERN = 65521 /* bytes after which the bytes of a stream repeat: a prime */ };

static const uint8_t *pattern_table(void)
{
    static uint8_t table[PATTERN + PIECE];
    struct chance c = {1};

    if (table[0] == 0)
        for (size_t i = 0; i < sizeof table; i++)
            table[i] = i < PATTERN ? (uint8_t)(chance_next(&c) | 1) : table[i - PATTERN];
    return table;
}

const uint8_t *stream_pattern(const struct side *s, int stream, uint64_t offset)
{
    uint64_t start = s->link->serial * 977 + (s == &s->link->side[0]) * 31337U;

    return pattern_table() + (start + (uint64_t)stream * 7919 + offset) % PATTERN;
}

void stream_check(const struct side *writer, int stream, uint64_t offset, const uint8_t *data,
                  size_t len)
{
    for (size_t n; len > 0; offset += n, data += n, len -= n) {
        n = len < PIECE ? len : PIECE;
        REQUIRE(writer->party->world, memcmp(data, stream_pattern(writer, stream, offset), n) == 0,
                "channel %u: wrong bytes at %llu", writer->link->serial,
                (unsigned long long)offset);
    }
}

void stream_push(struct side *s, int stream)
{
    while (s->backlog[stream] > 0 && s->channel != NULL) {
        size_t n = s->backlog[stream] < PIECE ? (size_t)s->backlog[stream] : PIECE;
        const uint8_t *at = stream_pattern(s, stream, s->written[stream]);
        size_t got = stream == DATA ? nacre_channel_write(s->channel, at, n)
                                    : nacre_channel_write_extended(s->channel, at, n);

        REQUIRE(s->party->world, got <= n, "write accepted more than it was given");
        s->written[stream] += got;
        s->backlog[stream] -= got;
        if (got < n)
            return;
    }
}
