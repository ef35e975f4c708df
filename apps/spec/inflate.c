#include "apps/spec/inflate.h"

#include <stdlib.h>

enum {
    BITS_MAX = 15,      /* of a Huffman code */
    SYMBOLS_MAX = 288,  /* of literals and lengths: section 3.2.6 */
    DISTANCES_MAX = 30, /* section 3.2.5 */
    LENGTH_CODES = 19,  /* section 3.2.7 */
    END_OF_BLOCK = 256,
    LENGTHS = 29, /* symbols 257 to 285 */
};

/* A canonical Huffman code: how many codes have each length, and the symbols in their order. */
struct huffman {
    uint16_t count[BITS_MAX + 1];
    uint16_t symbol[SYMBOLS_MAX];
};

enum state { AT_STREAM, AT_BLOCK, IN_STORED, IN_CODES, AT_END };

/* A step is undone if its bits have not all come. */
enum step { STEP_DONE, STEP_MORE, STEP_BAD };

struct inflater {
    enum state state;
    bool last; /* the block is the stream's last one */
    uint8_t *in;
    size_t in_len, in_size; /* bytes that came and are not all used */
    size_t bit;             /* of `in`: the next one */
    size_t stored;          /* bytes left of a stored block */
    struct huffman lengths, distances;
    uint8_t *out; /* the window, and after it what this piece gave */
    size_t out_len, out_size, begin;
};

struct inflater *inflater_new(void)
{
    return calloc(1, sizeof(struct inflater));
}

void inflater_free(struct inflater *z)
{
    if (z == NULL)
        return;
    free(z->in);
    free(z->out);
    free(z);
}

/* ---- bits ---- */

/* The next n bits, least significant first: section 3.1.1. */
static bool take_bits(struct inflater *z, unsigned n, unsigned *value)
{
    *value = 0;
    if (z->bit + n > z->in_len * 8)
        return false;
    for (unsigned i = 0; i < n; i++, z->bit++)
        *value |= (unsigned)(z->in[z->bit / 8] >> (z->bit % 8) & 1) << i;
    return true;
}

/* Section 3.2.2: codes of the same length are consecutive, in the order of their symbols. */
static enum step take_symbol(struct inflater *z, const struct huffman *h, unsigned *symbol)
{
    unsigned code = 0, first = 0, index = 0, bit;

    for (int len = 1; len <= BITS_MAX; len++) {
        if (!take_bits(z, 1, &bit))
            return STEP_MORE;
        code |= bit;
        if (code - first < h->count[len]) {
            *symbol = h->symbol[index + code - first];
            return STEP_DONE;
        }
        index += h->count[len];
        first = (first + h->count[len]) << 1;
        code <<= 1;
    }
    return STEP_BAD;
}

/* From the length of each symbol's code; 0: the symbol has none. False: more codes than there is
 * room for. */
static bool set_codes(struct huffman *h, const uint8_t *lengths, size_t n)
{
    uint16_t at[BITS_MAX + 1] = {0};
    int left = 1;

    memset(h, 0, sizeof *h);
    for (size_t i = 0; i < n; i++)
        h->count[lengths[i]]++;
    h->count[0] = 0;
    for (int len = 1; len <= BITS_MAX; len++) {
        left = 2 * left - h->count[len];
        if (left < 0)
            return false;
        at[len] = (uint16_t)(at[len - 1] + h->count[len - 1]);
    }
    for (size_t i = 0; i < n; i++)
        if (lengths[i] != 0)
            h->symbol[at[lengths[i]]++] = (uint16_t)i;
    return true;
}

/* ---- output ---- */

static bool put(struct inflater *z, uint8_t byte)
{
    if (z->out_len - z->begin >= INFLATE_MAX)
        return false;
    if (z->out_len == z->out_size) {
        size_t size = z->out_size == 0 ? (size_t)2 * INFLATE_WINDOW : 2 * z->out_size;
        uint8_t *bigger = realloc(z->out, size);

        if (bigger == NULL)
            return false;
        z->out = bigger;
        z->out_size = size;
    }
    z->out[z->out_len++] = byte;
    return true;
}

/* ---- blocks: section 3.2.3 ---- */

