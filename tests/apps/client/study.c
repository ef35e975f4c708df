/* How nacre-client starts what observes its connections. */
#include "apps/client/study.h"
#include "apps/client/client.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static const struct nacre_observer own = {.message = NULL};
static struct client_options options;
static bool opens;
static char one;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
bool __wrap_study_open(const struct study_config *config, const struct errbuf *p);
void __wrap_study_start(void);
const char *__wrap_nacre_client_address(const struct nacre_client *connection);
const char *__wrap_nacre_client_local_address(struct nacre_client *connection);

bool __wrap_study_open(const struct study_config *config, const struct errbuf *p)
{
    struct observed connection = {.role = NACRE_SERVER};

    ck_assert_str_eq(config->program, "nacre-client");
    ck_assert(config->options == &options.study && config->own == &own);
    config->describe(&one, &connection);
    ck_assert_int_eq(connection.role, NACRE_CLIENT);
    ck_assert_str_eq(connection.local, "here");
    ck_assert_str_eq(connection.peer, "there");
    config->warn("trace", "a warning");
    note("open;");
    return opens || errbuf_say(p, "no");
}

void __wrap_study_start(void)
{
    note("start;");
}

const char *__wrap_nacre_client_address(const struct nacre_client *connection)
{
    ck_assert_ptr_eq(connection, &one);
    return "there";
}

const char *__wrap_nacre_client_local_address(struct nacre_client *connection)
{
    ck_assert_ptr_eq(connection, &one);
    return "here";
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

START_TEST(it_starts_if_its_files_can_be_opened)
{
    opens = true;
    ck_assert(client_study_begin(&options, &own));
    expect_notes("say a warning;open;start;");
    opens = false;
    ck_assert(!client_study_begin(&options, &own));
    expect_notes("say a warning;open;say no;");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, it_starts_if_its_files_can_be_opened);
}
