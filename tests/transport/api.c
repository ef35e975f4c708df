/* Names of causes, and the version. */
#include "transport/api.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

START_TEST(the_version_is_that_of_the_headers)
{
    char text[32];

    ck_assert_uint_eq(nacre_version(), NACRE_VERSION_NUMBER);
    ck_assert_str_eq(nacre_version_text(), NACRE_VERSION);
    (void)snprintf(text, sizeof text, "%d.%d.%d", NACRE_VERSION_MAJOR, NACRE_VERSION_MINOR,
                   NACRE_VERSION_PATCH);
    if (NACRE_VERSION_PATCH == 0)
        text[strlen(NACRE_VERSION)] = 0; /* "0.1" for 0.1.0 */
    ck_assert_str_eq(text, NACRE_VERSION);
}
END_TEST

START_TEST(every_cause_has_a_name)
{
    for (int i = 0; i <= NACRE_HOST_KEY_REJECTED; i++) {
        ck_assert_str_ne(nacre_cause_text((enum nacre_cause)i), "");
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(nacre_cause_text((enum nacre_cause)i),
                             nacre_cause_text((enum nacre_cause)j));
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_version_is_that_of_the_headers);
    add_test(suite, every_cause_has_a_name);
}
