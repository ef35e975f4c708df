#include "apps/files/service_port.h"

#include "apps/session/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char blank[] = " \t\r\n";

/* NAME PORT/PROTOCOL [ALIAS...] [# comment]. 0: it is about another name or protocol. */
static uint16_t port_in(char *line, const char *name)
{
    char *rest = NULL, *first, *port, *protocol;
    uint64_t number;
    bool found;

    line[strcspn(line, "#")] = 0;
    first = strtok_r(line, blank, &rest);
    port = strtok_r(NULL, blank, &rest);
    protocol = port == NULL ? NULL : strchr(port, '/');
    if (protocol == NULL || strcmp(protocol, "/tcp") != 0)
        return 0;
    *protocol = 0;
    found = strcmp(first, name) == 0;
    for (char *alias; !found && (alias = strtok_r(NULL, blank, &rest)) != NULL;)
        found = strcmp(alias, name) == 0;
    return found && number_whole(port, 1, UINT16_MAX, &number) ? (uint16_t)number : 0;
}

uint16_t service_port(const char *file, const char *name)
{
    FILE *services = fopen(file, "re");
    char *line = NULL;
    size_t size = 0;
    uint16_t port = 0;

    if (services == NULL)
        return 0;
    while (port == 0 && getline(&line, &size, services) >= 0)
        port = port_in(line, name);
    free(line);
    (void)fclose(services);
    return port;
}
