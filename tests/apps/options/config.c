/* Configuration files, read for nacre-serve. */
#include "apps/options/config.h"
#include "apps/options/config_print.h"
#include "apps/serve/options.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct config *config;

static void set_up(void)
{
    config = config_new(&serve_command_line);
    ck_assert_ptr_nonnull(config);
}

static void tear_down(void)
{
    config_free(config);
}

static void read_text(const char *text)
{
    char copy[8192];

    (void)snprintf(copy, sizeof copy, "%s", text);
    config_read(config, scratch_write("a.conf", copy, 0600));
}

/* The problems, with `DIR/` for the scratch folder */
static const char *problems(void)
{
    static char text[16384];
    char folder[512];
    size_t len;

    (void)snprintf(folder, sizeof folder, "%s", scratch_path(""));
    (void)snprintf(text, sizeof text, "%s", config_problems(config));
    len = strlen(folder);
    for (char *at = text; (at = strstr(at, folder)) != NULL;) {
        memmove(at + 4, at + len, strlen(at + len) + 1);
        memcpy(at, "DIR/", 4);
    }
    return text;
}

static void expect_entry(size_t i, const char *option, const char *value, unsigned at)
{
    const struct config_entry *entry = config_entry(config, i);

    ck_assert_ptr_nonnull(entry);
    ck_assert_str_eq(entry->row->name, option);
    ck_assert_str_eq(entry->value, value);
    ck_assert_uint_eq(entry->at.line, at);
}

START_TEST(each_line_is_a_keyword_and_a_value_of_an_option)
{
    char place[512];

    read_text("# all of it\n\nListenAddress [::]:22\nlistenaddress=':23' # more\n"
              "MAXSTARTUPS 10:30:60\nPerSourcePenalties authfail:1 noauth:2\nRekeyLimit 1G 1h\n"
              "Exec yes\nCommand /bin/sh -c 'echo \"hi\"'");
    ck_assert_str_eq(problems(), "");
    expect_entry(0, "listen", "[::]:22", 3);
    expect_entry(1, "listen", ":23", 4);
    expect_entry(2, "max-startups", "10:30:60", 5);
    expect_entry(3, "per-source-penalties", "authfail:1,noauth:2", 6);
    expect_entry(4, "rekey-limit", "1G,1h", 7);
    expect_entry(5, "exec", "yes", 8);
    ck_assert_str_eq(config_command(config)[0], "/bin/sh");
    ck_assert_str_eq(config_command(config)[2], "echo \"hi\"");
    ck_assert_ptr_null(config_command(config)[3]);
    ck_assert_ptr_null(config_entry(config, 7));
    (void)config_place(config, config_entry(config, 2)->value, place, sizeof place);
    assert_says(place, "/a.conf:5");
    ck_assert_str_eq(config_place(config, "10:30:60", place, sizeof place), "");
}
END_TEST

START_TEST(every_problem_is_reported_with_its_place)
{
    read_text("ListenAdress 22\nHostKey\nHostKey a b\nBanner \"x\nKexAlgoritms a\nMatch User "
              "a\nInclude\n");
    ck_assert_str_eq(problems(),
                     "DIR/a.conf:1: there is no keyword 'ListenAdress'; the nearest is "
                     "ListenAddress\n"
                     "DIR/a.conf:2: HostKey: the value is missing\n"
                     "DIR/a.conf:3: HostKey: there is more than one value; put spaces in quotes\n"
                     "DIR/a.conf:4: a quote is not closed\n"
                     "DIR/a.conf:5: there is no keyword 'KexAlgoritms'; the nearest is "
                     "KexAlgorithms\n"
                     "DIR/a.conf:6: there is no keyword 'Match'; the nearest is MACs\n"
                     "DIR/a.conf:7: Include: the name of a file is missing\n");
}
END_TEST

/* ... up to 256 KiB; nothing after that is read. */
START_TEST(after_very_many_problems_no_line_is_read)
{
    enum { LINES = 20000 };
    static char text[LINES * 32];
    size_t len = 0, said;

    for (unsigned i = 0; i < LINES; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "Nonsense%u%s", i,
                                i % 2 == 0 ? "WithALongerName\n" : "\n");
    (void)snprintf(text + len, sizeof text - len, "Banner x\n");
    config_read(config, scratch_write("a.conf", text, 0600));
    said = strlen(config_problems(config));
    ck_assert_uint_le(said, 256 * 1024);
    ck_assert_uint_gt(said, 255 * 1024);
    ck_assert_ptr_null(config_entry(config, 0));
}
END_TEST

