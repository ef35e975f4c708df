/* Decisions about keys are tested through whole files: authorized_keys.c. */
#include "apps/files/authorized_line.h"
#include "apps/files/authorized_options.h"
#include "crypto/base64.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "transport/wire.h"

#include <stdio.h>

#define BLOB                                                                                       \
    "\0\0\0\x0bssh-ed25519\0\0\0\x20"                                                              \
    "0123456789abcdef0123456789abcdef"
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"

static struct authorized_line line_of(const char *text)
{
    struct bytes rest = bytes_of(text);
    struct authorized_line line;

    ck_assert(authorized_line_next(&rest, &line));
    ck_assert_uint_eq(rest.len, 0);
    return line;
}

static void assert_fields(const char *text, const char *first, const char *second,
                          const char *third)
{
    struct authorized_line line = line_of(text);
    const char *const expected[] = {first, second, third};

    for (size_t i = 0; i < 3; i++)
        ck_assert_msg(bytes_are(line.fields[i], expected[i]), "%s: field %zu is not %s", text, i,
                      expected[i]);
}

START_TEST(fields_are_separated_by_white_space)
{
    struct bytes end = {NULL, 0};
    struct authorized_line line;

    assert_fields("a b c d\n", "a", "b", "c");
    assert_fields(" \ta\t\t b\r\n", "a", "b", "");
    assert_fields("a", "a", "", "");
    assert_fields("\n", "", "", "");
    assert_fields("\r\n", "", "", "");
    assert_fields("a\rb\r\n", "a\rb", "", ""); /* only at the end */
    line = line_of("# a comment");
    ck_assert_mem_eq(&line, &(struct authorized_line){0}, sizeof line);
    line.fields[0].len = 1;
    ck_assert(!authorized_line_next(&end, &line)); /* of the text: nothing of it is left */
    ck_assert_mem_eq(&line, &(struct authorized_line){0}, sizeof line);
}
END_TEST

/* What a line that grants the login says after the key. */
static void assert_comment(const char *text, const char *comment)
{
    const struct bytes blob = {(const uint8_t *)BLOB, sizeof BLOB - 1};
    const struct nacre_key_login login = {
        .version = NACRE_VERSION_NUMBER, .user = "alice", .key = blob.at, .key_len = blob.len};
    struct authorized_line line = line_of(text);
    struct nacre_key_grant grant;
    const struct errbuf none = errbuf_in(NULL, 0);

    ck_assert_int_eq(authorized_line_match(&line, &login, &grant, &none), LINE_GRANTS);
    ck_assert_str_eq(grant.comment, comment);
    key_grant_clear(&grant);
    ck_assert_ptr_null(grant.comment);
}

START_TEST(the_comment_follows_the_key)
{
    assert_comment(KEY " alice@laptop\n", "alice@laptop");
    assert_comment(KEY "\t Alice's  old laptop\r\n", "Alice's  old laptop");
    assert_comment("pty " KEY " a b c d", "a b c d");
    assert_comment(KEY, "");
    assert_comment("command=\"a b\" " KEY " \n", "");
}
END_TEST

START_TEST(spaces_in_quotes_are_part_of_a_field)
{
    assert_fields("command=\"a b\",pty c d", "command=\"a b\",pty", "c", "d");
    assert_fields("command=\"a \\\" b\" c d", "command=\"a \\\" b\"", "c", "d");
    assert_fields("command=\"never closed c d", "command=\"never closed c d", "", "");
}
END_TEST

START_TEST(a_comment_has_no_fields)
{
    assert_fields("# a b c", "", "", "");
    assert_fields("  #a", "", "", "");
    assert_fields("a #b", "a", "#b", "");
}
END_TEST

START_TEST(lines_are_cut_off_one_by_one)
{
    struct bytes rest = bytes_of("a\n\nb");
    struct authorized_line line;

    ck_assert(authorized_line_next(&rest, &line) && bytes_are(line.fields[0], "a"));
    ck_assert(authorized_line_next(&rest, &line) && line.fields[0].len == 0);
    ck_assert(authorized_line_next(&rest, &line) && bytes_are(line.fields[0], "b"));
    ck_assert(!authorized_line_next(&rest, &line));
    ck_assert(!authorized_line_next(&(struct bytes){NULL, 0}, &line));
}
END_TEST

static enum authorized_line_result match_blob(const char *text, struct bytes blob, const char *says)
{
    const struct nacre_key_login login = {
        .version = NACRE_VERSION_NUMBER, .user = "alice", .key = blob.at, .key_len = blob.len};
    struct authorized_line line = line_of(text);
    struct nacre_key_grant grant;
    char what[256];
    struct errbuf p = errbuf_in(what, sizeof what);
    enum authorized_line_result result = authorized_line_match(&line, &login, &grant, &p);

    assert_says(what, says);
    key_grant_clear(&grant);
    return result;
}

static enum authorized_line_result match(const char *text, const char *says)
{
    return match_blob(text, (struct bytes){(const uint8_t *)BLOB, sizeof BLOB - 1}, says);
}

/* The server requires a touch of them, so an option that allows none is refused. */
START_TEST(a_security_key_is_one_of_two_types)
{
    static const char *const types[] = {"sk-ssh-ed25519@openssh.com",
                                        "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-ed25519"};

    for (size_t i = 0; i < 3; i++) {
        uint8_t blob[128];
        char base64[BASE64_MAX(128)], line[512];
        struct writer w = write_to(blob, sizeof blob);

        write_text(&w, types[i]);
        write_text(&w, "0123456789abcdef0123456789abcdef");
        (void)base64_encode(base64, written_bytes(&w));
        (void)snprintf(line, sizeof line, "no-touch-required %s %s", types[i], base64);
        ck_assert_int_eq(
            match_blob(line, written_bytes(&w), i < 2 ? "no-touch-required is not supported" : ""),
            i < 2 ? LINE_BAD : LINE_GRANTS);
    }
}
END_TEST

START_TEST(a_line_grants_is_about_another_key_or_is_bad)
{
    ck_assert_int_eq(match(KEY, ""), LINE_GRANTS);
    ck_assert_int_eq(match("pty " KEY " comment", ""), LINE_GRANTS);
    ck_assert_int_eq(match("# " KEY, ""), LINE_OTHER);
    ck_assert_int_eq(match("ssh-dss AAAAB3NzaC1kc3MAAAABAA==", ""), LINE_OTHER);
    ck_assert_int_eq(match("nonsense", "ignored: neither a comment nor a public key"), LINE_BAD);
    ck_assert_int_eq(match("no-such " KEY, "key refused: unsupported option no-such"), LINE_BAD);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, fields_are_separated_by_white_space);
    add_test(suite, the_comment_follows_the_key);
    add_test(suite, spaces_in_quotes_are_part_of_a_field);
    add_test(suite, a_comment_has_no_fields);
    add_test(suite, lines_are_cut_off_one_by_one);
    add_test(suite, a_line_grants_is_about_another_key_or_is_bad);
    add_test(suite, a_security_key_is_one_of_two_types);
}
