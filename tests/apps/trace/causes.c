/* Each usual mistake, made once, is named. */
#include "apps/trace/causes.h"

#include "tests/support/scratch.h"
#include "tests/support/trace_exchange.h"

#include <stdlib.h>
#include <string.h>

static uint8_t wrong[64 * 1024];
static struct writer w;

/* ---- mistakes: each writes what somebody hashed instead ---- */

static void no_length(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    write_bytes(&w, f->value);
}

static void little_endian_length(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    for (int shift = 0; shift < 32; shift += 8)
        write_u8(&w, (uint8_t)(f->value.len >> shift));
    write_bytes(&w, f->value);
}

static void other_side(const struct exchange *x, const struct hashed *f)
{
    static const enum hashed_name others[HASHED_NAMES] = {
        [HASHED_V_C] = HASHED_V_S,         [HASHED_V_S] = HASHED_V_C,
        [HASHED_I_C] = HASHED_I_S,         [HASHED_I_S] = HASHED_I_C,
        [HASHED_SHARE_C] = HASHED_SHARE_S, [HASHED_SHARE_S] = HASHED_SHARE_C,
    };

    write_bytes(&w, x->blobs[others[f->id]]);
}

static void with_text(const struct hashed *f, const char *text, size_t len)
{
    uint8_t *begin = write_string_begin(&w);

    write_bytes(&w, f->value);
    write_bytes(&w, (struct bytes){(const uint8_t *)text, len});
    write_string_end(&w, begin);
}

static void with_cr_lf(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    with_text(f, "\r\n", 2);
}

static void with_cr(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    with_text(f, "\r", 1);
}

static void with_nul(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    with_text(f, "", 1);
}

static void with_padding(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    with_text(f, "paddi", 5);
}

static void without_start(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    write_string(&w, bytes_from(f->value, 1));
}

static void without_ssh(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    write_string(&w, bytes_from(f->value, strlen("SSH-2.0-")));
}

static void whole_packet(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    write_u32(&w, (uint32_t)f->value.len + 1 + 4);
    write_u8(&w, 4);
    write_bytes(&w, f->value);
    write_text(&w, "");
}

static void packet_as_string(const struct exchange *x, const struct hashed *f)
{
    uint8_t *begin = write_string_begin(&w);

    whole_packet(x, f);
    write_string_end(&w, begin);
}

static void with_padding_length(const struct exchange *x, const struct hashed *f)
{
    uint8_t *begin = write_string_begin(&w);

    (void)x;
    write_u8(&w, 4);
    write_bytes(&w, f->value);
    write_string_end(&w, begin);
}

static void other_cookie(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    write_string(&w, f->value);
    w.start[4 + 16] ^= 1; /* its last byte */
}

static void bare_key(const struct exchange *x, const struct hashed *f)
{
    struct reader r = read_from(f->value);

    (void)x;
    (void)read_string(&r);
    write_string(&w, read_string(&r));
}

static void without_zero(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    ck_assert_uint_eq(f->value.at[0], 0);
    write_string(&w, bytes_from(f->value, 1));
}

static void with_zeros(const struct exchange *x, const struct hashed *f)
{
    uint8_t *begin = write_string_begin(&w);

    (void)x;
    write_u8(&w, 0);
    write_u8(&w, 0);
    write_bytes(&w, f->value);
    write_string_end(&w, begin);
}

static void reversed(const struct exchange *x, const struct hashed *f)
{
    struct bytes number = bytes_without_zeros(f->value);
    uint8_t *begin = write_string_begin(&w);

    (void)x;
    for (size_t i = number.len; i > 0; i--)
        write_u8(&w, number.at[i - 1]);
    write_string_end(&w, begin);
}

static void reversed_u32(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    for (size_t i = 4; i > 0; i--)
        write_u8(&w, f->encoded.at[i - 1]);
}

static void as_mpint(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    write_mpint(&w, f->value);
}

static void compressed(const struct exchange *x, const struct hashed *f)
{
    uint8_t *begin = write_string_begin(&w);

    (void)x;
    write_u8(&w, 2 | (f->value.at[f->value.len - 1] & 1));
    write_bytes(&w, (struct bytes){f->value.at + 1, f->value.len / 2});
    write_string_end(&w, begin);
}

static void two_strings(const struct exchange *x, const struct hashed *f)
{
    uint8_t *begin = write_string_begin(&w);

    (void)x;
    write_string(&w, (struct bytes){f->value.at, f->value.len - 32});
    write_string(&w, bytes_from(f->value, f->value.len - 32));
    write_string_end(&w, begin);
}

