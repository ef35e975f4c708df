#include "apps/serve/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Look for a program in each folder of PATH. False: it is in none of them. */
static bool search(const char *name, char path[PATH_MAX])
{
    const char *folder = getenv("PATH");

    for (folder = folder != NULL ? folder : "/usr/local/bin:/usr/bin:/bin"; *folder != 0;) {
        size_t len = strcspn(folder, ":");
        int n = snprintf(path, PATH_MAX, "%.*s/%s", len > 0 ? (int)len : 1, len > 0 ? folder : ".",
                         name);

        if (n < PATH_MAX && access(path, X_OK) == 0)
            return true;
        folder += len + (folder[len] == ':');
    }
    return false;
}

char **command_copy(char **command)
{
    size_t count = 1;
    char **copy;

    while (command[count] != NULL)
        count++;
    copy = calloc(count + 1, sizeof *copy);
    if (copy != NULL)
        memcpy(copy, command, count * sizeof *copy);
    return copy;
}

bool command_find(char **command, char path[PATH_MAX], const struct config *config)
{
    bool has_path = strchr(command[0], '/') != NULL;
    char place[PATH_MAX];

    if (!(has_path ? access(command[0], X_OK) == 0 : search(command[0], path))) {
        (void)config_place(config, command[0], place, sizeof place);
        (void)fprintf(stderr, "%s: %s: no such program, or it is not executable\n",
                      place[0] != 0 ? place : "nacre-serve", command[0]);
        return false;
    }
    if (!has_path)
        command[0] = path;
    return true;
}