static void set_fixed_codes(struct inflater *z)
{
    uint8_t lengths[SYMBOLS_MAX];

    for (int i = 0; i < SYMBOLS_MAX; i++)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    (void)set_codes(&z->lengths, lengths, SYMBOLS_MAX);
    memset(lengths, 5, DISTANCES_MAX);
    (void)set_codes(&z->distances, lengths, DISTANCES_MAX);
}

/* One of the symbols that stand for code lengths: 0 to 15 a length; 16 the last one 3 to 6 times;
 * 17 and 18 zeros, 3 to 10 and 11 to 138 times. */
static enum step take_lengths(struct inflater *z, const struct huffman *codes, uint8_t *lengths,
                              size_t n)
{
    static const uint8_t bits[] = {2, 3, 7}, least[] = {3, 3, 11};

    for (size_t i = 0; i < n;) {
        unsigned symbol, times = 1;
        uint8_t length;
        enum step step = take_symbol(z, codes, &symbol);

        if (step != STEP_DONE)
            return step;
        if (symbol == 16 && i == 0)
            return STEP_BAD;
        length = (uint8_t)(symbol < 16 ? symbol : symbol == 16 ? lengths[i - 1] : 0);
        if (symbol >= 16 && !take_bits(z, bits[symbol - 16], &times))
            return STEP_MORE;
        times += symbol >= 16 ? least[symbol - 16] : 0;
        if (times > n - i)
            return STEP_BAD;
        memset(lengths + i, length, times);
        i += times;
    }
    return STEP_DONE;
}

/* Section 3.2.7 */
static enum step take_codes(struct inflater *z)
{
    static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[SYMBOLS_MAX + 32] = {0};
    unsigned literals, distances, codes, length;
    struct huffman h;
    enum step step;

    if (!take_bits(z, 5, &literals) || !take_bits(z, 5, &distances) || !take_bits(z, 4, &codes))
        return STEP_MORE;
    literals += 257;
    distances += 1;
    if (literals > 286 || distances > DISTANCES_MAX)
        return STEP_BAD;
    for (unsigned i = 0; i < codes + 4; i++) {
        if (!take_bits(z, 3, &length))
            return STEP_MORE;
        lengths[order[i]] = (uint8_t)length;
    }
    if (!set_codes(&h, lengths, LENGTH_CODES))
        return STEP_BAD;
    memset(lengths, 0, sizeof lengths);
    step = take_lengths(z, &h, lengths, literals + distances);
    if (step != STEP_DONE)
        return step;
    return set_codes(&z->lengths, lengths, literals) &&
                   set_codes(&z->distances, lengths + literals, distances)
               ? STEP_DONE
               : STEP_BAD;
}

/* Section 3.2.4: LEN and its complement, at the next byte */
static enum step take_stored(struct inflater *z)
{
    unsigned len, complement;

    z->bit = (z->bit + 7) / 8 * 8;
    if (!take_bits(z, 16, &len) || !take_bits(z, 16, &complement))
        return STEP_MORE;
    z->stored = len;
    z->state = IN_STORED;
    return (len ^ complement) == 0xffff ? STEP_DONE : STEP_BAD;
}

static enum step begin_block(struct inflater *z)
{
    unsigned last, type;
    enum step step = STEP_DONE;

    if (z->last) {
        z->state = AT_END;
        return STEP_DONE;
    }
    if (!take_bits(z, 1, &last) || !take_bits(z, 2, &type))
        return STEP_MORE;
    if (type == 0)
        step = take_stored(z);
    else if (type == 1)
        set_fixed_codes(z);
    else
        step = type == 2 ? take_codes(z) : STEP_BAD;
    if (step != STEP_DONE)
        return step;
    z->last = last == 1;
    z->state = type == 0 ? IN_STORED : IN_CODES;
    return STEP_DONE;
}

/* Section 3.2.5: a length, its extra bits, a distance, and its extra bits */
static enum step copy_match(struct inflater *z, unsigned symbol)
{
    static const uint16_t base[LENGTHS] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                           15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                           67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t extra[LENGTHS] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                           2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    unsigned more, code, distance, far;
    enum step step;

