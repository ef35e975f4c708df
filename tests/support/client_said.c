#include "tests/support/notes.h"

#include <stdarg.h>
#include <stdio.h>

/* What nacre-client says to a person, in the notes of each test that wraps client_say. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void __wrap_client_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void __wrap_client_say(const char *format, ...)
{
    char text[NOTES_MAX];
    va_list values;

    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    note("say %s;", text);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
