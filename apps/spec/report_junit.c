/* JUnit XML, as CI systems show it: a test suite for each section. */
#include "apps/spec/report.h"

#include <string.h>

/* XML 1.0 has no form for most control characters. */
static void put_text(FILE *out, const char *text)
{
    for (const char *at = text; *at != 0; at++) {
        unsigned char c = (unsigned char)*at;

        switch (c) {
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        default:
            (void)fputc(c < 0x20 && c != '\n' && c != '\t' ? '?' : c, out);
            break;
        }
    }
}

static void put_attribute(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, " %s=\"", name);
    put_text(out, text);
    (void)fputc('"', out);
}

/* xfail counts as skipped, xpass and error as failures. */
static void put_verdict(FILE *out, const struct result *one)
{
    enum verdict_kind kind = one->head.verdict;
    char message[2 * OBSERVED_MAX];

    (void)snprintf(message, sizeof message, "expected %s, observed %s%s%s", one->row->expected,
                   one->head.observed, one->head.reason[0] != 0 ? ": " : "", one->head.reason);
    if (kind == VERDICT_SKIP || kind == VERDICT_XFAIL) {
        (void)fputs("      <skipped", out);
        put_attribute(out, "message", kind == VERDICT_SKIP ? one->head.reason : message);
        (void)fputs("/>\n", out);
    } else if (verdict_is_bad(kind)) {
        (void)fputs("      <failure", out);
        put_attribute(out, "message", message);
        (void)fputs(">", out);
        put_text(out, one->text == NULL ? "" : one->text);
        (void)fputs("</failure>\n", out);
    } else {
        (void)fputs("      <properties>\n        <property name=\"verdict\"", out);
        put_attribute(out, "value", verdict_name(kind));
        (void)fputs("/>\n        <property name=\"observed\"", out);
        put_attribute(out, "value", one->head.observed);
        (void)fputs("/>\n      </properties>\n", out);
    }
}

static void put_case(FILE *out, const struct run *run, const struct result *one)
{
    char name[512], class[128];

    (void)snprintf(name, sizeof name, "%s: %s", one->row->id, one->row->title);
    (void)snprintf(class, sizeof class, "%s.%s",
                   run->setting->tested == NACRE_SERVER ? "server" : "client", one->row->clause);
    (void)fputs("    <testcase", out);
    put_attribute(out, "classname", class);
    put_attribute(out, "name", name);
    (void)fprintf(out, " time=\"%.3f\">\n", one->head.ms / 1000.0);
    put_verdict(out, one);
    (void)fputs("    </testcase>\n", out);
}

/* The results of one section, which are neighbours. Returns the index after them. */
static size_t put_suite(FILE *out, const struct run *run, size_t from)
{
    const char *clause = run->results[from].row->clause;
    size_t to = from, failures = 0, skipped = 0;

    for (; to < run->count && strcmp(run->results[to].row->clause, clause) == 0; to++) {
        enum verdict_kind kind = run->results[to].head.verdict;

        failures += verdict_is_bad(kind);
        skipped += kind == VERDICT_SKIP || kind == VERDICT_XFAIL;
    }
    (void)fputs("  <testsuite", out);
    put_attribute(out, "name", clause);
    (void)fprintf(out, " tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n", to - from, failures,
                  skipped);
    for (size_t i = from; i < to; i++)
        if (run->results[i].done)
            put_case(out, run, &run->results[i]);
    (void)fputs("  </testsuite>\n", out);
    return to;
}

void report_junit(FILE *out, const struct report *r)
{
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
    put_attribute(out, "name", "nacre-spec");
    (void)fputs(">\n", out);
    for (size_t i = 0; i < r->run->count;)
        i = put_suite(out, r->run, i);
    (void)fputs("</testsuites>\n", out);
}
