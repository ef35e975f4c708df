#include "tests/interop/granting.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void note(const char *event, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    flockfile(stderr);
    (void)fprintf(stderr, "ts=0 level=info event=%s", event);
    (void)vfprintf(stderr, format, values);
    (void)fputc('\n', stderr);
    funlockfile(stderr);
    va_end(values);
}
