#include "apps/spec/report.h"

#include "transport/text.h"

#include <string.h>

static const char *colour_of(enum verdict_kind kind)
{
    switch (kind) {
    case VERDICT_PASS:
        return "32";
    case VERDICT_FAIL:
    case VERDICT_XPASS:
    case VERDICT_ERROR:
        return "31";
    case VERDICT_WARN:
        return "33";
    default:
        return "2";
    }
}

size_t report_count(const struct run *run, enum verdict_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < run->count; i++)
        n += run->results[i].done && run->results[i].head.verdict == kind;
    return n;
}

const char *short_id(const struct spec_case *row)
{
    const char *slash = strrchr(row->id, '/');

    return slash == NULL ? row->id : slash + 1;
}

static bool is_notable(enum verdict_kind kind)
{
    return kind == VERDICT_WARN || kind == VERDICT_INFO || verdict_is_bad(kind) ||
           kind == VERDICT_XFAIL;
}

void report_head(FILE *out, const struct report *r)
{
    const struct facts *f = &r->run->setting->facts;
    char ident[sizeof f->ident]; /* a server must not write on the user's terminal */

    (void)clean_text(ident, sizeof ident, bytes_of(f->ident));
    (void)fprintf(out, "nacre-spec %s   %s %s   %s   %zu cases, seed %u\n", NACRE_VERSION,
                  r->run->setting->tested == NACRE_SERVER ? "server" : "client",
                  r->run->setting->target, ident, r->run->count, (unsigned)r->run->setting->seed);
    (void)fprintf(out, "baseline  ok  %s %s %s%s  %llu ms\n", f->kex, f->hostkey, f->cipher,
                  f->strict ? " strict" : "", (unsigned long long)(f->login_us / 1000));
}

static void put_result(FILE *out, const struct report *r, const struct result *one)
{
    enum verdict_kind kind = one->head.verdict;

    if (r->colour)
        (void)fprintf(out, "  \x1b[%sm%-5s\x1b[0m %-27s %s\n", colour_of(kind), verdict_name(kind),
                      short_id(one->row), one->row->title);
    else
        (void)fprintf(out, "  %-5s %-27s %s\n", verdict_name(kind), short_id(one->row),
                      one->row->title);
    if (is_notable(kind))
        (void)fprintf(out, "        %s expected, %s seen%s%s\n", one->row->expected,
                      one->head.observed, one->head.reason[0] != 0 ? ": " : "", one->head.reason);
    else if (kind == VERDICT_SKIP)
        (void)fprintf(out, "        %s\n", one->head.reason);
    if (r->verbose && one->text != NULL)
        (void)fputs(one->text, out);
}

/* The sections, in the order of the tables. */
static void put_tree(FILE *out, const struct report *r)
{
    const char *clause = "";

    for (size_t i = 0; i < r->run->count; i++) {
        const struct result *one = &r->run->results[i];

        if (!one->done)
            continue;
        if (strcmp(clause, one->row->clause) != 0)
            (void)fprintf(out, "\n%s\n", one->row->clause);
        clause = one->row->clause;
        put_result(out, r, one);
    }
}

static void put_lines(FILE *out, const char *text)
{
    while (text != NULL && *text != 0) {
        size_t len = strcspn(text, "\n");

        (void)fprintf(out, "            %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void put_failure(FILE *out, const struct report *r, const struct result *one)
{
    (void)fprintf(out, "\n%s  %s  %s  %s\n        %s\n",
                  one->head.verdict == VERDICT_ERROR ? "ERROR" : "FAILED", one->row->id,
                  level_name(one->row->level), one->row->clause, one->row->title);
    (void)fprintf(out, "        expected  %s\n        observed  %s\n", one->row->expected,
                  one->head.observed);
    if (one->head.reason[0] != 0)
        (void)fprintf(out, "        because   %s\n", one->head.reason);
    (void)fprintf(out, "        last      (* is what the case itself sent)\n");
    put_lines(out, one->text);
    (void)fprintf(out, "        again     %s %s -v\n", r->again, one->row->id);
}

/* "skipped: 16 no certificates, 12 no compression": each reason once. */
static void put_skips(FILE *out, const struct run *run)
{
    bool first = true;

    for (size_t i = 0; i < run->count; i++) {
        const struct result *one = &run->results[i];
        size_t same = 0;
        bool seen = false;

        if (!one->done || one->head.verdict != VERDICT_SKIP)
            continue;
        for (size_t j = 0; j < run->count; j++) {
            const struct result *other = &run->results[j];

            if (!other->done || other->head.verdict != VERDICT_SKIP ||
                strcmp(other->head.reason, one->head.reason) != 0)
                continue;
            seen = seen || j < i;
            same++;
        }
        if (!seen)
            (void)fprintf(out, "%s%zu %s", first ? "skipped: " : ", ", same, one->head.reason);
        first = first && seen;
    }
    (void)fputs(first ? "" : "\n", out);
}

void report_text(FILE *out, const struct report *r)
{
    bool any = false;

    put_tree(out, r);
    for (size_t i = 0; i < r->run->count; i++)
        if (r->run->results[i].done && verdict_is_bad(r->run->results[i].head.verdict))
            put_failure(out, r, &r->run->results[i]);
    (void)fputc('\n', out);
    for (int kind = 0; kind < VERDICT_KINDS; kind++) {
        size_t n = report_count(r->run, (enum verdict_kind)kind);

        if (n == 0 && kind > VERDICT_SKIP)
            continue;
        (void)fprintf(out, "%s%zu %s", any ? "  " : "", n, verdict_name((enum verdict_kind)kind));
        any = true;
    }
    (void)fprintf(out, "   in %.1f s", (double)r->us / 1e6);
    if (r->slow_left > 0)
        (void)fprintf(out, "     not requested: %zu slow", r->slow_left);
    (void)fputc('\n', out);
    put_skips(out, r->run);
}
