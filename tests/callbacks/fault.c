#include "tests/callbacks/callbacks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void fault(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    _exit(FAULT);
}

void look_at_bytes(const void *data, size_t len)
{
    const uint8_t *at = data;
    volatile uint64_t seen; /* so that the compiler leaves nothing out */
    uint64_t word, sum = 0;

    for (; len >= sizeof word; at += sizeof word, len -= sizeof word) {
        memcpy(&word, at, sizeof word);
        sum += word;
    }
    while (len-- > 0)
        sum += *at++;
    seen = sum;
    (void)seen;
}

void look_at_text(const char *text)
{
    if (text != NULL)
        look_at_bytes(text, strlen(text) + 1);
}
