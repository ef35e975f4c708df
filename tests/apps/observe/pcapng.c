/* Blocks of a capture file, byte by byte: draft-ietf-opsawg-pcapng sections 4.1 to 4.3 and 4.7. */
#include "apps/observe/pcapng.h"
#include "tests/support/suite.h"

#include <string.h>

/* Fail unless the block around `contents` is these bytes. */
static void expect_block(const struct pcapng_block *block, struct bytes contents,
                         struct bytes expected)
{
    uint8_t whole[1024];
    size_t len = block->head_len + contents.len + block->tail_len;

    memcpy(whole, block->head, block->head_len);
    memcpy(whole + block->head_len, contents.at, contents.len);
    memcpy(whole + block->head_len + contents.len, block->tail, block->tail_len);
    assert_bytes((struct bytes){whole, len}, expected);
}

START_TEST(a_file_begins_with_a_section_and_an_interface)
{
    static const uint8_t expected[] = {0x0a, 0x0d, 0x0d, 0x0a, 44,   0,    0,    0,    0x4d, 0x3c,
                                       0x2b, 0x1a, 1,    0,    0,    0, /* section */
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 4,    0,
                                       5,    0,    'n',  ' ',  '0',  '.',  '1',  0,    0,    0,
                                       0,    0,    0,    0,    44,   0,    0,    0,    1,    0,
                                       0,    0,    36,   0,    0,    0,    101,  0,    0,    0,
                                       0,    0,    0,    0, /* interface */
                                       2,    0,    5,    0,    'n',  'a',  'c',  'r',  'e',  0,
                                       0,    0,    0,    0,    0,    0,    36,   0,    0,    0};
    uint8_t out[PCAPNG_START_MAX];

    assert_bytes((struct bytes){out, pcapng_start(out, "n 0.1")}, BYTES_OF_ARRAY(expected));
}
END_TEST

START_TEST(a_packet_is_padded_and_says_its_direction)
{
    static const uint8_t expected[] = {6, 0, 0,   0,    52,   0,    0,    0, 0, 0,  0, 0, 0x01,
                                       0, 0, 0,   0x05, 0x04, 0x03, 0x02, 5, 0, 0,  0, 5, 0,
                                       0, 0, 'a', 'b',  'c',  'd',  'e',  0, 0, 0,  2, 0, 4,
                                       0, 2, 0,   0,    0,    0,    0,    0, 0, 52, 0, 0, 0};
    const struct pcapng_packet packet = {.us = UINT64_C(0x102030405), .len = 5, .is_sent = true};
    struct pcapng_block block;

    pcapng_packet(&block, &packet);
    expect_block(&block, bytes_of("abcde"), BYTES_OF_ARRAY(expected));
}
END_TEST

START_TEST(a_packet_has_a_comment_and_counts_those_before_it_that_are_missing)
{
    static const uint8_t expected[] = {
        6, 0, 0, 0, 68, 0,   0,   0,   0,   0, 0, 0, 0, 0,   0,   0, 1, 0, 0,  0, 4, 0, 0,
        0, 4, 0, 0, 0,  'a', 'b', 'c', 'd', 1, 0, 2, 0, 'h', 'i', 0, 0, 2, 0,  4, 0, 1, 0,
        0, 0, 4, 0, 8,  0,   3,   1,   0,   0, 0, 0, 0, 0,   0,   0, 0, 0, 68, 0, 0, 0};
    const struct pcapng_packet packet = {.us = 1, .len = 4, .dropped = 0x103, .comment = "hi"};
    struct pcapng_block block;

    pcapng_packet(&block, &packet);
    expect_block(&block, bytes_of("abcd"), BYTES_OF_ARRAY(expected));
}
END_TEST

START_TEST(a_long_comment_is_cut)
{
    static const uint8_t option[] = {
        0, 0, 0, 1, 0, PCAPNG_COMMENT_MAX & 0xff, PCAPNG_COMMENT_MAX >> 8, 'c'};
    char comment[2 * PCAPNG_COMMENT_MAX];
    const struct pcapng_packet packet = {.len = 1, .dropped = 1, .comment = comment};
    struct pcapng_block block;

    memset(comment, 'c', sizeof comment);
    comment[sizeof comment - 1] = 0;
    pcapng_packet(&block, &packet);
    ck_assert_uint_eq(block.tail_len, 3 + 4 + PCAPNG_COMMENT_MAX + 8 + 12 + 4 + 4);
    ck_assert_uint_le(block.tail_len, sizeof block.tail);
    ck_assert_mem_eq(block.tail, option, sizeof option);
}
END_TEST

START_TEST(secrets_have_the_type_of_a_key_log_of_ssh)
{
    static const uint8_t expected[] = {10, 0, 0, 0, 24,  0,   0,   0, 0x4b, 0x48, 0x53, 0x53,
                                       3,  0, 0, 0, 'k', 'e', 'y', 0, 24,   0,    0,    0};
    struct pcapng_block block;

    pcapng_secrets(&block, 3);
    expect_block(&block, bytes_of("key"), BYTES_OF_ARRAY(expected));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_file_begins_with_a_section_and_an_interface);
    add_test(suite, a_packet_is_padded_and_says_its_direction);
    add_test(suite, a_packet_has_a_comment_and_counts_those_before_it_that_are_missing);
    add_test(suite, a_long_comment_is_cut);
    add_test(suite, secrets_have_the_type_of_a_key_log_of_ssh);
}
