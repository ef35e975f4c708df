/* Which events of a trace a command gets, and what it prints when the trace is not complete. */
#include "apps/trace/each.h"
#include "tests/support/notes.h"
#include "tests/support/printed.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <unistd.h>

#define HEADER "{\"trace\":1}\n"
#define EVENT(conn) "{\"us\":1,\"conn\":" conn ",\"event\":\"close\"}\n"

static unsigned wanted;

static bool note_event(void *context, const struct trace_event *event)
{
    ck_assert_ptr_eq(context, &wanted);
    note("%u:%u;", (unsigned)event->line, (unsigned)event->conn);
    return --wanted > 0;
}

static void expect(const char *text, uint64_t conn, int status, const char *events,
                   const char *said)
{
    const struct trace_options options = {.conn = conn};
    const char *path = scratch_write("t", text, 0600);

    printed_begin(STDERR_FILENO);
    ck_assert_int_eq(trace_for_each(path, &options, note_event, &wanted), status);
    assert_says(printed_end(), said);
    expect_notes(events);
}

START_TEST(the_events_of_a_connection_or_of_all)
{
    const char *text = HEADER EVENT("1") EVENT("2") EVENT("1");

    wanted = 100;
    expect(text, 0, 0, "1:0;2:1;3:2;4:1;", "");
    expect(text, 1, 0, "1:0;2:1;4:1;", "");
    expect(text, 3, 0, "1:0;", "");
    wanted = 2;
    expect(text, 0, 0, "1:0;2:1;", "");
}
END_TEST

START_TEST(a_trace_may_be_cut_off_but_not_wrong)
{
    wanted = 100;
    expect(HEADER EVENT("1") "{\"us\"", 0, 0, "1:0;2:1;",
           "nacre-trace: the last line of the trace is cut off and was left out\n");
    expect(HEADER "nonsense\n" EVENT("1"), 0, 1, "1:0;", "nacre-trace: ");
}
END_TEST

START_TEST(a_whole_trace_is_read_in_silence)
{
    const struct trace_options options = {.conn = 0};

    wanted = 100;
    printed_begin(STDERR_FILENO);
    ck_assert_int_eq(
        trace_for_each(scratch_write("t", HEADER, 0600), &options, note_event, &wanted), 0);
    expect_printed("");
    printed_begin(STDERR_FILENO);
    ck_assert_int_eq(trace_for_each("/nonexistent", &options, note_event, &wanted), 1);
    expect_printed("nacre-trace: cannot open /nonexistent: No such file or directory\n");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, the_events_of_a_connection_or_of_all);
    add_test(suite, a_trace_may_be_cut_off_but_not_wrong);
    add_test(suite, a_whole_trace_is_read_in_silence);
}
