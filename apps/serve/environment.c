#include "apps/serve/environment.h"

#include <fnmatch.h>
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

/* Never from the client, whatever is accepted: the dynamic loader's, shells', interpreters', the C
 * library's, and what the server sets. */
static const char *const reserved[] = {
    "LD_*",    "DYLD_*",         "PATH",      "*PATH",      "*_DIR",   "*_DIRS",      "HOME",
    "SHELL",   "USER",           "LOGNAME",   "IFS",        "ENV",     "BASH*",       "SHELLOPTS",
    "PS4",     "PROMPT_COMMAND", "PYTHON*",   "PERL*",      "RUBY*",   "NODE_*",      "JAVA_*",
    "_JAVA_*", "JDK_*",          "GLIBC_*",   "MALLOC_*",   "GCONV_*", "LOCALDOMAIN", "HOSTALIASES",
    "RES_*",   "TMPDIR",         "TERMINFO*", "TERMCAP",    "LESS*",   "PAGER",       "EDITOR",
    "VISUAL",  "GIT_*",          "DISPLAY",   "XAUTHORITY", "SSH_*",   "REMOTE_*",    NULL,
};

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

static bool matches_any(const char *const *patterns, const char *name)
{
    for (; patterns != NULL && *patterns != NULL; patterns++)
        if (fnmatch(*patterns, name, FNM_NOESCAPE) == 0)
            return true;
    return false;
}

bool environment_is_reserved(const char *name)
{
    return matches_any(reserved, name);
}

bool environment_is_clients(const char *name, const char *value, const char *const *patterns)
{
    for (const char *c = name; *c != 0; c++)
        if (!(*c >= 'A' && *c <= 'Z') && !(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9') &&
            *c != '_')
            return false;
    if (strlen(value) > CLIENT_VALUE_MAX)
        return false;
    return is_on(from_client, name, strlen(name)) ||
           (matches_any(patterns, name) && !environment_is_reserved(name));
}

bool environment_set_pair(struct environment *e, const char *pair)
{
    size_t len = strcspn(pair, "=");
    char *name = strdup(pair);
    bool set;

    if (name == NULL)
        return false;
    name[len] = 0;
    set = environment_set(e, name, pair + len + 1);
    free(name);
    return set;
}

bool environment_set_login(struct environment *e, const struct nacre_peer *peer)
{
    const struct nacre_login *login = nacre_peer_login(peer);
    const char *fingerprint = nacre_login_fingerprint(login);

    return environment_set(e, "REMOTE_USER", nacre_login_user(login)) &&
           (fingerprint == NULL || environment_set(e, "SSH_KEY_FINGERPRINT", fingerprint));
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
