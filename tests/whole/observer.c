/* The observer of whole sessions: the packets are the bytes of the wire, and the secrets are those
 * of the exchange, in the documented order. RFC 4253 sections 7.2 and 8. */
#include "crypto/dh.h"
#include "crypto/x25519.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"
#include "tests/support/tables.h"
#include "tests/support/wiped.h"
#include "transport/kex_method.h"
#include "transport/wire.h"

#include <string.h>

enum { WIRE_MAX = 256 * 1024, SECRET_MAX = 2048, LABELS_MAX = 64, SHARE_MAX = 2048 };

/* What one end showed. */
struct seen {
    uint8_t wire[2][WIRE_MAX]; /* by direction */
    size_t wire_len[2];
    char labels[LABELS_MAX];
    uint8_t x[80], k[SECRET_MAX], h[2][64]; /* h: of both exchanges */
    size_t x_len, k_len, h_len;
    int exchanges;
    uint8_t share[SHARE_MAX]; /* of the peer, in the last message of the key exchange with one */
    size_t share_len;
};

static struct pair p;
static struct seen seen[2]; /* by role */

static struct seen *seen_by(const struct end *e)
{
    return &seen[e == &e->pair->server ? NACRE_SERVER : NACRE_CLIENT];
}

static void on_packet(void *context, enum nacre_direction direction, const uint8_t *bytes,
                      size_t len)
{
    struct seen *s = seen_by(context);

    ck_assert_uint_le(s->wire_len[direction] + len, WIRE_MAX);
    memcpy(s->wire[direction] + s->wire_len[direction], bytes, len);
    s->wire_len[direction] += len;
}

static void on_secret(void *context, char label, const uint8_t *bytes, size_t len)
{
    struct seen *s = seen_by(context);
    size_t n = strlen(s->labels);

    ck_assert_uint_lt(n + 1, sizeof s->labels);
    s->labels[n] = label;
    if (label == 'x')
        memcpy(s->x, bytes, s->x_len = len);
    if (label == 'K')
        memcpy(s->k, bytes, s->k_len = len);
    if (label == 'H')
        memcpy(s->h[s->exchanges++], bytes, s->h_len = len);
}

/* KEX_ECDH_INIT and KEX_DH_GEX_INIT: the share alone. KEX_ECDH_REPLY and KEX_DH_GEX_REPLY: K_S, the
 * share, the signature. */
static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct seen *s = seen_by(context);
    struct reader r = read_from((struct bytes){payload + 1, len - 1});
    struct bytes share;

    (void)seq;
    if (direction != NACRE_RECEIVED || strstr(phase, "kex") == NULL || payload[0] < 30 ||
        payload[0] > 33)
        return;
    if (s == &seen[NACRE_CLIENT])
        (void)read_string(&r);
    share = read_string(&r);
    ck_assert_uint_le(share.len, SHARE_MAX);
    memcpy(s->share, share.at, s->share_len = share.len);
}

static const struct nacre_observer observer = {
    .packet = on_packet, .secret = on_secret, .message = on_message};

static void begin(const char *kex)
{
    memset(seen, 0, sizeof seen);
    pair_init(&p, 3);
    p.records = true;
    p.server_config.observer = p.client_config.observer = &observer;
    p.client_config.kex = p.server_config.kex = kex;
    pair_start(&p);
    ck_assert_ptr_nonnull(pair_open(&p));
}

static void expect_wire(const struct end *sender, const struct seen *sent,
                        const struct seen *received)
{
    struct bytes wire = {sender->record, (size_t)sender->sent};

    assert_bytes((struct bytes){sent->wire[NACRE_SENT], sent->wire_len[NACRE_SENT]}, wire);
    assert_bytes((struct bytes){received->wire[NACRE_RECEIVED], received->wire_len[NACRE_RECEIVED]},
                 wire);
}

START_TEST(packets_are_every_byte_of_the_wire)
{
    struct protection protection = protection_at(_i);

    memset(seen, 0, sizeof seen);
    pair_init(&p, 3);
    p.records = true;
    p.server_config.observer = p.client_config.observer = &observer;
    p.client_config.ciphers = protection.cipher->name;
    p.client_config.macs = protection.mac == NULL ? NULL : protection.mac->name;
    p.server_config.ciphers = p.client_config.ciphers;
    p.server_config.macs = p.client_config.macs;
    pair_start(&p);
    ck_assert_ptr_nonnull(pair_open(&p));
    nacre_session_rekey(p.client.session);
    pair_run(&p);
    nacre_session_disconnect(p.client.session, NACRE_WE_CLOSED, "done");
    pair_run(&p);
    expect_wire(&p.client, &seen[NACRE_CLIENT], &seen[NACRE_SERVER]);
    expect_wire(&p.server, &seen[NACRE_SERVER], &seen[NACRE_CLIENT]);
    pair_clear(&p);
}
END_TEST

