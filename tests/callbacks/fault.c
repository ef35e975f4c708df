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
    const volatile uint8_t *at = data;

    for (size_t i = 0; i < len; i++)
        (void)at[i];
}

void look_at_text(const char *text)
{
    if (text != NULL)
        look_at_bytes(text, strlen(text) + 1);
}
