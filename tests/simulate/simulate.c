/* simulate [-d] [-f FIRST] COUNT     run COUNT seeds, from FIRST (1) on
 * simulate [-d] -v SEED              run one seed and print everything that happens
 *     -d    whole days (tests/simulate/day.c) instead of random events
 *
 * See tests/simulate/simulate.h. The first failure ends the program with the line that replays it.
 */
#include "tests/simulate/simulate.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TWICE_EVERY = 100, /* one seed of so many is run again, and must give the same digest */
    SECONDS_MAX = 120, /* for one seed, also under sanitizers */
};

static volatile unsigned long long current;
static uint64_t (*run_one)(uint64_t seed, bool verbose, struct tally *tally) = simulate;

static void say_again(void)
{
    char line[300];
    int n = snprintf(line, sizeof line, "again: %s -v %llu\n", simulate_program, current);

    if (n > 0)
        (void)!write(STDERR_FILENO, line, (size_t)n);
}

static void on_signal(int number)
{
    say_again();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* AddressSanitizer calls it, if it exists, before it ends the program. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
__attribute__((visibility("default"))) void __asan_on_error(void);
void __asan_on_error(void)
{
    say_again();
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void watch_signals(void)
{
    static const int numbers[] = {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)signal(numbers[i], on_signal);
}

static void run(uint64_t seed, struct tally *tally)
{
    struct tally second = {0};
    uint64_t digest;

    current = seed;
    (void)alarm(SECONDS_MAX);
    digest = run_one(seed, false, tally);
    if (seed % TWICE_EVERY == 0 && run_one(seed, false, &second) != digest) {
        (void)fprintf(stderr, "seed %llu: the second run differs from the first\n", current);
        say_again();
        exit(1);
    }
}

static int usage(void)
{
    (void)fputs("usage: simulate [-d] [-f FIRST] COUNT | simulate [-d] -v SEED\n", stderr);
    return 2;
}

static void print_causes(const char *what, const uint64_t *counts)
{
    (void)printf("%s:", what);
    for (int i = NACRE_OPEN + 1; i <= NACRE_HOST_KEY_REJECTED; i++)
        if (counts[i] > 0)
            (void)printf(" %llu %s%s", (unsigned long long)counts[i],
                         nacre_cause_text((enum nacre_cause)i), i < NACRE_AUTH_FAILED ? "," : "");
    (void)printf("\n");
}

static void print_limits(const uint64_t *counts)
{
    (void)printf("limits reached:");
    for (int i = 0; i < NACRE_LIMITS; i++)
        if (counts[i] > 0)
            (void)printf(" %llu %s", (unsigned long long)counts[i],
                         nacre_limit_name((enum nacre_limit)i));
    (void)printf("\n");
}

static void print(const struct tally *t)
{
    (void)printf("%llu messages, %llu key exchanges, %llu logins, %llu hours passed\n"
                 "%llu keepalives, %llu channels, %llu bytes, %llu requests, %llu large\n",
                 (unsigned long long)t->messages / 2, (unsigned long long)t->exchanges / 2,
                 (unsigned long long)t->logins / 2, (unsigned long long)t->hours,
                 (unsigned long long)t->keepalives, (unsigned long long)t->channels,
                 (unsigned long long)t->bytes, (unsigned long long)t->requests,
                 (unsigned long long)t->large);
    print_causes("channels closed", t->closed);
    print_causes("ends ended", t->ended);
    print_limits(t->limited);
}

/* The last line is in Check's form, for tests/tools/run_tests: all seeds are one test. */
static int run_all(uint64_t first, uint64_t count)
{
    struct tally tally = {0};

    for (uint64_t i = 0; i < count; i++)
        run(first + i, &tally);
    print(&tally);
    (void)printf("%llu seeds\n100%%: Checks: 1, Failures: 0, Errors: 0\n",
                 (unsigned long long)count);
    return 0;
}

int main(int argc, char **argv)
{
    static char program[256];
    struct tally tally = {0};
    uint64_t first = 1;
    bool verbose = false;
    int option;

    while ((option = getopt(argc, argv, "df:v")) != -1) {
        if (option == 'd')
            run_one = simulate_day;
        else if (option == 'f')
            first = strtoull(optarg, NULL, 10);
        else if (option == 'v')
            verbose = true;
        else
            return usage();
    }
    if (optind != argc - 1)
        return usage();
    (void)snprintf(program, sizeof program, "%s%s", argv[0], run_one == simulate ? "" : " -d");
    simulate_program = program;
    watch_signals();
    if (!verbose)
        return run_all(first, strtoull(argv[optind], NULL, 10));
    current = strtoull(argv[optind], NULL, 10);
    (void)run_one(current, true, &tally);
    return 0;
}
