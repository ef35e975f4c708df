/* The commands of nacre-trace, and how many traces each one reads. */
#include "apps/trace/commands.h"
#include "tests/support/suite.h"

START_TEST(each_command_is_found_by_its_name)
{
    static const struct {
        const char *name;
        int files;
        trace_command_run *run;
    } rows[] = {{"text", 1, text_run},
                {"json", 1, json_run},
                {"diff", 2, diff_run},
                {"page", 1, page_run},
                {"hash", 1, hash_run}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct trace_command *command = trace_command_find(rows[i].name);

        ck_assert_ptr_eq(command, &trace_commands[i]);
        ck_assert_int_eq(command->files, rows[i].files);
        ck_assert(command->run == rows[i].run);
    }
    ck_assert_ptr_null(trace_commands[5].name);
    ck_assert_ptr_null(trace_command_find(""));
    ck_assert_ptr_null(trace_command_find("tex"));
    ck_assert_ptr_null(trace_command_find("hashes"));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_command_is_found_by_its_name);
}
