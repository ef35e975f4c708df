#include "apps/trace/visible.h"
#include "tests/support/suite.h"

#include <stdlib.h>

START_TEST(control_characters_become_visible)
{
    static const char text[] = "a\n\x1b[1m\t\r\x7f\xc2\x9b\xc2\xa0\xc3\xa9\xe2\x82\xac\0z\xc2";
    char *printed = NULL;
    size_t len;
    FILE *out = open_memstream(&printed, &len);

    ck_assert_ptr_nonnull(out);
    visible_print(out, text, sizeof text - 1);
    (void)fclose(out);
    ck_assert_str_eq(printed,
                     "a\n\\x1b[1m\\x09\\x0d\\x7f\\x9b\xc2\xa0\xc3\xa9\xe2\x82\xac\\x00z\xc2");
    free(printed);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, control_characters_become_visible);
}
