#include "apps/trace/schema.h"
#include "tests/support/scratch.h"

static struct value_memory memory;
static char sentence[TRACE_SENTENCE_MAX];

static bool check(const char *json, enum trace_kind *kind)
{
    static char text[1024];
    struct errbuf why = errbuf_in(sentence, sizeof sentence);
    const struct value *line;

    (void)snprintf(text, sizeof text, "%s", json);
    line = value_parse(&memory, text, strlen(text), &why);
    ck_assert_msg(line != NULL, "%s: %s", json, sentence);
    return schema_check(line, kind, &why);
}

static void free_memory(void)
{
    value_memory_free(&memory);
}

START_TEST(each_event_is_known_with_what_it_needs)
{
    static const char *const lines[] = {
        [TRACE_HEADER] = "{\"trace\":1}",
        [TRACE_OPEN] = "{\"us\":1,\"conn\":1,\"event\":\"open\",\"role\":\"server\"}",
        [TRACE_IDENTIFICATION] = "{\"us\":1,\"conn\":1,\"event\":\"identification\",\"dir\":\"in\","
                                 "\"text\":\"SSH-2.0-x\"}",
        [TRACE_MESSAGE] = "{\"us\":1,\"conn\":1,\"event\":\"message\",\"dir\":\"out\",\"seq\":0,"
                          "\"number\":20,\"name\":\"SSH_MSG_KEXINIT\",\"length\":9,\"fields\":[]}",
        [TRACE_NEGOTIATED] =
            "{\"us\":1,\"conn\":1,\"event\":\"negotiated\",\"mac_client_to_server\":null}",
        [TRACE_HASH] = "{\"us\":1,\"conn\":1,\"event\":\"hash\",\"inputs\":[{\"name\":\"K\","
                       "\"secret\":true}]}",
        [TRACE_SECRET] =
            "{\"us\":1,\"conn\":1,\"event\":\"secret\",\"label\":\"K\",\"hex\":\"00\"}",
        [TRACE_PHASE] = "{\"us\":1,\"conn\":1,\"event\":\"phase\",\"phase\":\"auth\"}",
        [TRACE_GAP] = "{\"us\":1,\"event\":\"gap\",\"messages\":2}",
        [TRACE_CLOSE] = "{\"us\":1,\"conn\":1,\"event\":\"close\"}",
        [TRACE_OTHER] = "{\"us\":1,\"event\":\"weather\"}",
    };

    for (enum trace_kind kind = TRACE_HEADER; kind <= TRACE_OTHER; kind++) {
        enum trace_kind found;

        ck_assert_msg(check(lines[kind], &found), "%s: %s", lines[kind], sentence);
        ck_assert_int_eq(found, kind);
    }
}
END_TEST

/* Digits in pairs; two dashes stand for a byte that is not shown. */
START_TEST(hex_is_pairs_of_digits_or_of_dashes)
{
    static const char *const good[] = {"", "00", "09", "af", "AF", "5a--f7", "--", "----"};
    static const char *const bad[] = {"-",  "-0", "0-", "-x", "x-", "---", "0",  "000", "/0",
                                      "0/", ":0", "@0", "G0", "`0", "g0",  "0g", " 0"};
    enum trace_kind kind;
    char line[128];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        (void)snprintf(line, sizeof line, "{\"us\":1,\"event\":\"x\",\"hex\":\"%s\"}", good[i]);
        ck_assert_msg(check(line, &kind), "%s: %s", good[i], sentence);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(line, sizeof line, "{\"us\":1,\"event\":\"x\",\"hex\":\"%s\"}", bad[i]);
        ck_assert_msg(!check(line, &kind), "%s was accepted", bad[i]);
    }
}
END_TEST

START_TEST(members_of_the_wrong_type_are_refused)
{
    static const struct {
        const char *line, *says;
    } bad[] = {
        {"[]", "the line is not an object"},
        {"{\"trace\":2}", "a trace of schema 2, and this nacre-trace reads schema 1"},
        {"{\"us\":1,\"conn\":1,\"event\":\"message\",\"dir\":\"in\",\"seq\":0,\"number\":20}",
         "\"length\" is missing"},
        {"{\"us\":1,\"event\":\"close\"}", "\"conn\" is missing"},
        {"{\"us\":\"1\",\"conn\":1,\"event\":\"close\"}", "\"us\" is not a number"},
        {"{\"us\":1,\"conn\":1,\"event\":\"close\",\"why\":1}", "\"why\" is not a string"},
        {"{\"us\":1,\"conn\":1,\"event\":\"open\",\"role\":\"both\"}",
         "\"role\" is not \"client\" or"},
        {"{\"us\":1,\"conn\":1,\"event\":\"identification\",\"dir\":\"up\",\"text\":\"\"}",
         "\"dir\" is not"},
        {"{\"us\":1,\"conn\":1,\"event\":\"negotiated\",\"strict\":1}",
         "\"strict\" is not true or false"},
        {"{\"us\":1,\"conn\":1,\"event\":\"secret\",\"label\":\"K\",\"hex\":\"0\"}",
         "\"hex\" is not"},
        {"{\"us\":1,\"conn\":1,\"event\":\"secret\",\"label\":\"K\",\"hex\":\"0-\"}",
         "\"hex\" is not"},
        {"{\"us\":1,\"conn\":1,\"event\":\"secret\",\"label\":\"K\",\"hex\":\"00\\u0000\"}",
         "\"hex\" is not"},
        {"{\"us\":1,\"conn\":1,\"event\":\"hash\",\"inputs\":1}", "\"inputs\" is not an array"},
        {"{\"us\":1,\"conn\":1,\"event\":\"hash\",\"inputs\":[1]}", "a field is not an object"},
        {"{\"us\":1,\"conn\":1,\"event\":\"hash\",\"inputs\":[{}]}", "a field has no \"name\""},
        {"{\"us\":1,\"conn\":1,\"event\":\"hash\",\"inputs\":[{\"name\":1}]}",
         "\"name\" is not a string"},
        {"{\"us\":1,\"conn\":1,\"event\":\"hash\",\"inputs\":[{\"name\":\"x\",\"list\":[1]}]}",
         "\"list\" is not"},
        {"{\"us\":1,\"conn\":1,\"event\":\"hash\",\"inputs\":[{\"name\":\"x\",\"value\":\"1\"}]}",
         "\"value\" is not"},
        {"{\"us\":1,\"conn\":1,\"event\":\"hash\",\"inputs\":[{\"name\":\"x\",\"fields\":[{"
         "\"name\":2}]}]}",
         "\"name\""},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        enum trace_kind kind;

        ck_assert_msg(!check(bad[i].line, &kind), "%s was accepted", bad[i].line);
        assert_says(sentence, bad[i].says);
    }
}
END_TEST

START_TEST(its_members_are_listed)
{
    ck_assert_str_eq(schema_member(false, 0), "trace");
    ck_assert_str_eq(schema_member(true, 0), "name");
    ck_assert(schema_has(false, "packet") && !schema_has(false, "list") &&
              schema_has(true, "list"));
    ck_assert_ptr_null(schema_member(true, 1000));
    ck_assert(schema_holds_fields("inputs") && !schema_holds_fields("list"));
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, NULL, free_memory);
    add_test(suite, each_event_is_known_with_what_it_needs);
    add_test(suite, hex_is_pairs_of_digits_or_of_dashes);
    add_test(suite, members_of_the_wrong_type_are_refused);
    add_test(suite, its_members_are_listed);
}