START_TEST(options_about_files_and_answers_have_no_keyword)
{
    read_text("Config x\nTestConfig yes\nPrintConfig yes\nHelp yes\nVersion yes\n"
              "ListAlgorithms yes\nQuiet yes\nVerbose yes\n");
    for (unsigned i = 1; i <= 8; i++) {
        char begins[64];

        (void)snprintf(begins, sizeof begins, "DIR/a.conf:%u: there is no keyword", i);
        assert_says(problems(), begins);
    }
}
END_TEST

START_TEST(a_nul_byte_is_a_problem_of_its_line)
{
    char text[] = "Exec yes\nBan\0ner x\nUser y";

    config_read_text(config, "name", text, sizeof text - 1, false);
    ck_assert_str_eq(problems(), "name:2: the line contains a NUL byte\n");
    expect_entry(0, "exec", "yes", 1);
    expect_entry(1, "user", "y", 3);
}
END_TEST

START_TEST(files_are_included_in_their_place_and_in_order)
{
    ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
    (void)scratch_write("conf.d/2.conf", "HostKey c\nInclude deeper.inc\n", 0644);
    (void)scratch_write("conf.d/1.conf", "HostKey b\n", 0644);
    (void)scratch_write("conf.d/deeper.inc", "HostKey d\n", 0644);
    (void)scratch_write("conf.d/other", "HostKey x\n", 0644);
    read_text("HostKey a\nInclude conf.d/*.conf none/*.conf\nHostKey e\n");
    ck_assert_str_eq(problems(), "");
    for (size_t i = 0; i < 5; i++)
        expect_entry(i, "host-key", (const char[]){(char)('a' + i), 0}, i < 4 ? 1 : 3);
    assert_says(config_file(config, 3), "/conf.d/deeper.inc");
    ck_assert_ptr_null(config_file(config, 4));
}
END_TEST

START_TEST(an_absolute_name_is_included_and_a_missing_file_is_a_problem)
{
    char text[1024];

    (void)snprintf(text, sizeof text, "Include %s absent\n",
                   scratch_write("b.conf", "User u\n", 0600));
    read_text(text);
    expect_entry(0, "user", "u", 1);
    ck_assert_str_eq(problems(), "DIR/a.conf:1: Include: there is no file DIR/absent\n");
}
END_TEST

START_TEST(files_that_include_each_other_end)
{
    (void)scratch_write("b.conf", "Include a.conf\nUser u\n", 0600);
    read_text("Include b.conf\nBanner x\n");
    ck_assert_str_eq(problems(), "DIR/a.conf: the file includes itself\n");
    expect_entry(0, "user", "u", 2);
    expect_entry(1, "banner", "x", 2);
}
END_TEST

START_TEST(files_include_each_other_to_a_depth_of_16)
{
    for (int i = 1; i < 18; i++) {
        char name[16], text[64];

        (void)snprintf(name, sizeof name, "%d.inc", i);
        (void)snprintf(text, sizeof text, "HostKey %d\nInclude %d.inc\n", i, i + 1);
        (void)scratch_write(name, text, 0600);
    }
    read_text("Include 1.inc\n");
    ck_assert_ptr_nonnull(config_entry(config, 14));
    ck_assert_ptr_null(config_entry(config, 15));
    assert_says(problems(), "DIR/16.inc: not read: more than 16 files include each other");
}
END_TEST

/* Each of eight files twice: the last one 256 times */
START_TEST(the_number_of_files_is_limited)
{
    for (int i = 1; i < 10; i++) {
        char name[16], text[64];

        (void)snprintf(name, sizeof name, "%d.inc", i);
        (void)snprintf(text, sizeof text, i < 9 ? "Include %d.inc %d.inc\n" : "HostKey %d\n", i + 1,
                       i + 1);
        (void)scratch_write(name, text, 0600);
    }
    read_text("Include 1.inc\n");
    ck_assert_ptr_null(config_file(config, CONFIG_FILES_MAX));
    ck_assert_ptr_nonnull(config_file(config, CONFIG_FILES_MAX - 1));
    assert_says(problems(), "not read: ");
}
END_TEST

START_TEST(a_file_that_others_can_write_is_refused)
{
    config_read(config, scratch_write("a.conf", "User u\n", 0622));
    assert_says(problems(), "DIR/a.conf: writable by others (mode 622)");
    ck_assert_ptr_null(config_entry(config, 0));
}
END_TEST

