#include "apps/spec/watch.h"

#include "apps/spec/peer.h"
#include "transport/message.h"
#include "transport/text.h"

#include <stdarg.h>
#include <stdio.h>

enum { KEX_DH_GEX_REPLY = 33 /* RFC 4419 section 5 */ };

void watch_check(struct peer *p, enum watch watch, bool kept, const char *format, ...)
{
    struct watched *w = &p->watched[watch];
    va_list arguments;

    w->seen++;
    if (kept || w->broken++ > 0)
        return;
    va_start(arguments, format);
    (void)vsnprintf(w->how, sizeof w->how, format, arguments);
    va_end(arguments);
}

/* ---- identification: RFC 4253 section 4.2 ---- */

static bool is_software_character(uint8_t c)
{
    return c > ' ' && c < 0x7f && c != '-';
}

void watch_identification(struct peer *p, struct bytes line)
{
    size_t len = line.len, at = strlen("SSH-2.0-"), start = at;
    bool form;

    if (p->setting->tested == NACRE_CLIENT)
        watch_check(p, WATCH_NO_LINE_BEFORE, p->lines_before == 0, "%u lines",
                    (unsigned)p->lines_before);
    watch_check(p, WATCH_IDENT_CR_LF, len >= 2 && line.at[len - 2] == '\r', "no CR before LF");
    watch_check(p, WATCH_IDENT_NO_NUL, memchr(line.at, 0, len) == NULL, "a NUL");
    watch_check(p, WATCH_IDENT_LENGTH, len <= 255, "%zu characters", len);
    while (len > 0 && (line.at[len - 1] == '\n' || line.at[len - 1] == '\r'))
        len--;
    form =
        len > at && (memcmp(line.at, "SSH-2.0-", at) == 0 || memcmp(line.at, "SSH-1.99-", 9) == 0);
    watch_check(p, WATCH_IDENT_FORM, form, "%.*s", (int)(len < 60 ? len : 60),
                (const char *)line.at);
    while (at < len && is_software_character(line.at[at]))
        at++;
    watch_check(p, WATCH_IDENT_SOFTWARE, form && at > start && (at == len || line.at[at] == ' '),
                "byte %zu", at);
}

void watch_line_before(struct peer *p, struct bytes line)
{
    p->lines_before++;
    watch_check(p, WATCH_LINES_BEFORE,
                p->setting->tested == NACRE_SERVER &&
                    (line.len < 4 || memcmp(line.at, "SSH-", 4) != 0),
                "%zu bytes", line.len);
}

/* ---- packets: RFC 4253 section 6 ---- */

static void check_packet(struct peer *p, const struct packet_seen *seen)
{
    const struct packet_way *way = &p->receiving;
    size_t aligned = seen->packet_length + (way->length_included ? 4 : 0);

    watch_check(p, WATCH_PADDING, seen->padding.len >= 4, "%zu bytes of padding in message %u",
                seen->padding.len, (unsigned)p->got.at[0]);
    watch_check(p, WATCH_ALIGNMENT, aligned % packet_block(way) == 0,
                "packet_length %u in message %u", (unsigned)seen->packet_length,
                (unsigned)p->got.at[0]);
    watch_check(p, WATCH_PACKET_SIZE, seen->size <= 35000, "%zu bytes", seen->size);
    if (way->cipher == &cipher_aes128_gcm || way->cipher == &cipher_aes256_gcm)
        watch_check(p, WATCH_GCM_PADDING, seen->padding.len >= 4, "%zu bytes", seen->padding.len);
    if (way->state == NULL || p->bulk)
        return;
    if (p->padding_seen.len > 0 && p->padding_seen.len == seen->padding.len)
        watch_check(p, WATCH_PADDING_VARIES, !bytes_equal(p->padding_seen, seen->padding),
                    "the same %zu bytes twice", seen->padding.len);
    p->padding_seen = peer_copy(p, seen->padding);
}

/* ---- KEXINIT ---- */

/* RFC 4251 section 6: a name of our own is local@domain. */
static bool is_good_name(const char *name)
{
    const char *at = strchr(name, '@');

    return strlen(name) <= 64 &&
           (at == NULL || (at != name && at[1] != 0 && strchr(at + 1, '@') == NULL));
}

/* RFC 4251 section 5: US-ASCII, no NUL, no empty name. */
static bool is_good_list(struct bytes list)
{
    for (size_t i = 0; i < list.len; i++)
        if (list.at[i] <= ' ' || list.at[i] >= 0x7f ||
            (list.at[i] == ',' && (i == 0 || i + 1 == list.len || list.at[i - 1] == ',')))
            return false;
    return true;
}

