/* A trace in its normal form, as nacre-trace json prints it. */
#include "apps/trace/commands.h"
#include "tests/support/printed.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <unistd.h>

/* Its second line, and what becomes of it. */
static void expect(const char *line, const char *expected)
{
    const struct trace_options options = {.conn = 0};
    char text[1024], path[256], *files[] = {path};

    (void)snprintf(text, sizeof text, "{\"trace\":1}\n%s\n", line);
    (void)snprintf(path, sizeof path, "%s", scratch_write("t", text, 0600));
    (void)snprintf(text, sizeof text, "{\"trace\":1}\n%s\n", expected);
    printed_begin(STDOUT_FILENO);
    ck_assert_int_eq(json_run(&options, files), 0);
    expect_printed(text);
}

START_TEST(members_are_in_the_order_of_the_schema)
{
    expect("{ \"event\": \"close\", \"conn\": 1, \"us\": 2 }",
           "{\"us\":2,\"conn\":1,\"event\":\"close\"}");
    expect("{\"z\":[1, {\"b\":2}],\"event\":\"new\",\"a\":null,\"us\":2,\"name\":\"n\\u0041\"}",
           "{\"us\":2,\"event\":\"new\",\"name\":\"nA\",\"z\":[1,{\"b\":2}],\"a\":null}");
    expect("{\"event\":\"new\",\"us\":2,\"conn\":null}",
           "{\"us\":2,\"conn\":null,\"event\":\"new\"}");
}
END_TEST

START_TEST(so_are_those_of_fields)
{
    expect("{\"us\":1,\"event\":\"x\",\"fields\":[{\"len\":4,\"at\":1,\"name\":\"a\"},"
           "{\"fields\":[{\"value\":1,\"name\":\"c\"}],\"q\":1,\"name\":\"b\"}]}",
           "{\"us\":1,\"event\":\"x\",\"fields\":[{\"name\":\"a\",\"at\":1,\"len\":4},"
           "{\"name\":\"b\",\"fields\":[{\"name\":\"c\",\"value\":1}],\"q\":1}]}");
    expect("{\"us\":1,\"event\":\"x\",\"fields\":[],\"q\":{}}",
           "{\"us\":1,\"event\":\"x\",\"fields\":[],\"q\":{}}");
    /* a member that no schema has checked */
    expect("{\"us\":1,\"event\":\"x\",\"q\":{\"fields\":[{\"at\":1,\"name\":\"a\"},2]}}",
           "{\"us\":1,\"event\":\"x\",\"q\":{\"fields\":[{\"at\":1,\"name\":\"a\"},2]}}");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, members_are_in_the_order_of_the_schema);
    add_test(suite, so_are_those_of_fields);
}