START_TEST(an_included_file_that_others_can_write_is_refused)
{
    (void)scratch_write("b.conf", "User u\n", 0666);
    read_text("Include b.conf\n");
    assert_says(problems(), "DIR/b.conf: writable by others (mode 666)");
    ck_assert_ptr_null(config_entry(config, 0));
}
END_TEST

START_TEST(what_is_no_file_is_a_problem)
{
    config_read(config, scratch_path("none"));
    config_read(config, scratch_path(""));
    ck_assert_str_eq(problems(), "DIR/none: there is no such file\nDIR/: not a regular file\n");
}
END_TEST

/* ---- keywords ---- */

START_TEST(keywords_are_unique_and_those_of_sshd)
{
    static const char *const pairs[][2] = {{"listen", "ListenAddress"},
                                           {"kex", "KexAlgorithms"},
                                           {"macs", "MACs"},
                                           {"per-source-net-block-size", "PerSourceNetBlockSize"},
                                           {"max-memory", "MaxMemory"},
                                           {"keepalive-count", "ClientAliveCountMax"},
                                           {"login-grace-time", "LoginGraceTime"}};
    char keyword[CONFIG_KEYWORD_MAX], other[CONFIG_KEYWORD_MAX];
    const struct option_row *row, *before;

    for (size_t i = 0; (row = config_next_row(&serve_command_line, i)) != NULL; i++) {
        ck_assert_uint_gt(strlen(config_keyword(row, keyword)), 1);
        for (size_t j = 0; j < i; j++) {
            before = config_next_row(&serve_command_line, j);
            ck_assert_str_ne(config_keyword(before, other), keyword);
        }
        for (size_t j = 0; j < sizeof pairs / sizeof pairs[0]; j++)
            ck_assert(strcmp(row->name, pairs[j][0]) != 0 || strcmp(keyword, pairs[j][1]) == 0);
    }
}
END_TEST

/* ---- the example ---- */

static void print_example(FILE *out)
{
    config_print_example(out, &serve_command_line);
    ck_assert_int_eq(fclose(out), 0);
}

START_TEST(the_example_sets_nothing)
{
    const char *file = scratch_write("example", "", 0600);

    print_example(fopen(file, "we"));
    config_read(config, file);
    ck_assert_str_eq(problems(), "");
    ck_assert_ptr_null(config_entry(config, 0));
}
END_TEST

/* A line that begins with "#Keyword" rather than "# text" is a setting. */
START_TEST(the_example_has_every_keyword)
{
    const char *file = scratch_write("example", "", 0600);
    const struct config_entry *entry;
    const struct option_row *row;
    size_t i;
    char *text;

    print_example(fopen(file, "we"));
    text = scratch_read(file);
    for (char *at = text; (at = strstr(at, "\n#")) != NULL; at++)
        if (at[2] != ' ')
            at[1] = ' ';
    config_read_text(config, "example", text, strlen(text), false);
    ck_assert_str_eq(problems(), "");
    for (i = 0; (row = config_next_row(&serve_command_line, i)) != NULL; i++) {
        entry = config_entry(config, i);
        ck_assert_ptr_nonnull(entry);
        ck_assert_ptr_eq(entry->row, row);
        ck_assert(row->default_value == NULL || strcmp(row->default_value, entry->value) == 0);
    }
    ck_assert_ptr_null(config_entry(config, i));
    free(text);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, set_up, tear_down);
    add_test(suite, each_line_is_a_keyword_and_a_value_of_an_option);
    add_test(suite, every_problem_is_reported_with_its_place);
    add_test(suite, after_very_many_problems_no_line_is_read);
    add_test(suite, options_about_files_and_answers_have_no_keyword);
    add_test(suite, a_nul_byte_is_a_problem_of_its_line);
    add_test(suite, files_are_included_in_their_place_and_in_order);
    add_test(suite, an_absolute_name_is_included_and_a_missing_file_is_a_problem);
    add_test(suite, files_that_include_each_other_end);
    add_test(suite, files_include_each_other_to_a_depth_of_16);
    add_test(suite, the_number_of_files_is_limited);
    add_test(suite, a_file_that_others_can_write_is_refused);
    add_test(suite, an_included_file_that_others_can_write_is_refused);
    add_test(suite, what_is_no_file_is_a_problem);
    add_test(suite, keywords_are_unique_and_those_of_sshd);
    add_test(suite, the_example_sets_nothing);
    add_test(suite, the_example_has_every_keyword);
}
