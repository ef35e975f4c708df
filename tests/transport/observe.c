/* Packets as the observer sees them: every byte of the wire, one packet at a time. */
#include "tests/support/loop_transport.h"
#include "tests/support/suite.h"
#include "tests/support/tables.h"

#include <string.h>

enum { STREAM_MAX = 64 * 1024, PACKETS_MAX = 64 };

/* What the observer of one end saw in one direction. */
struct seen {
    uint8_t bytes[STREAM_MAX];
    size_t len;
    size_t sizes[PACKETS_MAX];
    size_t packets;
    size_t messages;
};

static struct loop loop;
static struct seen seen[2][2]; /* by role and direction */

static struct seen *seen_by(void *context, enum nacre_direction direction)
{
    const struct loop_end *e = context;

    return &seen[e->config.role][direction];
}

static void see_line(void *context, enum nacre_direction direction, const uint8_t *bytes,
                     size_t len)
{
    struct seen *s = seen_by(context, direction);

    ck_assert_uint_lt(s->packets, PACKETS_MAX);
    ck_assert_uint_le(s->len + len, STREAM_MAX);
    memcpy(s->bytes + s->len, bytes, len);
    s->len += len;
    s->sizes[s->packets++] = len;
}

static void see_packet(void *context, enum nacre_direction direction, const uint8_t *bytes,
                       size_t len)
{
    const struct seen *s = seen_by(context, direction);

    see_line(context, direction, bytes, len);
    /* the identification comes without a message */
    ck_assert_uint_eq(s->messages + (s->packets > 1 && direction == NACRE_RECEIVED),
                      s->packets - 1);
}

static void see_message(void *context, enum nacre_direction direction, uint32_t seq,
                        const char *phase, const uint8_t *payload, size_t len)
{
    (void)seq;
    (void)phase;
    (void)payload;
    (void)len;
    seen_by(context, direction)->messages++;
}

static void open_watched(struct protection protection)
{
    struct loop_end *ends[] = {&loop.server, &loop.client};

    memset(seen, 0, sizeof seen);
    loop_open(&loop);
    for (int i = 0; i < 2; i++) {
        ends[i]->observer.packet = see_packet;
        ends[i]->observer.message = see_message;
        ends[i]->config.algorithms[ALGORITHM_CIPHER] = protection.cipher->name;
        if (protection.mac != NULL)
            ends[i]->config.algorithms[ALGORITHM_MAC] = protection.mac->name;
    }
}

static void expect_same(const struct seen *sent, const struct seen *received)
{
    assert_bytes((struct bytes){received->bytes, received->len},
                 (struct bytes){sent->bytes, sent->len});
    ck_assert_uint_eq(received->packets, sent->packets);
    for (size_t i = 0; i < sent->packets; i++)
        ck_assert_uint_eq(received->sizes[i], sent->sizes[i]);
}

/* Also with ciphers that decrypt the first block to learn the length, however the bytes arrive. */
START_TEST(what_one_end_sends_encrypted_the_other_receives_encrypted)
{
    static const size_t chunks[] = {0, 1, 15, 17};
    struct protection protection = protection_at(_i);

    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        open_watched(protection);
        loop.chunk = chunks[i];
        loop_connect(&loop);
        for (size_t len = 1; len < 40; len += 9)
            loop_end_send(&loop.client, SSH_MSG_USERAUTH_REQUEST, len);
        loop_run(&loop);
        ck_assert_uint_ge(seen[NACRE_CLIENT][NACRE_SENT].packets, 9);
        expect_same(&seen[NACRE_CLIENT][NACRE_SENT], &seen[NACRE_SERVER][NACRE_RECEIVED]);
        expect_same(&seen[NACRE_SERVER][NACRE_SENT], &seen[NACRE_CLIENT][NACRE_RECEIVED]);
        ck_assert_uint_eq(seen[NACRE_CLIENT][NACRE_SENT].len, loop.server.transport.bytes_in);
        loop_close(&loop);
    }
}
END_TEST

/* What cannot be a packet is shown as it was received, as far as it was. */
START_TEST(the_bytes_that_end_a_session_are_seen)
{
    static const struct {
        const char *bytes;
        size_t len;
    } ends[] = {
        {"GET / HTTP/1.1\r\n", 16},
        {"GET / HTTP/1.1", 14},
        {"SSH-1.5-old\r\n", 13},
        {"SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff", 20},
    };
    const struct seen *s = &seen[NACRE_SERVER][NACRE_RECEIVED];

    open_watched(protection_at(0));
    ck_assert(loop_end_start(&loop.server));
    loop_end_receive(&loop.server, (struct bytes){(const uint8_t *)ends[_i].bytes, ends[_i].len},
                     0);
    ck_assert(transport_ended(&loop.server.transport));
    assert_bytes((struct bytes){s->bytes, s->len},
                 (struct bytes){(const uint8_t *)ends[_i].bytes, ends[_i].len});
    loop_close(&loop);
}
END_TEST

START_TEST(a_packet_with_a_wrong_tag_is_seen)
{
    const struct seen *sent = &seen[NACRE_CLIENT][NACRE_SENT];
    const struct seen *received = &seen[NACRE_SERVER][NACRE_RECEIVED];
    uint8_t copy[256];
    struct bytes output;

    open_watched(protection_at(_i));
    loop_connect(&loop);
    loop_end_send(&loop.client, SSH_MSG_USERAUTH_REQUEST, 30);
    output = transport_output(&loop.client.transport);
    ck_assert_uint_le(output.len, sizeof copy);
    memcpy(copy, output.at, output.len);
    copy[output.len - 1] ^= 1;
    loop_end_receive(&loop.server, (struct bytes){copy, output.len}, 1);
    ck_assert_uint_eq(loop.server.transport.end.code, SSH_DISCONNECT_MAC_ERROR);
    ck_assert_uint_eq(received->packets, sent->packets);
    assert_bytes((struct bytes){received->bytes + received->len - output.len, output.len},
                 (struct bytes){copy, output.len});
    loop_close(&loop);
}
END_TEST

/* A client sees each line that a server sends before its identification. */
START_TEST(lines_before_the_identification_are_seen_one_by_one)
{
    const struct seen *s = &seen[NACRE_CLIENT][NACRE_RECEIVED];
    const char text[] = "hello\r\nwelcome\nSSH-2.0-server\r\n";

    open_watched(protection_at(0));
    loop.client.observer.packet = see_line;
    ck_assert(loop_end_start(&loop.client));
    loop_end_receive(&loop.client, bytes_of(text), 0);
    ck_assert_uint_eq(s->packets, 3);
    ck_assert_uint_eq(s->sizes[0], 7);
    ck_assert_uint_eq(s->sizes[1], 8);
    assert_bytes((struct bytes){s->bytes, s->len}, bytes_of(text));
    loop_close(&loop);
}
END_TEST

START_TEST(without_memory_for_it_there_is_no_transport)
{
    open_watched(protection_at(0));
    loop.server.fail_at = (size_t)_i;
    ck_assert(!loop_end_start(&loop.server));
    ck_assert_uint_eq(loop.server.pool.in_use, 0);
    loop_close(&loop);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, what_one_end_sends_encrypted_the_other_receives_encrypted, 0,
             protection_count());
    add_loop(suite, the_bytes_that_end_a_session_are_seen, 0, 4);
    add_loop(suite, a_packet_with_a_wrong_tag_is_seen, 0, protection_count());
    add_test(suite, lines_before_the_identification_are_seen_one_by_one);
    add_loop(suite, without_memory_for_it_there_is_no_transport, 1, 3);
}
