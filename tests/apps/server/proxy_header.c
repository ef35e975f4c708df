/* Headers of the PROXY protocol, whole and in part, right and wrong. */
#include "apps/server/proxy_header.h"

#include "apps/runtime/address_text.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4                                                                                         \
    "\xc0\x00\x02\x01\xc6\x33\x64\x01\xc8\x22\x00\x16" /* 192.0.2.1, 198.51.100.1, 51234, 22 */
#define V6                                                                                         \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"                                                   \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\xc8\x22\x00\x16"
#define UNIX_PATHS_LEN 216

static char text[ADDRESS_MAX];
static size_t size;

/* Read it from memory that ends where the data do, so that a read too far is noticed. */
static enum proxy_status read_bytes(const void *data, size_t len)
{
    struct sockaddr_storage address = {0};
    uint8_t *copy = malloc(len > 0 ? len : 1);
    enum proxy_status status;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, data, len);
    size = 0;
    status = proxy_header_read((struct bytes){copy, len}, &address, &size);
    free(copy);
    text[0] = 0;
    if (status == PROXY_ADDRESS)
        address_text(text, &address, -1);
    return status;
}

/* Every beginning of it is a partial header, and what follows it is not read. */
static void assert_header(const char *header, size_t len, enum proxy_status status,
                          const char *address)
{
    char longer[2 * PROXY_HEADER_MAX];

    for (size_t n = 0; n < len; n++)
        ck_assert_int_eq(read_bytes(header, n), PROXY_PARTIAL);
    ck_assert_int_eq(read_bytes(header, len), status);
    ck_assert_uint_eq(size, len);
    ck_assert_str_eq(text, address);
    memcpy(longer, header, len);
    memcpy(longer + len, "SSH-2.0-x\r\n", 11);
    ck_assert_int_eq(read_bytes(longer, len + 11), status);
    ck_assert_uint_eq(size, len);
}
#define ASSERT_HEADER(header, status, address)                                                     \
    assert_header(header, sizeof(header) - 1, status, address)
#define ASSERT_BAD(header) ck_assert_int_eq(read_bytes(header, sizeof(header) - 1), PROXY_BAD)

START_TEST(a_line_of_version_1_names_the_client)
{
    ASSERT_HEADER("PROXY TCP4 192.0.2.1 198.51.100.1 51234 22\r\n", PROXY_ADDRESS,
                  "192.0.2.1:51234");
    ASSERT_HEADER("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", PROXY_ADDRESS,
                  "255.255.255.255:65535");
    ASSERT_HEADER("PROXY TCP6 2001:db8::1 ::1 0 22\r\n", PROXY_ADDRESS, "[2001:db8::1]:0");
    ASSERT_HEADER("PROXY TCP6 ::ffff:192.0.2.1 ::1 9 22\r\n", PROXY_ADDRESS, "192.0.2.1:9");
    ASSERT_HEADER("PROXY UNKNOWN\r\n", PROXY_OWN, "");
    ASSERT_HEADER("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", PROXY_OWN, "");
}
END_TEST

START_TEST(a_malformed_line_is_bad)
{
    char longest[107] = "PROXY UNKNOWN ";

    ASSERT_BAD("SSH-2.0-OpenSSH_9.2\r\n");
    ASSERT_BAD("proxy TCP4 192.0.2.1 198.51.100.1 51234 22\r\n");
    ASSERT_BAD("PROXY\r\n");
    ASSERT_BAD("PROXY \r\n");
    ASSERT_BAD("PROXY TCP4\r\n");
    ASSERT_BAD("PROXY TCP5 192.0.2.1 198.51.100.1 51234 22\r\n");
    ASSERT_BAD("PROXY UNKNOWN\n");
    ASSERT_BAD("PROXY TCP4 192.0.2.1 198.51.100.1 51234 22\n");
    ASSERT_BAD("PROXY TCP4 192.0.2.1 198.51.100.1 51234\r\n");
    ASSERT_BAD("PROXY TCP4 192.0.2.1 198.51.100.1 51234 22 \r\n");
    ASSERT_BAD("PROXY TCP4 192.0.2.1 198.51.100.1 51234 22 1\r\n");
    ASSERT_BAD("PROXY TCP4  192.0.2.1 198.51.100.1 51234 22\r\n");
    ASSERT_BAD("PROXY TCP4 192.0.2.1 198.51.100.1 65536 22\r\n");
    ASSERT_BAD("PROXY TCP4 192.0.2.1 198.51.100.1 51234 -2\r\n");
    ASSERT_BAD("PROXY TCP4 192.0.2 198.51.100.1 51234 22\r\n");
    ASSERT_BAD("PROXY TCP4 ::1 ::1 51234 22\r\n");
    ASSERT_BAD("PROXY TCP6 192.0.2.1 198.51.100.1 51234 22\r\n");
    ASSERT_BAD("PROXY TCP4 192.0.2.1\0 198.51.100.1 51234 22\r\n");
    memset(longest + strlen(longest), 'x', sizeof longest - strlen(longest));
    ck_assert_int_eq(read_bytes(longest, sizeof longest), PROXY_BAD); /* no end within them */
    memcpy(longest + sizeof longest - 2, "\r\n", 2);
    assert_header(longest, sizeof longest, PROXY_OWN, "");
}
END_TEST

