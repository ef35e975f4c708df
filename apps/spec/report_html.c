#include "apps/spec/report_html.h"

#include "apps/spec/page_files.h" /* made by apps/trace/embed */

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the page ---- */

/* A part of the page that takes the place of a comment in page.html. */
struct part {
    const char *mark;
    void (*print)(FILE *out, const struct comparison *c);
};

/* Only this script and this style are used, and nothing is loaded. */
static void print_policy(FILE *out, const struct comparison *c)
{
    (void)c;
    (void)fprintf(out,
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "script-src '%s'; style-src '%s'; base-uri 'none'; form-action 'none'\">",
                  page_js_hash, page_css_hash);
}

static void print_style(FILE *out, const struct comparison *c)
{
    (void)c;
    (void)fputs("<style>", out);
    (void)fwrite(page_css, 1, sizeof page_css, out);
    (void)fputs("</style>", out);
}

static void print_script(FILE *out, const struct comparison *c)
{
    (void)c;
    (void)fputs("<script>", out);
    (void)fwrite(page_js, 1, sizeof page_js, out);
    (void)fputs("</script>", out);
}

static void print_run(FILE *out, const struct compared_run *run)
{
    (void)fputs("{\"file\":", out);
    value_print_text(out, run->name, strlen(run->name), true);
    (void)fputs(",\"run\":", out);
    value_print(out, value_get(run->lines[0].object, "run"), true);
    (void)fputc('}', out);
}

/* What is the same for all runs is only in the first cell of a case; page.js has the same names. */
static bool is_shared(const struct value *member, const struct value *first)
{
    static const char *const names[] = {"id",    "level",    "clause", "requirements",
                                        "title", "expected", "note"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(member->name, names[i]) == 0)
            return value_equal(member, value_get(first, member->name));
    return false;
}

static void print_cell(FILE *out, const struct value *cell, const struct value *first)
{
    char between = '{';

    for (const struct value *member = cell->first; member != NULL; member = member->next) {
        if (cell != first && is_shared(member, first))
            continue;
        (void)fputc(between, out);
        value_print_text(out, member->name, strlen(member->name), true);
        (void)fputc(':', out);
        value_print(out, member, true);
        between = ',';
    }
    (void)fputs(between == '{' ? "{}" : "}", out);
}

static void print_cells(FILE *out, const struct comparison *c, const struct compared_case *one)
{
    for (size_t i = 0; i < c->run_count; i++) {
        (void)fputc(i == 0 ? '[' : ',', out);
        if (one->cells[i] == NULL)
            (void)fputs("null", out);
        else
            print_cell(out, one->cells[i], one->first);
    }
    (void)fputc(']', out);
}

/* The results as JSON, in which nothing can end the script element. */
static void print_results(FILE *out, const struct comparison *c)
{
    (void)fputs("<script type=\"application/json\" id=\"results\">{\"runs\":[", out);
    for (size_t i = 0; i < c->run_count; i++) {
        (void)fputs(i == 0 ? "\n" : ",\n", out);
        print_run(out, &c->runs[i]);
    }
    (void)fputs("],\"cases\":[", out);
    for (size_t i = 0; i < c->case_count; i++) {
        (void)fputs(i == 0 ? "\n" : ",\n", out);
        print_cells(out, c, &c->cases[i]);
    }
    (void)fputs("]}</script>", out);
}

static const struct part parts[] = {
    {"<!-- policy -->", print_policy},
    {"<!-- style -->", print_style},
    {"<!-- results -->", print_results},
    {"<!-- script -->", print_script},
};

bool html_print(FILE *out, const struct comparison *c)
{
    const unsigned char *at = page_html, *end = page_html + sizeof page_html;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t len = strlen(parts[i].mark);
        const unsigned char *mark = memmem(at, (size_t)(end - at), parts[i].mark, len);

        if (mark == NULL)
            return false; /* page.html is not as the tests have seen it */
        (void)fwrite(at, 1, (size_t)(mark - at), out);
        parts[i].print(out, c);
        at = mark + len;
    }
    (void)fwrite(at, 1, (size_t)(end - at), out);
    return true;
}

/* ---- its file ---- */

bool html_write(const char *folder, const struct comparison *c, const struct errbuf *p)
{
    char path[PATH_MAX];
    bool printed, closed;
    FILE *out;

    if (snprintf(path, sizeof path, "%s/index.html", folder) >= (int)sizeof path)
        return errbuf_say(p, "%s: the name is too long", folder);
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return errbuf_say(p, "%s: the folder cannot be made: %s", folder, strerror(errno));
    out = fopen(path, "we");
    if (out == NULL)
        return errbuf_say(p, "%s: cannot be written: %s", path, strerror(errno));
    printed = html_print(out, c) && ferror(out) == 0;
    closed = fclose(out) == 0;
    return (printed && closed) || errbuf_say(p, "%s: cannot be written", path);
}

bool report_html(const char *folder, const struct report *r, const struct errbuf *p)
{
    struct report all = *r;
    struct comparison c = {0};
    char *text = NULL;
    size_t len = 0;
    FILE *lines = open_memstream(&text, &len);
    bool written;

    if (lines == NULL)
        return errbuf_say(p, "out of memory");
    all.verbose = true; /* the messages of each case, not only of those that failed */
    report_json(lines, &all);
    if (fclose(lines) != 0)
        return errbuf_say(p, "out of memory");
    written = compare_add(&c, r->run->setting->target, text, len, p) &&
              (compare_align(&c) || errbuf_say(p, "out of memory")) && html_write(folder, &c, p);
    compare_clear(&c);
    return written;
}
