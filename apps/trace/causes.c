/* Causes for a field that differs. The first row that fits is the answer. */
#include "apps/trace/causes.h"

#include <string.h>

/* `got` differs from `right`, and `content` from `value` unless only the length field is missing,
 * which is the first cause. */
struct claim {
    const struct exchange *x;
    const struct hashed *field;
    struct bytes right;   /* with its length field */
    struct bytes value;   /* without */
    struct bytes got;     /* as it was hashed */
    struct bytes content; /* the same without its length field, if it has one */
};

static struct bytes content_of(struct bytes b)
{
    return b.len >= 4 && load_u32(b.at) == b.len - 4 ? bytes_from(b, 4) : b;
}

static struct bytes first(struct bytes b, size_t n)
{
    return (struct bytes){b.at, n < b.len ? n : b.len};
}

static bool starts_with(struct bytes b, struct bytes with)
{
    return with.len <= b.len && bytes_equal(first(b, with.len), with);
}

static bool ends_with(struct bytes b, struct bytes with)
{
    return with.len <= b.len && bytes_equal(bytes_from(b, b.len - with.len), with);
}

static bool is_reversed(struct bytes a, struct bytes b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (a.at[i] != b.at[a.len - 1 - i])
            return false;
    return true;
}

/* ---- strings ---- */

static bool has_no_length(const struct claim *c)
{
    return bytes_equal(c->got, c->value);
}

static bool has_reversed_length(const struct claim *c)
{
    return c->got.len == c->right.len && is_reversed(first(c->got, 4), first(c->right, 4)) &&
           bytes_equal(bytes_from(c->got, 4), c->value);
}

static bool is_the_other_side(const struct claim *c)
{
    static const enum hashed_name others[HASHED_NAMES] = {
        [HASHED_V_C] = HASHED_V_S,         [HASHED_V_S] = HASHED_V_C,
        [HASHED_I_C] = HASHED_I_S,         [HASHED_I_S] = HASHED_I_C,
        [HASHED_SHARE_C] = HASHED_SHARE_S, [HASHED_SHARE_S] = HASHED_SHARE_C,
    };
    enum hashed_name other = others[c->field->id];
    struct bytes right = c->x->blobs[other];

    return (other != HASHED_V_C || c->field->id == HASHED_V_S) && right.len > 0 &&
           !bytes_equal(right, c->right) && bytes_equal(content_of(c->got), content_of(right));
}

/* ---- identifications ---- */

static bool is_identification(const struct claim *c)
{
    return c->field->id == HASHED_V_C || c->field->id == HASHED_V_S;
}

static bool has_line_end(const struct claim *c)
{
    struct bytes line = c->content;

    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    return is_identification(c) && bytes_equal(line, c->value);
}

static bool has_nul(const struct claim *c)
{
    return is_identification(c) && c->content.len == c->value.len + 1 &&
           starts_with(c->content, c->value) && c->content.at[c->value.len] == 0;
}

static bool has_no_comment(const struct claim *c)
{
    return is_identification(c) && c->content.len > 0 && c->content.len < c->value.len &&
           starts_with(c->value, c->content) &&
           (c->value.at[c->content.len] == ' ' || c->value.at[c->content.len - 1] == ' ');
}

static bool has_no_prefix(const struct claim *c)
{
    return is_identification(c) && starts_with(c->value, bytes_of("SSH-2.0-")) &&
           bytes_equal(c->content, bytes_from(c->value, 8));
}

/* ---- KEXINIT ---- */

static bool is_kexinit(const struct claim *c)
{
    return c->field->id == HASHED_I_C || c->field->id == HASHED_I_S;
}

static bool has_no_number(const struct claim *c)
{
    return is_kexinit(c) && bytes_equal(c->content, bytes_from(c->value, 1));
}

/* uint32 packet_length, byte padding_length, payload, padding */
static bool has_packet_header(const struct claim *c)
{
    return is_kexinit(c) &&
           ((c->content.len > 5 && starts_with(bytes_from(c->content, 5), c->value)) ||
            (c->content.len > 1 && starts_with(bytes_from(c->content, 1), c->value)));
}

static bool has_padding(const struct claim *c)
{
    return is_kexinit(c) && starts_with(c->content, c->value);
}

static bool has_another_cookie(const struct claim *c)
{
    enum { COOKIE_END = 1 + 16 };

    return is_kexinit(c) && c->content.len > COOKIE_END && c->value.len > COOKIE_END &&
           c->content.at[0] == c->value.at[0] &&
           memcmp(c->content.at + 1, c->value.at + 1, COOKIE_END - 1) != 0;
}

/* ---- the host key ---- */

static bool is_bare_key(const struct claim *c)
{
    return c->field->id == HASHED_K_S && c->content.len >= 16 && ends_with(c->value, c->content);
}

/* ---- numbers and shares ---- */

static bool is_number(const struct claim *c)
{
    return c->field->type == FIELD_MPINT;
}

static bool has_no_leading_zero(const struct claim *c)
{
    return is_number(c) && c->value.len > 1 && c->value.at[0] == 0 &&
           bytes_equal(c->content, bytes_from(c->value, 1));
}

static bool has_leading_zeros(const struct claim *c)
{
    return is_number(c) && c->content.len > c->value.len &&
           bytes_equal(bytes_without_zeros(c->content), bytes_without_zeros(c->value));
}

