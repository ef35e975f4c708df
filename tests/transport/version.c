/* The identification string. RFC 4253 sections 4.2 and 5. */
#include "tests/support/suite.h"
#include "transport/version.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct reading {
    enum version_status status;
    struct bytes line;
    size_t size;
};

static struct reading read_as(enum nacre_role role, struct bytes input)
{
    struct reading r = {.line = {NULL, 0}};

    r.status = version_read(input, role, &r.line, &r.size);
    return r;
}

/* 4253/4.2/2, 4253/4.2/3, 4253/4.2/6, 4253/4.2/8, 4250/4.6.1/1 */
START_TEST(our_own_line_is_what_the_rfc_specifies)
{
    size_t len = strlen(version_ours);

    ck_assert_int_eq(strncmp(version_ours, "SSH-2.0-", 8), 0);
    ck_assert_uint_gt(len, 8);
    ck_assert_uint_le(len, VERSION_LINE_MAX - 2);
    for (size_t i = 8; i < len; i++)
        ck_assert(version_ours[i] > 0x20 && version_ours[i] < 0x7f && version_ours[i] != '-');
}
END_TEST

/* 4253/4.2/9, 4253/4.2/15, 4253/5.1/1, 4253/5/1: what is read is what is hashed, to the last space.
 */
START_TEST(good_lines_are_read_without_their_line_end)
{
    static const char *const lines[] = {
        "SSH-2.0-x",
        "SSH-2.0-OpenSSH_9.9p1 Debian-3",
        "SSH-2.0-x comment with - and spaces",
        "SSH-2.0-x ",
        "SSH-2.0-x \xc3\xa9",
        "SSH-1.99-x",
        "SSH-2.0--",
    };

    for (size_t i = 0; i < COUNT(lines); i++)
        for (int crlf = 0; crlf < 2; crlf++)
            for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++) {
                char input[128];
                struct reading r;

                snprintf(input, sizeof input, "%s%s\nrest", lines[i], crlf ? "\r" : "");
                r = read_as(role, bytes_of(input));
                ck_assert_msg(r.status == VERSION_READY, "%s", lines[i]);
                assert_bytes(r.line, bytes_of(lines[i]));
                ck_assert_ptr_eq(r.line.at, input);
                ck_assert_uint_eq(r.size, strlen(lines[i]) + 1 + (size_t)crlf);
            }
}
END_TEST

/* 4253/4.2/5, 4253/5.1/2, 4253/5.1/3 */
START_TEST(bad_lines_are_refused_by_both_roles)
{
    static const struct {
        const char *text;
        size_t len; /* 0: to its NUL */
        enum version_status status;
    } cases[] = {
        {"SSH-\n", 0, VERSION_MALFORMED},
        {"SSH-2.0\r\n", 0, VERSION_MALFORMED},
        {"SSH-2.0-a\0b\r\n", 13, VERSION_MALFORMED},
        {"SSH-2.0-a\x1b[1m\r\n", 0, VERSION_MALFORMED},
        {"SSH-2.0-a\x7f\r\n", 0, VERSION_MALFORMED},
        {"SSH-2.0-a\r\r\n", 0, VERSION_MALFORMED},
        {"SSH-2.0-\ta\r\n", 0, VERSION_MALFORMED},
        {"SSH-1.5-x\r\n", 0, VERSION_UNSUPPORTED},
        {"SSH-3.0-x\r\n", 0, VERSION_UNSUPPORTED},
        {"SSH-2.1-x\r\n", 0, VERSION_UNSUPPORTED},
        {"SSH-2.-x\r\n", 0, VERSION_UNSUPPORTED},
        {"SSH-2-x\r\n", 0, VERSION_UNSUPPORTED},
        {"SSH-2.00-x\r\n", 0, VERSION_UNSUPPORTED},
        {"SSH--x\r\n", 0, VERSION_UNSUPPORTED},
        {"SSH-1.990-x\r\n", 0, VERSION_UNSUPPORTED},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++) {
            size_t len = cases[i].len != 0 ? cases[i].len : strlen(cases[i].text);
            struct bytes input = {(const uint8_t *)cases[i].text, len};

            ck_assert_msg(read_as(role, input).status == cases[i].status, "%s", cases[i].text);
        }
}
END_TEST

