/* The results as JSON lines. */
#include "apps/spec/report.h"
#include "tests/support/json.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

static const struct spec_case row = {.id = "4253/7/x",
                                     .level = MUST,
                                     .clause = "RFC 4253 7",
                                     .requirements = "4253/7/1 4253/7/2",
                                     .title = "a \"title\"",
                                     .expected = "close | go-on as warn"};

/* The lines of a run with one result. */
static char *printed(struct setting *setting, struct result *result)
{
    struct run run = {.setting = setting, .results = result, .count = 1};
    struct report r = {.run = &run, .again = ""};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    report_json(out, &r);
    (void)fclose(out);
    return text;
}

static struct setting *new_setting(const char *ident)
{
    struct setting *setting = calloc(1, sizeof *setting);

    ck_assert_ptr_nonnull(setting);
    setting->tested = NACRE_SERVER;
    setting->target = "localhost:22";
    setting->seed = 7;
    (void)snprintf(setting->facts.ident, sizeof setting->facts.ident, "%s", ident);
    list_set(setting->facts.theirs.list[LIST_KEX], "a,b");
    return setting;
}

/* What a peer sends may contain anything, and is still JSON. */
START_TEST(each_line_is_an_object)
{
    struct setting *setting = new_setting("SSH-2.0-\"\x01\xff\\");
    struct result result = {.row = &row,
                            .done = true,
                            .head.verdict = VERDICT_FAIL,
                            .head.observed = "go-on",
                            .text = (char[]){"one\ntwo\n"}};
    char *text = printed(setting, &result);
    size_t len = strcspn(text, "\n");
    struct json *line = json_parse(text + len + 1), *run;

    text[len] = 0;
    ck_assert_ptr_nonnull(strstr(text, "\\u0001\\u00ff"));
    run = json_parse(text);
    ck_assert(json_is(json_get(run, "run"), "role", "server"));
    ck_assert_int_eq(json_number(json_get(json_get(run, "run"), "seed")), 7);
    ck_assert(json_has(json_get(json_get(run, "run"), "facts"), "kex", "b"));
    ck_assert(json_is(line, "id", "4253/7/x") && json_is(line, "title", "a \"title\""));
    ck_assert(json_is(line, "verdict", "fail") && json_is(line, "observed", "go-on"));
    ck_assert(json_has(line, "expected", "close") && json_has(line, "expected", "go-on as warn"));
    ck_assert(json_has(line, "requirements", "4253/7/2") && json_has(line, "last", "two"));
    json_free(run);
    json_free(line);
    free(text);
    free(setting);
}
END_TEST

/* Where nothing was wrong, the bytes of the messages would only make the results long. */
START_TEST(messages_have_their_bytes_where_something_was_wrong)
{
    static const char lines[] =
        "   12 us  ->* 20 KEXINIT  #0  0102...\n   30 us  <-  21 NEWKEYS  #1  \n";
    static const struct {
        enum verdict_kind verdict;
        const char *first;
    } rows[] = {
        {VERDICT_PASS, "12 us  ->* 20 KEXINIT  #0"},
        {VERDICT_SKIP, "12 us  ->* 20 KEXINIT  #0"},
        {VERDICT_WARN, "12 us  ->* 20 KEXINIT  #0  0102..."},
        {VERDICT_FAIL, "12 us  ->* 20 KEXINIT  #0  0102..."},
    };
    struct setting *setting = new_setting("SSH-2.0-x");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char copy[sizeof lines];
        struct result result = {.row = &row, .done = true, .head.verdict = rows[i].verdict};
        struct json *line;
        char *text;

        memcpy(copy, lines, sizeof lines);
        result.text = copy;
        text = printed(setting, &result);
        line = json_parse(strchr(text, '\n') + 1);
        ck_assert_msg(json_has(line, "last", rows[i].first), "%s", text);
        ck_assert(json_has(line, "last", "30 us  <-  21 NEWKEYS  #1"));
        json_free(line);
        free(text);
    }
    free(setting);
}
END_TEST

START_TEST(the_note_of_a_case_is_there)
{
    struct spec_case with_note = row;
    struct setting *setting = new_setting("SSH-2.0-x");
    struct result result = {.row = &with_note, .done = true};
    struct json *line;
    char *text;

    with_note.note = "why it is so";
    text = printed(setting, &result);
    line = json_parse(strchr(text, '\n') + 1);
    ck_assert(json_is(line, "note", "why it is so"));
    json_free(line);
    free(text);
    free(setting);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_line_is_an_object);
    add_test(suite, messages_have_their_bytes_where_something_was_wrong);
    add_test(suite, the_note_of_a_case_is_there);
}
