#include "apps/session/problem.h"

#include <stdarg.h>
#include <stdio.h>

struct problem problem_in(char *text, size_t size)
{
    if (size > 0)
        text[0] = '\0';
    return (struct problem){text, size};
}

bool problem_say(const struct problem *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(p->text, p->size, format, args);
    va_end(args);
    return false;
}