    if (symbol - 257 >= LENGTHS)
        return STEP_BAD;
    if (!take_bits(z, extra[symbol - 257], &more))
        return STEP_MORE;
    step = take_symbol(z, &z->distances, &code);
    if (step != STEP_DONE)
        return step;
    if (code >= DISTANCES_MAX)
        return STEP_BAD;
    far = code < 4 ? 0 : code / 2 - 1; /* extra bits of the distance */
    if (!take_bits(z, far, &distance))
        return STEP_MORE;
    distance += code < 4 ? code + 1 : ((2 + code % 2) << far) + 1;
    if (distance > z->out_len)
        return STEP_BAD;
    for (unsigned n = base[symbol - 257] + more; n > 0; n--)
        if (!put(z, z->out[z->out_len - distance]))
            return STEP_BAD;
    return STEP_DONE;
}

static enum step take_code(struct inflater *z)
{
    unsigned symbol;
    enum step step = take_symbol(z, &z->lengths, &symbol);

    if (step != STEP_DONE)
        return step;
    if (symbol > END_OF_BLOCK)
        return copy_match(z, symbol);
    if (symbol == END_OF_BLOCK)
        z->state = AT_BLOCK;
    else if (!put(z, (uint8_t)symbol))
        return STEP_BAD;
    return STEP_DONE;
}

static enum step copy_stored(struct inflater *z)
{
    unsigned byte;

    if (z->stored == 0) {
        z->state = AT_BLOCK;
        return STEP_DONE;
    }
    if (!take_bits(z, 8, &byte))
        return STEP_MORE;
    z->stored--;
    return put(z, (uint8_t)byte) ? STEP_DONE : STEP_BAD;
}

/* RFC 1950 section 2.2: CMF and FLG, a multiple of 31; deflate, a window of at most 32 KiB, no
 * dictionary */
static enum step begin_stream(struct inflater *z)
{
    unsigned cmf, flags;

    if (!take_bits(z, 8, &cmf) || !take_bits(z, 8, &flags))
        return STEP_MORE;
    z->state = AT_BLOCK;
    return (cmf & 15) == 8 && cmf >> 4 <= 7 && (cmf * 256 + flags) % 31 == 0 && !(flags & 32)
               ? STEP_DONE
               : STEP_BAD;
}

static enum step take_step(struct inflater *z)
{
    switch (z->state) {
    case AT_STREAM:
        return begin_stream(z);
    case AT_BLOCK:
        return begin_block(z);
    case IN_STORED:
        return copy_stored(z);
    case IN_CODES:
        return take_code(z);
    default: /* in SSH, a stream has no end */
        return STEP_BAD;
    }
}

/* ---- pieces ---- */

/* Forget what is no longer needed, and keep the window. */
static void move_up(struct inflater *z)
{
    size_t used = z->bit / 8;
    size_t kept = z->out_len < INFLATE_WINDOW ? z->out_len : INFLATE_WINDOW;

    if (used > 0)
        memmove(z->in, z->in + used, z->in_len - used);
    z->in_len -= used;
    z->bit %= 8;
    if (z->out_len > kept)
        memmove(z->out, z->out + z->out_len - kept, kept);
    z->out_len = z->begin = kept;
}

static bool add_piece(struct inflater *z, struct bytes piece)
{
    if (z->in_len + piece.len > z->in_size) {
        uint8_t *bigger = realloc(z->in, z->in_len + piece.len);

        if (bigger == NULL)
            return false;
        z->in = bigger;
        z->in_size = z->in_len + piece.len;
    }
    if (piece.len > 0)
        memcpy(z->in + z->in_len, piece.at, piece.len);
    z->in_len += piece.len;
    return true;
}

bool inflate(struct inflater *z, struct bytes piece, struct bytes *out)
{
    enum step step = STEP_DONE;
    size_t before = 0;

    move_up(z);
    if (!add_piece(z, piece))
        return false;
    while (step == STEP_DONE) {
        before = z->bit;
        step = take_step(z);
    }
    if (step == STEP_MORE)
        z->bit = before;
    *out = (struct bytes){z->out == NULL ? NULL : z->out + z->begin, z->out_len - z->begin};
    return step == STEP_MORE;
}
