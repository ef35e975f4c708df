#include "apps/client/client.h"
#include "apps/terminal/raw_mode.h"

#include <stdarg.h>
#include <stdio.h>

static void say(const char *format, va_list arguments)
{
    (void)fprintf(stderr, "%s: ", client_command_line.name);
    (void)vfprintf(stderr, format, arguments);
    (void)fputs(raw_mode_is_on() ? "\r\n" : "\n", stderr);
}

void client_say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void client_fail(struct client *c, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    c->status = CLIENT_FAILED;
    if (c->connection != NULL)
        nacre_client_close(c->connection, "the client gives up");
}
