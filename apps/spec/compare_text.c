/* `compare` as text: the runs with their counts, then the cases, a column for each run. */
#include "apps/spec/compare.h"

#include "apps/spec/verdict.h"

#include <stdint.h>
#include <string.h>

/* A text from a file, on one line: control characters become question marks. */
static void put_visible(FILE *out, const char *text)
{
    for (; *text != 0; text++) {
        bool is_c1 = (uint8_t)text[0] == 0xc2 && (uint8_t)text[1] < 0xa0;

        text += is_c1;
        (void)fputc(is_c1 || (uint8_t)*text < ' ' || *text == 0x7f ? '?' : *text, out);
    }
}

static size_t count(const struct compared_run *run, const char *verdict)
{
    size_t n = 0;

    for (size_t i = 1; i < run->count; i++)
        n += strcmp(value_text_of(run->lines[i].object, "verdict"), verdict) == 0;
    return n;
}

static void put_run(FILE *out, const struct compared_run *run, size_t number)
{
    (void)fprintf(out, "%2zu  ", number);
    put_visible(out, value_text_of(value_get(run->lines[0].object, "run"), "peer"));
    (void)fprintf(out, "   %s\n   ", run->name);
    for (int kind = 0; kind < VERDICT_KINDS; kind++) {
        const char *name = verdict_name((enum verdict_kind)kind);
        size_t n = count(run, name);

        if (n > 0 || kind <= VERDICT_SKIP)
            (void)fprintf(out, " %zu %s ", n, name);
    }
    (void)fputc('\n', out);
}

static void put_case(FILE *out, const struct comparison *c, const struct compared_case *one)
{
    (void)fputs("  ", out);
    for (size_t i = 0; i < c->run_count; i++) {
        const char *verdict = value_text_of(one->cells[i], "verdict");
        int blanks = 6 - (int)strnlen(verdict, 5);

        put_visible(out, verdict[0] == 0 ? "-" : verdict);
        (void)fprintf(out, "%*s", verdict[0] == 0 ? 5 : blanks, "");
    }
    put_visible(out, value_text_of(one->first, "id"));
    (void)fputs("  ", out);
    put_visible(out, value_text_of(one->first, "level"));
    (void)fputs("  ", out);
    put_visible(out, value_text_of(one->first, "title"));
    (void)fputc('\n', out);
}

/* The section, and the numbers of the runs above their columns. */
static void put_section(FILE *out, const struct comparison *c, const char *clause)
{
    (void)fputc('\n', out);
    put_visible(out, clause);
    (void)fputs("\n  ", out);
    for (size_t i = 0; i < c->run_count; i++)
        (void)fprintf(out, "%-6zu", i + 1);
    (void)fputc('\n', out);
}

void compare_text(FILE *out, const struct comparison *c, bool all)
{
    const char *clause = NULL;
    size_t differ = 0;

    for (size_t i = 0; i < c->run_count; i++)
        put_run(out, &c->runs[i], i + 1);
    for (size_t i = 0; i < c->case_count; i++) {
        const struct compared_case *one = &c->cases[i];
        bool differs = compare_differs(c, one);
        const char *its = value_text_of(one->first, "clause");

        differ += differs;
        if (!differs && !all)
            continue;
        if (clause == NULL || strcmp(clause, its) != 0)
            put_section(out, c, its);
        clause = its;
        put_case(out, c, one);
    }
    (void)fprintf(out, "\n%zu cases, %zu differ\n", c->case_count, differ);
}
