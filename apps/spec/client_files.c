/* Texts and folders of clients: client.h. */
#include "apps/spec/client.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>

void client_replace(char *out, size_t size, const char *text, const char *name, const char *value,
                    const char *more)
{
    char key[40];
    const char *at;

    (void)snprintf(key, sizeof key, "{%s}", name);
    out[0] = 0;
    while ((at = strstr(text, key)) != NULL) {
        size_t len = strlen(out);

        (void)snprintf(out + len, size - len, "%.*s%s%s", (int)(at - text), text, value, more);
        text = at + strlen(key);
    }
    (void)snprintf(out + strlen(out), size - strlen(out), "%s", text);
}

static int remove_one(const char *path, const struct stat *s, int flag, struct FTW *at)
{
    (void)s;
    (void)flag;
    (void)at;
    return remove(path);
}

void client_remove_folder(const char *folder)
{
    if (folder[0] != 0)
        (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
