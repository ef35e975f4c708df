#include "apps/spec/compression.h"

#include "apps/spec/inflate.h"
#include "transport/message.h"
#include "transport/wire.h"

enum {
    STORED_MAX = 65535, /* bytes of a stored block */
    STREAM_HEADER = 2,
    BLOCK_HEADER = 5,
    MATCH = 258,      /* bytes: the longest */
    MATCHES = 130056, /* of the bomb: 32 MiB */
};

static bool is_on(const struct peer *p, bool sending)
{
    bool to_server = sending == (p->role == NACRE_CLIENT);
    const char *name =
        p->x.chosen.name[to_server ? LIST_COMPRESSION_TO_SERVER : LIST_COMPRESSION_TO_CLIENT];

    return strcmp(name, "zlib") == 0 || (strcmp(name, "zlib@openssh.com") == 0 && p->success_came);
}

void compression_begin(struct peer *p, bool sending)
{
    if (sending) {
        p->deflating = is_on(p, true);
        p->deflate_begun = false;
        return;
    }
    inflater_free(p->inflater);
    p->inflater = NULL;
    if (is_on(p, false) && (p->inflater = inflater_new()) == NULL)
        problem(p, "out of memory");
}

void compression_logged_in(struct peer *p)
{
    bool first = !p->success_came;

    p->success_came = true;
    if (first && !p->deflating)
        compression_begin(p, true);
    if (first && p->inflater == NULL)
        compression_begin(p, false);
}

/* ---- sending ---- */

/* RFC 1950 section 2.2, a window of 32 KiB; only at the beginning of a stream */
static void put_stream_header(struct peer *p, struct writer *w)
{
    if (!p->deflate_begun)
        write_bytes(w, bytes_of("\x78\x01"));
    p->deflate_begun = true;
}

/* RFC 1951 section 3.2.4: LEN and its complement, least significant byte first. Our blocks end with
 * a whole byte, so that the next one begins with one. */
static void put_stored(struct writer *w, struct bytes content)
{
    uint8_t low = (uint8_t)content.len, high = (uint8_t)(content.len >> 8);

    write_u8(w, 0);
    write_u8(w, low);
    write_u8(w, high);
    write_u8(w, low ^ 0xff);
    write_u8(w, high ^ 0xff);
    write_bytes(w, content);
}

struct bytes compression_pack(struct peer *p, struct bytes payload)
{
    size_t room = payload.len + (payload.len / STORED_MAX + 1) * BLOCK_HEADER + STREAM_HEADER;
    struct writer w;

    if (!p->deflating)
        return payload;
    w = write_to(peer_memory(p, room), room);
    put_stream_header(p, &w);
    do {
        size_t n = payload.len < STORED_MAX ? payload.len : STORED_MAX;

        put_stored(&w, (struct bytes){payload.at, n});
        payload = bytes_from(payload, n);
    } while (payload.len > 0);
    return written_bytes(&w);
}

/* ---- receiving ---- */

bool compression_unpack(struct peer *p, struct bytes *payload)
{
    return p->inflater == NULL || (inflate(p->inflater, *payload, payload) && payload->len > 0);
}

/* ---- the bomb ---- */

struct bits {
    uint8_t *out;
    size_t n;
};

/* Least significant bit first: RFC 1951 section 3.1.1. */
static void put_bits(struct bits *b, unsigned value, unsigned n)
{
    for (unsigned i = 0; i < n; i++, b->n++)
        b->out[b->n / 8] |= (uint8_t)((value >> i & 1) << (b->n % 8));
}

/* A block with codes of its own, section 3.2.7: one bit for the longest match, one bit for the
 * distance 1. The codes of the code lengths 18 (zeros), 1 and 2 are 0, 10 and 11; they are sent
 * from their first bit. */
static void put_header(struct bits *b)
{
    static const uint8_t order[] = {0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2};

    put_bits(b, 0, 1);
    put_bits(b, 2, 2);
    put_bits(b, 286 - 257, 5);
    put_bits(b, 0, 5);
    put_bits(b, sizeof order - 4, 4);
    for (size_t i = 0; i < sizeof order; i++)
        put_bits(b, order[i], 3);
    put_bits(b, 3, 2); /* symbol 0: 2 bits */
    put_bits(b, 0, 1); /* 138 symbols without a code */
    put_bits(b, 138 - 11, 7);
    put_bits(b, 0, 1); /* 117 more */
    put_bits(b, 117 - 11, 7);
    put_bits(b, 3, 2); /* the end of the block: 2 bits */
    put_bits(b, 0, 1); /* 28 without a code */
    put_bits(b, 28 - 11, 7);
    put_bits(b, 1, 2); /* symbol 285, the longest match: 1 bit */
    put_bits(b, 1, 2); /* the distance 1: 1 bit */
}

/* byte SSH_MSG_IGNORE, string data: the beginning is stored, and the data is its last byte again
 * and again. */
struct bytes compression_bomb(struct peer *p)
{
    size_t room = MATCHES / 4 + 128;
    struct bits b = {peer_memory(p, room), 0};
    struct writer w = write_to(peer_memory(p, room), room);
    uint8_t head[5] = {SSH_MSG_IGNORE};

    store_u32(head + 1, MATCHES * MATCH);
    put_header(&b);
    b.n += 2 * (size_t)MATCHES; /* both codes are 0 */
    put_bits(&b, 3, 2);         /* the end of the block */
    put_bits(&b, 0, 3);         /* an empty stored block, up to the end of a byte */
    b.n = (b.n + 7) / 8 * 8;
    put_bits(&b, 0xffff0000, 32);
    put_stream_header(p, &w);
    put_stored(&w, (struct bytes){head, sizeof head});
    write_bytes(&w, (struct bytes){b.out, b.n / 8});
    return written_bytes(&w);
}
