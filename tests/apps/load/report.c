/* The figures that nacre-load prints. */
#include "apps/load/load.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <unistd.h>

static const struct load_mode mode = {.name = "rtt", .unit = "keystrokes", .sample = "each"};
static struct load_options options = {.mode = &mode};
static struct load load;
static uint32_t samples[1000];

/* Print the report, to where the test reads it. */
static int report(void)
{
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return 1;
    load_report(&load);
    return fflush(stdout) == 0 ? 0 : 2;
}

static void begin(bool json)
{
    options.json = json;
    load = (struct load){.options = &options,
                         .begun = 2,
                         .ready = 3,
                         .done = 4,
                         .failed = 5,
                         .channels_opened = 6,
                         .channels_closed = 7,
                         .sent = 8000000,
                         .received = 9000000,
                         .wire_in = 10,
                         .wire_out = 11,
                         .first_ns = 1000000000,
                         .last_ns = 3000000000,
                         .server = "SSH-2.0-x",
                         .cipher = "aes"};
}

START_TEST(json_has_every_figure)
{
    begin(true);
    succeeds_in_child(report);
    ck_assert_str_eq(
        child_said,
        "{\"mode\": \"rtt\", \"server\": \"SSH-2.0-x\", \"cipher\": \"aes\", \"interrupted\": "
        "false, "
        "\"problem\": \"\", \"done\": 4, \"failed\": 5, \"seconds\": 2.000, "
        "\"done_per_second\": 2.0, \"connections\": 2, \"logins\": 3, \"channels_opened\": 6, "
        "\"channels_closed\": 7, \"data_sent\": 8000000, \"data_received\": 9000000, "
        "\"sent_per_second\": 4.000, \"received_per_second\": 4.500, \"wire_sent\": 11, "
        "\"wire_received\": 10}\n");
}
END_TEST

START_TEST(what_a_server_sent_is_escaped)
{
    begin(true);
    (void)snprintf(load.server, sizeof load.server, "a\"b\\c\x1f\x7f\xff ~");
    (void)snprintf(load.errbuf, sizeof load.errbuf, "no\nway");
    load.interrupted = true;
    succeeds_in_child(report);
    assert_says(child_said, "\"server\": \"a\\\"b\\\\c\\u001f\\u007f\\u00ff ~\"");
    assert_says(child_said, "\"interrupted\": true, \"problem\": \"no\\u000away\"");
}
END_TEST

START_TEST(a_table_has_a_line_for_each_figure)
{
    begin(false);
    (void)snprintf(load.errbuf, sizeof load.errbuf, "refused");
    load.interrupted = true;
    succeeds_in_child(report);
    ck_assert_ptr_eq(strstr(child_said, "rtt, SSH-2.0-x, aes\n"), child_said);
    assert_says(child_said, "\n  done                                4  keystrokes\n");
    assert_says(child_said, "\n  seconds                         2.000  \n");
    assert_says(child_said, "\n  sent_per_second                 4.000  MB\n");
    assert_says(child_said, "\ninterrupted before the end\nthe first failure: refused\n");
    ck_assert_ptr_null(strstr(child_said, "samples"));
}
END_TEST

START_TEST(without_an_answer_there_is_no_server_and_no_rate)
{
    begin(false);
    load.server[0] = '\0';
    load.last_ns = load.first_ns;
    succeeds_in_child(report);
    ck_assert_ptr_eq(strstr(child_said, "rtt, no server, aes\n"), child_said);
    assert_says(child_said, "\n  seconds                         0.000  \n");
    assert_says(child_said, "\n  done_per_second                   0.0  \n");
    ck_assert_ptr_null(strstr(child_said, "interrupted"));
    ck_assert_ptr_null(strstr(child_said, "failure"));
}
END_TEST

/* The smallest of the samples 1, 2, ... N that so many of 1000 samples do not exceed. */
START_TEST(a_percentile_is_a_sample)
{
    static const struct {
        size_t count;
        const char *says;
    } rows[] = {
        {1000, "\"samples\": 1000, \"p50_us\": 500, \"p99_us\": 990, \"p99_9_us\": 999, "
               "\"max_us\": 1000}"},
        {1, "\"samples\": 1, \"p50_us\": 1, \"p99_us\": 1, \"p99_9_us\": 1, \"max_us\": 1}"},
        {3, "\"p50_us\": 2, \"p99_us\": 3, \"p99_9_us\": 3, \"max_us\": 3}"},
        {101, "\"p50_us\": 51, \"p99_us\": 100, \"p99_9_us\": 101, \"max_us\": 101}"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(true);
        for (size_t k = 0; k < rows[i].count; k++)
            samples[k] = (uint32_t)(rows[i].count - k);
        load.samples = samples;
        load.sample_count = rows[i].count;
        succeeds_in_child(report);
        assert_says(child_said, rows[i].says);
    }
}
END_TEST

static int show_progress(void)
{
    load_progress(&load, false);
    load_progress(&load, true); /* for terminals only */
    return 0;
}

START_TEST(progress_is_a_line)
{
    begin(false);
    load.first_ns = load.last_ns = 0;
    succeeds_in_child(show_progress);
    ck_assert_ptr_null(strchr(child_said, '\r')); /* which is for terminals too */
    assert_says(child_said, " s: 4 keystrokes, 5 failed, 8.0 MB out, 9.0 MB in\n");
    ck_assert_ptr_eq(strchr(child_said, '\n') + 1, child_said + strlen(child_said));
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, json_has_every_figure);
    add_test(suite, what_a_server_sent_is_escaped);
    add_test(suite, a_table_has_a_line_for_each_figure);
    add_test(suite, without_an_answer_there_is_no_server_and_no_rate);
    add_test(suite, a_percentile_is_a_sample);
    add_test(suite, progress_is_a_line);
}
