/* How the fields of two messages differ. Each row is two objects and what is printed of them. */
#include "apps/trace/diff_fields.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct value_memory memory[2];

static const struct value *parse(int i, char *text)
{
    char sentence[256] = "";
    const struct errbuf why = {sentence, sizeof sentence};
    const struct value *v = value_parse(&memory[i], text, strlen(text), &why);

    ck_assert_msg(v != NULL, "%s", sentence);
    return v;
}

static void expect(const char *a, const char *b, const char *expected)
{
    char copies[2][1024], *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    bool differs;

    (void)snprintf(copies[0], sizeof copies[0], "%s", a);
    (void)snprintf(copies[1], sizeof copies[1], "%s", b);
    differs = diff_fields(out, parse(0, copies[0]), parse(1, copies[1]));
    (void)fclose(out);
    ck_assert_str_eq(text, expected);
    ck_assert_int_eq(differs, expected[0] != 0);
    free(text); /* NOLINT(clang-analyzer-unix.Malloc): the C library's */
    value_memory_free(&memory[0]);
    value_memory_free(&memory[1]);
}

/* The same for messages with these fields. */
static void expect_fields(const char *a, const char *b, const char *expected)
{
    char both[2][1024];

    (void)snprintf(both[0], sizeof both[0], "{\"fields\":[%s]}", a);
    (void)snprintf(both[1], sizeof both[1], "{\"fields\":[%s]}", b);
    expect(both[0], both[1], expected);
}

START_TEST(identifications_differ_in_their_text)
{
    expect("{\"text\":\"a\"}", "{\"text\":\"a\",\"seq\":1}", "");
    expect("{\"text\":\"a\"}", "{\"text\":\"b\"}", "    text: \"a\" in A, \"b\" in B\n");
    expect("{\"text\":\"a\"}", "{\"fields\":[]}", "    text: \"a\" in A, nothing in B\n");
    expect("{\"fields\":[]}", "{\"text\":\"b\"}", "    text: nothing in A, \"b\" in B\n");
}
END_TEST

START_TEST(messages_differ_in_some_members_and_in_their_fields)
{
    expect("{\"number\":1,\"section\":\"s\",\"kind\":\"k\",\"seq\":1,\"fields\":[]}",
           "{\"number\":2,\"section\":\"t\",\"kind\":\"l\",\"malformed\":true,\"fields\":[]}",
           "    number: 1 in A, 2 in B\n    section: \"s\" in A, \"t\" in B\n"
           "    kind: \"k\" in A, \"l\" in B\n    malformed: nothing in A, true in B\n");
    expect("{\"number\":1,\"fields\":[{\"name\":\"a\",\"value\":1}]}",
           "{\"number\":2,\"fields\":[{\"name\":\"a\",\"value\":2}]}",
           "    number: 1 in A, 2 in B\n    a: 1 in A, 2 in B\n");
}
END_TEST

START_TEST(values_are_compared_in_every_form)
{
    expect_fields("{\"name\":\"a\",\"value\":1,\"at\":1}", "{\"name\":\"a\",\"value\":1,\"at\":2}",
                  "");
    expect_fields("{\"name\":\"a\",\"value\":1},{\"name\":\"b\",\"text\":\"x\"},{\"name\":\"c\","
                  "\"hex\":\"00\"}",
                  "{\"name\":\"a\",\"value\":2},{\"name\":\"b\",\"text\":\"y\"},{\"name\":\"c\","
                  "\"hex\":\"01\"}",
                  "    a: 1 in A, 2 in B\n    b: \"x\" in A, \"y\" in B\n"
                  "    c: \"00\" in A, \"01\" in B\n");
    expect_fields("{\"name\":\"a\",\"chosen\":\"x\"}", "{\"name\":\"a\",\"chosen\":\"y\"}",
                  "    a, chosen: \"x\" in A, \"y\" in B\n");
}
END_TEST

START_TEST(lists_differ_in_names_or_in_their_order)
{
    expect_fields("{\"name\":\"a\",\"list\":[\"x\",\"y\"]}",
                  "{\"name\":\"a\",\"list\":[\"x\",\"y\"]}", "");
    expect_fields("{\"name\":\"a\",\"list\":[\"x\",\"y\",\"z\"]}",
                  "{\"name\":\"a\",\"list\":[\"z\",\"w\"]}",
                  "    a: only in A: \"x\" \"y\"\n    a: only in B: \"w\"\n");
    expect_fields("{\"name\":\"a\",\"list\":[\"x\"]}", "{\"name\":\"a\",\"list\":[\"x\",\"w\"]}",
                  "    a: only in B: \"w\"\n");
    expect_fields("{\"name\":\"a\",\"list\":[\"x\",\"w\"]}", "{\"name\":\"a\",\"list\":[\"x\"]}",
                  "    a: only in A: \"w\"\n");
    expect_fields("{\"name\":\"a\",\"list\":[\"x\",\"y\"]}",
                  "{\"name\":\"a\",\"list\":[\"y\",\"x\"]}",
                  "    a: the order differs: [\"x\",\"y\"] in A, [\"y\",\"x\"] in B\n");
    expect_fields("{\"name\":\"a\",\"list\":[\"x\"],\"text\":\"x\"}",
                  "{\"name\":\"a\",\"text\":\"x\"}", "");
    expect_fields("{\"name\":\"a\",\"text\":\"x\"}",
                  "{\"name\":\"a\",\"list\":[\"x\"],\"text\":\"x\"}", "");
    expect_fields("{\"name\":\"a\",\"list\":1}", "{\"name\":\"a\",\"list\":[\"x\"]}", "");
    expect_fields("{\"name\":\"a\",\"list\":[\"x\"]}", "{\"name\":\"a\",\"list\":1}", "");
}
END_TEST

