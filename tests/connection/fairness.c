/* Many channels on one connection: the answer to a keystroke waits for at most one packet per busy
 * channel, and busy channels get equal shares. */
#include "connection/parts.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"
#include "transport/parts.h"

#include <stdlib.h>

enum {
    BUSY_MAX = 40,
    PACKET = CHANNEL_PACKET_MAX + 128, /* on the wire, with a window adjust */
    CHUNK = 500,                       /* bytes that the network accepts at a time */
    KEYS = 60,
};

static struct {
    struct pair pair;
    struct nacre_channel *served[BUSY_MAX + 1]; /* by channel number; 0 is for keystrokes */
    uint64_t got[BUSY_MAX + 1];
    uint64_t echoed_at; /* bytes that the server had sent by then */
    size_t piece;       /* bytes that a busy application writes at a time */
    bool echoed;
} f;

static const uint8_t zeros[CHANNEL_PACKET_MAX];

static void write_on(struct nacre_channel *ch)
{
    while (nacre_channel_id(ch) != 0 && nacre_channel_write(ch, zeros, f.piece) == f.piece)
        ;
}

static enum nacre_answer server_open(struct nacre_channel *ch)
{
    f.served[nacre_channel_id(ch)] = ch;
    return NACRE_GRANT;
}

static size_t server_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return nacre_channel_write(ch, data, len);
}

static const struct nacre_channel_app server_app = {
    .open = server_open, .data = server_data, .writable = write_on};

static size_t client_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)data;
    f.got[nacre_channel_id(ch)] += len;
    if (nacre_channel_id(ch) == 0) {
        f.echoed = true;
        f.echoed_at = f.pair.server.sent;
    }
    return len;
}

static const struct nacre_channel_app client_app = {.data = client_data};

/* Channel 0 for keystrokes, and `busy` more on which the server writes as much as it can. */
static struct nacre_channel *begin(unsigned busy, size_t piece)
{
    struct nacre_channel *keys;

    memset(&f, 0, sizeof f);
    f.piece = piece;
    pair_init(&f.pair, 1);
    f.pair.server_app = server_app;
    f.pair.client_app = client_app;
    pair_start(&f.pair);
    keys = pair_open(&f.pair);
    for (unsigned i = 1; i <= busy; i++)
        (void)pair_open(&f.pair);
    f.pair.chunk = CHUNK;
    for (unsigned i = 1; i <= busy; i++)
        write_on(f.served[i]);
    return keys;
}

/* The network accepts a chunk, and nothing more for now. */
static void step(void)
{
    f.pair.client_reads = true;
    (void)pair_step(&f.pair);
    f.pair.client_reads = false;
    (void)pair_step(&f.pair);
}

static void steps(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        step();
}

/* Bytes that the server sends between the keystroke and its answer. */
static uint64_t key(struct nacre_channel *keys)
{
    uint64_t sent;

    f.echoed = false;
    ck_assert_uint_eq(nacre_channel_write(keys, "k", 1), 1);
    sent = f.pair.server.sent;
    while (!f.echoed)
        step();
    return f.echoed_at - sent;
}

static void check_keys(unsigned busy, size_t piece)
{
    struct nacre_channel *keys = begin(busy, piece);
    uint64_t most =
        busy * PACKET < BLOCK_LARGE ? busy * PACKET : BLOCK_LARGE; /* the whole output */
    uint64_t worst = 0;

    steps(400);
    for (unsigned i = 0; i < KEYS; i++) {
        uint64_t bytes = key(keys);

        worst = bytes > worst ? bytes : worst;
        ck_assert_uint_le(bytes, most + 2 * CHUNK);
        steps(i * 7); /* a different place in the order each time */
    }
    ck_assert_uint_gt(worst, most / 4); /* they were busy */
    pair_clear(&f.pair);
}

START_TEST(a_keystroke_waits_for_at_most_one_packet_per_busy_channel)
{
    static const unsigned busy[] = {1, 2, 3, 4, 7, BUSY_MAX};

    check_keys(busy[_i], CHANNEL_PACKET_MAX);
}
END_TEST

START_TEST(a_keystroke_waits_no_longer_when_busy_channels_write_in_small_pieces)
{
    check_keys(4, _i == 0 ? 100 : 5000);
}
END_TEST