static void second_half(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    write_string(&w, bytes_from(f->value, f->value.len - 32));
}

static void shorter(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    write_string(&w, (struct bytes){f->value.at, f->value.len - 1});
}

static void other_bytes(const struct exchange *x, const struct hashed *f)
{
    (void)x;
    write_bytes(&w, f->encoded);
    w.start[w.at - w.start - 1] ^= 0x55;
}

/* One half of the share is another's. */
static void two_strings_wrong_start(const struct exchange *x, const struct hashed *f)
{
    two_strings(x, f);
    w.start[4 + 4] ^= 0x55;
}

static void two_strings_wrong_end(const struct exchange *x, const struct hashed *f)
{
    two_strings(x, f);
    w.at[-1] ^= 0x55;
}

#define CURVE "curve25519-sha256"
#define DH "diffie-hellman-group14-sha256"
#define GEX "diffie-hellman-group-exchange-sha256"
#define NISTP "ecdh-sha2-nistp256"
#define MLKEM "mlkem768x25519-sha256"
#define SNTRUP "sntrup761x25519-sha512"

/* clang-format off */
static const struct mistake {
    const char *kex;
    enum hashed_name id;
    void (*make)(const struct exchange *x, const struct hashed *f);
    const char *says;
} mistakes[] = {
    {CURVE, HASHED_V_C, no_length, "its length is missing"},
    {CURVE, HASHED_V_C, little_endian_length, "its length is in the wrong byte order"},
    {CURVE, HASHED_V_C, with_cr_lf, "CR LF is inside"},
    {CURVE, HASHED_V_S, with_cr, "CR LF is inside"},
    {CURVE, HASHED_V_S, with_nul, "a final NUL"},
    {CURVE, HASHED_V_S, without_ssh, "'SSH-2.0-' is missing"},
    {CURVE, HASHED_V_C, other_side, "client and server are swapped"},
    {CURVE, HASHED_V_S, other_side, "client and server are swapped"},
    {CURVE, HASHED_I_C, other_side, "client and server are swapped"},
    {CURVE, HASHED_I_S, other_side, "client and server are swapped"},
    {CURVE, HASHED_I_C, without_start, "the message number is missing"},
    {CURVE, HASHED_I_C, with_padding, "the packet's padding is included"},
    {CURVE, HASHED_I_S, whole_packet, "the packet's length fields are included"},
    {CURVE, HASHED_I_S, packet_as_string, "the packet's length fields are included"},
    {CURVE, HASHED_I_S, with_padding_length, "the packet's length fields are included"},
    {CURVE, HASHED_I_S, other_cookie, "another KEXINIT, with another cookie"},
    {CURVE, HASHED_K_S, no_length, "its length is missing"},
    {CURVE, HASHED_K_S, bare_key, "only a part of the host key"},
    {CURVE, HASHED_SHARE_C, other_side, "client and server are swapped"},
    {CURVE, HASHED_SHARE_S, no_length, "its length is missing"},
    {CURVE, HASHED_SHARE_S, reversed, "the bytes are in the wrong order"},
    {CURVE, HASHED_SHARE_S, shorter, "it ends too early"},
    {CURVE, HASHED_SHARE_S, other_bytes, "none of the usual ones"},
    {CURVE, HASHED_K, no_length, "its length is missing"},
    {CURVE, HASHED_K, reversed, "the bytes are in the wrong order"},
    {CURVE, HASHED_K, with_zeros, "more leading zeros"},
    {CURVE, HASHED_K, other_bytes, "it is another secret: if both shares"},
    {NISTP, HASHED_SHARE_C, without_start, "the point's first byte, 04, is missing"},
    {NISTP, HASHED_SHARE_S, compressed, "the point is compressed"},
    {DH, HASHED_SHARE_C, other_side, "client and server are swapped"},
    {DH, HASHED_SHARE_S, with_zeros, "more leading zeros"},
    {GEX, HASHED_MIN, reversed_u32, "the uint32 is in the wrong byte order"},
    {GEX, HASHED_P, without_zero, "the mpint has no leading zero"},
    {MLKEM, HASHED_SHARE_C, two_strings, "the two halves of the share have lengths"},
    {SNTRUP, HASHED_SHARE_S, two_strings, "the two halves of the share have lengths"},
    {MLKEM, HASHED_SHARE_C, two_strings_wrong_start, "none of the usual ones"},
    {SNTRUP, HASHED_SHARE_S, two_strings_wrong_end, "none of the usual ones"},
    {MLKEM, HASHED_SHARE_S, second_half, "only one half of the share"},
    {MLKEM, HASHED_K, other_bytes, "K is the hash of the two secrets as raw bytes"},
    {SNTRUP, HASHED_K, no_length, "its length is missing"},
};
/* clang-format on */

