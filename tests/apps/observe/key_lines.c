/* The lines of a key log, as Wireshark's ssh.keylog_file has them. */
#include "apps/observe/key_lines.h"
#include "tests/support/suite.h"
#include "transport/wire.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t kexinit[] = {20,   0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
                                  0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x99, 0x99};

#define COOKIE "101112131415161718191a1b1c1d1e1f"

/* What K gives after those messages and secrets. */
static void expect(struct key_lines *lines, const char *k, size_t len, const char *expected)
{
    char out[KEY_LINES_MAX];
    size_t n = key_lines_secret(lines, 'K', (const uint8_t *)k, len, out);

    assert_bytes((struct bytes){(const uint8_t *)out, n}, bytes_of(expected));
}

START_TEST(the_old_form_comes_last)
{
    struct key_lines lines = {0};
    char out[KEY_LINES_MAX];

    key_lines_message(&lines, NACRE_SENT, kexinit, sizeof kexinit);
    ck_assert_uint_eq(key_lines_secret(&lines, 'x', (const uint8_t[]){0xab, 0x01}, 2, out), 0);
    expect(&lines, "\0\0\0\x03\0\x81\x02", 7, COOKIE " SHARED_SECRET 008102\n" COOKIE " ab01\n");
    ck_assert_uint_eq(key_lines_secret(&lines, 'H', (const uint8_t[]){1}, 1, out), 0);
    ck_assert_uint_eq(key_lines_secret(&lines, 'A', (const uint8_t[]){1}, 1, out), 0);
}
END_TEST

START_TEST(a_method_without_a_private_number_has_one_line)
{
    struct key_lines lines = {0};

    key_lines_message(&lines, NACRE_SENT, kexinit, sizeof kexinit);
    expect(&lines, "\0\0\0\x02\xff\x0f", 6, COOKIE " SHARED_SECRET ff0f\n");
}
END_TEST

/* Wireshark would hash a K with a leading zero. */
START_TEST(a_short_secret_of_curve25519_has_one_line)
{
    static const struct {
        uint8_t len, first, second; /* of the mpint */
        bool short_k;
    } rows[] = {
        {32, 0x7f, 0xff, false}, {33, 0, 0x80, false}, {31, 0x7f, 1, true}, {32, 0, 0x80, false}};
    char out[KEY_LINES_MAX];
    uint8_t x[32] = {1}, k[4 + 33] = {0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct key_lines lines = {0};
        size_t first = 32 + 15 + 2 * (size_t)rows[i].len + 1;

        k[4] = rows[i].first;
        k[5] = rows[i].second;
        key_lines_message(&lines, NACRE_SENT, kexinit, sizeof kexinit);
        (void)key_lines_secret(&lines, 'x', x, sizeof x, out);
        ck_assert_uint_eq(key_lines_secret(&lines, 'K', k, 4 + (size_t)rows[i].len, out),
                          first + (rows[i].short_k ? 0 : 32 + 1 + 64 + 1));
        ck_assert_uint_eq(lines.private_len, 0);
    }
}
END_TEST

/* Wireshark would have no space for K. */
START_TEST(a_short_share_of_the_peer_has_one_line)
{
    static const struct {
        uint8_t number, share, k, first; /* lengths of the mpints; the first byte of K */
        bool good;
    } rows[] = {
        {30, 8, 8, 0x7f, true},  {30, 9, 9, 0, true},  {30, 8, 9, 0, true}, {30, 9, 8, 0x7f, true},
        {30, 7, 8, 0x7f, false}, {30, 7, 9, 0, false}, {31, 8, 8, 1, true}, {31, 7, 8, 1, false},
        {32, 7, 8, 1, false},    {33, 7, 8, 1, false}, {33, 8, 8, 1, true}, {34, 7, 8, 1, true},
    };
    char out[KEY_LINES_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct key_lines lines = {0};
        uint8_t message[64], k[4 + 9] = {0, 0, 0, rows[i].k, rows[i].first, 0xff};
        struct writer w = write_to(message, sizeof message);

        write_u8(&w, rows[i].number);
        if (rows[i].number == 31 || rows[i].number == 33)
            write_text(&w, "K_S");
        write_string(&w, (struct bytes){k, rows[i].share});
        key_lines_message(&lines, NACRE_SENT, kexinit, sizeof kexinit);
        key_lines_message(&lines, NACRE_RECEIVED, message, written(&w));
        (void)key_lines_secret(&lines, 'x', (const uint8_t[]){0xab}, 1, out);
        ck_assert_uint_eq(key_lines_secret(&lines, 'K', k, 4 + (size_t)rows[i].k, out),
                          32 + 15 + 2 * (size_t)rows[i].k + 1 +
                              (rows[i].good ? 32 + 1 + 2 + 1 : 0));
    }
}
END_TEST

