/* packet_max: no message has more data, in either direction. RFC 4254 sections 5.1 and 5.2. */
#include "connection/parts.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"
#include "transport/message.h"
#include "transport/wire.h"

#include <string.h>

enum { LEAST = 1024, BYTES = 20000 };

static struct pair p;
static size_t largest[2];     /* bytes of data in one message, by the role that sent it */
static uint32_t announced[2]; /* the maximum packet size, by the role that announced it */

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    const struct end *e = context;
    enum nacre_role role = e == &e->pair->server ? NACRE_SERVER : NACRE_CLIENT;
    struct reader r = read_from((struct bytes){payload + 1, len - 1});

    (void)seq;
    (void)phase;
    if (direction != NACRE_SENT)
        return;
    if (payload[0] == SSH_MSG_CHANNEL_OPEN || payload[0] == SSH_MSG_CHANNEL_OPEN_CONFIRMATION) {
        if (payload[0] == SSH_MSG_CHANNEL_OPEN)
            (void)read_string(&r);
        else
            (void)read_u32(&r);
        (void)read_u32(&r);
        (void)read_u32(&r);
        announced[role] = read_u32(&r);
    } else if (payload[0] == SSH_MSG_CHANNEL_DATA) {
        (void)read_u32(&r);
        len = read_string(&r).len;
        largest[role] = len > largest[role] ? len : largest[role];
    }
}

static const struct nacre_observer observer = {.message = on_message};

/* 20,000 bytes go to the server, which sends them back. */
static void transfer(uint32_t server_max, uint32_t client_max)
{
    static uint8_t data[BYTES];
    struct nacre_channel *ch;

    memset(largest, 0, sizeof largest);
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (uint8_t)(i / 77);
    pair_init(&p, 11);
    p.server_config.observer = p.client_config.observer = &observer;
    p.server_config.packet_max = server_max;
    p.client_config.packet_max = client_max;
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    pair_run(&p);
    ck_assert_uint_eq(nacre_channel_write(ch, data, BYTES), BYTES);
    pair_run(&p);
    assert_bytes((struct bytes){p.got, p.got_len}, BYTES_OF_ARRAY(data));
    pair_clear(&p);
}

START_TEST(no_message_has_more_data_than_either_end_wants)
{
    static const struct {
        uint32_t server, client, both;
    } rows[] = {{LEAST, 0, LEAST}, {0, LEAST, LEAST}, {LEAST, 3000, LEAST}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        transfer(rows[i].server, rows[i].client);
        ck_assert_uint_eq(announced[NACRE_SERVER],
                          rows[i].server != 0 ? rows[i].server : CHANNEL_PACKET_MAX);
        ck_assert_uint_eq(announced[NACRE_CLIENT],
                          rows[i].client != 0 ? rows[i].client : CHANNEL_PACKET_MAX);
        ck_assert_uint_eq(largest[NACRE_SERVER], rows[i].both);
        ck_assert_uint_eq(largest[NACRE_CLIENT], rows[i].both);
    }
}
END_TEST

START_TEST(it_is_32_kib_at_most)
{
    transfer(0, 1 << 20);
    ck_assert_uint_eq(announced[NACRE_CLIENT], CHANNEL_PACKET_MAX);
    ck_assert_uint_gt(largest[NACRE_CLIENT], LEAST);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, no_message_has_more_data_than_either_end_wants);
    add_test(suite, it_is_32_kib_at_most);
}
