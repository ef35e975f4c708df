#include "tests/support/script_peer.h"

#include "crypto/hash.h"
#include "crypto/x25519.h"
#include "tests/support/suite.h"
#include "tests/support/pair.h"

#include <stdlib.h>

static const char *const default_kex[2][2] = {
    [NACRE_SERVER] = {"curve25519-sha256", "curve25519-sha256,kex-strict-s-v00@openssh.com"},
    [NACRE_CLIENT] = {"curve25519-sha256", "curve25519-sha256,kex-strict-c-v00@openssh.com"},
};

void script_init(struct script *s, enum nacre_role role, bool strict)
{
    const uint8_t seed[32] = {99, (uint8_t)role};

    memset(s, 0, sizeof *s);
    s->role = role;
    s->strict = strict;
    s->version = "SSH-2.0-script";
    pool_init(&s->pool, NULL);
    s->random = random_from_seed(&s->seed, seed);
    ck_assert(private_key_ed25519(&s->host_key, seed));
    direction_init(&s->sending);
    direction_init(&s->receiving);
}

void script_clear(struct script *s)
{
    direction_clear(&s->sending, &s->pool);
    direction_clear(&s->receiving, &s->pool);
    buffer_clear(&s->in, &s->pool);
    buffer_clear(&s->out, &s->pool);
    ck_assert_uint_eq(s->pool.in_use, 0);
    pool_clear(&s->pool);
}

void script_meet(struct script *s, struct loop_end *e, enum nacre_role real, bool strict)
{
    loop_end_init(e, real);
    script_init(s, real == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER, strict);
    ck_assert(loop_end_start(e));
    script_version(s);
}

void script_part(struct script *s, struct loop_end *e)
{
    loop_end_clear(e);
    script_clear(s);
}

void script_meet_connected(struct script *s, struct loop_end *e, enum nacre_role real, bool login)
{
    script_meet(s, e, real, true);
    script_connect(s, e, NULL);
    if (login)
        loop_end_log_in(e);
}

static void append(struct buffer *b, struct pool *pool, struct bytes bytes)
{
    uint8_t *at = buffer_make_room(b, pool, bytes.len);

    ck_assert_ptr_nonnull(at);
    memcpy(at, bytes.at, bytes.len);
    buffer_added(b, bytes.len);
}

void script_raw(struct script *s, struct bytes bytes)
{
    append(&s->out, &s->pool, bytes);
}

void script_send(struct script *s, struct bytes payload)
{
    uint8_t *at = buffer_make_room(&s->out, &s->pool, payload.len + PACKET_OVERHEAD);

    ck_assert_ptr_nonnull(at);
    memcpy(at + PACKET_HEADER, payload.at, payload.len);
    buffer_added(&s->out, packet_seal(&s->sending, &s->random, at, payload.len));
}

void script_text(struct script *s, uint8_t number, const char *text)
{
    uint8_t payload[256];
    struct writer w = write_to(payload, sizeof payload);

    write_u8(&w, number);
    write_text(&w, text);
    ck_assert(!w.bad);
    script_send(s, written_bytes(&w));
}

void script_version(struct script *s)
{
    script_raw(s, bytes_of(s->version));
    script_raw(s, bytes_of("\r\n"));
}

/* Deliver to the session as a socket would; what arrives after its end is lost. */
static void session_receive(struct end *e, struct bytes out)
{
    while (out.len > 0 && nacre_session_ended(e->session) == NULL) {
        size_t room;
        uint8_t *at = nacre_session_input(e->session, &room);
        size_t n = room < out.len ? room : out.len;

        ck_assert_uint_gt(n, 0);
        memcpy(at, out.at, n);
        nacre_session_received(e->session, n, e->pair->now_ms);
        out.at += n;
        out.len -= n;
    }
}

static bool push(struct script *s, struct loop_end *e)
{
    struct bytes out = buffer_contents(&s->out);

    if (s->session != NULL)
        session_receive(s->session, out);
    else
        loop_end_receive(e, out, 0);
    buffer_consumed(&s->out, out.len);
    return out.len > 0;
}

