/* IP and TCP headers that were never sent. RFC 791, RFC 8200, RFC 9293, RFC 1071. */
#include "apps/observe/flow.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static struct flow flow;
static uint8_t packet[FLOW_HEADER_MAX + 64];
static size_t packet_len;
static uint32_t first; /* sequence number; the tests begin with 0 instead */

static void begin(const char *local, const char *peer)
{
    struct observed c = {.id = 5, .role = NACRE_SERVER};

    (void)snprintf(c.local, sizeof c.local, "%s", local);
    (void)snprintf(c.peer, sizeof c.peer, "%s", peer);
    flow_begin(&flow, &c);
    first = flow.ends[NACRE_CLIENT].next;
    ck_assert_uint_eq(flow.ends[NACRE_SERVER].next, first);
    flow.ends[NACRE_CLIENT].next = flow.ends[NACRE_SERVER].next = 0;
}

static void segment(enum nacre_role sender, enum flow_flags flags, const char *text)
{
    struct bytes data = bytes_of(text);

    packet_len = flow_header(&flow, sender, flags, data, packet);
    memcpy(packet + packet_len, data.at, data.len);
    packet_len += data.len;
}

static uint32_t sum_of(const uint8_t *at, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
    return sum;
}

static uint32_t fold(uint32_t sum)
{
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* RFC 1071: with the right checksum the sum is all ones. */
static void expect_checksums(size_t ip, size_t addresses_at, size_t addresses_len)
{
    uint32_t pseudo =
        sum_of(packet + addresses_at, addresses_len) + 6 + (uint32_t)(packet_len - ip);

    if (ip == 20)
        ck_assert_uint_eq(fold(sum_of(packet, 20)), 0xffff);
    ck_assert_uint_eq(fold(pseudo + sum_of(packet + ip, packet_len - ip)), 0xffff);
}

START_TEST(an_ip4_segment_byte_by_byte)
{
    const uint8_t expected[] = {0x45, 0,    0,    43,   0,    0,    0x40, 0, 64, 6,
                                0,    0,    192,  0,    2,    7,    127,  0, 0,  1, /* IP */
                                0xc3, 0x50, 0,    22,   0,    0,    0,    0, 0,  0,
                                0,    0,    0x50, 0x18, 0xff, 0xff, 0,    0, 0,  0, /* TCP */
                                'a',  'b',  'c'};

    begin("127.0.0.1:2022", "192.0.2.7:50000");
    segment(NACRE_CLIENT, FLOW_PSH | FLOW_ACK, "abc");
    expect_checksums(20, 12, 8);
    memset(packet + 10, 0, 2);
    memset(packet + 20 + 16, 0, 2);
    assert_bytes((struct bytes){packet, packet_len}, BYTES_OF_ARRAY(expected));
}
END_TEST

START_TEST(the_checksum_is_right_for_every_length)
{
    static const char text[] = "\xff\xfe\x80\x7f"
                               "abcdefghijklmnopqrstuvwxyz\xff\xff\xff\xff";

    for (size_t from = 0; from < sizeof text; from++) {
        begin("127.0.0.1:2022", "192.0.2.7:50000");
        segment(NACRE_SERVER, FLOW_ACK, text + from);
        expect_checksums(20, 12, 8);
    }
}
END_TEST

START_TEST(an_ip6_segment_byte_by_byte)
{
    const uint8_t expected[] = {0x60, 0,    0, 0, 0,    22,   6,    64,   0, 0, 0, 0,
                                0,    0,    0, 0, 0,    0,    0,    0,    0, 0, 0, 1, /* IP */
                                0xfe, 0x80, 0, 0, 0,    0,    0,    0,    0, 0, 0, 0,
                                0,    0,    0, 9, 0,    22,   0,    80,   0, 0, 0, 0,
                                0,    0,    0, 0, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0, /* TCP */
                                'x',  'y'};

    begin("[::1]:2022", "[fe80::9%eth0]:80");
    segment(NACRE_SERVER, FLOW_ACK, "xy");
    expect_checksums(40, 8, 32);
    memset(packet + 40 + 16, 0, 2);
    assert_bytes((struct bytes){packet, packet_len}, BYTES_OF_ARRAY(expected));
}
END_TEST

static void expect_numbers(uint32_t seq, uint32_t ack)
{
    ck_assert_uint_eq(load_u32(packet + 20 + 4), seq);
    ck_assert_uint_eq(load_u32(packet + 20 + 8), ack);
}

START_TEST(sequence_and_acknowledgement_numbers_follow_the_stream)
{
    begin("127.0.0.1:22", "127.0.0.1:1000");
    segment(NACRE_CLIENT, FLOW_SYN, "");
    expect_numbers(0, 0);
    segment(NACRE_SERVER, FLOW_SYN | FLOW_ACK, "");
    expect_numbers(0, 1);
    segment(NACRE_CLIENT, FLOW_ACK, "");
    expect_numbers(1, 1);
    segment(NACRE_CLIENT, FLOW_PSH | FLOW_ACK, "hello");
    expect_numbers(1, 1);
    segment(NACRE_SERVER, FLOW_PSH | FLOW_ACK, "hi");
    expect_numbers(1, 6);
    segment(NACRE_CLIENT, FLOW_FIN | FLOW_ACK, "");
    expect_numbers(6, 3);
    segment(NACRE_SERVER, FLOW_FIN | FLOW_ACK, "");
    expect_numbers(3, 7);
}
END_TEST

/* What is not an address becomes a loopback address with a port for each connection. */
START_TEST(an_unknown_address_becomes_a_loopback_address)
{
    static const struct {
        const char *local, *peer;
        bool is_six;
    } rows[] = {
        {"", "", false},
        {"/run/nacre.sock", "/run/client", false},
        {"127.0.0.1:2022", "", false},
        {"", "[::1]:5", true},
        {"127.0.0.1:2022", "[::1]:5", true},
        {"127.0.0.1:99999", "1.2.3:4", false},
        {"[::1]:2022", "", true},
        {"[::1]", "127.0.0.1", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(rows[i].local, rows[i].peer);
        ck_assert_msg(flow.is_six == rows[i].is_six, "row %zu", i);
        ck_assert_uint_eq(flow.ends[NACRE_SERVER].port, 22);
        ck_assert_uint_eq(flow.ends[NACRE_SERVER].address[rows[i].is_six ? 15 : 0],
                          rows[i].is_six ? 1 : 127);
        if (rows[i].peer[0] != '[')
            ck_assert_uint_eq(flow.ends[NACRE_CLIENT].port, 1024 + 5);
    }
}
END_TEST

/* Ports from 1024 on, and then again. */
START_TEST(connections_without_an_address_have_ports_of_their_own)
{
    static const struct {
        uint64_t id;
        uint16_t port;
    } rows[] = {{0, 1024}, {1, 1025}, {64511, 65535}, {64512, 1024}, {129025, 1025}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct observed c = {.id = rows[i].id, .role = NACRE_SERVER};

        flow_begin(&flow, &c);
        ck_assert_uint_eq(flow.ends[NACRE_CLIENT].port, rows[i].port);
    }
}
END_TEST

START_TEST(connections_begin_with_different_sequence_numbers)
{
    struct observed c = {.id = 1};
    uint32_t before;

    flow_begin(&flow, &c);
    before = flow.ends[NACRE_CLIENT].next;
    c.id = 2;
    flow_begin(&flow, &c);
    ck_assert_uint_ne(flow.ends[NACRE_CLIENT].next, before);
}
END_TEST

START_TEST(a_client_has_the_server_at_the_other_end)
{
    struct observed c = {
        .id = 1, .role = NACRE_CLIENT, .local = "10.0.0.1:4000", .peer = "10.0.0.2:2022"};

    flow_begin(&flow, &c);
    ck_assert_uint_eq(flow.ends[NACRE_CLIENT].address[3], 1);
    ck_assert_uint_eq(flow.ends[NACRE_CLIENT].port, 4000);
    ck_assert_uint_eq(flow.ends[NACRE_SERVER].address[3], 2);
    ck_assert_uint_eq(flow.ends[NACRE_SERVER].port, 22);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, an_ip4_segment_byte_by_byte);
    add_test(suite, the_checksum_is_right_for_every_length);
    add_test(suite, an_ip6_segment_byte_by_byte);
    add_test(suite, sequence_and_acknowledgement_numbers_follow_the_stream);
    add_test(suite, an_unknown_address_becomes_a_loopback_address);
    add_test(suite, connections_without_an_address_have_ports_of_their_own);
    add_test(suite, connections_begin_with_different_sequence_numbers);
    add_test(suite, a_client_has_the_server_at_the_other_end);
}