static void check_list(struct peer *p, int list, struct bytes names)
{
    char name[NAME_MAX_LEN], text[4096];

    watch_check(p, WATCH_NAME_LISTS,
                is_good_list(names) && (names.len > 0 || list >= LIST_LANGUAGE_TO_SERVER),
                "list %d of KEXINIT", list);
    (void)snprintf(text, sizeof text, "%.*s", (int)names.len, (const char *)names.at);
    for (size_t i = 0; list_item(text, i, name); i++)
        watch_check(p, WATCH_NAMES, is_good_name(name), "%.80s", name);
}

/* The names that a list should not have: RFC 4253 sections 6.3 and 6.4, RFC 8332 section 5.2, RFC
 * 9142 section 3, draft-miller-sshm-aes-gcm section 2. */
static void check_offers(struct peer *p, const struct kexinit *k)
{
    static const char *const old_kex[] = {"diffie-hellman-group1-sha1",
                                          "diffie-hellman-group-exchange-sha1", "rsa1024-sha1"};
    const char *kex = k->list[LIST_KEX];
    enum nacre_role from = p->setting->tested;

    for (int i = LIST_CIPHER_TO_SERVER; i <= LIST_MAC_TO_CLIENT; i++)
        watch_check(p, WATCH_NO_NONE, !list_contains(k->list[i], "none"), "none in list %d", i);
    for (int i = LIST_MAC_TO_SERVER; i <= LIST_MAC_TO_CLIENT; i++)
        watch_check(p, WATCH_NO_AEAD_MAC,
                    strstr(k->list[i], "gcm") == NULL && strstr(k->list[i], "poly1305") == NULL,
                    "an AEAD name in list %d", i);
    watch_check(p, WATCH_NO_SSH_RSA, !list_contains(k->list[LIST_HOST_KEY], "ssh-rsa"), "ssh-rsa");
    for (size_t i = 0; i < sizeof old_kex / sizeof old_kex[0]; i++)
        watch_check(p, WATCH_NO_OLD_KEX, !list_contains(kex, old_kex[i]), "%s", old_kex[i]);
    for (int i = LIST_CIPHER_TO_SERVER; i <= LIST_CIPHER_TO_CLIENT; i++)
        watch_check(p, WATCH_NO_OLD_KEX, strstr(k->list[i], "arcfour") == NULL, "arcfour");
    watch_check(
        p, WATCH_ROLE_MARKER,
        !list_contains(kex, ext_info_marker[from == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER]),
        "ext-info of the other role");
    if (!p->first_done &&
        list_contains(k->list[LIST_CIPHER_TO_CLIENT], "chacha20-poly1305@openssh.com"))
        watch_check(p, WATCH_CHACHA_STRICT,
                    list_contains(kex, strict_marker[from][0]) ||
                        list_contains(kex, strict_marker[from][1]),
                    "chacha20-poly1305 without strict kex");
}

/* RFC 4253 section 7.1, as in kexinit.c */
static void check_kexinit(struct peer *p)
{
    struct kexinit *k = &p->spare;
    struct reader r = read_from(p->got);
    uint8_t follows;

    (void)read_u8(&r);
    (void)read_bytes(&r, COOKIE_LEN);
    for (int i = 0; i < LISTS; i++)
        check_list(p, i, read_string(&r));
    follows = read_u8(&r);
    watch_check(p, WATCH_BOOLEANS, follows <= 1, "first_kex_packet_follows %u", (unsigned)follows);
    watch_check(p, WATCH_RESERVED, read_u32(&r) == 0, "the reserved field is not 0");
    if (!kexinit_read(k, p->got))
        return;
    check_offers(p, k);
    if (p->first_done)
        watch_check(p, WATCH_EXT_MARKER_FIRST,
                    !list_contains(k->list[LIST_KEX], ext_info_marker[p->setting->tested]),
                    "ext-info in a rekey");
    p->follows_due = k->follows;
}

/* ---- other messages ---- */

static void check_utf8(struct peer *p, struct bytes text, const char *where)
{
    char clean[512];

    if (text.len < sizeof clean) {
        (void)clean_lines(clean, sizeof clean, text);
        for (size_t i = 0; i < text.len; i++)
            if (text.at[i] >= 0x80 && clean[i] == '?') {
                watch_check(p, WATCH_UTF8, false, "%s is not UTF-8", where);
                return;
            }
    }
    watch_check(p, WATCH_UTF8, true, " ");
}

