/* What a run prints: its steps, and what went wrong. */
#include "tests/simulate/parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *simulate_program = "simulate";

static void say(const struct world *w, const char *format, va_list args)
{
    (void)fprintf(stderr, "seed %llu, step %u, %llu ms: ", (unsigned long long)w->seed, w->step,
                  (unsigned long long)w->now_ms);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
}

void simulate_fail(const struct world *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(w, format, args);
    va_end(args);
    (void)fprintf(stderr, "again: %s -v %llu\n", simulate_program, (unsigned long long)w->seed);
    _Exit(1);
}

void simulate_trace(const struct world *w, const char *format, ...)
{
    va_list args;

    if (!w->verbose)
        return;
    va_start(args, format);
    say(w, format, args);
    va_end(args);
}
