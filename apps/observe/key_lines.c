#include "apps/observe/key_lines.h"

#include "transport/wire.h"

#include <string.h>

enum {
    KEXINIT = 20,
    KEXDH_INIT = 30,
    KEXDH_REPLY = 31, /* of group exchange: GROUP, which INIT or REPLY follow */
    GEX_INIT = 32,
    GEX_REPLY = 33,
    STRING_LENGTH = 4,
    X25519 = 32, /* bytes of a private number, and of K */
};

/* RFC 4253 section 8, RFC 4419 section 3: byte SSH_MSG_KEXDH_INIT or SSH_MSG_KEX_DH_GEX_INIT,
 * mpint e; byte SSH_MSG_KEXDH_REPLY or SSH_MSG_KEX_DH_GEX_REPLY, string K_S, mpint f, ... */
static void note_share(struct key_lines *lines, struct bytes payload)
{
    struct reader r = read_from(payload);
    uint8_t number = read_u8(&r);

    if (number < KEXDH_INIT || number > GEX_REPLY)
        return;
    if (number == KEXDH_REPLY || number == GEX_REPLY)
        (void)read_string(&r);
    lines->share_len = read_string(&r).len;
}

/* RFC 4253 section 7.1: byte SSH_MSG_KEXINIT, byte[16] cookie, ... */
void key_lines_message(struct key_lines *lines, enum nacre_direction direction,
                       const uint8_t *payload, size_t len)
{
    if (direction == NACRE_RECEIVED)
        note_share(lines, (struct bytes){payload, len});
    if (direction != NACRE_SENT || len < 1 + KEY_LINES_COOKIE || payload[0] != KEXINIT)
        return;
    memcpy(lines->cookie, payload + 1, KEY_LINES_COOKIE);
    lines->has_cookie = true;
    lines->private_len = lines->share_len = 0;
}

static char *put_text(char *at, const char *text)
{
    size_t len = strlen(text);

    memcpy(at, text, len);
    return at + len;
}

static char *put_hex(char *at, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    return at;
}

/* Wireshark computes K from the private number and replaces the line that is right; in 4.0 and 4.4
 * that K is sometimes wrong. With Curve25519 it has 32 bytes and is no mpint, whose first byte may
 * be left out: once in 512 exchanges. With Diffie-Hellman it gets only as much space as the peer's
 * share has: if that begins with a zero byte and K does not, once in about 512, there is none. */
static bool is_private_useful(const struct key_lines *lines, struct bytes k)
{
    if (lines->private_len == X25519)
        return k.len >= X25519;
    if (lines->share_len > 0 && k.len > lines->share_len + (k.at[0] == 0))
        return false;
    return lines->private_len > 0;
}

static size_t put_lines(const struct key_lines *lines, struct bytes k, char out[KEY_LINES_MAX])
{
    char *at = put_hex(out, lines->cookie, KEY_LINES_COOKIE);

    at = put_text(at, " SHARED_SECRET ");
    at = put_hex(at, k.at, k.len);
    at = put_text(at, "\n");
    if (is_private_useful(lines, k)) {
        at = put_hex(at, lines->cookie, KEY_LINES_COOKIE);
        at = put_text(at, " ");
        at = put_hex(at, lines->private_number, lines->private_len);
        at = put_text(at, "\n");
    }
    return (size_t)(at - out);
}

size_t key_lines_secret(struct key_lines *lines, char label, const uint8_t *bytes, size_t len,
                        char out[KEY_LINES_MAX])
{
    size_t written = 0;

    if (label == 'x' && len <= KEY_LINES_PRIVATE_MAX) {
        memcpy(lines->private_number, bytes, len);
        lines->private_len = len;
    }
    if (label != 'K' || !lines->has_cookie || len < STRING_LENGTH ||
        len - STRING_LENGTH > KEY_LINES_SECRET_MAX)
        return 0;
    written = put_lines(lines, (struct bytes){bytes + STRING_LENGTH, len - STRING_LENGTH}, out);
    explicit_bzero(lines->private_number, sizeof lines->private_number);
    lines->private_len = 0;
    return written;
}