static void check_disconnect(struct peer *p, struct reader *r)
{
    uint32_t reason = read_u32(r);

    watch_check(p, WATCH_REASON, (reason >= 1 && reason <= 15) || reason >= 0xfe000000, "reason %u",
                (unsigned)reason);
    check_utf8(p, read_string(r), "the description of DISCONNECT");
}

/* RFC 4252 section 5.1: byte SSH_MSG_USERAUTH_FAILURE, name-list, boolean */
static void check_failure(struct peer *p, struct reader *r)
{
    struct bytes list = read_string(r);
    uint8_t partial = read_u8(r);
    char methods[512];

    watch_check(p, WATCH_FAILURE_FORM, read_done(r) && is_good_list(list), "malformed");
    watch_check(p, WATCH_BOOLEANS, partial <= 1, "partial success %u", (unsigned)partial);
    (void)snprintf(methods, sizeof methods, "%.*s", (int)list.len, (const char *)list.at);
    watch_check(p, WATCH_NO_NONE_METHOD, !list_contains(methods, "none"), "none is listed");
}

/* RFC 4256 section 3.2: string name, instruction, language tag; int num-prompts; string prompt,
 * boolean echo of each. The number 60 has other meanings too: PK_OK has a key blob. */
static void check_prompts(struct peer *p, struct reader *r)
{
    uint32_t n;

    if (!p->interactive)
        return;
    for (int i = 0; i < 3; i++)
        check_utf8(p, read_string(r), "INFO_REQUEST");
    n = read_u32(r);
    for (uint32_t i = 0; i < n && !r->bad; i++) {
        struct bytes prompt = read_string(r);
        uint8_t echo = read_u8(r);

        watch_check(p, WATCH_PROMPTS, prompt.len > 0, "prompt %u is empty", (unsigned)i);
        watch_check(p, WATCH_BOOLEANS, echo <= 1, "echo %u", (unsigned)echo);
    }
}

/* RFC 8308 section 2.3 */
static void check_ext_info(struct peer *p, struct reader *r)
{
    uint32_t n = read_u32(r);

    for (uint32_t i = 0; i < n && !r->bad; i++) {
        (void)read_string(r);
        (void)read_string(r);
    }
    watch_check(p, WATCH_EXT_FORM, read_done(r), "%u extensions declared", (unsigned)n);
    if (p->setting->tested == NACRE_CLIENT) /* RFC 8308 section 2.4 */
        watch_check(p, WATCH_EXT_NEXT, p->receiving.packets == 1, "it is packet %llu after NEWKEYS",
                    (unsigned long long)p->receiving.packets);
}

static void check_global_request(struct peer *p, struct reader *r)
{
    struct bytes name = read_string(r), seen[64];
    uint8_t want_reply = read_u8(r);
    size_t n = 0;
    bool twice = false;

    watch_check(p, WATCH_BOOLEANS, want_reply <= 1, "want reply %u", (unsigned)want_reply);
    if (!bytes_are(name, "hostkeys-00@openssh.com"))
        return;
    while (r->at < r->end && !r->bad && n < sizeof seen / sizeof seen[0]) {
        seen[n] = read_string(r);
        for (size_t i = 0; i < n; i++)
            twice = twice || bytes_equal(seen[i], seen[n]);
        n++;
    }
    watch_check(p, WATCH_HOSTKEYS, p->hostkeys_came == 0 && !twice && !r->bad && p->logged_in,
                "%zu keys, %u times", n, (unsigned)p->hostkeys_came + 1);
}

/* The DH share in a reply: RFC 4253 section 8, RFC 4251 section 5 */
static void check_reply(struct peer *p, struct reader *r)
{
    const struct kex_method *method = p->x.chosen.kex;
    struct bytes share;

    if (method == NULL || !(method->share_is_mpint || p->got.at[0] == KEX_DH_GEX_REPLY))
        return;
    (void)read_string(r);
    share = read_string(r);
    watch_check(p, WATCH_DH_SHARE,
                share.len > 1 && !(share.at[0] & 0x80) &&
                    !(share.at[0] == 0 && !(share.at[1] & 0x80)),
                "a share of %zu bytes that is not a minimal positive mpint", share.len);
}

