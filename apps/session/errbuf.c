#include "apps/session/errbuf.h"

#include <stdarg.h>
#include <stdio.h>

struct errbuf errbuf_in(char *text, size_t size)
{
    if (size > 0)
        text[0] = '\0';
    return (struct errbuf){text, size};
}

bool errbuf_say(const struct errbuf *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(p->text, p->size, format, args);
    va_end(args);
    return false;
}
