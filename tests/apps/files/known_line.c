/* Verdicts on keys are tested through whole files: known_hosts.c. */
#include "apps/files/known_line.h"
#include "tests/support/suite.h"

#include <stdio.h>

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"

static struct known_line line_of(const char *text)
{
    struct bytes rest = bytes_of(text);
    struct known_line line;

    ck_assert(known_line_next(&rest, &line));
    ck_assert_uint_eq(rest.len, 0);
    return line;
}

START_TEST(a_line_has_a_marker_hosts_a_type_and_a_key)
{
    struct known_line line = line_of("a,b ssh-rsa AAAA a comment\r\n");

    ck_assert_ptr_null(line.wrong);
    ck_assert_int_eq(line.marker, KNOWN_PLAIN);
    ck_assert(bytes_are(line.hosts, "a,b") && bytes_are(line.type, "ssh-rsa") &&
              bytes_are(line.key, "AAAA"));
    line = line_of(" @revoked\t* ssh-rsa AAAA");
    ck_assert_int_eq(line.marker, KNOWN_REVOKED);
    ck_assert(bytes_are(line.hosts, "*") && bytes_are(line.key, "AAAA"));
    line = line_of("@cert-authority *.example.org ssh-rsa AAAA");
    ck_assert_int_eq(line.marker, KNOWN_CERT_AUTHORITY);
    line = line_of("@other * ssh-rsa AAAA");
    ck_assert_str_eq(line.wrong, "unknown marker; @revoked and @cert-authority are known");
}
END_TEST

START_TEST(a_blank_line_or_a_comment_is_empty)
{
    static const char *const texts[] = {"\n", " \t\r\n", "# a b c\n", "  #\n"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct known_line line = line_of(texts[i]);

        ck_assert_ptr_null(line.wrong);
        ck_assert(line.hosts.len == 0 && line.type.len == 0 && line.key.len == 0);
    }
}
END_TEST

START_TEST(lines_are_cut_off_one_by_one)
{
    struct bytes rest = bytes_of("a b c\n\nd");
    struct known_line line;

    ck_assert(known_line_next(&rest, &line) && bytes_are(line.hosts, "a"));
    ck_assert(known_line_next(&rest, &line) && line.hosts.len == 0);
    ck_assert(known_line_next(&rest, &line) && bytes_are(line.hosts, "d"));
    ck_assert_str_eq(line.wrong, "not HOSTS TYPE KEY");
    ck_assert(!known_line_next(&rest, &line));
    ck_assert(!known_line_next(&(struct bytes){NULL, 0}, &line));
}
END_TEST

START_TEST(a_line_may_have_any_length)
{
    static char text[200000];
    const char *wrong;
    struct known_line line;

    for (size_t i = 0; i < sizeof text; i += 2)
        memcpy(text + i, "a,", 2);
    memcpy(text, "@revoked ", 9);
    (void)snprintf(text + sizeof text - 100, 100, "host " KEY);
    line = line_of(text);
    ck_assert_ptr_null(line.wrong);
    ck_assert_int_eq(line.marker, KNOWN_REVOKED);
    ck_assert(known_line_is_for(&line, "host", &wrong));
    ck_assert(bytes_are(line.type, "ssh-ed25519"));
}
END_TEST

/* As ssh reads it, in a C string. */
START_TEST(a_line_ends_at_a_NUL)
{
    static const char text[] = "@revoked a " KEY "\0b\nc";
    struct bytes rest = {(const uint8_t *)text, sizeof text - 1};
    struct known_line line;
    uint8_t blob[KEY_BLOB_MAX];
    const char *wrong;

    ck_assert(known_line_next(&rest, &line));
    ck_assert_ptr_null(line.wrong);
    ck_assert_uint_eq(known_line_key(&line, blob, &wrong).len, 51);
    ck_assert(known_line_next(&rest, &line) && bytes_are(line.hosts, "c"));
}
END_TEST

START_TEST(a_name_is_hashed_with_a_new_salt)
{
    char hash[KNOWN_HASHED_MAX], again[KNOWN_HASHED_MAX], text[256];
    struct known_line line;
    const char *wrong;

    ck_assert(known_line_hash("[host]:2022", hash) && known_line_hash("[host]:2022", again));
    ck_assert_str_ne(hash, again);
    (void)snprintf(text, sizeof text, "%s " KEY, hash);
    line = line_of(text);
    ck_assert(known_line_is_for(&line, "[host]:2022", &wrong) && wrong == NULL);
    ck_assert(!known_line_is_for(&line, "[host]:2023", &wrong) && wrong == NULL);
    text[10] = '!';
    line = line_of(text);
    ck_assert(!known_line_is_for(&line, "[host]:2022", &wrong));
    ck_assert_ptr_nonnull(wrong);
    line = line_of("host " KEY);
    ck_assert(known_line_is_for(&line, "host", &wrong) && wrong == NULL);
    line = line_of(text);
    ck_assert(!known_line_is_for(&line, "[host]:2022", &wrong));
    ck_assert_str_eq(wrong, "the hashed host is not |1|SALT|HASH");
}
END_TEST

START_TEST(the_type_of_a_key_is_the_one_before_it)
{
    uint8_t blob[KEY_BLOB_MAX];
    struct known_line line = line_of("host " KEY);
    const char *wrong;

    ck_assert_uint_eq(known_line_key(&line, blob, &wrong).len, 51);
    ck_assert_ptr_null(wrong);
    line.type = bytes_of("ssh-rsa");
    ck_assert_uint_eq(known_line_key(&line, blob, &wrong).len, 0);
    ck_assert_str_eq(wrong, "the key is malformed or of another type");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_line_has_a_marker_hosts_a_type_and_a_key);
    add_test(suite, a_blank_line_or_a_comment_is_empty);
    add_test(suite, lines_are_cut_off_one_by_one);
    add_test(suite, a_line_may_have_any_length);
    add_test(suite, a_line_ends_at_a_NUL);
    add_test(suite, a_name_is_hashed_with_a_new_salt);
    add_test(suite, the_type_of_a_key_is_the_one_before_it);
}