/* Only their lengths matter, and that of an mpint is random, too. */
START_TEST(random_fields_may_differ)
{
    static const char *const names[] = {"cookie", "e",      "f",       "Q_C",
                                        "Q_S",    "C_INIT", "S_REPLY", "signature"};
    char a[256], b[256], expected[256];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(a, sizeof a, "{\"name\":\"%s\",\"hex\":\"00\",\"len\":1}", names[i]);
        (void)snprintf(b, sizeof b, "{\"name\":\"%s\",\"hex\":\"01\",\"len\":1}", names[i]);
        expect_fields(a, b, "");
        (void)snprintf(b, sizeof b, "{\"name\":\"%s\",\"hex\":\"0100\",\"len\":2}", names[i]);
        (void)snprintf(expected, sizeof expected, "    %s, length: 1 in A, 2 in B\n", names[i]);
        expect_fields(a, b, expected);
    }
    expect_fields("{\"name\":\"e\",\"type\":\"mpint\",\"hex\":\"00\",\"len\":1}",
                  "{\"name\":\"e\",\"type\":\"mpint\",\"hex\":\"0000\",\"len\":2}", "");
}
END_TEST

START_TEST(secrets_are_compared_by_their_length)
{
    expect_fields("{\"name\":\"p\",\"secret\":true,\"len\":1,\"hex\":\"--\"}",
                  "{\"name\":\"p\",\"secret\":true,\"len\":1,\"hex\":\"00\"}", "");
    expect_fields("{\"name\":\"p\",\"secret\":true,\"len\":1}",
                  "{\"name\":\"p\",\"secret\":true,\"len\":2}", "    p, length: 1 in A, 2 in B\n");
    expect_fields("{\"name\":\"p\",\"secret\":true,\"len\":1}",
                  "{\"name\":\"p\",\"text\":\"x\",\"len\":2}", "");
    expect_fields("{\"name\":\"p\",\"text\":\"x\",\"len\":2}",
                  "{\"name\":\"p\",\"secret\":true,\"len\":1}", "");
}
END_TEST

START_TEST(fields_in_fields_are_compared)
{
    expect_fields("{\"name\":\"a\",\"fields\":[{\"name\":\"b\",\"value\":1}]}",
                  "{\"name\":\"a\",\"fields\":[{\"name\":\"b\",\"value\":2}]}",
                  "    b: 1 in A, 2 in B\n");
    expect_fields("{\"name\":\"a\",\"fields\":[{\"name\":\"b\",\"value\":1}],\"hex\":\"00\"}",
                  "{\"name\":\"a\",\"hex\":\"01\"}", "    a: \"00\" in A, \"01\" in B\n");
    expect_fields("{\"name\":\"a\",\"hex\":\"00\"}",
                  "{\"name\":\"a\",\"fields\":[{\"name\":\"b\",\"value\":1}],\"hex\":\"01\"}",
                  "    a: \"00\" in A, \"01\" in B\n");
}
END_TEST

/* Up to the first that has another name. */
START_TEST(fields_are_compared_in_their_order)
{
    expect_fields(
        "{\"name\":\"a\",\"value\":1},{\"name\":\"b\",\"value\":1},{\"name\":\"c\",\"value\":1}",
        "{\"name\":\"a\",\"value\":2},{\"name\":\"x\",\"value\":1},{\"name\":\"c\",\"value\":2}",
        "    a: 1 in A, 2 in B\n    the next field: \"b\" in A, \"x\" in B\n");
    expect_fields("{\"name\":\"a\",\"value\":1}", "{\"name\":\"a\",\"value\":1},{\"name\":\"b\"}",
                  "    the next field: nothing in A, \"b\" in B\n");
    expect_fields("{\"name\":\"a\",\"value\":1},{\"name\":\"b\"}", "{\"name\":\"a\",\"value\":1}",
                  "    the next field: \"b\" in A, nothing in B\n");
    expect_fields("{\"name\":\"a\",\"value\":1},{\"name\":\"b\",\"value\":1}",
                  "{\"name\":\"a\",\"value\":2},{\"name\":\"b\",\"value\":1}",
                  "    a: 1 in A, 2 in B\n");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, identifications_differ_in_their_text);
    add_test(suite, messages_differ_in_some_members_and_in_their_fields);
    add_test(suite, values_are_compared_in_every_form);
    add_test(suite, lists_differ_in_names_or_in_their_order);
    add_test(suite, random_fields_may_differ);
    add_test(suite, secrets_are_compared_by_their_length);
    add_test(suite, fields_in_fields_are_compared);
    add_test(suite, fields_are_compared_in_their_order);
}