/* The same while the first of them waits for the peer's window. */
START_TEST(busy_channels_get_equal_shares)
{
    static const unsigned busy[] = {2, 3, 4, 7, BUSY_MAX};
    uint64_t least = UINT64_MAX, most = 0;

    struct nacre_channel *stuck;

    (void)begin(busy[_i], CHANNEL_PACKET_MAX);
    stuck = f.served[0];
    stuck->peer_window = 0;
    (void)nacre_channel_write(stuck, "x", 1);
    steps(busy[_i] * 10 * PACKET / CHUNK);
    for (unsigned i = 1; i <= busy[_i]; i++) {
        least = f.got[i] < least ? f.got[i] : least;
        most = f.got[i] > most ? f.got[i] : most;
    }
    ck_assert_uint_gt(least, 7 * CHANNEL_PACKET_MAX);
    ck_assert_uint_le(most - least, 3 * CHANNEL_PACKET_MAX);
    pair_clear(&f.pair);
}
END_TEST

/* A socket that accepts nothing: one packet per channel waits for it, until the output is full. */
START_TEST(no_channel_fills_the_output_alone)
{
    size_t len;

    (void)begin(1, CHANNEL_PACKET_MAX);
    f.pair.client_reads = false;
    (void)pair_step(&f.pair);
    (void)nacre_session_output(f.pair.server.session, &len);
    ck_assert_uint_gt(len, 0);
    ck_assert_uint_le(len, PACKET);
    pair_clear(&f.pair);
}
END_TEST

START_TEST(a_channel_that_is_alone_on_its_connection_fills_the_output)
{
    size_t len;

    (void)begin(0, CHANNEL_PACKET_MAX);
    f.pair.client_reads = false;
    while (nacre_channel_write(f.served[0], zeros, sizeof zeros) > 0)
        ;
    (void)nacre_session_output(f.pair.server.session, &len);
    ck_assert_uint_gt(len, 3 * CHANNEL_PACKET_MAX);
    ck_assert_uint_le(len, BLOCK_LARGE - TRANSPORT_RESERVE);
    pair_clear(&f.pair);
}
END_TEST

/* Two channels that do nothing; returns the second. */
static struct nacre_channel *begin_quietly(void)
{
    static const struct nacre_channel_app quiet = {.open = server_open};

    memset(&f, 0, sizeof f);
    pair_init(&f.pair, 1);
    f.pair.server_app = quiet;
    f.pair.client_app = client_app;
    pair_start(&f.pair);
    (void)pair_open(&f.pair);
    (void)pair_open(&f.pair);
    pair_run(&f.pair);
    return f.served[1];
}

/* On both sides of what is left of a turn before the rest is not worth a message. */
START_TEST(a_turn_ends_before_its_last_sliver)
{
    enum { SLIVER = 2048 };
    struct nacre_channel *ch = begin_quietly();

    ch->turn_end = UINT64_MAX;
    ch->turn_used = CHANNEL_PACKET_MAX - SLIVER - 1 + (uint32_t)_i;
    ck_assert_uint_eq(nacre_channel_space(ch), _i == 0 ? SLIVER + 1 : 0);
    ch->turn_end = 0;
    pair_clear(&f.pair);
}
END_TEST

START_TEST(only_several_channels_share_the_output)
{
    struct nacre_channel *ch = begin_quietly();
    const struct connection *c = ch->connection;

    ck_assert_uint_eq(c->count, 2);
    ck_assert(c->transport->pace.shared);
    nacre_channel_close(ch);
    pair_run(&f.pair);
    ck_assert_uint_eq(c->count, 1);
    ck_assert(!c->transport->pace.shared);
    pair_clear(&f.pair);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_keystroke_waits_for_at_most_one_packet_per_busy_channel, 0, 6);
    add_loop(suite, a_keystroke_waits_no_longer_when_busy_channels_write_in_small_pieces, 0, 2);
    add_loop(suite, busy_channels_get_equal_shares, 0, 5);
    add_test(suite, no_channel_fills_the_output_alone);
    add_test(suite, a_channel_that_is_alone_on_its_connection_fills_the_output);
    add_loop(suite, a_turn_ends_before_its_last_sliver, 0, 2);
    add_test(suite, only_several_channels_share_the_output);
}
