#include "apps/serve/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENT_VALUE_MAX = 1024 };

extern char **environ;

/* From the server's own environment; a name that ends in * means all names that begin like it. */
static const char *const inherited[] = {
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "LANG", "LC_*", NULL,
};

/* From the client. TERM usually comes with the terminal. */
static const char *const from_client[] = {"TERM", "LANG", "LC_*", NULL};

/* Is the name of `len` bytes on the list? */
static bool is_on(const char *const *list, const char *name, size_t len)
{
    for (; *list != NULL; list++) {
        size_t n = strlen(*list);
        bool all = (*list)[n - 1] == '*';

        if (all ? len >= n - 1 && strncmp(name, *list, n - 1) == 0
                : len == n && strncmp(name, *list, n) == 0)
            return true;
    }
    return false;
}

void environment_begin(struct environment *e)
{
    for (char **at = environ; *at != NULL && e->count < ENVIRONMENT_CLIENT_MAX / 2; at++) {
        size_t len = strcspn(*at, "=");
        char *copy = is_on(inherited, *at, len) ? strdup(*at) : NULL;

        if (copy != NULL)
            e->list[e->count++] = copy;
    }
}

bool environment_set(struct environment *e, const char *name, const char *value)
{
    size_t len = strlen(name), i = 0;
    char *text;

    while (i < e->count && !(strncmp(e->list[i], name, len) == 0 && e->list[i][len] == '='))
        i++;
    if (i == ENVIRONMENT_MAX || asprintf(&text, "%s=%s", name, value) < 0)
        return false;
    free(e->list[i]);
    e->list[i] = text;
    if (i == e->count)
        e->count++;
    return true;
}

bool environment_is_clients(const char *name, const char *value)
{
    for (const char *c = name; *c != 0; c++)
        if (!(*c >= 'A' && *c <= 'Z') && !(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9') &&
            *c != '_')
            return false;
    return is_on(from_client, name, strlen(name)) && strlen(value) <= CLIENT_VALUE_MAX;
}

/* "[::1]:2022" becomes "::1 2022". */
static void split(char *out, size_t size, const char *address)
{
    const char *colon = strrchr(address, ':');
    bool six = address[0] == '[';

    if (colon == NULL)
        (void)snprintf(out, size, "UNKNOWN 0");
    else
        (void)snprintf(out, size, "%.*s %s", (int)(colon - address) - (six ? 2 : 0), address + six,
                       colon + 1);
}

bool environment_set_connection(struct environment *e, struct nacre_peer *peer)
{
    char client[96], server[96], both[200];

    split(client, sizeof client, nacre_peer_address(peer));
    split(server, sizeof server, nacre_peer_local_address(peer));
    (void)snprintf(both, sizeof both, "%s %s", client, server);
    return environment_set(e, "SSH_CONNECTION", both);
}

void environment_clear(struct environment *e)
{
    for (size_t i = 0; i < e->count; i++)
        free(e->list[i]);
    memset(e, 0, sizeof *e);
}
