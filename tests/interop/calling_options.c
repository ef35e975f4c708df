#include "tests/interop/calling.h"

#include <stdarg.h>
#include <stdio.h>

struct options options;
int status = 255;

void say(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    (void)fputs("calling: ", stderr);
    (void)vfprintf(stderr, format, values);
    (void)fputc('\n', stderr);
    va_end(values);
}
