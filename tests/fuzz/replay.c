/* Runs one fuzz_*.c on files without libFuzzer: the seeds and every input that once crashed. An
 * input that takes too much time or memory fails like one that crashes.
 *
 *     fuzz_NAME FILE-OR-FOLDER... */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    SECONDS_MAX = 5,  /* of CPU time, for one input under the sanitizers */
    SECONDS_ALL = 600 /* for all inputs: an endless one is ended by SIGXCPU */
};

static unsigned runs;

/* AddressSanitizer calls this function, if it exists. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "max_allocation_size_mb=64:hard_rss_limit_mb=1024";
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run_input(const uint8_t *data, size_t len)
{
    const struct rlimit limit = {SECONDS_ALL, SECONDS_ALL};
    double before = seconds(), took;

    (void)setrlimit(RLIMIT_CPU, &limit);
    (void)LLVMFuzzerTestOneInput(data, len);
    took = seconds() - before;
    if (took > SECONDS_MAX) {
        (void)fprintf(stderr, "it took %.1f s, and %d are allowed\n", took, SECONDS_MAX);
        abort();
    }
}

static void run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat status;
    uint8_t *data;
    size_t len;

    if (f == NULL || fstat(fileno(f), &status) != 0) {
        perror(path);
        exit(1);
    }
    len = (size_t)status.st_size;
    data = malloc(len == 0 ? 1 : len); /* exactly, so that the sanitizer sees its end */
    require(data != NULL && fread(data, 1, len, f) == len);
    (void)fclose(f);
    (void)fprintf(stderr, "%s\n", path); /* the last line names the input that crashed */
    run_input(data, len);
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
    /* In Check's form, for tests/tools/run_tests: all files are one test. */
    (void)printf("%u files\n100%%: Checks: 1, Failures: %d, Errors: 0\n", runs, runs == 0);
    return runs == 0;
}
