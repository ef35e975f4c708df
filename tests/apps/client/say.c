/* What nacre-client says to a person. */
#include "apps/client/client.h"
#include "apps/terminal/raw_mode.h"
#include "tests/support/notes.h"
#include "tests/support/printed.h"
#include "tests/support/suite.h"

#include <unistd.h>

static bool raw;
static char one;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
bool __wrap_raw_mode_is_on(void);
void __wrap_nacre_client_close(struct nacre_client *connection, const char *text);

bool __wrap_raw_mode_is_on(void)
{
    return raw;
}

void __wrap_nacre_client_close(struct nacre_client *connection, const char *text)
{
    ck_assert_ptr_eq(connection, &one);
    note("close %s;", text);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

START_TEST(a_line_begins_with_the_name_of_the_program)
{
    printed_begin(STDERR_FILENO);
    client_say("%s %d", "one", 1);
    raw = true;
    client_say("two");
    raw = false;
    expect_printed("nacre-client: one 1\nnacre-client: two\r\n");
}
END_TEST

START_TEST(a_failure_ends_the_connection)
{
    struct client client = {.connection = (struct nacre_client *)(void *)&one};

    printed_begin(STDERR_FILENO);
    client_fail(&client, "no %s", "way");
    ck_assert_int_eq(client.status, 255);
    expect_notes("close the client gives up;");
    client = (struct client){.connection = NULL};
    client_fail(&client, "again");
    ck_assert_int_eq(client.status, 255);
    expect_notes("");
    expect_printed("nacre-client: no way\nnacre-client: again\n");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_line_begins_with_the_name_of_the_program);
    add_test(suite, a_failure_ends_the_connection);
}
