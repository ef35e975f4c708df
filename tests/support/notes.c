#include "tests/support/notes.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char noted[NOTES_MAX];

void note(const char *format, ...)
{
    size_t len = strlen(noted);
    va_list values;

    va_start(values, format);
    (void)vsnprintf(noted + len, sizeof noted - len, format, values);
    va_end(values);
}

void expect_notes(const char *expected)
{
    ck_assert_str_eq(noted, expected);
    noted[0] = 0;
}
