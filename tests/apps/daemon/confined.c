#include "apps/daemon/confined.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <string.h>

/* The last one is none of them. */
static const struct confine_note notes[CONFINE_MEASURES + 1] = {
    {"user", "alice", ""},
    {"capabilities", "none", ""},
    {"locked_bytes", "no", "no memory can be locked"},
    {"undumpable", "yes", ""},
    {"no_core", "yes", ""},
    {"no_new_privileges", "yes", ""},
    {"files", "/etc/nacre", ""},
    {"calls", "52", ""},
    {"beyond", "the end", "of the measures"},
};

static int log_notes(void)
{
    log_confined(&(struct confinement){.starts_programs = true}, notes);
    return 0;
}

START_TEST(each_measure_is_a_field_and_each_reason_a_line)
{
    succeeds_in_child(log_notes);
    assert_says(child_said,
                " level=info event=confined user=alice capabilities=none locked_bytes=no "
                "undumpable=yes no_core=yes no_new_privileges=yes files=/etc/nacre calls=52\n");
    assert_says(child_said, " level=warn event=sandbox reason=\"no memory can be locked\"\n");
    ck_assert_ptr_null(strstr(child_said, "of the measures"));
}
END_TEST

static int log_off(void)
{
    log_confined(&(struct confinement){.off = true}, notes);
    return 0;
}

START_TEST(a_sandbox_that_is_off_is_logged)
{
    succeeds_in_child(log_off);
    assert_says(child_said, " event=sandbox reason=\"off, by --no-sandbox\"\n");
}
END_TEST

static int log_call(void)
{
    log_forbidden(41);
    return 0;
}

START_TEST(a_forbidden_system_call_is_logged)
{
    succeeds_in_child(log_call);
    assert_says(child_said, " level=error event=forbidden call=41 reason=");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_measure_is_a_field_and_each_reason_a_line);
    add_test(suite, a_sandbox_that_is_off_is_logged);
    add_test(suite, a_forbidden_system_call_is_logged);
}
