#include "apps/client/explain.h"
#include "tests/support/suite.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

static const char *about(const char *reason)
{
    char sentence[256];

    (void)snprintf(sentence, sizeof sentence, "cannot connect to host:22: %s", reason);
    return explain_connecting(sentence);
}

START_TEST(frequent_failures_have_advice)
{
    ck_assert_ptr_nonnull(strstr(about("Connection refused"), "-p"));
    ck_assert_ptr_nonnull(strstr(about("Connection timed out"), "firewall"));
    ck_assert_ptr_nonnull(strstr(about(gai_strerror(EAI_NONAME)), "spelled"));
    ck_assert_ptr_nonnull(strstr(about(gai_strerror(EAI_AGAIN)), "name server"));
}
END_TEST

START_TEST(others_have_none)
{
    ck_assert_str_eq(about("something else"), "");
    ck_assert_str_eq(explain_connecting(""), "");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, frequent_failures_have_advice);
    add_test(suite, others_have_none);
}
