/* The page of a trace: each part is in its place. What the page does: tests/browser/test_page.mjs
 */
#include "apps/trace/commands.h"
#include "apps/trace/handlers.h"
#include "tests/support/json.h"
#include "tests/support/printed.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER "{\"trace\":1}\n"
#define CLOSE(conn, why) "{\"us\":1,\"conn\":" conn ",\"event\":\"close\",\"why\":\"" why "\"}\n"

static const char *page_of(const char *trace, int status)
{
    const struct trace_options options = {.conn = 0};
    char path[256], *files[] = {path};

    (void)snprintf(path, sizeof path, "%s", scratch_write("t", trace, 0600));
    printed_begin(STDOUT_FILENO);
    ck_assert_int_eq(page_run(&options, files), status);
    return printed_end();
}

START_TEST(the_parts_are_where_the_file_has_comments)
{
    static const char *const marks[] = {
        "<!doctype html>\n",
        "<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" ",
        "content=\"default-src 'none'; script-src 'sha256-",
        "'; style-src 'sha256-",
        "'; base-uri 'none'; form-action 'none'\">\n",
        "<style>",
        "</style>\n</head>",
        "<script type=\"application/json\" id=\"trace\">[\n",
        "{\"trace\":1},\n{\"us\":1,\"conn\":1,",
        "\"why\":\"\\u003c/script\\u003e\"}\n]</script>\n",
        "<script type=\"application/json\" id=\"handlers\">{\n",
        "}</script>",
        "<script>",
        "</script>\n</body>\n</html>\n"};
    const char *at = page_of(HEADER CLOSE("1", "</script>"), 0);

    ck_assert_ptr_eq(strstr(at, marks[0]), at);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        ck_assert_msg(strstr(at, marks[i]) != NULL, "%s", marks[i]);
        at = strstr(at, marks[i]) + strlen(marks[i]);
    }
    ck_assert_str_eq(at, "");
}
END_TEST

START_TEST(the_style_and_the_scripts_are_in_the_page)
{
    static const char *const files[] = {"apps/trace/page.css", "apps/trace/page_model.js",
                                        "apps/trace/page.js"};
    const char *page = page_of(HEADER, 0);

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *text = scratch_read(files[i]);

        ck_assert_msg(strstr(page, text) != NULL, "%s", files[i]);
        free(text);
    }
}
END_TEST

START_TEST(no_comment_of_a_part_is_left)
{
    const char *page = page_of(HEADER, 0);

    ck_assert_ptr_null(strstr(page, "<!-- policy -->"));
    ck_assert_ptr_null(strstr(page, "<!-- style -->"));
    ck_assert_ptr_null(strstr(page, "<!-- trace -->"));
    ck_assert_ptr_null(strstr(page, "<!-- script -->"));
}
END_TEST

/* By message and way: {"SSH_MSG_X":{"received":[["function","file"],...],"sent":[...]},...} */
START_TEST(the_handlers_are_an_object)
{
    const char *page = page_of(HEADER, 0), *begin = strstr(page, "id=\"handlers\">") + 14;
    char *expected = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&expected, &len);
    const char *message = "", *way = "";

    (void)fputc('{', out);
    for (const struct handler *h = handlers; h->message != NULL; h++) {
        bool other = strcmp(message, h->message) != 0;

        if (other && message[0] != 0)
            (void)fputs("]},", out);
        if (other)
            (void)fprintf(out, "\n\"%s\":{\"%s\":[", h->message, h->way);
        else if (strcmp(way, h->way) != 0)
            (void)fprintf(out, "],\"%s\":[", h->way);
        else
            (void)fputc(',', out);
        (void)fprintf(out, "[\"%s\",\"%s\"]", h->function, h->file);
        message = h->message;
        way = h->way;
    }
    (void)fputs("]}}</script>", out);
    (void)fclose(out);
    ck_assert_int_eq(strncmp(begin, expected, len), 0);
    free(expected); /* NOLINT(clang-analyzer-unix.Malloc): the C library's */
}
END_TEST

START_TEST(a_trace_with_a_mistake_is_shown_up_to_there)
{
    const char *page = page_of(HEADER CLOSE("1", "x") "nonsense\n", 1);

    ck_assert_ptr_nonnull(strstr(page, "\"why\":\"x\"}\n]</script>"));
    ck_assert_ptr_nonnull(strstr(page, "</html>\n"));
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, the_parts_are_where_the_file_has_comments);
    add_test(suite, the_style_and_the_scripts_are_in_the_page);
    add_test(suite, no_comment_of_a_part_is_left);
    add_test(suite, the_handlers_are_an_object);
    add_test(suite, a_trace_with_a_mistake_is_shown_up_to_there);
}
