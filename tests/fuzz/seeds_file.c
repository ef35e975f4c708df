#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seeds.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *folder;

void save_below(const char *name)
{
    folder = name;
    (void)mkdir(folder, 0777);
}

void save(const char *corpus, const char *title, const void *data, size_t len)
{
    char path[512];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", folder, corpus);
    (void)mkdir(path, 0777);
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, corpus, title);
    f = fopen(path, "wb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    require(fwrite(data, 1, len, f) == len && fclose(f) == 0);
}

void save_text(const char *corpus, const char *title, const char *text)
{
    save(corpus, title, text, strlen(text));
}