/* A private number belongs to one exchange; nothing of it stays. */
START_TEST(the_next_exchange_begins_again)
{
    struct key_lines lines = {0};
    uint8_t next[sizeof kexinit];
    const struct key_lines zeros = {0};
    char out[KEY_LINES_MAX];

    memcpy(next, kexinit, sizeof next);
    next[1] = 0xee;
    key_lines_message(&lines, NACRE_SENT, kexinit, sizeof kexinit);
    (void)key_lines_secret(&lines, 'x', (const uint8_t[]){0xab}, 1, out);
    expect(&lines, "\0\0\0\x01\x01", 5, COOKIE " SHARED_SECRET 01\n" COOKIE " ab\n");
    ck_assert_mem_eq(lines.private_number, zeros.private_number, sizeof zeros.private_number);
    key_lines_message(&lines, NACRE_SENT, next, sizeof next);
    expect(&lines, "\0\0\0\x01\x02", 5, "ee1112131415161718191a1b1c1d1e1f SHARED_SECRET 02\n");
}
END_TEST

START_TEST(only_our_own_kexinit_counts)
{
    struct key_lines lines = {0};
    uint8_t other[sizeof kexinit];

    memcpy(other, kexinit, sizeof other);
    key_lines_message(&lines, NACRE_RECEIVED, kexinit, sizeof kexinit);
    expect(&lines, "\0\0\0\x01\x01", 5, "");
    key_lines_message(&lines, NACRE_SENT, kexinit, 16); /* too short for a cookie */
    other[0] = 21;
    key_lines_message(&lines, NACRE_SENT, other, sizeof other);
    expect(&lines, "\0\0\0\x01\x01", 5, "");
    key_lines_message(&lines, NACRE_SENT, kexinit, 17); /* nothing follows the cookie */
    expect(&lines, "\0\0\0\x01\x01", 5, COOKIE " SHARED_SECRET 01\n");
}
END_TEST

/* diffie-hellman-group18 has the longest K: an mpint of 8193 bits. */
START_TEST(the_longest_secret_fits_and_a_longer_one_is_left_out)
{
    static char k[4 + KEY_LINES_SECRET_MAX + 1];
    struct key_lines lines = {0};
    uint8_t x[KEY_LINES_PRIVATE_MAX + 1] = {0};
    char out[KEY_LINES_MAX];

    key_lines_message(&lines, NACRE_SENT, kexinit, sizeof kexinit);
    (void)key_lines_secret(&lines, 'x', x, KEY_LINES_PRIVATE_MAX, out);
    ck_assert_uint_eq(
        key_lines_secret(&lines, 'K', (const uint8_t *)k, 4 + KEY_LINES_SECRET_MAX, out),
        32 + 15 + 2 * KEY_LINES_SECRET_MAX + 1 + 32 + 1 + 2 * KEY_LINES_PRIVATE_MAX + 1);
    expect(&lines, k, sizeof k, "");
    expect(&lines, k, 3, "");
    (void)key_lines_secret(&lines, 'x', x, sizeof x, out);
    ck_assert_uint_eq(lines.private_len, 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_old_form_comes_last);
    add_test(suite, a_method_without_a_private_number_has_one_line);
    add_test(suite, a_short_secret_of_curve25519_has_one_line);
    add_test(suite, a_short_share_of_the_peer_has_one_line);
    add_test(suite, the_next_exchange_begins_again);
    add_test(suite, only_our_own_kexinit_counts);
    add_test(suite, the_longest_secret_fits_and_a_longer_one_is_left_out);
}
