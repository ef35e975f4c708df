/* The bytes of a stream: each side of a channel writes a pattern, which the other side compares. */
#include "tests/simulate/parts.h"

#include <stdlib.h>
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

/* ---- where messages end ---- */

void stream_note_message(struct side *s, int stream, uint64_t end)
{
    struct ends *e = &s->ends[stream];

    if (e->len == e->cap) {
        e->cap = e->cap == 0 ? 16 : e->cap * 2;
        e->at = realloc(e->at, e->cap * sizeof *e->at);
        REQUIRE(s->party->world, e->at != NULL, "out of memory");
    }
    e->at[e->len++] = end;
}

void stream_check_message(struct side *s, int stream, size_t len)
{
    struct ends *e = &s->ends[stream];

    while (e->first < e->len && e->at[e->first] <= s->taken[stream])
        e->first++;
    REQUIRE(s->party->world, e->first < e->len && s->taken[stream] + len == e->at[e->first],
            "channel %u: %zu bytes that are not one message, or what is left of it",
            s->link->serial, len);
    if (e->first < e->len / 2)
        return;
    memmove(e->at, e->at + e->first, (e->len - e->first) * sizeof *e->at);
    e->len -= e->first;
    e->first = 0;
}

void stream_clear(struct side *s)
{
    for (int stream = 0; stream < STREAMS; stream++)
        free(s->ends[stream].at);
}