static bool is_in_wrong_order(const struct claim *c)
{
    return c->value.len > 4 &&
           (is_reversed(c->content, c->value) ||
            is_reversed(bytes_without_zeros(c->content), bytes_without_zeros(c->value)));
}

static bool is_number_of_string(const struct claim *c)
{
    return c->field->type == FIELD_STRING && c->field->id >= HASHED_SHARE_C &&
           bytes_equal(bytes_without_zeros(c->content), bytes_without_zeros(c->value));
}

static bool is_share(const struct claim *c)
{
    return c->field->id == HASHED_SHARE_C || c->field->id == HASHED_SHARE_S;
}

static bool has_no_point_form(const struct claim *c)
{
    return is_share(c) && c->value.len > 1 && c->value.at[0] == 4 &&
           bytes_equal(c->content, bytes_from(c->value, 1));
}

static bool is_compressed(const struct claim *c)
{
    size_t x = c->value.len / 2;

    return is_share(c) && c->value.len > 2 && c->value.at[0] == 4 && c->content.len == 1 + x &&
           (c->content.at[0] == 2 || c->content.at[0] == 3) &&
           bytes_equal(bytes_from(c->content, 1), first(bytes_from(c->value, 1), x));
}

static bool is_one_half(const struct claim *c)
{
    return is_share(c) && c->content.len >= 32 &&
           (starts_with(c->value, c->content) || ends_with(c->value, c->content));
}

/* The lengths of two strings inside the share. */
static bool has_inner_lengths(const struct claim *c)
{
    struct bytes part, rest;

    if (!is_share(c) || c->content.len != c->value.len + 8)
        return false;
    part = bytes_from(c->content, 4);
    if (load_u32(c->content.at) > part.len - 4)
        return false;
    rest = bytes_from(part, load_u32(c->content.at));
    part.len = load_u32(c->content.at);
    return starts_with(c->value, part) && ends_with(c->value, bytes_from(rest, 4));
}

static bool is_little_endian(const struct claim *c)
{
    return c->field->type == FIELD_UINT32 && is_reversed(c->got, c->right);
}

static bool is_another_hybrid_secret(const struct claim *c)
{
    return c->field->id == HASHED_K && c->field->type == FIELD_STRING;
}

static bool is_another_secret(const struct claim *c)
{
    return c->field->id == HASHED_K;
}

static bool is_cut(const struct claim *c)
{
    return starts_with(c->value, c->content);
}

/* clang-format off */
static const struct {
    bool (*fits)(const struct claim *c);
    const char *says;
} causes[] = {
    {has_no_length,       "its length is missing: a uint32 goes before the bytes (RFC 4251 section 5)"},
    {is_the_other_side,   "client and server are swapped: what ends in C is the client's, whichever side computes the hash"},
    {has_no_leading_zero, "the mpint has no leading zero: its highest bit is set, so a byte 00 goes before it (RFC 4251 section 5)"},
    {has_leading_zeros,   "the mpint has more leading zeros than its sign needs, as a number of fixed length has (RFC 4251 section 5)"},
    {is_number_of_string, "it is hashed as an mpint, but with this method it is a string: its bytes as they are, zeros included"},
    {has_reversed_length, "its length is in the wrong byte order: the most significant byte is first"},
    {has_line_end,        "CR LF is inside the identification: it ends the line, but is not hashed (RFC 4253 section 8)"},
    {has_nul,             "a final NUL is inside the identification"},
    {has_no_comment,      "the comment is missing: the identification is the whole line without CR LF, also what follows the space"},
    {has_no_prefix,       "'SSH-2.0-' is missing: the identification is the whole line without CR LF"},
    {has_no_number,       "the message number is missing: the payload of KEXINIT begins with 20, in hex 14"},
    {has_packet_header,   "the packet's length fields are included: only the payload is hashed, not packet_length and padding_length"},
    {has_padding,         "the packet's padding is included: only the payload is hashed"},
    {has_another_cookie,  "this is another KEXINIT, with another cookie: each key exchange hashes its own two, exactly as they were sent"},
    {is_bare_key,         "only a part of the host key is hashed: K_S is the whole key blob, which begins with its algorithm's name"},
    {has_no_point_form,   "the point's first byte, 04, is missing: the share is hashed exactly as it is sent (RFC 5656 section 4)"},
    {is_compressed,       "the point is compressed: SSH sends and hashes it uncompressed, 04 and both coordinates (RFC 5656 section 4)"},
    {has_inner_lengths,   "the two halves of the share have lengths: the hybrid methods need them as raw bytes, one after the other"},
    {is_one_half,         "only one half of the share is hashed: it is the post-quantum part and the X25519 part together"},
    {is_in_wrong_order,   "the bytes are in the wrong order: an mpint's most significant byte is first, and X25519's bytes stay as they are (RFC 8731 section 3.1)"},
    {is_little_endian,    "the uint32 is in the wrong byte order: the most significant byte is first"},
    {is_cut,              "it ends too early"},
    {is_another_hybrid_secret, "it is another secret: K is the hash of the two secrets as raw bytes, the post-quantum one first; "
                               "a string, that is one with its length, makes another K"},
    {is_another_secret,   "it is another secret: if both shares are right, the private number or the arithmetic is not"},
};
/* clang-format on */

const char *cause_of_field(const struct exchange *x, const struct hashed *field, struct bytes got)
{
    const struct claim claim = {x, field, field->encoded, field->value, got, content_of(got)};

    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (causes[i].fits(&claim))
            return causes[i].says;
    return "none of the usual ones; compare the bytes";
}