/* The private number of one side and the share of the other one give K: RFC 8731 section 3, RFC
 * 4253 section 8, RFC 4419 section 3. Our client prefers groups of 3072 bits. */
static void expect_private_number(const struct kex_method *method, const struct seen *s)
{
    struct bytes share = {s->share, s->share_len};
    uint8_t secret[DH_LEN_MAX];
    uint8_t encoded[KEX_SECRET_MAX];
    struct writer w = write_to(encoded, sizeof encoded);

    if (method == &kex_curve25519) {
        ck_assert_uint_eq(s->x_len, 32);
        ck_assert(x25519_shared(secret, s->x, s->share));
        write_mpint(&w, (struct bytes){secret, 32});
    } else {
        struct dh dh = {.group = method->group != NULL ? method->group : &dh_group15,
                        .secret_len = s->x_len};

        ck_assert_uint_le(s->x_len, sizeof dh.secret);
        memcpy(dh.secret, s->x, s->x_len);
        ck_assert(dh_shared(&dh, share, secret));
        write_mpint(&w, (struct bytes){secret, dh.group->p.len});
    }
    assert_bytes((struct bytes){s->k, s->k_len}, written_bytes(&w));
}

START_TEST(the_secrets_of_each_method_come_in_order)
{
    const struct algorithm *kex = &algorithms_of(ALGORITHM_KEX)[_i];
    const struct kex_method *method = kex->method;
    bool told =
        method == &kex_curve25519 || method->share_is_mpint || method->course == KEX_GROUP_EXCHANGE;

    begin(kex->name);
    for (int role = 0; role < 2; role++) {
        const struct seen *s = &seen[role];

        ck_assert_int_eq(strncmp(s->labels, told ? "xKH" : "KH", told ? 3 : 2), 0);
        ck_assert_int_eq(s->exchanges, 1);
        if (told)
            expect_private_number(method, s);
        else
            ck_assert_uint_eq(s->x_len, 0);
    }
    assert_bytes((struct bytes){seen[NACRE_SERVER].h[0], seen[NACRE_SERVER].h_len},
                 (struct bytes){seen[NACRE_CLIENT].h[0], seen[NACRE_CLIENT].h_len});
    pair_clear(&p);
}
END_TEST

/* The server's ephemeral number is in the exchange's scratch memory. */
START_TEST(the_private_number_is_wiped)
{
    wiped_record();
    begin("curve25519-sha256");
    ck_assert(wiped_exactly((struct bytes){seen[NACRE_SERVER].x, 32}));
    pair_clear(&p);
}
END_TEST

START_TEST(a_later_exchange_has_another_hash)
{
    begin("curve25519-sha256");
    nacre_session_rekey(p.client.session);
    pair_run(&p);
    ck_assert_int_eq(seen[NACRE_SERVER].exchanges, 2);
    ck_assert_mem_ne(seen[NACRE_SERVER].h[0], seen[NACRE_SERVER].h[1], 32);
    pair_clear(&p);
}
END_TEST

/* RFC 4253 section 5.1 allows a server to send KEXINIT at once; with kexinit_waits it does not. */
START_TEST(kexinit_waits_for_the_identification_if_it_should)
{
    const struct seen *s = &seen[NACRE_SERVER];

    memset(seen, 0, sizeof seen);
    pair_init(&p, 3);
    p.server_config.observer = &observer;
    p.server_config.kexinit_waits = _i == 1;
    pair_start(&p);
    if (_i == 1)
        ck_assert_ptr_eq(memchr(s->wire[NACRE_SENT], '\n', s->wire_len[NACRE_SENT]),
                         s->wire[NACRE_SENT] + s->wire_len[NACRE_SENT] - 1);
    else
        ck_assert_uint_gt(s->wire_len[NACRE_SENT], 500);
    ck_assert_ptr_nonnull(pair_open(&p));
    pair_clear(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, packets_are_every_byte_of_the_wire, 0, protection_count());
    add_loop(suite, the_secrets_of_each_method_come_in_order, 0, algorithm_count(ALGORITHM_KEX));
    add_test(suite, the_private_number_is_wiped);
    add_test(suite, a_later_exchange_has_another_hash);
    add_loop(suite, kexinit_waits_for_the_identification_if_it_should, 0, 2);
}