/* Both ends of the session are nacre; here they are not. */
static void name_client(struct exchange *x)
{
    static const uint8_t line[] = {0,   0,   0,   14,  'S', 'S', 'H', '-', '2',
                                   '.', '0', '-', 'C', 'l', 'i', 'e', 'n', 't'};

    free((void *)(uintptr_t)x->blobs[HASHED_V_C].at);
    x->blobs[HASHED_V_C] = exchanges_copy(BYTES_OF_ARRAY(line));
}

static struct hashed field_of(const struct exchange *x, enum hashed_name id)
{
    struct hashed f;
    size_t i = 0;

    do
        ck_assert(exchange_field(x, i++, &f));
    while (f.id != id);
    return f;
}

static void expect(const struct exchange *x, const struct hashed *f, const char *says)
{
    assert_says(cause_of_field(x, f, written_bytes(&w)), says);
}

START_TEST(each_mistake_is_named)
{
    const struct mistake *m = &mistakes[_i];
    struct exchanges t = exchanges_run(&(struct exchange_session){.kex = m->kex, .seed = 3});
    struct hashed f;

    name_client(&t.x[0]);
    f = field_of(&t.x[0], m->id);
    w = write_to(wrong, sizeof wrong);
    m->make(&t.x[0], &f);
    ck_assert(!w.bad);
    ck_assert(!bytes_equal(written_bytes(&w), f.encoded));
    expect(&t.x[0], &f, m->says);
    exchanges_free(&t);
}
END_TEST