static bool session_pull(struct script *s, struct end *e)
{
    size_t len;
    const uint8_t *at = nacre_session_output(e->session, &len);

    if (len > 0)
        append(&s->in, &s->pool, (struct bytes){at, len});
    nacre_session_sent(e->session, len, e->pair->now_ms);
    return len > 0;
}

static bool pull(struct script *s, struct loop_end *e)
{
    struct bytes output;

    if (s->session != NULL)
        return session_pull(s, s->session);
    output = transport_output(&e->transport);
    if (output.len == 0)
        return false;
    append(&s->in, &s->pool, output);
    transport_sent(&e->transport, output.len);
    return true;
}

void script_pump(struct script *s, struct loop_end *e)
{
    bool moved = true;

    while (moved) {
        moved = push(s, e);
        moved = pull(s, e) || moved;
    }
}

static void take_version(struct script *s)
{
    struct bytes in = buffer_contents(&s->in);
    const uint8_t *end = in.len == 0 ? NULL : memchr(in.at, '\n', in.len);
    size_t len = end == NULL ? 0 : (size_t)(end - in.at);

    ck_assert(len > 0 && len < 255 && in.at[len - 1] == '\r');
    memcpy(s->peer_version, in.at, len - 1);
    buffer_consumed(&s->in, len + 1);
}

struct bytes script_next(struct script *s)
{
    struct bytes payload = {NULL, 0};
    size_t size = 0;

    if (s->peer_version[0] == '\0')
        take_version(s);
    if (packet_open(&s->receiving, &s->in, &payload, &size) != PACKET_READY)
        return (struct bytes){NULL, 0};
    buffer_consumed(&s->in, size);
    return payload;
}

struct bytes script_expect(struct script *s, struct loop_end *e, uint8_t number)
{
    struct bytes payload;

    script_pump(s, e);
    payload = script_next(s);
    ck_assert_msg(payload.len > 0, "no message, %u expected", number);
    ck_assert_uint_eq(payload.at[0], number);
    return payload;
}

static const char * or (const char *text, const char *fallback)
{
    return text != NULL ? text : fallback;
}

void script_kexinit(struct script *s, const struct script_kexinit *k)
{
    static const struct script_kexinit plain;
    uint8_t cookie[16] = {0};
    struct writer w = write_to(s->kexinit[s->role], SCRIPT_KEXINIT_MAX);

    k = k == NULL ? &plain : k;
    write_u8(&w, SSH_MSG_KEXINIT);
    random_fill(&s->random, cookie, sizeof cookie);
    write_bytes(&w, BYTES_OF_ARRAY(cookie));
    write_text(&w, or (k->kex, default_kex[s->role][s->strict]));
    write_text(&w, or (k->host_key, "ssh-ed25519"));
    write_text(&w, or (k->cipher[NACRE_CLIENT], "chacha20-poly1305@openssh.com"));
    write_text(&w, or (k->cipher[NACRE_SERVER], "chacha20-poly1305@openssh.com"));
    write_text(&w, or (k->mac[NACRE_CLIENT], "hmac-sha2-256"));
    write_text(&w, or (k->mac[NACRE_SERVER], "hmac-sha2-256"));
    write_text(&w, or (k->compression[NACRE_CLIENT], "none"));
    write_text(&w, or (k->compression[NACRE_SERVER], "none"));
    write_text(&w, or (k->languages[NACRE_CLIENT], ""));
    write_text(&w, or (k->languages[NACRE_SERVER], ""));
    write_u8(&w, k->follows);
    write_u32(&w, k->reserved);
    for (size_t i = 0; i < k->more; i++)
        write_u8(&w, 0);
    ck_assert(!w.bad);
    s->kexinit_len[s->role] = written(&w);
    script_send(s, written_bytes(&w));
}

static enum nacre_role peer_of(const struct script *s)
{
    return s->role == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER;
}

void script_take_kexinit(struct script *s, struct bytes payload)
{
    ck_assert_uint_le(payload.len, SCRIPT_KEXINIT_MAX);
    ck_assert_uint_eq(payload.at[0], SSH_MSG_KEXINIT);
    memcpy(s->kexinit[peer_of(s)], payload.at, payload.len);
    s->kexinit_len[peer_of(s)] = payload.len;
}

