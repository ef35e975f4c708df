#include "apps/confine/parts.h"

#include <stdarg.h>
#include <stdio.h>

bool confine_say(char *text, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return false;
}