/* Whether the highest bit is set, or the first byte is zero, depends on the secret. */
START_TEST(leading_zeros_of_a_secret_matter)
{
    static const struct {
        const char *kex;
        uint8_t value[8];
        size_t len;
        void (*make)(const struct exchange *x, const struct hashed *f);
        const char *says;
    } cases[] = {
        {CURVE, {0, 0x80, 1, 2, 3, 4, 5}, 7, without_zero, "the mpint has no leading zero"},
        {CURVE, {0x80, 1, 2, 3, 4, 5}, 6, no_length, "its length is missing"},
        {SNTRUP, {0x80, 1, 2, 3, 4, 5}, 6, as_mpint, "hashed as an mpint"},
        {SNTRUP, {0, 1, 2, 3, 4, 5}, 6, as_mpint, "hashed as an mpint"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange x = {.kex = context_kex_find(cases[i].kex)};
        uint8_t encoded[16];
        struct writer k = write_to(encoded, sizeof encoded);
        struct hashed f;

        write_string(&k, (struct bytes){cases[i].value, cases[i].len});
        x.blobs[HASHED_K] = written_bytes(&k);
        f = field_of(&x, HASHED_K);
        w = write_to(wrong, sizeof wrong);
        cases[i].make(&x, &f);
        expect(&x, &f, cases[i].says);
    }
}
END_TEST

#define COOKIE "cookiecookiecook"
#define KEY_32 "0123456789abcdef0123456789abcdef"
#define NONE "none of the usual ones"
#define EARLY "it ends too early"
#define HALF "only one half of the share"
#define LENGTHS "the two halves of the share have lengths"

/* At the limits of each cause, with and without a length field. */
/* clang-format off */
static const struct near {
    const char *kex;
    enum hashed_name id;
    const char *value;
    size_t value_len;
    const char *got;
    size_t got_len;
    const char *says;
    bool bare;
} nears[] = {
#define NEAR(kex, id, value, got, says) {kex, HASHED_##id, value, sizeof(value) - 1, got, sizeof(got) - 1, says, false}
#define BARE(kex, id, value, got, says) {kex, HASHED_##id, value, sizeof(value) - 1, got, sizeof(got) - 1, says, true}
    BARE(CURVE, V_S, "SSH-2.0-x", "", EARLY),
    BARE(CURVE, V_S, "SSH-2.0-x", "\0\0\0", NONE),
    BARE(CURVE, V_S, "SSH-2.0-x", "\0\0\0\0", EARLY),
    BARE(CURVE, V_S, "SSH-2.0-x", "\0\0\0\1", NONE),
    NEAR(CURVE, V_S, "", "\r\n", "CR LF is inside"),
    NEAR(CURVE, V_S, "", "\n\n\n\n\n\n\n\n\n\n", "CR LF is inside"),
    NEAR(CURVE, V_S, "SSH-2.0-x", "SSH-2.0-y\r\n", NONE),
    NEAR(CURVE, V_S, "SSH-2.0-x", "SSH-2.0-xy", NONE),
    NEAR(CURVE, V_S, "SSH-2.0-x", "SSH-2.0-x\0\0", NONE),
    NEAR(CURVE, V_S, "SSH-2.0-x", "SSH-2.0-y\0", NONE),
    NEAR(CURVE, V_S, "SSH-2.0-x y", "SSH-2.0-x ", "the comment is missing"),
    NEAR(CURVE, V_S, "SSH-2.0-x y", "SSH-2.0-x", "the comment is missing"),
    NEAR(CURVE, V_S, "SSH-2.0-x y", "SSH-2.0-", EARLY),
    NEAR(CURVE, V_S, "SSH-2.0-x y", "SSH-2.1-x", NONE),
    NEAR(CURVE, V_S, " 123456789abcdef0123456789abcdef", "", EARLY),
    NEAR(CURVE, V_S, "SSH-2.0-x", "x", "'SSH-2.0-' is missing"),
    NEAR(CURVE, V_S, "SSH-1.9-x", "x", NONE),
    NEAR(CURVE, K_S, "SSH-2.0-x", "x", NONE),
    NEAR(CURVE, I_C, "\x14", "\4\x14", "the packet's length fields"),
    NEAR(CURVE, I_C, "\x14", "\0\0\0\2\4\x14", "the packet's length fields"),
    BARE(CURVE, I_C, "\x14", "\0\0\0\7\4\x14", "the packet's length fields"),
    NEAR(CURVE, I_C, "\x14", "\4", NONE),
    NEAR(CURVE, I_C, "\x14", "\0\0\0\2\4", NONE),
    NEAR(CURVE, I_C, "\x14" "ab", "\x14" "abc", "the packet's padding is included"),
    NEAR(CURVE, I_C, "\x14" "ab", "ab", "the message number is missing"),
    NEAR(CURVE, I_C, "\x14" "ab", "b", NONE),
    NEAR(CURVE, I_C, "\x14" COOKIE "ab", "\x14" COOKIE "xb", NONE),
    NEAR(CURVE, I_C, "\x14" COOKIE "ab", "\x14" COOKIE "ax", NONE),
    NEAR(CURVE, I_C, "\x14" COOKIE "ab", "\x14" "Xookiecookiecook" "ab", "with another cookie"),
    NEAR(CURVE, I_C, "\x14" COOKIE "a", "\x14" "Xookiecookiecook" "a", "with another cookie"),
    NEAR(CURVE, I_C, "\x14" COOKIE, "\x14" "Xookiecookiecook" "a", NONE),
    NEAR(CURVE, I_C, "\x14" COOKIE "a", "\x14" "Xookiecookiecook", NONE),
    NEAR(CURVE, I_C, "\x14" COOKIE "a", "\x15" "Xookiecookiecook" "a", NONE),
    NEAR(CURVE, K_S, "\x14" COOKIE "a", "\x14" "Xookiecookiecook" "a", NONE),
    NEAR(CURVE, K_S, KEY_32, "0123456789abcdef", "only a part of the host key"),
    NEAR(CURVE, K_S, KEY_32, "123456789abcdef", NONE),
    NEAR(CURVE, K_S, KEY_32, "0123456789abcdeg", NONE),
    NEAR(CURVE, K_S, "\0\1\2", "\1\2", NONE),
    NEAR(CURVE, K, "\0", "", EARLY),
    NEAR(CURVE, K, "\0\x80", "\x80", "the mpint has no leading zero"),
    NEAR(CURVE, K, "\1\x80", "\x80", "it is another secret: if both shares"),
    NEAR(CURVE, K, "\1\2\3\4", "\4\3\2\1", "it is another secret: if both shares"),
    NEAR(CURVE, K, "\1\2\3\4\5", "\5\4\3\2\1", "the bytes are in the wrong order"),
    NEAR(CURVE, K, "\0\x91\2\3\4", "\4\3\2\x91", "the bytes are in the wrong order"),
    NEAR(CURVE, K, "\1\2\3\4\5", "\5\4\3\2\2", "it is another secret: if both shares"),
    NEAR(CURVE, SHARE_C, "\0\1\2", "\1\2", "hashed as an mpint"),
    NEAR(NISTP, SHARE_C, "\4", "", EARLY),
    NEAR(NISTP, SHARE_C, "\4\1", "\1", "the point's first byte, 04, is missing"),
    NEAR(NISTP, SHARE_C, "\5\1", "\1", NONE),
    NEAR(NISTP, K_S, "\4\1", "\1", NONE),
    NEAR(NISTP, SHARE_C, "\4\1\2", "\2\1", "the point is compressed"),
    NEAR(NISTP, SHARE_C, "\4\1\2", "\3\1", "the point is compressed"),
    NEAR(NISTP, SHARE_C, "\4\1\2", "\5\1", NONE),
    NEAR(NISTP, SHARE_C, "\4\1\2", "\3\2", NONE),
    NEAR(NISTP, SHARE_C, "\5\1\2", "\3\1", NONE),
    NEAR(NISTP, SHARE_C, "\4\1", "\3\1", NONE),
    NEAR(NISTP, K_S, "\4\1\2", "\3\1", NONE),
    NEAR(MLKEM, SHARE_C, KEY_32 "x", KEY_32, HALF),
    NEAR(MLKEM, SHARE_C, "x" KEY_32, KEY_32, HALF),
    NEAR(MLKEM, SHARE_C, KEY_32, "0123456789abcdef0123456789abcde", EARLY),
    NEAR(MLKEM, K_S, KEY_32 "x", KEY_32, EARLY),
    NEAR(MLKEM, SHARE_C, "12345678", "\0\0\0\4" "1234" "\0\0\0\4" "5678", LENGTHS),
    NEAR(MLKEM, SHARE_C, "12345678", "\0\0\0\x8" "12345678" "\0\0\0\0", LENGTHS),
    NEAR(MLKEM, SHARE_C, "12345678", "\0\0\0\x9" "12345678" "\0\0\0\0", NONE),
    NEAR(MLKEM, SHARE_C, "12345678", "\0\0\0\4" "1234" "\0\0\0\4" "567", NONE),
    NEAR(MLKEM, K_S, "12345678", "\0\0\0\4" "1234" "\0\0\0\4" "5678", NONE),
};
/* clang-format on */

static void write_either(struct writer *to, const char *data, size_t len, bool bare)
{
    if (bare)
        write_bytes(to, (struct bytes){(const uint8_t *)data, len});
    else
        write_string(to, (struct bytes){(const uint8_t *)data, len});
}

START_TEST(what_resembles_a_mistake_is_none)
{
    for (size_t i = 0; i < sizeof nears / sizeof nears[0]; i++) {
        const struct near *n = &nears[i];
        struct exchange x = {.kex = context_kex_find(n->kex)};
        uint8_t encoded[64];
        struct writer right = write_to(encoded, sizeof encoded);
        struct hashed f;

        write_either(&right, n->value, n->value_len, false);
        x.blobs[n->id] = written_bytes(&right);
        f = field_of(&x, n->id);
        w = write_to(wrong, sizeof wrong);
        write_either(&w, n->got, n->got_len, n->bare);
        ck_assert_msg(strstr(cause_of_field(&x, &f, written_bytes(&w)), n->says) != NULL,
                      "row %zu: %s", i, cause_of_field(&x, &f, written_bytes(&w)));
    }
}
END_TEST

START_TEST(the_comment_belongs_to_the_identification)
{
    static const char line[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2";
    struct exchange x = {0};
    uint8_t encoded[64];
    struct writer v = write_to(encoded, sizeof encoded);
    struct hashed f;

    write_text(&v, line);
    x.blobs[HASHED_V_S] = written_bytes(&v);
    f = field_of(&x, HASHED_V_S);
    w = write_to(wrong, sizeof wrong);
    write_text(&w, "SSH-2.0-OpenSSH_9.2p1");
    expect(&x, &f, "the comment is missing");
}
END_TEST

/* Anything at all has some answer. */
START_TEST(any_bytes_have_a_cause)
{
    struct exchanges t = exchanges_run(&(struct exchange_session){.kex = MLKEM});
    struct hashed f;

    for (size_t i = 0; exchange_field(&t.x[0], i, &f); i++)
        for (size_t len = 0; len < 80; len++) {
            ck_assert_ptr_nonnull(cause_of_field(&t.x[0], &f, (struct bytes){wrong, len}));
            ck_assert_ptr_nonnull(
                cause_of_field(&t.x[0], &f, (struct bytes){f.encoded.at, len % f.encoded.len}));
        }
    exchanges_free(&t);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, each_mistake_is_named, 0, sizeof mistakes / sizeof mistakes[0]);
    add_test(suite, leading_zeros_of_a_secret_matter);
    add_test(suite, what_resembles_a_mistake_is_none);
    add_test(suite, the_comment_belongs_to_the_identification);
    add_test(suite, any_bytes_have_a_cause);
}