START_TEST(a_header_of_version_2_names_the_client)
{
    ASSERT_HEADER(SIGNATURE "\x21\x11\x00\x0c" V4, PROXY_ADDRESS, "192.0.2.1:51234");
    ASSERT_HEADER(SIGNATURE "\x21\x21\x00\x24" V6, PROXY_ADDRESS, "[2001:db8::1]:51234");
    ASSERT_HEADER(SIGNATURE "\x21\x11\x00\x10" V4 "\x04\x00\x01\x00", PROXY_ADDRESS,
                  "192.0.2.1:51234"); /* with an extension */
    ASSERT_HEADER(SIGNATURE "\x20\x00\x00\x00", PROXY_OWN, "");
    ASSERT_HEADER(SIGNATURE "\x20\x11\x00\x0c" V4, PROXY_OWN, "");
    ASSERT_HEADER(SIGNATURE "\x20\xff\x00\x01z", PROXY_OWN, "");
    ASSERT_HEADER(SIGNATURE "\x21\x00\x00\x00", PROXY_OWN, "");
}
END_TEST

START_TEST(a_malformed_header_of_version_2_is_bad)
{
    ASSERT_BAD("\r\n\r\n\0\r\nQUIT\r");
    ASSERT_BAD(SIGNATURE "\x11\x11\x00\x0c" V4); /* version 1 */
    ASSERT_BAD(SIGNATURE "\x31\x11\x00\x0c" V4);
    ASSERT_BAD(SIGNATURE "\x22\x11\x00\x0c" V4); /* no such command */
    ASSERT_BAD(SIGNATURE "\x21\x12\x00\x0c" V4); /* UDP */
    ASSERT_BAD(SIGNATURE "\x21\x41\x00\x0c" V4); /* no such family */
    ASSERT_BAD(SIGNATURE "\x21\x11\x00\x0b" V4); /* too short for its addresses */
    ASSERT_BAD(SIGNATURE "\x21\x21\x00\x23" V6);
    ASSERT_BAD(SIGNATURE "\x21\x11\xff\xff" V4); /* too long: refused before it has come */
}
END_TEST

START_TEST(paths_of_unix_sockets_name_no_client)
{
    char header[16 + UNIX_PATHS_LEN] = SIGNATURE "\x21\x31\x00\xd8";

    assert_header(header, sizeof header, PROXY_OWN, "");
    header[15] = (char)(UNIX_PATHS_LEN - 1);
    ck_assert_int_eq(read_bytes(header, sizeof header - 1), PROXY_BAD);
}
END_TEST

START_TEST(the_length_is_bounded)
{
    char header[PROXY_HEADER_MAX] = SIGNATURE "\x21\x11\x02\x08" V4;

    assert_header(header, sizeof header, PROXY_ADDRESS, "192.0.2.1:51234");
    header[15]++;
    ck_assert_int_eq(read_bytes(header, 16), PROXY_BAD);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_line_of_version_1_names_the_client);
    add_test(suite, a_malformed_line_is_bad);
    add_test(suite, a_header_of_version_2_names_the_client);
    add_test(suite, a_malformed_header_of_version_2_is_bad);
    add_test(suite, paths_of_unix_sockets_name_no_client);
    add_test(suite, the_length_is_bounded);
}