static void make_share(struct script *s)
{
    random_fill(&s->random, s->ephemeral, sizeof s->ephemeral);
    ck_assert(x25519_public(s->shares[s->role], s->ephemeral));
}

void script_init_share(struct script *s)
{
    uint8_t payload[64];
    struct writer w = write_to(payload, sizeof payload);

    make_share(s);
    write_u8(&w, SSH_MSG_KEX_ECDH_INIT);
    write_string(&w, BYTES_OF_ARRAY(s->shares[NACRE_CLIENT]));
    script_send(s, written_bytes(&w));
}

static void take_share(struct script *s, struct bytes share)
{
    ck_assert_uint_eq(share.len, 32);
    memcpy(s->shares[peer_of(s)], share.at, 32);
}

/* K and H: RFC 8731 section 3.1, RFC 5656 section 4. */
static void agree(struct script *s, struct bytes host_key)
{
    static uint8_t text[2 * SCRIPT_KEXINIT_MAX + 8192];
    struct writer w = write_to(s->secret, sizeof s->secret);
    bool client = s->role == NACRE_CLIENT;
    uint8_t raw[32];

    ck_assert(x25519_shared(raw, s->ephemeral, s->shares[peer_of(s)]));
    write_mpint(&w, BYTES_OF_ARRAY(raw));
    s->secret_len = written(&w);

    w = write_to(text, sizeof text);
    write_text(&w, client ? s->version : s->peer_version);
    write_text(&w, client ? s->peer_version : s->version);
    for (int role = NACRE_CLIENT; role >= NACRE_SERVER; role--)
        write_string(&w, (struct bytes){s->kexinit[role], s->kexinit_len[role]});
    write_string(&w, host_key);
    write_string(&w, BYTES_OF_ARRAY(s->shares[NACRE_CLIENT]));
    write_string(&w, BYTES_OF_ARRAY(s->shares[NACRE_SERVER]));
    write_bytes(&w, (struct bytes){s->secret, s->secret_len});
    ck_assert(!w.bad && hash_of(&hash_sha256, written_bytes(&w), s->hash));
    if (!s->has_session_id)
        memcpy(s->session_id, s->hash, sizeof s->hash);
    s->has_session_id = true;
}

void script_take_init(struct script *s, struct bytes payload)
{
    struct reader r = read_from(payload);

    ck_assert_uint_eq(read_u8(&r), SSH_MSG_KEX_ECDH_INIT);
    take_share(s, read_string(&r));
    ck_assert(read_done(&r));
    make_share(s);
    agree(s, private_key_blob(&s->host_key));
}

void script_reply(struct script *s)
{
    uint8_t payload[512];
    struct writer w = write_to(payload, sizeof payload);
    uint8_t *signature;

    write_u8(&w, SSH_MSG_KEX_ECDH_REPLY);
    write_string(&w, private_key_blob(&s->host_key));
    write_string(&w, BYTES_OF_ARRAY(s->shares[NACRE_SERVER]));
    signature = write_string_begin(&w);
    ck_assert(key_sign(&s->host_key, &signature_ed25519, BYTES_OF_ARRAY(s->hash), &w));
    write_string_end(&w, signature);
    script_send(s, written_bytes(&w));
}

void script_take_reply(struct script *s, struct bytes payload)
{
    struct reader r = read_from(payload);
    struct bytes host_key, signature;

    ck_assert_uint_eq(read_u8(&r), SSH_MSG_KEX_ECDH_REPLY);
    host_key = read_string(&r);
    take_share(s, read_string(&r));
    signature = read_string(&r);
    ck_assert(read_done(&r));
    agree(s, host_key);
    ck_assert(key_verify(&signature_ed25519, host_key, signature, BYTES_OF_ARRAY(s->hash)));
}