START_TEST(a_line_is_partial_until_its_newline)
{
    const char *text = "SSH-2.0-x y\r\n";

    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++) {
        for (size_t len = 0; len + 1 < strlen(text); len++) {
            uint8_t *cut = malloc(len + 1); /* so that the sanitizer notices a read past the end */

            memcpy(cut + 1, text, len);
            ck_assert_int_eq(read_as(role, (struct bytes){cut + 1, len}).status, VERSION_PARTIAL);
            free(cut);
        }
        ck_assert_int_eq(read_as(role, bytes_of(text)).status, VERSION_READY);
    }
}
END_TEST

/* 4253/4.2/6, 4253/4.2/7: 255 bytes including CR LF, and no more. */
START_TEST(a_line_of_255_bytes_is_the_longest)
{
    static const struct {
        size_t len; /* with its line end */
        bool ends;
        enum version_status status;
    } cases[] = {{254, false, VERSION_PARTIAL},     {255, true, VERSION_READY},
                 {255, false, VERSION_MALFORMED},   {256, true, VERSION_MALFORMED},
                 {300, false, VERSION_MALFORMED},   {1000, true, VERSION_MALFORMED},
                 {100000, false, VERSION_MALFORMED}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = cases[i].len;
        char *text = malloc(len);
        struct bytes input = {(uint8_t *)text, len};

        memset(text, 'x', len);
        memcpy(text, "SSH-2.0-", 8);
        if (cases[i].ends)
            memcpy(text + len - 2, "\r\n", 2);
        ck_assert_msg(read_as(NACRE_SERVER, input).status == cases[i].status, "%zu", len);
        ck_assert_msg(read_as(NACRE_CLIENT, input).status == cases[i].status, "%zu", len);
        free(text);
    }
}
END_TEST

/* 4253/4.2/10 */
START_TEST(a_client_skips_lines_before_the_identification)
{
    static const char *const lines[] = {
        "\r\n", "\n", "Welcome\r\n", "SSH\r\n", "ssh-2.0-x\n", " SSH-2.0-x\r\n", "\x1b[1mbold\r\n"};

    for (size_t i = 0; i < COUNT(lines); i++) {
        struct reading r = read_as(NACRE_CLIENT, bytes_of(lines[i]));

        ck_assert_int_eq(r.status, VERSION_SKIP);
        ck_assert_uint_eq(r.size, strlen(lines[i]));
    }
}
END_TEST

/* 4253/4.2/13, 4253/4.2/16: as soon as it is certain. */
START_TEST(a_server_accepts_no_other_line)
{
    static const char *const inputs[] = {
        "\r\n", "GET / HTTP/1.0\r\n", "G", "\x16\x03\x01", "S\n", "SSX", "SSh", "\n"};

    for (size_t i = 0; i < COUNT(inputs); i++)
        ck_assert_msg(read_as(NACRE_SERVER, bytes_of(inputs[i])).status == VERSION_MALFORMED, "%s",
                      inputs[i]);
}
END_TEST

START_TEST(a_line_before_the_identification_is_bounded)
{
    static char noise[VERSION_NOISE_MAX + 2];
    struct bytes input = {(uint8_t *)noise, VERSION_NOISE_MAX - 1};

    memset(noise, 'x', sizeof noise);
    ck_assert_int_eq(read_as(NACRE_CLIENT, input).status, VERSION_PARTIAL);
    input.len++;
    ck_assert_int_eq(read_as(NACRE_CLIENT, input).status, VERSION_MALFORMED);
    noise[VERSION_NOISE_MAX - 1] = '\n';
    ck_assert_int_eq(read_as(NACRE_CLIENT, input).status, VERSION_SKIP);
    noise[VERSION_NOISE_MAX - 1] = 'x';
    noise[VERSION_NOISE_MAX] = '\n';
    input.len++;
    ck_assert_int_eq(read_as(NACRE_CLIENT, input).status, VERSION_MALFORMED);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, our_own_line_is_what_the_rfc_specifies);
    add_test(suite, good_lines_are_read_without_their_line_end);
    add_test(suite, bad_lines_are_refused_by_both_roles);
    add_test(suite, a_line_is_partial_until_its_newline);
    add_test(suite, a_line_of_255_bytes_is_the_longest);
    add_test(suite, a_client_skips_lines_before_the_identification);
    add_test(suite, a_server_accepts_no_other_line);
    add_test(suite, a_line_before_the_identification_is_bounded);
}