static void check_content(struct peer *p)
{
    struct reader r = read_from(p->got);

    switch (read_u8(&r)) {
    case SSH_MSG_DISCONNECT:
        check_disconnect(p, &r);
        break;
    case SSH_MSG_EXT_INFO:
        check_ext_info(p, &r);
        break;
    case SSH_MSG_KEXINIT:
        check_kexinit(p);
        break;
    case SSH_MSG_KEX_ECDH_REPLY:
    case KEX_DH_GEX_REPLY:
        if (p->in_exchange)
            check_reply(p, &r);
        break;
    case SSH_MSG_USERAUTH_FAILURE:
        check_failure(p, &r);
        break;
    case SSH_MSG_USERAUTH_BANNER:
        check_utf8(p, read_string(&r), "the banner");
        break;
    case SSH_MSG_USERAUTH_INFO_REQUEST:
        check_prompts(p, &r);
        break;
    case SSH_MSG_GLOBAL_REQUEST:
        check_global_request(p, &r);
        break;
    default:
        break;
    }
}

/* ---- order ---- */

static enum stage stage_of(const struct peer *p)
{
    bool method_done = p->x.hash_len > 0;

    if (!p->first_done && !p->x.theirs_came)
        return STAGE_KEXINIT;
    if (p->x.theirs_came && p->in_exchange && !p->first_done)
        return method_done ? STAGE_NEWKEYS : STAGE_METHOD;
    if (p->x.theirs_came && p->in_exchange)
        return method_done ? STAGE_REKEY_NEWKEYS : STAGE_REKEY;
    if (p->logged_in)
        return STAGE_CONNECTION;
    if (p->receiving.packets <= 1)
        return STAGE_FIRST;
    return p->reached >= AT_AUTH ? STAGE_AUTH : STAGE_SERVICE;
}

/* Between its KEXINIT and its NEWKEYS the peer sends only what is permitted. Before the case's own
 * step: afterwards our stage may not be the peer's. */
static void check_order(struct peer *p)
{
    enum stage stage = stage_of(p);
    uint8_t number = p->got.at[0];

    if (p->in_exchange && p->x.theirs_came)
        watch_check(p, WATCH_ORDER,
                    legality_of(stage, p->setting->tested, p->strict, number) != LEGAL_NEVER,
                    "message %u", (unsigned)number);
}

static enum watch reset_watch(const struct peer *p)
{
    return p->session_rekeyed ? WATCH_SEND_RESET_REKEY : WATCH_SEND_RESET;
}

/* Strict kex section 3.3: the first packet after NEWKEYS has the number 0. With any other number we
 * cannot decrypt it. */
void watch_garbled(struct peer *p)
{
    if (p->strict && p->receiving.state != NULL && p->receiving.packets == 0)
        watch_check(p, reset_watch(p), false, "it cannot be decrypted as number 0");
}

/* RFC 4253 section 7: after first_kex_packet_follows comes the guess. */
static void check_follows(struct peer *p)
{
    uint8_t number = p->got.at[0];

    if (p->kexinit_before)
        watch_check(p, WATCH_FOLLOWS,
                    !p->follows_due ||
                        (number >= SSH_MSG_KEX_METHOD_FIRST && number <= SSH_MSG_KEX_METHOD_LAST),
                    "message %u follows", (unsigned)number);
    p->kexinit_before = number == SSH_MSG_KEXINIT;
    if (p->session_rekeyed && number == SSH_MSG_KEX_ECDH_REPLY)
        watch_check(p, WATCH_ROLES, true, " ");
    if (p->session_rekeyed && p->in_exchange && number == SSH_MSG_KEX_ECDH_INIT)
        watch_check(p, WATCH_ROLES, p->setting->tested != NACRE_SERVER, "message 30 from a server");
}

void watch_packet(struct peer *p, const struct packet_seen *seen)
{
    check_packet(p, seen);
    check_follows(p);
    if (p->disconnected)
        watch_check(p, WATCH_SILENT_AFTER, false, "message %u", (unsigned)p->got.at[0]);
    else if (p->got.at[0] == SSH_MSG_DISCONNECT)
        watch_check(p, WATCH_SILENT_AFTER, true, " ");
    if (p->strict && p->receiving.state != NULL && p->receiving.packets == 1)
        watch_check(p, reset_watch(p), seen->number == 0, "%u", (unsigned)seen->number);
    if (p->got.at[0] == SSH_MSG_KEXINIT && p->first_done)
        p->session_rekeyed = true;
    if (!p->observing)
        check_order(p);
    check_content(p);
}
