/* The page of the results: its file, and that nothing in it can be markup. */
#include "apps/spec/report_html.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOSTILE "</script><script>alert(1)</script><img src=x>&\xff\x1b"

static const struct spec_case row = {.id = "4253/7/x",
                                     .level = MUST,
                                     .clause = "RFC 4253 7",
                                     .requirements = "",
                                     .title = "t",
                                     .expected = "close"};

static char folder[] = "/tmp/nacre-html-XXXXXX", path[128], why[256];
static struct errbuf p;
static struct setting *setting;

static void before(void)
{
    memcpy(strrchr(folder, '-'), "-XXXXXX", sizeof "-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/index.html", folder);
    why[0] = 0;
    p = errbuf_in(why, sizeof why);
    setting = calloc(1, sizeof *setting);
    ck_assert_ptr_nonnull(setting);
    setting->target = "localhost:22";
}

static void after(void)
{
    (void)unlink(path);
    (void)rmdir(folder);
    free(setting);
}

static char *content(void)
{
    FILE *in = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    ck_assert_ptr_nonnull(in);
    ck_assert_int_gt(getdelim(&text, &size, 0, in), 0);
    (void)fclose(in);
    return text;
}

static size_t times(const char *text, const char *word)
{
    size_t n = 0;

    while ((text = strstr(text, word)) != NULL) {
        text += strlen(word);
        n++;
    }
    return n;
}

/* The page of a run with one result. */
static bool write_page(const char *where)
{
    struct result result = {.row = &row,
                            .done = true,
                            .head.verdict = VERDICT_PASS,
                            .head.observed = HOSTILE,
                            .text = (char[]){"one " HOSTILE "\ntwo\n"}};
    struct run run = {.setting = setting, .results = &result, .count = 1};

    (void)strcpy(setting->facts.ident, "SSH-2.0-" HOSTILE);
    return report_html(where, &(struct report){.run = &run, .again = ""}, &p);
}

START_TEST(what_the_peer_sent_is_no_markup)
{
    char *text;

    ck_assert_msg(write_page(folder), "%s", why);
    text = content();
    ck_assert_uint_eq(times(text, "<script"), 2);
    ck_assert_uint_eq(times(text, "</script"), 2);
    ck_assert_uint_eq(times(text, "<img"), 0);
    ck_assert_uint_eq(times(text, "\x1b"), 0);
    ck_assert_uint_eq(times(text, "\\u003cimg src=x\\u003e\\u0026\xc3\xbf\\u001b"), 3);
    free(text);
}
END_TEST

/* Those of a case that passed too, which the JSON lines leave out. */
START_TEST(the_messages_of_each_case_are_kept)
{
    char *text;

    ck_assert_msg(write_page(folder), "%s", why);
    text = content();
    ck_assert_uint_eq(times(text, ",\"two\"]"), 1);
    ck_assert_uint_eq(times(text, "\"file\":\"localhost:22\""), 1);
    free(text);
}
END_TEST

START_TEST(nothing_is_loaded)
{
    char *text;

    ck_assert_msg(write_page(folder), "%s", why);
    text = content();
    ck_assert_uint_eq(times(text, "content=\"default-src 'none'; script-src 'sha256-"), 1);
    ck_assert_uint_eq(times(text, "style-src 'sha256-"), 1);
    ck_assert_uint_eq(times(text, "unsafe-inline"), 0);
    free(text);
}
END_TEST

START_TEST(the_folder_is_made)
{
    (void)rmdir(folder);
    ck_assert_msg(write_page(folder), "%s", why);
    free(content());
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_named)
{
    ck_assert(!write_page("/nonexistent/folder"));
    ck_assert_str_eq(why, "/nonexistent/folder: the folder cannot be made: "
                          "No such file or directory");
    ck_assert(!write_page("/dev/null"));
    ck_assert_str_eq(why, "/dev/null/index.html: cannot be written: Not a directory");
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, before, after);
    add_test(suite, what_the_peer_sent_is_no_markup);
    add_test(suite, the_messages_of_each_case_are_kept);
    add_test(suite, nothing_is_loaded);
    add_test(suite, the_folder_is_made);
    add_test(suite, a_folder_that_cannot_be_made_is_named);
}
