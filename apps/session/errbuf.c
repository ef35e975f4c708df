#include "apps/session/errbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct errbuf errbuf_in(char *text, size_t size)
{
    if (text == NULL)
        size = 0;
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

bool errbuf_add(const struct errbuf *p, const char *format, ...)
{
    size_t used = p->size > 0 ? strnlen(p->text, p->size - 1) : 0;
    size_t start = used + (used > 0);
    va_list args;
    int len;

    if (start >= p->size)
        return false;
    va_start(args, format);
    len = vsnprintf(p->text + start, p->size - start, format, args);
    va_end(args);
    if (used == 0)
        return true;
    if (len < 0 || (size_t)len >= p->size - start) {
        p->text[used] = '\0';
        return false;
    }
    p->text[used] = '\n';
    return true;
}
