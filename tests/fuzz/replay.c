/* Runs one fuzz_*.c over files, without libFuzzer: the seeds and every input that once crashed.
 *
 *     fuzz_NAME FILE-OR-FOLDER... */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static unsigned runs;

static void run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t len = 0, n = 0;

    if (f == NULL) {
        perror(path);
        exit(1);
    }
    do {
        data = realloc(data, len + 65536);
        require(data != NULL);
        n = fread(data + len, 1, 65536, f);
        len += n;
    } while (n > 0);
    (void)fclose(f);
    (void)fprintf(stderr, "%s\n", path);      /* the last one is the culprit */
    data = realloc(data, len == 0 ? 1 : len); /* so that the sanitizer sees its end */
    require(data != NULL);
    (void)LLVMFuzzerTestOneInput(data, len);
    free(data);
    runs++;
}

static void run_path(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    char name[4096];

    if (folder == NULL) {
        run_file(path);
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        run_path(name);
    }
    (void)closedir(folder);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    /* As Check prints it, for tests/tools/run_tests: all files are one test. */
    (void)printf("%u files\n100%%: Checks: 1, Failures: %d, Errors: 0\n", runs, runs == 0);
    return runs == 0;
}
