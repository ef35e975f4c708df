#include "apps/spec/servers/command.h"

#include <stdio.h>
#include <string.h>

enum { NOT_FOUND = 127 };

struct command command_of(const char *text)
{
    struct command c = {.reads = false};

    if (strcmp(text, "cat") == 0)
        return (struct command){.reads = true, .sends_back = true};
    if (strcmp(text, "discard") == 0)
        return (struct command){.reads = true};
    if (sscanf(text, "produce %zu", &c.produce) != 1 && sscanf(text, "exit %d", &c.status) != 1)
        c.status = NOT_FOUND;
    return c;
}