/* RFC 4253 section 7.2: 64 bytes for letter C or D. */
static void take_keys(struct script *s, struct direction *d, char letter, bool seal)
{
    uint8_t text[256], key[64], none[16] = {0};
    const struct cipher_keys keys = {.key = key, .iv = none};

    for (size_t have = 0; have < sizeof key; have += 32) {
        struct writer w = write_to(text, sizeof text);

        write_bytes(&w, (struct bytes){s->secret, s->secret_len});
        write_bytes(&w, BYTES_OF_ARRAY(s->hash));
        if (have == 0) {
            write_u8(&w, (uint8_t)letter);
            write_bytes(&w, BYTES_OF_ARRAY(s->session_id));
        } else {
            write_bytes(&w, (struct bytes){key, have});
        }
        ck_assert(!w.bad && hash_of(&hash_sha256, written_bytes(&w), key + have));
    }
    ck_assert(direction_rekey(d, &s->pool, &cipher_chacha20_poly1305, &keys, seal));
    if (s->strict)
        d->seq = 0;
}

void script_newkeys(struct script *s)
{
    const uint8_t payload[] = {SSH_MSG_NEWKEYS};

    script_send(s, BYTES_OF_ARRAY(payload));
    take_keys(s, &s->sending, s->role == NACRE_CLIENT ? 'C' : 'D', true);
}

void script_take_newkeys(struct script *s)
{
    take_keys(s, &s->receiving, s->role == NACRE_CLIENT ? 'D' : 'C', false);
}

void script_exchange(struct script *s, struct loop_end *e, const struct script_kexinit *k)
{
    script_kexinit(s, k);
    script_take_kexinit(s, script_expect(s, e, SSH_MSG_KEXINIT));
    if (s->role == NACRE_CLIENT) {
        script_init_share(s);
        script_take_reply(s, script_expect(s, e, SSH_MSG_KEX_ECDH_REPLY));
    } else {
        script_take_init(s, script_expect(s, e, SSH_MSG_KEX_ECDH_INIT));
        script_reply(s);
    }
    (void)script_expect(s, e, SSH_MSG_NEWKEYS);
    script_take_newkeys(s);
    script_newkeys(s);
    script_pump(s, e);
}

void script_connect(struct script *s, struct loop_end *e, const struct script_kexinit *k)
{
    struct bytes next;

    script_exchange(s, e, k);
    if (s->role == NACRE_CLIENT)
        script_text(s, SSH_MSG_SERVICE_REQUEST, "ssh-userauth");
    script_pump(s, e);
    next = script_next(s);
    if (next.len > 0 && next.at[0] == SSH_MSG_EXT_INFO)
        next = script_next(s);
    ck_assert_uint_gt(next.len, 0);
    ck_assert_uint_eq(next.at[0],
                      s->role == NACRE_CLIENT ? SSH_MSG_SERVICE_ACCEPT : SSH_MSG_SERVICE_REQUEST);
    if (s->role == NACRE_SERVER)
        script_text(s, SSH_MSG_SERVICE_ACCEPT, "ssh-userauth");
    script_pump(s, e);
    ck_assert_int_eq(e->transport.phase, PHASE_AUTH);
}

void script_expect_silence(struct script *s, struct loop_end *e)
{
    script_pump(s, e);
    ck_assert_uint_eq(script_next(s).len, 0);
    ck_assert(!transport_ended(&e->transport));
}

/* RFC 4253 section 11.1: byte SSH_MSG_DISCONNECT, uint32 reason, string description, string
 * language tag */
static void check_disconnect(struct bytes payload, uint32_t reason)
{
    struct reader r = read_from(payload);

    ck_assert_uint_eq(read_u8(&r), SSH_MSG_DISCONNECT);
    ck_assert_uint_eq(read_u32(&r), reason);
    ck_assert_uint_gt(read_string(&r).len, 0);
    ck_assert_uint_eq(read_string(&r).len, 0);
    ck_assert(read_done(&r));
}

void script_expect_disconnect(struct script *s, struct loop_end *e, uint32_t reason)
{
    struct bytes payload, last = {NULL, 0};

    script_pump(s, e);
    ck_assert(transport_ended(&e->transport));
    ck_assert_uint_eq(e->transport.end.code, reason);
    while ((payload = script_next(s)).len > 0)
        last = payload;
    check_disconnect(last, reason);
    ck_assert_uint_eq(buffer_len(&s->in), 0);
}
