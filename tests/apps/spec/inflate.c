/* Decompression, with streams that zlib made with Z_PARTIAL_FLUSH after each piece, as RFC 4253
 * section 6.2 requires. A piece's last block may end in the next piece. */
#include "apps/spec/inflate.h"
#include "crypto/random.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"

#include <stdio.h>
#include <stdlib.h>

enum { PIECES = 3, ROOM = 4096, TRIES = 3000 };

static const struct {
    const char *kind; /* of its blocks */
    const char *pieces[PIECES];
} streams[] = {
    /* clang-format off */
    {"fixed",
     {"78012a484d2cca0108",
      "a0e48cc4bcbcd41c05032b050385a4ca92d4622e9890a1950240",
      "00e19735b734b4441335b2523034b530b6401336b6523032363735471336b1523036343337431336050a5b9a"
     "5a9aa2099b592998989b1a9aa00903dd666a6a626c8ce93e33636353234c079a9a1b9b62bacfd0d8ccd404d3"
     "7d468640e598ee33b234b134c2749fb1b989a121a6fb4c4c8d8db1849fa9b19109960034333434c31280c6a6"
     "a68698ee3334343137c0749fa1a5b18525a6fb8ccc8d0d2c30dd070c2623734cf799181b9a9861093f430333"
     "2c01686a616981250081e16a8ee93e4b230b334ce7199a1b1998623acfc8d4d0c804d379c0303531c6749e89"
     "81a59911a6f34c2c2c2cb0849fa999850196f033333137c4127ee686064698ee3334353032c4749f11309118"
     "60ba0f1803a69658a2d7c2dcdc02d37d26666696b0f00308"}},
    {"dynamic",
     {"78da2a484d2cca0108",
      "a0e48cc4bcbcd41c05032b050385a4ca92d4622e9890a1950240",
      "003ee9ddcaa21086a1682bb704645bfed07f6143320962bd5410ec75e0f7690de65a6d7f607b5fb3efcfbc58"
     "d71cfb7364e535f3ccc3e135e7fea288b8e66323c35d7de94e5320cba93e7832d46738d7d5671363eaf30a40"
     "7d41f7473fbac5236002f908e824d407442df561bc477d56be5a7d279395fac211f9e887958f80ece947c0d3"
     "b5d437d6a93c942d2acf080be59da6e1ca8b3569ca8bee7ef463f67af4cb283cfa1596a90f5c06f5d9f9244b"
     "7de705388fe7edaa565f64ce7fbf3f01"}},
    {"stored",
     {"7801000500faff706561726c02",
      "001e00e1ff6368616e6e656c20303a20302062797465730a6368616e6e656c20313a2002"}},
    /* clang-format on */
};

enum { STREAMS = sizeof streams / sizeof streams[0] };

/* What the pieces stand for. */
static struct bytes expected(size_t piece)
{
    static char text[ROOM];
    size_t len = 0;

    for (unsigned i = 0; i < 40; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "channel %u: %u bytes\n", i % 7,
                                i * 7919 % 65536);
    return piece == 0 ? bytes_of("pearl")
                      : (struct bytes){(const uint8_t *)text, piece == 1 ? 30 : len};
}

/* Decompress a piece in parts of so many bytes; the output is that of the piece. */
static void check_piece(struct inflater *z, const char *hex, struct bytes wanted, size_t part)
{
    uint8_t piece[ROOM], all[ROOM];
    size_t len = unhex(piece, sizeof piece, hex), have = 0;

    for (size_t at = 0; at < len; at += part) {
        struct bytes out;

        ck_assert(inflate(z, (struct bytes){piece + at, len - at < part ? len - at : part}, &out));
        ck_assert_uint_le(have + out.len, wanted.len);
        if (out.len > 0)
            memcpy(all + have, out.at, out.len);
        have += out.len;
    }
    ck_assert_uint_eq(have, wanted.len);
    ck_assert_mem_eq(all, wanted.at, have);
}

START_TEST(every_piece_is_decompressed_when_it_comes)
{
    static const size_t parts[] = {1, 2, 7, ROOM};

    for (size_t i = 0; i < STREAMS * sizeof parts / sizeof parts[0]; i++) {
        struct inflater *z = inflater_new();

        for (size_t piece = 0; piece < PIECES; piece++)
            if (streams[i % STREAMS].pieces[piece] != NULL)
                check_piece(z, streams[i % STREAMS].pieces[piece], expected(piece),
                            parts[i / STREAMS]);
        inflater_free(z);
    }
}
END_TEST

static void check_bad(const char *hex)
{
    struct inflater *z = inflater_new();
    uint8_t piece[ROOM];
    struct bytes out;

    ck_assert_msg(!inflate(z, (struct bytes){piece, unhex(piece, sizeof piece, hex)}, &out), "%s",
                  hex);
    inflater_free(z);
}

START_TEST(what_is_no_stream_is_refused)
{
    check_bad("7802");           /* not a multiple of 31 */
    check_bad("7920");           /* another method */
    check_bad("78bb");           /* with a dictionary */
    check_bad("780107");         /* a block of type 3 */
    check_bad("7801000500fbff"); /* LEN and NLEN differ */
    check_bad("78da4b4c4a0600"); /* the stream ends */
    check_bad("78010202");       /* a distance past the beginning */
    check_bad("780104009204");   /* more code lengths than there is room for */
}
END_TEST

/* Zeros in the longest matches: 258 bytes for 2 bits. */
START_TEST(a_piece_of_more_than_a_mebibyte_is_refused)
{
    struct inflater *z = inflater_new();
    uint8_t piece[ROOM] = {0};
    struct bytes out;

    ck_assert_uint_gt(unhex(piece, sizeof piece, "78daecc13101000000c2a0f54f6d085fa0"), 0);
    ck_assert(inflate(z, (struct bytes){piece, ROOM / 8}, &out));
    ck_assert_uint_gt(out.len, INFLATE_MAX / 4);
    inflater_free(z);
    z = inflater_new();
    ck_assert(!inflate(z, (struct bytes){piece, ROOM}, &out));
    inflater_free(z);
}
END_TEST

START_TEST(changed_streams_end_with_an_answer)
{
    const uint8_t seed[32] = {7};
    struct random_seeded state;
    struct random_source source = random_from_seed(&state, seed);

    for (int i = 0; i < TRIES; i++) {
        struct inflater *z = inflater_new();
        uint8_t piece[ROOM], chosen[4];
        size_t len = unhex(piece, sizeof piece, streams[i % STREAMS].pieces[0]);
        struct bytes out;

        len += unhex(piece + len, sizeof piece - len, streams[i % STREAMS].pieces[1]);
        random_fill(&source, chosen, sizeof chosen);
        piece[2 + (chosen[0] + 256U * chosen[1]) % (len - 2)] ^= chosen[2];
        if (inflate(z, (struct bytes){piece, len}, &out))
            ck_assert_uint_le(out.len, INFLATE_MAX);
        inflater_free(z);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, every_piece_is_decompressed_when_it_comes);
    add_test(suite, what_is_no_stream_is_refused);
    add_test(suite, a_piece_of_more_than_a_mebibyte_is_refused);
    add_test(suite, changed_streams_end_with_an_answer);
}
